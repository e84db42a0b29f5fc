package group

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/cli"
	"kstream/kafka"
	"kstream/output"
)

// TestGroupNamesOfStrangers shows names that would act on a terminal.
func TestGroupNamesOfStrangers(t *testing.T) {
	ten := int64(10)
	s := Snapshot{
		Info:       &kafka.GroupInfo{Name: "g\x1b]0;x\a\"\n"},
		Partitions: []PartitionLagItem{{Group: "g\x1b]0;x\a\"\n", Topic: "t", Lag: 3, End: 5, TimeLag: &ten, Reason: kafka.LagNoCommit}},
		at:         time.Unix(0, 0),
	}
	env := &cli.Env{StdoutTerminal: true, Width: 80, Color: "never"}
	var shown []byte
	for _, format := range []string{"table", "json", "yaml", "openmetrics"} {
		l := &cli.Listing{Env: env, Format: format}
		if format == "openmetrics" {
			shown = AppendOpenMetrics(shown, []Snapshot{s}, true)
			continue
		}
		var err error
		shown, err = l.Append(shown, "s", s.Partitions, func() *output.Table { return LagTable(l, s.Partitions, true) })
		if err != nil {
			t.Fatal(err)
		}
		var stdout bytes.Buffer
		l.Env = &cli.Env{Stdout: &stdout, StdoutTerminal: true, Color: "never"}
		changes := &Changes{Listing: l}
		if err := changes.Show([]Snapshot{s}); err != nil {
			t.Fatal(err)
		}
		shown = append(shown, stdout.Bytes()...)
	}
	if i := bytes.IndexAny(shown, "\x1b\a"); i >= 0 {
		t.Errorf("raw at %d: %q", i, shown[max(0, i-40):])
	}
	if !bytes.Contains(shown, []byte(`kstream_group_lag{group="g\x1b]0;x\x07\"\n",topic="t",partition="0"} 3`)) {
		t.Errorf("no sample in %s", shown)
	}
}

// TestGroupEvents follows a group through a rebalance, which hides who has what.
func TestGroupEvents(t *testing.T) {
	tps := func(numbers ...int32) (list []kafka.TopicPartition) {
		for _, n := range numbers {
			list = append(list, kafka.TopicPartition{Topic: "t", Partition: n})
		}
		return list
	}
	info := func(state kafka.GroupState, members ...kafka.GroupMember) Snapshot {
		return Snapshot{Info: &kafka.GroupInfo{Name: "g", State: state, Members: members}, at: time.Unix(0, 0)}
	}
	var stdout bytes.Buffer
	c := &Changes{Listing: &cli.Listing{Env: &cli.Env{Stdout: &stdout}, Format: "table"}}
	for _, s := range []Snapshot{
		info(kafka.GroupStable, kafka.GroupMember{ID: "a", Partitions: tps(0, 1)}),
		info(kafka.GroupPreparingRebalance, kafka.GroupMember{ID: "a"}, kafka.GroupMember{ID: "b"}),
		info(kafka.GroupStable, kafka.GroupMember{ID: "a", Partitions: tps(0)}, kafka.GroupMember{ID: "b", Partitions: tps(1)}),
		info(kafka.GroupStable, kafka.GroupMember{ID: "b", Partitions: tps(0, 1)}),
	} {
		if err := c.Show([]Snapshot{s}); err != nil {
			t.Fatal(err)
		}
	}
	const at = "1970-01-01T00:00:00Z g "
	want := at + "snapshot: Stable, 1 members, lag 0\n" +
		at + "state: Stable -> PreparingRebalance\n" + at + "joined: b\n" +
		at + "state: PreparingRebalance -> Stable\n" + at + "revoked: a t[1]\n" + at + "assigned: b t[1]\n" +
		at + "left: a t[0]\n" + at + "assigned: b t[0]\n"
	if diff := cmp.Diff(want, stdout.String()); diff != "" {
		t.Error(diff)
	}
}
