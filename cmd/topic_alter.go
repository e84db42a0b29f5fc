package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/cmd/suggest"
	"kstream/kafka"
	"kstream/output"
)

type topicAlterFlags struct {
	record.TopicsOptions
	config     configFlags
	reset      []string
	partitions int
	replicas   int
	dryRun     bool
	changed    func(string) bool
}

func newTopicAlterCmd(env *cli.Env) *cobra.Command {
	var f topicAlterFlags
	cmd := &cobra.Command{
		Use:   "alter TOPIC...",
		Short: "Change the settings, the number of partitions and that of replicas of topics",
		Long: `Change settings of topics, give them more partitions, or another number of replicas. Only
what is named changes. It prints each change, old and new; what is already as asked is a
notice, and left as it is.

With --replication partitions keep the replicas that they have, the preferred leader first;
new ones go to the brokers with the fewest, in other racks if there are such. The brokers
copy the data by and by, for which it waits up to --timeout.`,
		Example: `  kstream topic alter orders --config retention.ms=86400000
  kstream topic alter orders --delete-config retention.ms     back to what the broker has
  kstream topic alter orders --partitions 12 --dry-run
  kstream topic alter orders --replication 3`,
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
	flags.IntVarP(&f.partitions, "partitions", "p", 0, "have `N` partitions in all; there is no way back")
	flags.IntVar(&f.replicas, "replication", 0, "have `N` replicas of each partition")
	flags.StringSliceVar(&f.reset, "delete-config", nil, "take setting `NAME` back to what the broker has; repeatable")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only let the broker check it, and show what would change")
	f.changed = flags.Changed
	registerChoice(&f.Choice, flags)
	registerListing(&f.Listing, flags)
	f.config.register(flags, &f.Cluster)
	return cmd
}

type topicAlterPlan struct {
	record.TopicsPlan
	flags *topicAlterFlags
	reset []string
}

func (f *topicAlterFlags) plan(env *cli.Env, args []string) (*topicAlterPlan, error) {
	p := &topicAlterPlan{flags: f, reset: cli.Distinct(f.reset)}
	if f.changed("partitions") && (f.partitions < 1 || f.partitions > 1<<20) {
		return nil, cli.Usagef("--partitions %d: want more than 0", f.partitions)
	}
	if f.changed("replication") && f.replicas < 1 {
		return nil, cli.Usagef("--replication %d: want more than 0", f.replicas)
	}
	if f.replicas > 0 && f.partitions > 0 {
		return nil, cli.Usagef("--replication and --partitions: one after the other")
	}
	if len(f.config.set)+len(p.reset)+f.partitions+f.replicas == 0 {
		return nil, cli.Usagef("what is to change? want --partitions, --replication, --config or --delete-config")
	}
	for _, name := range p.reset {
		if _, both := f.config.set[name]; both || name == "" {
			return nil, cli.Usagef("--delete-config %s: --config sets it too", name)
		}
	}
	var err error
	p.TopicsPlan, err = f.TopicsOptions.Plan(env, args)
	return p, err
}

// topicAlterItem is a topic in the outcome of `topic alter`.
type topicAlterItem struct {
	Topic   string        `json:"topic"`
	Changes []topicChange `json:"changes"`
	Altered bool          `json:"altered"`
	cli.ItemError

	topic    kafka.Topic
	replicas map[int32][]int32 // of the partitions that get others
}

// topicChange is one of its settings, or its partitions, before and after. Of a setting
// that a dry run takes back, the new value is not known and null.
type topicChange struct {
	Name string  `json:"name"`
	Old  string  `json:"old"`
	New  *string `json:"new"`
}

func (p *topicAlterPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		if err := cluster.RefuseWrites(); err != nil && !p.flags.dryRun {
			return err
		}
		found, err := p.Choice.Find(ctx, admin)
		if err != nil {
			return err
		}
		items := make([]*topicAlterItem, len(found))
		for i, t := range found {
			items[i] = &topicAlterItem{Topic: t.Name, Changes: []topicChange{}, topic: t.Topic}
			items[i].Fail(t.Err)
		}
		old, err := p.settings(ctx, admin, items)
		if err != nil {
			return err
		}
		if p.flags.replicas > 0 {
			if err := p.place(ctx, env, admin, items); err != nil {
				return err
			}
		}
		for _, item := range items {
			p.alter(ctx, env, admin, item, old[item.Topic])
		}
		if err := p.tellNew(ctx, admin, items); err != nil {
			return err
		}
		if err := p.Listing.Print("kstream.topic.alter/v1", items, func() *output.Table { return alterTable(items) }); err != nil {
			return err
		}
		return cli.SeveralErrors("topics", cli.CausesIn(items))
	})
}

// settings asks for the configuration of the topics that nothing speaks against.
func (p *topicAlterPlan) settings(ctx context.Context, admin *kafka.Admin, items []*topicAlterItem) (map[string]kafka.SettingsAnswer, error) {
	if len(p.flags.config.set)+len(p.reset) == 0 {
		return nil, nil
	}
	var names []string
	for _, item := range items {
		if item.Cause == nil {
			names = append(names, item.Topic)
		}
	}
	return admin.TopicSettings(ctx, names...)
}

// alter changes one topic. The broker checks everything before the first change, so that
// a topic is changed as a whole or not at all.
func (p *topicAlterPlan) alter(ctx context.Context, env *cli.Env, admin *kafka.Admin, item *topicAlterItem, old kafka.SettingsAnswer) {
	item.Fail(old.Err)
	if item.Cause != nil {
		return
	}
	f := p.flags
	have := len(item.topic.Partitions)
	set, reset := p.changes(env, item, old)
	if item.Cause != nil {
		return
	}
	if f.partitions > 0 && f.partitions < have {
		item.Fail(cli.Hint(cli.Usagef("%s: it has %d partitions, and cannot have fewer", item.Topic, have),
			"copy its records to another topic: kstream consume %s -e -o json | kstream produce OTHER -i json", item.Topic))
		return
	}
	configures := len(set)+len(reset) > 0
	if len(item.Changes) == 0 {
		return
	}
	for _, validateOnly := range []bool{true, false} {
		if validateOnly && !f.dryRun && (f.partitions <= have || !configures) || !validateOnly && f.dryRun {
			continue
		}
		if f.partitions > have && item.Cause == nil {
			item.Fail(admin.AddPartitions(ctx, item.Topic, f.partitions, validateOnly))
		}
		if configures && item.Cause == nil {
			err := admin.AlterTopic(ctx, item.Topic, set, reset, validateOnly)
			item.Fail(p.explain(err, old))
		}
		item.Altered = item.Cause == nil && !validateOnly
	}
	if item.replicas != nil && item.Cause == nil && !f.dryRun {
		item.Fail(p.reassign(ctx, env, admin, item))
		item.Altered = item.Cause == nil
	}
	if item.Altered && f.partitions > have {
		env.Notice("%s: new records with the same key may now go to another partition than the old ones", item.Topic)
	}
}

// changes fills in what is to change of a topic, and returns the settings among that:
// what is as asked already is only told.
func (p *topicAlterPlan) changes(env *cli.Env, item *topicAlterItem, old kafka.SettingsAnswer) (set map[string]string, reset []string) {
	f := p.flags
	switch have := len(item.topic.Partitions); f.partitions {
	case 0:
	case have:
		env.Notice("%s: it has %s already", item.Topic, cli.Count(int64(have), "partition"))
	default:
		item.Changes = append(item.Changes, topicChange{"partitions", strconv.Itoa(have), new(strconv.Itoa(f.partitions))})
	}
	set = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.config.set)) {
		value := f.config.set[name]
		if s := old.Find(name); s != nil && s.Source == kafka.SourceTopic && s.Value == value && !s.Sensitive {
			env.Notice("%s: %s is %s already", item.Topic, name, value)
			continue
		}
		set[name] = value
		item.Changes = append(item.Changes, topicChange{name, valueOf(old, name), &value})
	}
	for _, name := range p.reset {
		s := old.Find(name)
		if s == nil {
			item.Fail(p.explain(&unknownSettingError{item.Topic, name}, old))
			return nil, nil
		}
		if s.Source != kafka.SourceTopic {
			env.Notice("%s: %s is not set for the topic: it is %s already", item.Topic, name, s.Value)
			continue
		}
		reset = append(reset, name)
		item.Changes = append(item.Changes, topicChange{name, s.Value, nil})
	}
	return set, reset
}

// unknownSettingError is a setting that a topic does not have.
type unknownSettingError struct{ topic, name string }

func (e *unknownSettingError) Error() string {
	return fmt.Sprintf("%s: Unknown topic config name: %s", e.topic, e.name)
}

func (e *unknownSettingError) Is(target error) bool { return target == kafka.ErrProperty }

// explain adds the nearest name to an error about a setting that does not exist.
func (p *topicAlterPlan) explain(err error, old kafka.SettingsAnswer) error {
	if !errors.Is(err, kafka.ErrProperty) && !errors.Is(err, kafka.ErrFailed) {
		return err
	}
	known := make([]string, len(old.Settings))
	for i, s := range old.Settings {
		known[i] = s.Name
	}
	for _, name := range append(slices.Sorted(maps.Keys(p.flags.config.set)), p.reset...) {
		if old.Find(name) != nil {
			continue
		}
		if near := suggest.Nearest(name, known); near != "" {
			return cli.Hint(err, "%s: did you mean %s?", name, near)
		}
		return cli.Hint(err, "no setting %s; kstream topic describe TOPIC --all-config lists them", name)
	}
	return err
}

// valueOf is the value of a setting as a person would write it.
func valueOf(settings kafka.SettingsAnswer, name string) string {
	if s := settings.Find(name); s != nil {
		return s.Value
	}
	return ""
}

// tellNew fills in what settings that were taken back are now.
func (p *topicAlterPlan) tellNew(ctx context.Context, admin *kafka.Admin, items []*topicAlterItem) error {
	if p.flags.dryRun || len(p.reset) == 0 {
		return nil
	}
	now, err := p.settings(ctx, admin, items)
	if err != nil {
		return fmt.Errorf("altered, and the new values are not known: %w", err)
	}
	for _, item := range items {
		for c := range item.Changes {
			if item.Altered && item.Changes[c].New == nil {
				item.Changes[c].New = new(valueOf(now[item.Topic], item.Changes[c].Name))
			}
		}
	}
	return nil
}

// alterTable has a row for each change, and one for a topic without any.
func alterTable(items []*topicAlterItem) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "topic"}, {Name: "name"}, {Name: "old"}, {Name: "new"}, {Name: "altered"}, {Name: "error"},
	}}
	for _, i := range items {
		if len(i.Changes) == 0 {
			t.Add(i.Topic, "", "", "", strconv.FormatBool(i.Altered), i.Error)
		}
		for _, c := range i.Changes {
			becomes := brokersChoice
			if c.New != nil {
				becomes = *c.New
			}
			t.Add(i.Topic, c.Name, c.Old, becomes, strconv.FormatBool(i.Altered), strings.TrimSpace(i.Error))
		}
	}
	return t
}
