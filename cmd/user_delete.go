package cmd

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

type userDeleteFlags struct {
	cluster    connect.Options
	listing    cli.ListingOptions
	confirm    cli.Confirmation
	mechanisms []string
	ifExists   bool
}

func newUserDeleteCmd(env *cli.Env) *cobra.Command {
	var f userDeleteFlags
	cmd := &cobra.Command{
		Use:     "delete USER...",
		Aliases: []string{"rm"},
		Short:   "Delete users, or their passwords for some mechanisms",
		Long: `Delete users who log in with SCRAM, or with --mechanism only their passwords for it. It shows
what it would delete and asks. All users are tried; when one could not be deleted the exit code
is 1, or 3 where none of them exists. ACLs about a user stay, and clients that are connected
stay connected.`,
		Example: `  kstream user delete alice --dry-run
  kstream user delete alice bob --yes
  kstream user delete alice --mechanism scram-sha-256 --yes`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			plan, err := f.plan(env, names)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.mechanisms, "mechanism", nil, "only the password for `NAME`: scram-sha-256, scram-sha-512; repeatable (default all)")
	flags.BoolVar(&f.ifExists, "if-exists", false, "a user who does not exist is no error")
	registerConfirmation(&f.confirm, flags)
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type userDeletePlan struct {
	flags      *userDeleteFlags
	listing    *cli.Listing
	names      []string
	mechanisms []string // none: all
}

func (f *userDeleteFlags) plan(env *cli.Env, names []string) (*userDeletePlan, error) {
	p := &userDeletePlan{flags: f, names: cli.Distinct(names)}
	err := checkUserNames(names)
	if err != nil {
		return nil, err
	}
	if p.mechanisms, err = scramMechanisms(f.mechanisms); err != nil {
		return nil, err
	}
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

// userDeleteItem is a user in the plan and in the outcome of `user delete`, with the
// passwords that go.
type userDeleteItem struct {
	userItem
	Deleted bool `json:"deleted"`
	cli.ItemError
}

func (p *userDeletePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		items, err := p.look(ctx, env, admin)
		if err != nil {
			return err
		}
		var names []string
		for _, i := range items {
			if i.Cause == nil {
				names = append(names, i.User)
			}
		}
		if !p.flags.confirm.DryRun && len(names) > 0 {
			if err := cluster.RefuseWrites(); err != nil {
				return err
			}
			action := "delete " + strings.Join(names, ", ")
			if len(p.mechanisms) > 0 {
				action = fmt.Sprintf("delete the %s password of %s", strings.Join(p.mechanisms, " and "), strings.Join(names, ", "))
			}
			if err := p.flags.confirm.Ask(ctx, env, userDeleteTable(items), action); err != nil {
				return err
			}
			for _, i := range items {
				for _, c := range i.Credentials {
					if i.Cause == nil {
						i.Fail(admin.DeletePassword(ctx, i.User, c.Mechanism))
					}
				}
				i.Deleted = i.Cause == nil
			}
		}
		if err := p.listing.Print("kstream.user.delete/v1", items, func() *output.Table { return userDeleteTable(items) }); err != nil {
			return err
		}
		return cli.SeveralErrors("users", cli.CausesIn(items))
	})
}

// look finds what would be deleted, or why it cannot be.
func (p *userDeletePlan) look(ctx context.Context, env *cli.Env, admin *kafka.Admin) ([]*userDeleteItem, error) {
	users, err := admin.Users(ctx)
	if err != nil {
		return nil, userHint(err)
	}
	items := []*userDeleteItem{}
	for _, name := range p.names {
		user, err := findUser(users, name)
		if len(p.mechanisms) > 0 {
			user.Credentials = slices.DeleteFunc(user.Credentials, func(c kafka.Credential) bool { return !slices.Contains(p.mechanisms, c.Mechanism) })
		}
		if err == nil && len(user.Credentials) == 0 {
			err = cli.Errorf(cli.CodeUnknownUser, "%s: no %s password", name, strings.Join(p.mechanisms, " or "))
		}
		if err != nil && p.flags.ifExists {
			env.Notice("%v: nothing to delete", err)
			continue
		}
		item := &userDeleteItem{userItem: userItemOf(user)}
		item.Fail(err)
		items = append(items, item)
	}
	return items, nil
}

func userDeleteTable(items []*userDeleteItem) *output.Table {
	t := userTable("deleted", "error")
	for _, i := range items {
		userRows(t, i.userItem, strconv.FormatBool(i.Deleted), i.Error)
	}
	return t
}
