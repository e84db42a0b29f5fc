package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/kafka/assign"
	"kstream/output"
)

type groupPlanFlags struct {
	cluster  connect.Options
	listing  cli.ListingOptions
	members  int
	now      int
	assignor string
	group    string
	set      func(name string) bool
}

func newGroupPlanCmd(env *cli.Env) *cobra.Command {
	var f groupPlanFlags
	cmd := &cobra.Command{
		Use:   "plan [TOPIC...]",
		Short: "Compute who would get which partition, and what would move",
		Long: `Compute how N members of a group would share topics, as the clients' assignors do,
without joining or changing anything: which partitions each has, and which move when a
group of M members becomes one of N, or when this group does.

range and roundrobin are exact, when members keep the order of their ids: new ones are
taken to come last, and the last ones to leave. The sticky assignors depend on history:
how many partitions each member has and how many move is exact, which of them need not
be.`,
		Example: `  kstream group plan orders --members 5
  kstream group plan orders --members 5 --now 3 --assignor range
  kstream group plan --group billing --members 4`,
		RunE: func(cmd *cobra.Command, topics []string) error {
			plan, err := f.plan(env, topics)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.IntVarP(&f.members, "members", "m", 0, "a group of `N` members")
	flags.IntVar(&f.now, "now", 0, "what moves when it has `M` members now")
	flags.StringVarP(&f.group, "group", "g", "", "start from the members that `GROUP` has, with its topics and its assignor")
	flags.StringVar(&f.assignor, "assignor", "", "`NAME`: range, roundrobin, sticky, cooperative-sticky (default), uniform")
	f.set = flags.Changed
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

// maxPlanned bounds the members of a plan.
const maxPlanned = 10_000

type groupPlanPlan struct {
	flags    *groupPlanFlags
	listing  *cli.Listing
	topics   []string
	assignor assign.Assignor // empty: the group's
}

func (f *groupPlanFlags) plan(env *cli.Env, topics []string) (*groupPlanPlan, error) {
	p := &groupPlanPlan{flags: f, topics: cli.Distinct(topics), assignor: assign.Assignor(f.assignor)}
	switch {
	case !f.set("members"):
		return nil, cli.Usagef("--members N says how many members to plan for")
	case f.members < 1 || f.members > maxPlanned:
		return nil, cli.Usagef("--members %d: want 1 to %d", f.members, maxPlanned)
	case f.set("now") && (f.now < 1 || f.now > maxPlanned):
		return nil, cli.Usagef("--now %d: want 1 to %d", f.now, maxPlanned)
	case f.group == "" && len(topics) == 0:
		return nil, cli.Usagef("want topics, or --group")
	case f.group != "" && (len(topics) > 0 || f.set("now")):
		return nil, cli.Usagef("--group says which topics and members there are: leave TOPIC and --now out")
	case f.assignor != "" && !slices.Contains(assign.All(), p.assignor):
		return nil, cli.Usagef("--assignor %s: want one of %v", f.assignor, assign.All())
	}
	if f.group == "" && p.assignor == "" {
		p.assignor = assign.CooperativeSticky
	}
	var err error
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

// plannedMember is a member before and after. Before is null when nothing was said
// about now.
type plannedMember struct {
	Member     string                  `json:"member"`
	Before     []group.TopicPartitions `json:"before"`
	Partitions []group.TopicPartitions `json:"partitions"`
	Gains      []group.TopicPartitions `json:"gains"`
	Loses      []group.TopicPartitions `json:"loses"`
}

// beginning is what a plan starts from.
type beginning struct {
	topics []assign.Topic
	names  []string // of the members that are there
	before assign.Assignment
	known  bool // before means something
	// eager says that everybody stops while partitions move.
	eager bool
}

func (p *groupPlanPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		from, err := p.begin(ctx, admin)
		if err != nil {
			return err
		}
		names := slices.Clone(from.names)
		for i := len(names); i < p.flags.members; i++ {
			names = append(names, fmt.Sprintf("member-%d", i+1))
		}
		owned := make(assign.Assignment, p.flags.members)
		copy(owned, from.before)
		then, err := assign.Compute(p.assignor, from.topics, owned)
		if err != nil {
			return err
		}
		items := from.items(names, then)
		if from.known {
			env.Notice("%s", moveSummary(p.assignor, from, then))
		}
		return p.listing.Print("kstream.group.plan/v1", items, func() *output.Table { return planTable(items, from.known) })
	})
}

// begin finds the topics and the members that there are.
func (p *groupPlanPlan) begin(ctx context.Context, admin *kafka.Admin) (*beginning, error) {
	from := &beginning{}
	names := p.topics
	var info *kafka.GroupInfo
	if p.flags.group != "" {
		infos, err := admin.Groups(ctx, p.flags.group)
		if err != nil {
			return nil, err
		}
		info = &infos[0]
		if names, err = groupTopics(ctx, admin, info); err != nil {
			return nil, err
		}
		if p.assignor == "" {
			p.assignor = assign.Assignor(info.Protocol)
		}
		if p.assignor == "" {
			p.assignor = assign.CooperativeSticky
		}
		if !slices.Contains(assign.All(), p.assignor) {
			return nil, cli.Hint(cli.Usagef("%s: its assignor %s is not one that is known", info.Name, p.assignor), "--assignor names one: %v", assign.All())
		}
	}
	topics, err := admin.Topics(ctx, names...)
	if err != nil {
		return nil, err
	}
	for _, t := range topics {
		from.topics = append(from.topics, assign.Topic{Name: t.Name, Partitions: int32(len(t.Partitions))})
	}
	from.eager = p.assignor.Eager() && (info == nil || info.Type != "consumer")
	switch {
	case info != nil:
		from.known = true
		for _, m := range info.Members {
			from.names = append(from.names, m.ID)
			var list []assign.Partition
			for _, tp := range m.Partitions {
				list = append(list, assign.Partition{Topic: tp.Topic, Number: tp.Partition})
			}
			from.before = append(from.before, list)
		}
	case p.flags.now > 0:
		from.known = true
		from.before, err = assign.Compute(p.assignor, from.topics, make(assign.Assignment, p.flags.now))
		for i := range p.flags.now {
			from.names = append(from.names, fmt.Sprintf("member-%d", i+1))
		}
	}
	return from, err
}

// groupTopics are the topics whose partitions the members have, and those that the
// group has committed to.
func groupTopics(ctx context.Context, admin *kafka.Admin, info *kafka.GroupInfo) ([]string, error) {
	lags, err := admin.GroupLag(ctx, info)
	var unanswered *kafka.UnansweredError
	if err != nil && !errors.As(err, &unanswered) {
		return nil, err
	}
	topics := map[string]bool{}
	for _, l := range lags {
		topics[l.Topic] = true
	}
	if unanswered != nil {
		for _, tp := range unanswered.Partitions {
			topics[tp.Topic] = true
		}
	}
	names := slices.Sorted(maps.Keys(topics))
	if len(names) == 0 {
		return nil, cli.Hint(fmt.Errorf("%s: %w", info.Name, errNoTopics), "kstream group plan TOPIC plans without a group")
	}
	return names, nil
}

var errNoTopics = errors.New("no member has a partition, and nothing was ever committed")

// items returns what becomes of each member, those that leave included.
func (b *beginning) items(names []string, then assign.Assignment) []plannedMember {
	items := make([]plannedMember, 0, len(names))
	at := func(a assign.Assignment, i int) []kafka.TopicPartition {
		var tps []kafka.TopicPartition
		if i < len(a) {
			for _, p := range a[i] {
				tps = append(tps, kafka.TopicPartition{Topic: p.Topic, Partition: p.Number})
			}
		}
		return tps
	}
	for i, name := range names {
		was, is := at(b.before, i), at(then, i)
		item := plannedMember{Member: name, Partitions: group.ByTopic(is), Gains: []group.TopicPartitions{}, Loses: []group.TopicPartitions{}}
		if b.known {
			item.Before, item.Gains, item.Loses = group.ByTopic(was), group.ByTopic(group.Without(is, was)), group.ByTopic(group.Without(was, is))
		}
		items = append(items, item)
	}
	return items
}

func moveSummary(a assign.Assignor, from *beginning, then assign.Assignment) string {
	moves := 0
	for _, m := range assign.Moves(from.before, then) {
		if m.From != assign.Nobody {
			moves++
		}
	}
	total := int32(0)
	for _, t := range from.topics {
		total += t.Partitions
	}
	rest := "the others are read on meanwhile"
	if from.eager {
		rest = "all of them stop meanwhile"
	}
	return fmt.Sprintf("%s: %d of %d partitions get another owner; %s", a, moves, total, rest)
}

func planTable(items []plannedMember, known bool) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "member"}, {Name: "count", Right: true}, {Name: "partitions"}}}
	if known {
		t.Columns = append(t.Columns, output.Column{Name: "gains"}, output.Column{Name: "loses"})
	}
	for _, i := range items {
		n := 0
		for _, p := range i.Partitions {
			n += len(p.Partitions)
		}
		t.Add(i.Member, fmt.Sprint(n), group.ShortPartitions(i.Partitions), group.ShortPartitions(i.Gains), group.ShortPartitions(i.Loses))
	}
	return t
}
