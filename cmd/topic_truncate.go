package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/kafka/position"
	"kstream/output"
)

type topicTruncateFlags struct {
	record.TopicsOptions
	confirm  cli.Confirmation
	before   string
	ifExists bool
}

func newTopicTruncateCmd(env *cli.Env) *cobra.Command {
	var f topicTruncateFlags
	cmd := &cobra.Command{
		Use:     "truncate TOPIC... --before P",
		Aliases: []string{"trim"},
		Short:   "Delete the records before a position",
		Long: `Delete the records of topics before a position, in each partition. It shows what would go
and asks. Offsets stay as they are: the log of a partition starts later.

A position behind the end is the end. Under end, records of transactions that are still open
stay. A topic that is only compacted refuses it.`,
		Example: `  kstream topic truncate orders --before -7d --dry-run    older than seven days
  kstream topic truncate orders --before end --yes        everything
  kstream topic truncate orders --before 0=1000,3=-500    in two partitions`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.before, "before", "", "delete the records before position `P`: end, N, +N, -N, @TIME, -1h, 0=10,3=-5")
	flags.BoolVar(&f.ifExists, "if-exists", false, "a topic that does not exist is no error")
	registerConfirmation(&f.confirm, flags)
	registerTopics(&f.TopicsOptions, flags)
	return cmd
}

type topicTruncatePlan struct {
	record.TopicsPlan
	flags  *topicTruncateFlags
	before position.Position
}

func (f *topicTruncateFlags) plan(env *cli.Env, args []string) (*topicTruncatePlan, error) {
	if f.before == "" {
		return nil, cli.Usagef("before what? want --before P; --before end deletes everything")
	}
	p := &topicTruncatePlan{flags: f}
	var err error
	if p.before, err = planPosition(env, "before", f.before); err != nil {
		return nil, err
	}
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	p.TopicsPlan, err = f.TopicsOptions.Plan(env, args)
	return p, err
}

// planPosition reads the position of a command that knows no group.
func planPosition(env *cli.Env, flag, text string) (position.Position, error) {
	pos, err := position.Parse(text, env.Now())
	if err != nil {
		return pos, cli.Usagef("--%s: %w", flag, err)
	}
	return pos, group.RefuseStored(flag, text, pos)
}

// topicTruncateItem is a partition in the plan and in the outcome of `topic truncate`.
type topicTruncateItem struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Start     int64  `json:"start"`
	Before    int64  `json:"before"` // where it is to start
	End       int64  `json:"end"`
	Records   int64  `json:"records"` // that go, at most
	Truncated bool   `json:"truncated"`
	Error     string `json:"error,omitempty"`
}

func (p *topicTruncatePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		found, err := p.Choice.Find(ctx, admin)
		if err != nil {
			return err
		}
		causes := record.CausesOf(found)
		items := []*topicTruncateItem{}
		before := map[kafka.TopicPartition]int64{}
		for i, t := range found {
			if t.Err != nil {
				if p.flags.ifExists && cli.CodeOf(t.Err) == cli.CodeUnknownTopic {
					env.Notice("%v: nothing to delete", t.Err)
					causes[i] = nil
				}
				continue
			}
			rows, err := p.look(ctx, admin, t.Topic)
			causes[i] = err
			items = append(items, rows...)
		}
		total := int64(0)
		for _, i := range items {
			if i.Records > 0 {
				before[kafka.TopicPartition{Topic: i.Topic, Partition: i.Partition}] = i.Before
				total += i.Records
			}
		}
		if !p.flags.confirm.DryRun && len(before) > 0 {
			if err := cluster.RefuseWrites(); err != nil {
				return err
			}
			action := fmt.Sprintf("delete up to %s of %s", cli.Count(total, "record"), cli.Count(int64(len(before)), "partition"))
			if err := p.flags.confirm.Ask(ctx, env, truncateTable(items), action); err != nil {
				return err
			}
			if err := p.truncate(ctx, admin, before, items, found, causes); err != nil {
				return err
			}
		}
		if err := p.Listing.Print("kstream.topic.truncate/v1", items, func() *output.Table { return truncateTable(items) }); err != nil {
			return err
		}
		return record.TopicErrors(env, causes)
	})
}

// look finds what would go from a topic.
func (p *topicTruncatePlan) look(ctx context.Context, admin *kafka.Admin, t kafka.Topic) ([]*topicTruncateItem, error) {
	at, marks, err := positionsIn(ctx, admin, t, "before", p.before)
	var items []*topicTruncateItem
	for _, part := range t.Partitions {
		tp := kafka.TopicPartition{Topic: t.Name, Partition: part.ID}
		if to, ok := at[tp]; ok {
			m := marks[tp]
			items = append(items, &topicTruncateItem{Topic: t.Name, Partition: tp.Partition, Start: m.Start, Before: to, End: m.End, Records: to - m.Start})
		}
	}
	return items, err
}

// positionsIn returns the offset that a position means in each partition of a topic that it
// selects, within the log as read_committed sees it, and the bounds of their logs. A
// partition for which a group has committed nothing has bounds alone. With an error about
// partitions that nobody leads it returns those of the others. The flag is the one with the
// position.
func positionsIn(ctx context.Context, admin *kafka.Admin, t kafka.Topic, flag string, pos position.Position) (map[kafka.TopicPartition]int64, map[kafka.TopicPartition]kafka.Watermarks, error) {
	committed := &record.Range{From: pos}
	if err := record.CheckPartitions(flag, pos.Partitions(), []kafka.Topic{t}, false); err != nil {
		return nil, nil, err
	}
	var tps []kafka.TopicPartition
	for _, p := range t.Partitions {
		if _, selected := pos.For(p.ID); selected {
			tps = append(tps, kafka.TopicPartition{Topic: t.Name, Partition: p.ID})
		}
	}
	marks, err := admin.Watermarks(ctx, tps)
	var missing *kafka.UnansweredError
	if err != nil && !errors.As(err, &missing) {
		return nil, nil, err
	}
	tps = slices.DeleteFunc(tps, func(tp kafka.TopicPartition) bool { _, ok := marks[tp]; return !ok })
	at, none, err := committed.Resolve(ctx, admin, pos, tps, marks)
	if err != nil {
		return nil, nil, err
	}
	for _, tp := range none {
		delete(at, tp)
	}
	for tp, offset := range at {
		m := marks[tp]
		at[tp], _ = position.Log{Start: m.Start, End: m.Stable}.Clamp(offset)
	}
	if missing != nil {
		err = missing
	}
	return at, marks, err
}

// truncate deletes, and notes what came of it in the items and, of each topic, the first
// error in causes.
func (p *topicTruncatePlan) truncate(ctx context.Context, admin *kafka.Admin, before map[kafka.TopicPartition]int64, items []*topicTruncateItem, found []kafka.TopicAnswer, causes []error) error {
	starts, failed, err := admin.DeleteRecords(ctx, before)
	if err != nil {
		return err
	}
	for _, item := range items {
		tp := kafka.TopicPartition{Topic: item.Topic, Partition: item.Partition}
		_, asked := before[tp]
		start, answered := starts[tp]
		err := failed[tp]
		switch {
		case !asked:
			continue
		case answered:
			item.Start, item.Truncated = start, true
			continue
		case err == nil:
			err = fmt.Errorf("%s: %w: the broker did not answer for it", tp, kafka.ErrFailed)
		}
		item.Error = cli.OneLine(err.Error())
		for i := range found {
			if found[i].Name == item.Topic && causes[i] == nil {
				causes[i] = err
			}
		}
	}
	return nil
}

func truncateTable(items []*topicTruncateItem) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "topic"},
		{Name: "partition", Right: true},
		{Name: "start", Right: true},
		{Name: "before", Right: true},
		{Name: "end", Right: true},
		{Name: "records", Right: true},
		{Name: "truncated"},
		{Name: "error"},
	}}
	for _, i := range items {
		t.Add(i.Topic, strconv.Itoa(int(i.Partition)), strconv.FormatInt(i.Start, 10), strconv.FormatInt(i.Before, 10),
			strconv.FormatInt(i.End, 10), "≤"+strconv.FormatInt(i.Records, 10), strconv.FormatBool(i.Truncated), i.Error)
	}
	return t
}
