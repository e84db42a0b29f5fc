package cmd

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

type topicListFlags struct {
	record.TopicsOptions
	internal bool
	sizes    bool
	problems bool
}

func newTopicListCmd(env *cli.Env) *cobra.Command {
	var f topicListFlags
	cmd := &cobra.Command{
		Use:     "list [TOPIC...]",
		Aliases: []string{"ls"},
		Short:   "List topics",
		Long: `List topics, or those that the arguments name or match. Kafka's internal topics are
left out unless --internal asks for them or an argument is their name.`,
		Example: `  kstream topic list
  kstream topic list 'orders*' -o json
  kstream topic list --sizes           what fills the disks, the largest first
  kstream topic list --problems        those with partitions that are under-replicated or offline`,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.internal, "internal", false, "Kafka's internal topics too")
	flags.BoolVar(&f.sizes, "sizes", false, "what each takes on disk, on all brokers together; the largest first")
	flags.BoolVar(&f.problems, "problems", false, "only topics with under-replicated or offline partitions")
	registerTopics(&f.TopicsOptions, flags)
	return cmd
}

type topicListPlan struct {
	record.TopicsPlan
	flags *topicListFlags
}

func (f *topicListFlags) plan(env *cli.Env, args []string) (*topicListPlan, error) {
	p := &topicListPlan{flags: f}
	var err error
	p.TopicsPlan, err = f.TopicsOptions.Plan(env, args)
	return p, err
}

// topicListItem is a topic in `topic list`. Replication is the smallest of its
// partitions.
type topicListItem struct {
	Topic           string `json:"topic"`
	ID              string `json:"id"`
	Partitions      int    `json:"partitions"`
	Replication     int    `json:"replication"`
	UnderReplicated int    `json:"under_replicated"` // partitions
	Offline         int    `json:"offline"`          // partitions
	Internal        bool   `json:"internal"`
	Bytes           *int64 `json:"bytes,omitempty"` // on disk, of all replicas; with --sizes
}

func listItemOf(t *kafka.Topic) topicListItem {
	item := topicListItem{
		Topic: t.Name, ID: t.ID, Internal: t.Internal,
		Partitions: len(t.Partitions), Replication: t.Replication(),
	}
	for _, p := range t.Partitions {
		if p.UnderReplicated() {
			item.UnderReplicated++
		}
		if p.Offline() {
			item.Offline++
		}
	}
	return item
}

func (p *topicListPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.Cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		found, err := p.find(ctx, admin)
		if err != nil {
			return err
		}
		items := []topicListItem{}
		for i := range found {
			item := listItemOf(&found[i].Topic)
			if found[i].Err == nil && (!p.flags.problems || item.UnderReplicated+item.Offline > 0) {
				items = append(items, item)
			}
		}
		if p.flags.sizes {
			if err := addSizes(ctx, admin, items); err != nil {
				return err
			}
		}
		if err := p.Listing.Print("kstream.topic.list/v1", items, func() *output.Table { return topicTable(p.Listing, items, p.flags.sizes) }); err != nil {
			return err
		}
		return record.TopicErrors(env, record.CausesOf(found))
	})
}

func (p *topicListPlan) find(ctx context.Context, admin *kafka.Admin) ([]kafka.TopicAnswer, error) {
	if len(p.Choice.Wanted) > 0 {
		return p.Choice.Find(ctx, admin)
	}
	topics, err := admin.AllTopics(ctx)
	var found []kafka.TopicAnswer
	for _, t := range topics {
		if !t.Internal || p.flags.internal {
			found = append(found, kafka.TopicAnswer{Topic: t})
		}
	}
	return found, err
}

// topicTable has a column for the sizes on disk only if they were asked for.
func topicTable(l *cli.Listing, items []topicListItem, sized bool) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "topic"},
		{Name: "partitions", Right: true},
		{Name: "replication", Right: true},
		{Name: "under_replicated", Right: true},
		{Name: "offline", Right: true},
		{Name: "internal", Minor: true},
		{Name: "id", Minor: true},
	}}
	if sized {
		t.Columns = append(t.Columns, output.Column{Name: "bytes", Right: true})
	}
	palette := l.Palette()
	for _, i := range items {
		row := []output.Cell{
			{Text: i.Topic},
			{Text: strconv.Itoa(i.Partitions)},
			{Text: strconv.Itoa(i.Replication)},
			alarm(i.UnderReplicated, palette.Warn), alarm(i.Offline, palette.Bad),
			{Text: strconv.FormatBool(i.Internal)},
			{Text: i.ID, Style: palette.Dim},
		}
		if sized {
			row = append(row, output.Cell{Text: shownBytes(l, i.Bytes)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// addSizes asks all brokers what the topics take on disk, and sorts by that.
func addSizes(ctx context.Context, admin *kafka.Admin, items []topicListItem) error {
	cluster, err := admin.Cluster(ctx)
	if err != nil {
		return err
	}
	dirs, err := admin.LogDirs(ctx, cluster.IDs())
	if err != nil {
		return err
	}
	total := map[string]int64{}
	for _, d := range dirs {
		for _, r := range d.Replicas {
			total[r.Topic] += r.Bytes
		}
	}
	for i := range items {
		items[i].Bytes = new(total[items[i].Topic])
	}
	slices.SortStableFunc(items, func(a, b topicListItem) int { return cmp.Compare(*b.Bytes, *a.Bytes) })
	return nil
}

// shownBytes writes a size with its unit for a person, and plain for a program.
func shownBytes(l *cli.Listing, n *int64) string {
	if n != nil && l.Env.StdoutTerminal {
		return output.Bytes(*n)
	}
	return orUnknown(n)
}

// alarm is a number that should be zero.
func alarm(n int, style output.Style) output.Cell {
	c := output.Cell{Text: strconv.Itoa(n)}
	if n > 0 {
		c.Style = style
	}
	return c
}
