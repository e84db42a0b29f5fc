package cmd

import (
	"context"
	"errors"
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
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) (err error) {
		ctx, quit := context.WithCancel(ctx)
		defer quit()
		show := func(snapshots []group.Snapshot) error {
			text, err := p.render(snapshots)
			if err == nil {
				_, err = env.Stdout.Write(text)
			}
			return err
		}
		switch {
		case !p.flags.watch.Watch:
		case p.listing.Format == "json" || !env.Draws():
			show = (&group.Changes{Listing: p.listing}).Show
		default:
			var screen *group.Screen
			screen, env = group.OpenScreen(env, quit)
			defer func() { err = errors.Join(err, screen.Close()) }()
			show = func(snapshots []group.Snapshot) error {
				return screen.Draw(func() ([]byte, error) { return p.render(snapshots) })
			}
		}
		return p.flags.watch.Run(ctx, p.flags.watch.Observer(env, admin, false), p.groups, show)
	})
}

// render returns the text of one look.
func (p *groupDescribePlan) render(snapshots []group.Snapshot) ([]byte, error) {
	items := make([]group.Item, len(snapshots))
	for i := range snapshots {
		items[i] = group.ItemOf(&snapshots[i])
	}
	if p.listing.Format == "table" {
		return p.appendTables(nil, items), nil
	}
	return p.listing.Append(nil, "kstream.group.describe/v1", items, nil)
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
			{Name: "group"}, {Name: "state"}, {Name: "type", Minor: true}, {Name: "protocol", Minor: true}, {Name: "members", Right: true}, {Name: "lag", Right: true}, {Name: "coordinator", Minor: true},
		}}
		head.Add(g.Group, g.State, g.Type, g.Protocol, strconv.Itoa(len(g.Members)), strconv.FormatInt(g.Lag, 10), g.Coordinator)
		dst = append(p.listing.AppendTable(dst, head), '\n')
		members := &output.Table{Columns: []output.Column{
			{Name: "member_id"}, {Name: "client_id", Minor: true}, {Name: "instance_id", Minor: true}, {Name: "host", Minor: true}, {Name: "partitions"},
		}}
		for _, m := range g.Members {
			has := group.ShortPartitions(m.Partitions)
			if m.Target != nil {
				has = fmt.Sprintf("%s -> %s", has, group.ShortPartitions(m.Target))
			}
			members.Add(m.MemberID, m.ClientID, m.InstanceID, m.Host, has)
		}
		dst = append(p.listing.AppendPart(dst, members, "no members"), '\n')
		dst = p.listing.AppendTable(dst, group.LagTable(p.listing, g.Partitions, false))
	}
	return dst
}
