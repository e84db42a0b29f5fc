package cmd

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/output"
)

type groupListFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	states  []string
	topics  []string
}

func newGroupListCmd(env *cli.Env) *cobra.Command {
	var f groupListFlags
	cmd := &cobra.Command{
		Use:     "list [GROUP...]",
		Aliases: []string{"ls"},
		Short:   "List consumer groups",
		Long: `List consumer groups: who is in them, how many topics they read, and how many records
wait for them. A name may be a pattern with * and ?, such as 'etl-*'.`,
		Example: `  kstream group list
  kstream group list --topic orders                who reads it?
  kstream group list --state Empty                 those that nobody is in
  kstream group list -o json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, groups []string) error {
			plan, err := f.plan(env, groups)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.states, "state", nil, "only groups in state `S,…`: "+groupStateNames())
	flags.StringArrayVar(&f.topics, "topic", nil, "only groups that read `TOPIC`, with how far they are in it; repeatable")
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type groupListPlan struct {
	cluster *connect.Options
	listing *cli.Listing
	groups  group.Wanted
	states  []kafka.GroupState // nil: all
	topics  []string           // nil: all
}

func (f *groupListFlags) plan(env *cli.Env, groups []string) (*groupListPlan, error) {
	p := &groupListPlan{cluster: &f.cluster, groups: cli.Distinct(groups), topics: f.topics}
	err := p.groups.Check()
	if err != nil {
		return nil, err
	}
	for _, text := range f.states {
		state, ok := parseGroupState(text)
		if !ok {
			return nil, cli.Usagef("--state %s: want one of %s", text, groupStateNames())
		}
		p.states = append(p.states, state)
	}
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

// groupStateNames lists the states as Kafka writes them.
func groupStateNames() string {
	var names []string
	for _, s := range kafka.GroupStates() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// parseGroupState takes Kafka's names in any case, with or without hyphens.
func parseGroupState(text string) (kafka.GroupState, bool) {
	plain := strings.NewReplacer("-", "", "_", "").Replace(text)
	for _, s := range kafka.GroupStates() {
		if strings.EqualFold(plain, string(s)) {
			return s, true
		}
	}
	return "", false
}

// groupListItem is a group in `group list`. With --topic, the topics and the lag are those
// that it names.
type groupListItem struct {
	Group       string   `json:"group"`
	State       string   `json:"state"`
	Type        string   `json:"type"`
	Protocol    string   `json:"protocol"` // the assignor; empty without members
	Members     int      `json:"members"`
	Coordinator string   `json:"coordinator"`
	Topics      []string `json:"topics"`
	Lag         *int64   `json:"lag"` // null when not known of all partitions
}

func (p *groupListPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, p.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		snapshots, err := group.Look(ctx, env, admin, p.groups)
		if err != nil {
			return err
		}
		items := []groupListItem{}
		for _, s := range group.OfTopics(snapshots, p.topics) {
			g := s.Info
			if p.states != nil && !slices.Contains(p.states, g.State) {
				continue
			}
			item := groupListItem{g.Name, string(g.State), g.Type, g.Protocol, len(g.Members), g.Coordinator, s.Topics(), nil}
			if s.Known() {
				item.Lag = new(s.Lag())
			}
			items = append(items, item)
		}
		return p.listing.Print("kstream.group.list/v1", items, func() *output.Table {
			t := &output.Table{Columns: []output.Column{
				{Name: "group"},
				{Name: "state"},
				{Name: "type", Minor: true},
				{Name: "protocol", Minor: true},
				{Name: "members", Right: true},
				{Name: "coordinator", Minor: true},
				{Name: "topics", Right: true},
				{Name: "lag", Right: true},
			}}
			for _, i := range items {
				t.Add(i.Group, i.State, i.Type, i.Protocol, strconv.Itoa(i.Members), i.Coordinator, strconv.Itoa(len(i.Topics)), orUnknown(i.Lag))
			}
			return t
		})
	})
}
