package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/output"
)

type groupDeleteFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	confirm cli.Confirmation
}

func newGroupDeleteCmd(env *cli.Env) *cobra.Command {
	var f groupDeleteFlags
	cmd := &cobra.Command{
		Use:     "delete GROUP...",
		Aliases: []string{"rm"},
		Short:   "Delete groups with their committed offsets",
		Long: `Delete groups with their committed offsets. It shows what it would delete and asks.
A name may be a pattern with * and ?, such as 'etl-*'. A group with members is refused. All groups are tried; when one could not be deleted
the exit code is 1, or 3 where none of them exists.`,
		Example: `  kstream group delete billing --dry-run
  kstream group delete billing refunds --yes
  kstream group delete 'console-consumer-*' --dry-run`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, groups []string) error {
			plan, err := f.plan(env, groups)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	registerConfirmation(&f.confirm, cmd.Flags())
	registerListing(&f.listing, cmd.Flags())
	registerCluster(&f.cluster, cmd.Flags())
	return cmd
}

type groupDeletePlan struct {
	flags   *groupDeleteFlags
	listing *cli.Listing
	groups  group.Wanted
}

func (f *groupDeleteFlags) plan(env *cli.Env, groups []string) (*groupDeletePlan, error) {
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	p := &groupDeletePlan{f, l, cli.Distinct(groups)}
	if err := p.groups.Check(); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

// groupDeleteItem is a group in the plan and in the outcome of `group delete`.
type groupDeleteItem struct {
	Group      string `json:"group"`
	State      string `json:"state"`
	Partitions int    `json:"partitions"` // with a committed offset
	Deleted    bool   `json:"deleted"`
	cli.ItemError
}

func (p *groupDeletePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		items, err := p.look(ctx, admin)
		if err != nil {
			return err
		}
		if p.flags.confirm.DryRun {
			return joinDeletes(items, p.listing.Print("kstream.group.delete/v1", items, deleteTable(items)))
		}
		if err := cluster.RefuseWrites(); err != nil {
			return err
		}
		if names := deletable(items); len(names) > 0 {
			what := strings.Join(names, ", ")
			if len(names) > 5 {
				what = cli.Count(int64(len(names)), "group")
			}
			action := fmt.Sprintf("delete %s with all committed offsets", what)
			if err := p.flags.confirm.Ask(ctx, env, deleteTable(items)(), action); err != nil {
				return err
			}
		}
		for _, item := range items {
			if item.Cause == nil {
				item.Fail(admin.DeleteGroup(ctx, item.Group))
				item.Deleted = item.Cause == nil
			}
		}
		return joinDeletes(items, p.listing.Print("kstream.group.delete/v1", items, deleteTable(items)))
	})
}

// look finds what would be deleted, or why it cannot be: a row for each group that a name or
// a pattern means, and for each that means none.
func (p *groupDeletePlan) look(ctx context.Context, admin *kafka.Admin) (items []*groupDeleteItem, err error) {
	var all []kafka.GroupInfo
	if p.groups.Many() {
		if all, err = admin.AllGroups(ctx); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{}
	for _, name := range p.groups {
		infos := group.Match(name, all)
		switch {
		case !group.IsPattern(name):
			infos, err = admin.Groups(ctx, name)
		case infos == nil:
			err = cli.Errorf(cli.CodeUnknownGroup, "%s: no group matches", name)
		}
		if err != nil {
			items = append(items, &groupDeleteItem{Group: name})
			items[len(items)-1].Fail(err)
			err = nil
			continue
		}
		for i := range infos {
			if info := &infos[i]; !seen[info.Name] {
				seen[info.Name] = true
				items = append(items, lookAtGroup(ctx, admin, info))
			}
		}
	}
	return items, nil
}

func lookAtGroup(ctx context.Context, admin *kafka.Admin, info *kafka.GroupInfo) *groupDeleteItem {
	item := &groupDeleteItem{Group: info.Name, State: string(info.State)}
	item.Fail(info.RefuseActive())
	commits, err := admin.Committed(ctx, info.Name)
	item.Partitions = len(commits)
	item.Fail(err)
	return item
}

// deletable names the groups that nothing speaks against.
func deletable(items []*groupDeleteItem) (names []string) {
	for _, i := range items {
		if i.Cause == nil {
			names = append(names, i.Group)
		}
	}
	return names
}

// joinDeletes returns the error of the whole: that of a single item, or of several the
// number of those that failed; printed is what printing them returned.
func joinDeletes(items []*groupDeleteItem, printed error) error {
	if printed != nil {
		return printed
	}
	return cli.SeveralErrors("groups", cli.CausesIn(items))
}

func deleteTable(items []*groupDeleteItem) func() *output.Table {
	return func() *output.Table {
		t := &output.Table{Columns: []output.Column{{Name: "group"}, {Name: "state"}, {Name: "partitions", Right: true}, {Name: "deleted"}, {Name: "error"}}}
		for _, i := range items {
			t.Add(i.Group, i.State, fmt.Sprint(i.Partitions), fmt.Sprint(i.Deleted), i.Error)
		}
		return t
	}
}
