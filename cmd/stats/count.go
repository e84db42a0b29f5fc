package stats

import (
	"context"
	"fmt"
	"strconv"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

// CountOptions are the flags of topic count, as typed.
type CountOptions struct {
	ScanOptions
	ByPartition bool
	Estimate    bool
	Grouping    ByOptions
}

// CountPlan is a valid command line of topic count.
type CountPlan struct {
	*scanPlan
	byPartition bool
	estimate    bool    // from offsets, without reading
	bare        bool    // one topic: its number is all
	by          *byPlan // nil: records are not grouped
}

// Plan returns what is counted, or a usage error.
func (f *CountOptions) Plan(env *cli.Env, args []string) (*CountPlan, error) {
	scan, err := f.ScanOptions.plan(env, args)
	if err != nil {
		return nil, err
	}
	p := &CountPlan{scanPlan: scan, byPartition: f.ByPartition, estimate: f.Estimate}
	if p.by, err = f.Grouping.plan(); err != nil {
		return nil, err
	}
	switch {
	case p.by != nil && (f.Estimate || f.ByPartition):
		return nil, cli.Usagef("--by does not go with --estimate and --by-partition")
	case p.by == nil && p.listing.Format == "csv":
		return nil, cli.Usagef("-o csv goes with --by")
	}
	if f.Estimate && (p.Filters.Any() || !p.Failures.Keeps()) {
		return nil, cli.Usagef("--estimate does not read records, so nothing can choose among them")
	}
	p.bare = len(p.choice.Wanted) == 1 && p.Range.Patterns == nil &&
		p.listing.Format == "table" && !f.ByPartition && !f.Listing.Headers
	return p, p.PlanSerdes(env, f.Reading.Serdes)
}

// CountItem is the number of records in a partition.
type CountItem struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Count     int64  `json:"count"`
	Skipped   int64  `json:"skipped,omitempty"` // by --on-error skip, and not counted
	Estimate  bool   `json:"estimate"`          // there are at most so many
}

// RunCount counts the records of the plan, and prints and returns the numbers.
func RunCount(ctx context.Context, env *cli.Env, p *CountPlan) (items []CountItem, err error) {
	if err := p.OpenSerdes(env); err != nil {
		return nil, err
	}
	defer p.Close()
	err = connect.WithAdmin(ctx, env, p.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		found, err := p.choice.Find(ctx, admin)
		if err != nil {
			return err
		}
		var topics []kafka.Topic
		for _, t := range found {
			if t.Err == nil {
				topics = append(topics, t.Topic)
			}
		}
		if len(topics) == 0 {
			return record.TopicErrors(env, record.CausesOf(found))
		}
		if p.by != nil {
			return p.runBy(ctx, env, cluster, admin, topics, record.CausesOf(found))
		}
		counted, incomplete := p.count(ctx, env, cluster, admin, topics)
		if items = counted; items == nil {
			return incomplete
		}
		if err := p.print(env, topics, items); err != nil {
			return err
		}
		if err := record.TopicErrors(env, record.CausesOf(found)); err != nil {
			return err
		}
		return incomplete
	})
	return items, err
}

// count returns the numbers, or none and an error. Numbers with an error are those of the
// records that could still be read.
func (p *CountPlan) count(ctx context.Context, env *cli.Env, cluster *connect.Cluster, admin *kafka.Admin, topics []kafka.Topic) ([]CountItem, error) {
	c, part, err := p.prepare(ctx, env, cluster, admin, topics)
	if err != nil {
		return nil, err
	}
	if p.estimate {
		for _, s := range part.Spans {
			c.counts[s.TopicPartition] = max(0, s.To-s.From)
		}
	} else if err := c.MissLater(c.read(ctx, part.Spans, topics)); err != nil {
		return nil, err
	}
	items := make([]CountItem, 0, len(part.Spans))
	for _, s := range part.Spans {
		items = append(items, CountItem{s.Topic, s.Partition, c.counts[s.TopicPartition], c.leftOut[s.TopicPartition], p.estimate})
	}
	if n := c.Lost.Load(); n > 0 {
		return items, cli.Errorf(cli.CodePartial, "%s were gone before they were counted", cli.Count(n, "record"))
	}
	return items, c.Missing
}

// prepare finds what is to be read.
func (p *CountPlan) prepare(ctx context.Context, env *cli.Env, cluster *connect.Cluster, admin *kafka.Admin, topics []kafka.Topic) (*counting, record.Part, error) {
	c := &counting{
		Scan:   &record.Scan{Reading: &record.Reading{Selection: p.Selection, Env: env}, Config: cluster.Config, Meter: cli.NewMeter(env, "counted")},
		counts: map[kafka.TopicPartition]int64{}, leftOut: map[kafka.TopicPartition]int64{},
	}
	if err := c.PlaceKey(ctx, topics); err != nil {
		return nil, record.Part{}, err
	}
	part, err := p.Range.Spans(ctx, admin, topics)
	if err != nil {
		return nil, part, err
	}
	c.Miss(part.Missing)
	for _, note := range part.Notes {
		env.Notice("%s", note)
	}
	return c, part, nil
}

// counting counts what the steps of a selection keep. One goroutine owns it.
type counting struct {
	*record.Scan
	counts  map[kafka.TopicPartition]int64
	leftOut map[kafka.TopicPartition]int64 // by --on-error skip
}

// read counts the records in spans.
func (c *counting) read(ctx context.Context, spans []kafka.Span, topics []kafka.Topic) error {
	c.Total = record.OffsetsOf(spans)
	l, chooses := c.NewLooker(), c.Looks()
	err := c.Scan.Read(ctx, spans, topics, func(ctx context.Context, b *kafka.Batch) error { return c.add(ctx, l, b, chooses) })
	c.TellFailures()
	if err != nil {
		if cli.Stopped(ctx) != nil {
			sum := int64(0)
			for _, n := range c.counts {
				sum += n
			}
			c.Env.Notice("counted %s until then", cli.Count(sum, "record"))
		}
	}
	return err
}

// add counts a batch. Without anything that chooses, records are not even looked at.
func (c *counting) add(ctx context.Context, l *record.Looker, b *kafka.Batch, chooses bool) error {
	for i := 0; i < len(b.Records); {
		first, n, skipped := &b.Records[i], int64(0), c.Skipped()
		for ; i < len(b.Records) && b.Records[i].Partition == first.Partition && b.Records[i].Topic == first.Topic; i++ {
			keep := true
			if chooses {
				l.Load(&b.Records[i])
				var err error
				if keep, err = l.Keep(ctx); err != nil {
					return err
				}
			}
			if keep {
				n++
			}
		}
		tp := kafka.TopicPartition{Topic: first.Topic, Partition: first.Partition}
		c.counts[tp] += n
		if skipped = c.Skipped() - skipped; skipped > 0 {
			c.leftOut[tp] += skipped
		}
	}
	return nil
}

func (p *CountPlan) print(env *cli.Env, topics []kafka.Topic, items []CountItem) error {
	sums := map[string]int64{}
	for _, i := range items {
		sums[i.Topic] += i.Count
	}
	if p.bare {
		_, err := fmt.Fprintln(env.Stdout, p.number(sums[topics[0].Name]))
		return err
	}
	return p.listing.Print("kstream.topic.count/v1", items, func() *output.Table {
		if !p.byPartition {
			t := &output.Table{Columns: []output.Column{{Name: "topic"}, {Name: "count", Right: true}}}
			for _, topic := range topics {
				t.Add(topic.Name, p.number(sums[topic.Name]))
			}
			return t
		}
		t := &output.Table{Columns: []output.Column{{Name: "topic"}, {Name: "partition", Right: true}, {Name: "count", Right: true}}}
		for _, i := range items {
			t.Add(i.Topic, strconv.Itoa(int(i.Partition)), p.number(i.Count))
		}
		return t
	})
}

// number writes a count, or a bound of it.
func (p *CountPlan) number(n int64) string {
	text := strconv.FormatInt(n, 10)
	if p.estimate {
		return "≤" + text
	}
	return text
}
