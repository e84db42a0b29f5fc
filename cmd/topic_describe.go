package cmd

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

type topicDescribeFlags struct {
	record.TopicsOptions
	all bool
}

func newTopicDescribeCmd(env *cli.Env) *cobra.Command {
	var f topicDescribeFlags
	cmd := &cobra.Command{
		Use:   "describe TOPIC...",
		Short: "Show a topic's partitions, replicas, offsets and configuration",
		Long: `Show a topic's partitions with leader, replicas and those in sync, the bounds of their
logs, and the configuration that somebody has set, with where it was set.

The state of a partition is ok, under_replicated (a replica is not in sync), under_min_isr
(too few are in sync for acks=all to be accepted) or offline (nobody leads it). bytes is what
all replicas take on disk, which only those may ask who may describe the cluster.`,
		Example: `  kstream topic describe orders
  kstream topic describe 'orders*' -o json
  kstream topic describe orders --all-config        default values too`,
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
	flags.BoolVar(&f.all, "all-config", false, "settings that nobody has set too")
	registerTopics(&f.TopicsOptions, flags)
	return cmd
}

type topicDescribePlan struct {
	record.TopicsPlan
	flags *topicDescribeFlags
}

func (f *topicDescribeFlags) plan(env *cli.Env, args []string) (*topicDescribePlan, error) {
	p := &topicDescribePlan{flags: f}
	var err error
	p.TopicsPlan, err = f.TopicsOptions.Plan(env, args)
	return p, err
}

// topicItem is a topic in `topic describe`.
type topicItem struct {
	Topic           string               `json:"topic"`
	ID              string               `json:"id"`
	Internal        bool                 `json:"internal"`
	Replication     int                  `json:"replication"`
	UnderReplicated int                  `json:"under_replicated"`
	Offline         int                  `json:"offline"`
	Bytes           *int64               `json:"bytes"` // on disk, of all replicas; null when not known
	Partitions      []topicPartitionItem `json:"partitions"`
	Config          []settingItem        `json:"config"`
}

// topicPartitionItem is one of its partitions. Start and End are null when nobody could
// be asked.
type topicPartitionItem struct {
	Partition int32   `json:"partition"`
	Leader    int32   `json:"leader"` // -1: none
	Replicas  []int32 `json:"replicas"`
	ISR       []int32 `json:"isr"`
	State     string  `json:"state"`
	Start     *int64  `json:"start"`
	End       *int64  `json:"end"`
	// Bytes are those on disk: of all replicas, and of each, in the order of Replicas. null is
	// what is not known.
	Bytes        *int64   `json:"bytes"`
	ReplicaBytes []*int64 `json:"replica_bytes"`
}

// settingItem is an entry of the configuration of a topic or broker.
type settingItem struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	Source    string `json:"source"`
	ReadOnly  bool   `json:"read_only"`
	Sensitive bool   `json:"sensitive"` // the value is not told
}

func settingItems(settings []kafka.Setting, all bool) []settingItem {
	items := []settingItem{}
	for _, s := range settings {
		if all || !s.Default() {
			items = append(items, settingItem{s.Name, s.Value, string(s.Source), s.ReadOnly, s.Sensitive})
		}
	}
	return items
}

func (p *topicDescribePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.Cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		found, err := p.Choice.Find(ctx, admin)
		if err != nil {
			return err
		}
		items, err := p.look(ctx, env, admin, found)
		if err != nil {
			return err
		}
		var text []byte
		if p.Listing.Format == "table" {
			text = p.appendTables(nil, items)
		} else if text, err = p.Listing.Append(nil, "kstream.topic.describe/v1", items, nil); err != nil {
			return err
		}
		if _, err := env.Stdout.Write(text); err != nil {
			return err
		}
		return record.TopicErrors(env, record.CausesOf(found))
	})
}

// look asks for what belongs to the topics that were found. What a sick cluster does not
// answer is left open, with a notice.
func (p *topicDescribePlan) look(ctx context.Context, env *cli.Env, admin *kafka.Admin, found []kafka.TopicAnswer) ([]topicItem, error) {
	var names []string
	var led []kafka.TopicPartition
	for _, t := range found {
		if t.Err != nil {
			continue
		}
		names = append(names, t.Name)
		for _, part := range t.Partitions {
			if !part.Offline() {
				led = append(led, kafka.TopicPartition{Topic: t.Name, Partition: part.ID})
			}
		}
	}
	marks, err := admin.Watermarks(ctx, led)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		env.Notice("the bounds of the logs are not known: %v", err)
	}
	settings, err := admin.TopicSettings(ctx, names...)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		env.Notice("the configuration is not known: %v", err)
	}
	sizes, err := diskSizes(ctx, admin, found)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil && !errors.Is(err, kafka.ErrDenied) {
		env.Notice("what is on disk is not known everywhere: %v", err)
	}
	items := []topicItem{}
	for i := range found {
		if found[i].Err != nil {
			continue
		}
		answer := settings[found[i].Name]
		if answer.Err != nil {
			env.Notice("%v", answer.Err)
		}
		items = append(items, p.item(&found[i].Topic, answer, marks, sizes))
	}
	return items, nil
}

func (p *topicDescribePlan) item(t *kafka.Topic, settings kafka.SettingsAnswer, marks map[kafka.TopicPartition]kafka.Watermarks, sizes map[kafka.TopicPartition]map[int32]int64) topicItem {
	short := listItemOf(t)
	item := topicItem{
		Topic: t.Name, ID: t.ID, Internal: t.Internal, Replication: short.Replication,
		UnderReplicated: short.UnderReplicated, Offline: short.Offline,
		Partitions: []topicPartitionItem{}, Config: settingItems(settings.Settings, p.flags.all),
	}
	minISR := 1
	if s := settings.Find("min.insync.replicas"); s != nil {
		if n, err := strconv.Atoi(s.Value); err == nil {
			minISR = n
		}
	}
	for _, part := range t.Partitions {
		row := topicPartitionItem{Partition: part.ID, Leader: part.Leader, Replicas: part.Replicas, ISR: part.ISR, State: stateOf(&part, minISR)}
		tp := kafka.TopicPartition{Topic: t.Name, Partition: part.ID}
		if m, ok := marks[tp]; ok {
			row.Start, row.End = &m.Start, &m.End
		}
		row.Bytes, row.ReplicaBytes = bytesOf(sizes[tp], part.Replicas)
		item.Partitions = append(item.Partitions, row)
	}
	item.Bytes = new(int64)
	for _, row := range item.Partitions {
		if row.Bytes == nil {
			item.Bytes = nil
			break
		}
		*item.Bytes += *row.Bytes
	}
	return item
}

// diskSizes asks the brokers that have replicas of the topics what these take on disk.
func diskSizes(ctx context.Context, admin *kafka.Admin, found []kafka.TopicAnswer) (map[kafka.TopicPartition]map[int32]int64, error) {
	var tps []kafka.TopicPartition
	brokers := map[int32]bool{}
	for _, t := range found {
		for _, part := range t.Partitions {
			tps = append(tps, kafka.TopicPartition{Topic: t.Name, Partition: part.ID})
			for _, id := range part.Replicas {
				brokers[id] = true
			}
		}
	}
	if len(tps) == 0 {
		return nil, nil
	}
	dirs, err := admin.LogDirs(ctx, slices.Sorted(maps.Keys(brokers)), tps...)
	return kafka.ReplicaBytes(dirs), err
}

// bytesOf is what the replicas of a partition take, together and each.
func bytesOf(sizes map[int32]int64, replicas []int32) (total *int64, each []*int64) {
	total, each = new(int64), make([]*int64, len(replicas))
	for i, id := range replicas {
		n, ok := sizes[id]
		if !ok {
			total = nil
			continue
		}
		each[i] = &n
		if total != nil {
			*total += n
		}
	}
	return total, each
}

// stateOf returns the worst that is to be said about a partition.
func stateOf(p *kafka.Partition, minISR int) string {
	switch {
	case p.Offline():
		return "offline"
	case len(p.ISR) < minISR:
		return "under_min_isr"
	case p.UnderReplicated():
		return "under_replicated"
	}
	return "ok"
}

// appendTables appends three tables for each topic, with an empty line between them: the
// topic, its partitions, its configuration.
func (p *topicDescribePlan) appendTables(dst []byte, items []topicItem) []byte {
	palette := p.Listing.Palette()
	for i := range items {
		t := &items[i]
		if i > 0 {
			dst = append(dst, '\n')
		}
		head := topicTable(p.Listing, []topicListItem{{t.Topic, t.ID, len(t.Partitions), t.Replication, t.UnderReplicated, t.Offline, t.Internal, t.Bytes}}, true)
		dst = append(p.Listing.AppendTable(dst, head), '\n')
		parts := &output.Table{Columns: []output.Column{
			{Name: "partition", Right: true},
			{Name: "leader", Right: true},
			{Name: "replicas"},
			{Name: "isr"},
			{Name: "start", Right: true},
			{Name: "end", Right: true},
			{Name: "state"},
			{Name: "bytes", Right: true},
		}}
		for _, row := range t.Partitions {
			state := output.Cell{Text: row.State}
			switch row.State {
			case "offline", "under_min_isr":
				state.Style = palette.Bad
			case "under_replicated":
				state.Style = palette.Warn
			}
			leader := strconv.Itoa(int(row.Leader))
			if row.Leader < 0 {
				leader = "none"
			}
			parts.Rows = append(parts.Rows, []output.Cell{
				{Text: strconv.Itoa(int(row.Partition))},
				{Text: leader},
				{Text: cli.JoinIDs(row.Replicas)},
				{Text: cli.JoinIDs(row.ISR)},
				{Text: orUnknown(row.Start)},
				{Text: orUnknown(row.End)},
				state,
				{Text: shownBytes(p.Listing, row.Bytes)},
			})
		}
		dst = append(p.Listing.AppendTable(dst, parts), '\n')
		dst = p.Listing.AppendPart(dst, settingTable(t.Config), "no settings of its own")
	}
	return dst
}

func settingTable(settings []settingItem) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "config"}, {Name: "value"}, {Name: "source"}}}
	for _, s := range settings {
		t.Add(s.Name, shownValue(s), s.Source)
	}
	return t
}

// shownValue hides what the broker hides too.
func shownValue(s settingItem) string {
	if s.Sensitive {
		return cmp.Or(s.Value, "(hidden)")
	}
	return s.Value
}

func orUnknown(n *int64) string {
	if n == nil {
		return "?"
	}
	return strconv.FormatInt(*n, 10)
}
