package replay

import (
	"context"
	"strconv"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

// countingSink is where --dry-run copies records: nowhere.
type countingSink struct{}

func (countingSink) put(context.Context, *kafka.Record, record.Origin) error { return nil }

func (countingSink) hand(context.Context) error { return nil }

func (countingSink) settle(context.Context) error { return nil }

// printPlan prints what would be copied.
func (r *run) printPlan(s *Summary) error {
	t := &output.Table{Columns: []output.Column{
		{Name: "partition", Right: true}, {Name: "from", Right: true}, {Name: "to", Right: true}, {Name: "records", Right: true}, {Name: "bytes", Right: true},
	}}
	for _, p := range s.Partitions {
		t.Add(strconv.Itoa(int(p.Partition)), strconv.FormatInt(p.From, 10), strconv.FormatInt(p.Next, 10),
			strconv.FormatInt(p.Records, 10), strconv.FormatInt(p.Bytes, 10))
	}
	l := &cli.Listing{Env: r.env, Format: "table"}
	_, err := r.env.Stdout.Write(l.AppendTable(nil, t))
	if err == nil {
		r.say("would copy %s from %s to %s%s", cli.Count(s.Records, "record"), s.Source, s.Target, s.others())
	}
	return err
}
