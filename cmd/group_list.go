package cmd

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

type groupListFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	states  []string
}

func newGroupListCmd(env *cli.Env) *cobra.Command {
	var f groupListFlags
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List consumer groups",
		Example: `  kstream group list
  kstream group list --state Empty                 those that nobody is in
  kstream group list -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := f.plan(env)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.states, "state", nil, "only groups in state `S,…`: "+groupStateNames())
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type groupListPlan struct {
	cluster *connect.Options
	listing *cli.Listing
	states  []kafka.GroupState // nil: all
}

func (f *groupListFlags) plan(env *cli.Env) (*groupListPlan, error) {
	p := &groupListPlan{cluster: &f.cluster}
	var err error
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

// groupListItem is a group in `group list`.
type groupListItem struct {
	Group       string `json:"group"`
	State       string `json:"state"`
	Type        string `json:"type"`
	Protocol    string `json:"protocol"` // the assignor; empty without members
	Members     int    `json:"members"`
	Coordinator string `json:"coordinator"`
}

func (p *groupListPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, p.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		groups, err := admin.AllGroups(ctx)
		if err != nil {
			return err
		}
		items := []groupListItem{}
		for _, g := range groups {
			if p.states == nil || slices.Contains(p.states, g.State) {
				items = append(items, groupListItem{g.Name, string(g.State), g.Type, g.Protocol, len(g.Members), g.Coordinator})
			}
		}
		return p.listing.Print("kstream.group.list/v1", items, func() *output.Table {
			t := &output.Table{Columns: []output.Column{
				{Name: "group"}, {Name: "state"}, {Name: "type"}, {Name: "protocol"}, {Name: "members", Right: true}, {Name: "coordinator"},
			}}
			for _, i := range items {
				t.Add(i.Group, i.State, i.Type, i.Protocol, strconv.Itoa(i.Members), i.Coordinator)
			}
			return t
		})
	})
}
