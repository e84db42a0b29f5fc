package cmd

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/kafka/position"
	"kstream/output"
)

type topicOffsetsFlags struct {
	record.TopicsOptions
	at string
}

func newTopicOffsetsCmd(env *cli.Env) *cobra.Command {
	var f topicOffsetsFlags
	cmd := &cobra.Command{
		Use:   "offsets TOPIC...",
		Short: "Show where the logs of topics start and end",
		Long: `Show the offsets of each partition: start is that of the first record that is still there,
end is one behind the last, and stable is the end for readers of committed transactions, which
a transaction that is still open holds back. With --at they are followed by the offset of a
position, within the log; end there means stable.`,
		Example: `  kstream topic offsets orders
  kstream topic offsets orders --at -1h                  the first record of the last hour
  kstream topic offsets orders --at 2026-11-22 -o json`,
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
	flags.StringVar(&f.at, "at", "", "also the offset of position `P`: beginning, end, N, +N, -N, @TIME, -1h, stored:GROUP, 0=10,3=-5")
	registerTopics(&f.TopicsOptions, flags)
	return cmd
}

type topicOffsetsPlan struct {
	record.TopicsPlan
	flags *topicOffsetsFlags
	at    position.Position
}

func (f *topicOffsetsFlags) plan(env *cli.Env, args []string) (*topicOffsetsPlan, error) {
	p := &topicOffsetsPlan{flags: f}
	var err error
	if f.at != "" {
		if p.at, err = planPosition(env, "at", f.at); err != nil {
			return nil, err
		}
	}
	p.TopicsPlan, err = f.TopicsOptions.Plan(env, args)
	return p, err
}

// topicOffsetsItem is a partition in `topic offsets`. Offset is that of --at; nil where
// the group that it names has committed nothing.
type topicOffsetsItem struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Start     int64  `json:"start"`
	Stable    int64  `json:"stable"`
	End       int64  `json:"end"`
	Offset    *int64 `json:"offset,omitempty"`
}

func (p *topicOffsetsPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.Cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		found, err := p.Choice.Find(ctx, admin)
		if err != nil {
			return err
		}
		causes := record.CausesOf(found)
		items := []topicOffsetsItem{}
		for i, t := range found {
			if t.Err != nil {
				continue
			}
			rows, err := p.look(ctx, admin, t.Topic)
			causes[i] = err
			items = append(items, rows...)
		}
		if err := p.Listing.Print("kstream.topic.offsets/v1", items, func() *output.Table { return p.table(items) }); err != nil {
			return err
		}
		return record.TopicErrors(env, causes)
	})
}

func (p *topicOffsetsPlan) look(ctx context.Context, admin *kafka.Admin, t kafka.Topic) ([]topicOffsetsItem, error) {
	at, marks, err := positionsIn(ctx, admin, t, "at", p.at)
	var items []topicOffsetsItem
	for _, part := range t.Partitions {
		tp := kafka.TopicPartition{Topic: t.Name, Partition: part.ID}
		m, selected := marks[tp]
		if !selected {
			continue
		}
		item := topicOffsetsItem{Topic: t.Name, Partition: tp.Partition, Start: m.Start, Stable: m.Stable, End: m.End}
		if offset, ok := at[tp]; ok && p.flags.at != "" {
			item.Offset = &offset
		}
		items = append(items, item)
	}
	return items, err
}

func (p *topicOffsetsPlan) table(items []topicOffsetsItem) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "topic"}, {Name: "partition", Right: true}, {Name: "start", Right: true}, {Name: "stable", Right: true}, {Name: "end", Right: true},
	}}
	if p.flags.at != "" {
		t.Columns = append(t.Columns, output.Column{Name: "offset", Right: true})
	}
	for _, i := range items {
		t.Add(i.Topic, strconv.Itoa(int(i.Partition)), strconv.FormatInt(i.Start, 10), strconv.FormatInt(i.Stable, 10), strconv.FormatInt(i.End, 10))
		if p.flags.at != "" {
			text := "-"
			if i.Offset != nil {
				text = strconv.FormatInt(*i.Offset, 10)
			}
			row := &t.Rows[len(t.Rows)-1]
			*row = append(*row, output.Cell{Text: text})
		}
	}
	return t
}
