package cmd

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/output"
)

type groupDescribeFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	watch   group.WatchOptions
}

func newGroupDescribeCmd(env *cli.Env) *cobra.Command {
	var f groupDescribeFlags
	cmd := &cobra.Command{
		Use:   "describe GROUP...",
		Short: "Show a group's members, their partitions and how far they are",
		Long: `Show a group's members, their partitions and how far they are.

With --watch it looks again and again without joining: on a terminal the picture is
drawn anew, in a pipe and with -o json each change is a line. The events are snapshot
(the first look at a group), state, joined, left, assigned, revoked and lag.`,
		Example: `  kstream group describe billing
  kstream group describe billing --watch -o json | jq 'select(.event=="assigned")'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, groups []string) error {
			plan, err := f.plan(env, groups)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	registerWatch(&f.watch, cmd.Flags())
	registerListing(&f.listing, cmd.Flags())
	registerCluster(&f.cluster, cmd.Flags())
	return cmd
}

type groupDescribePlan struct {
	flags   *groupDescribeFlags
	listing *cli.Listing
	groups  []string
}

func (f *groupDescribeFlags) plan(env *cli.Env, groups []string) (*groupDescribePlan, error) {
	if err := f.watch.Plan(); err != nil {
		return nil, err
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	if f.watch.Watch && f.listing.Output == "yaml" {
		return nil, cli.Usagef("--watch -o yaml: want table or json")
	}
	return &groupDescribePlan{f, l, cli.Distinct(groups)}, f.cluster.Plan(env)
}

func (p *groupDescribePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		show := p.show(env)
		return p.flags.watch.Run(ctx, p.flags.watch.Observer(env, admin, false), p.groups, show)
	})
}

// show returns what is called with the snapshots of each look.
func (p *groupDescribePlan) show(env *cli.Env) func([]group.Snapshot) error {
	if p.flags.watch.Watch && (p.listing.Format == "json" || !env.StdoutTerminal) {
		changes := &group.Changes{Listing: p.listing}
		return changes.Show
	}
	display := &group.Screen{Env: env}
	return func(snapshots []group.Snapshot) error {
		items := make([]group.Item, len(snapshots))
		for i := range snapshots {
			items[i] = group.ItemOf(&snapshots[i])
		}
		var text []byte
		var err error
		if p.listing.Format == "table" {
			text = p.appendTables(nil, items)
		} else {
			text, err = p.listing.Append(nil, "kstream.group.describe/v1", items, nil)
		}
		switch {
		case err != nil:
		case p.flags.watch.Watch:
			err = display.Draw(text)
		default:
			_, err = env.Stdout.Write(text)
		}
		return err
	}
}

// appendTables appends three tables for each group, with an empty line between them:
// the group, its members, its partitions.
func (p *groupDescribePlan) appendTables(dst []byte, items []group.Item) []byte {
	for i := range items {
		g := &items[i]
		if i > 0 {
			dst = append(dst, '\n')
		}
		head := &output.Table{Columns: []output.Column{
			{Name: "group"}, {Name: "state"}, {Name: "type"}, {Name: "protocol"}, {Name: "members", Right: true}, {Name: "lag", Right: true}, {Name: "coordinator"},
		}}
		head.Add(g.Group, g.State, g.Type, g.Protocol, strconv.Itoa(len(g.Members)), strconv.FormatInt(g.Lag, 10), g.Coordinator)
		dst = append(p.listing.AppendTable(dst, head), '\n')
		members := &output.Table{Columns: []output.Column{
			{Name: "member_id"}, {Name: "client_id"}, {Name: "instance_id"}, {Name: "host"}, {Name: "partitions"},
		}}
		for _, m := range g.Members {
			has := group.ShortPartitions(m.Partitions)
			if m.Target != nil {
				has = fmt.Sprintf("%s -> %s", has, group.ShortPartitions(m.Target))
			}
			members.Add(m.MemberID, m.ClientID, m.InstanceID, m.Host, has)
		}
		dst = append(p.listing.AppendTable(dst, members), '\n')
		dst = p.listing.AppendTable(dst, group.LagTable(p.listing, g.Partitions, false))
	}
	return dst
}
