package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

type userListFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
}

func newUserListCmd(env *cli.Env) *cobra.Command {
	var f userListFlags
	cmd := &cobra.Command{
		Use:     "list [USER...]",
		Aliases: []string{"ls"},
		Short:   "List users who log in with SCRAM",
		Long: `List the users who log in with SCRAM, all or those that are named, with the mechanisms for which
they have a password and how many times it is hashed. The password itself is never shown.`,
		Example: `  kstream user list
  kstream user list alice -o json`,
		RunE: func(cmd *cobra.Command, names []string) error {
			plan, err := f.plan(env, names)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	registerListing(&f.listing, cmd.Flags())
	registerCluster(&f.cluster, cmd.Flags())
	return cmd
}

type userListPlan struct {
	flags   *userListFlags
	listing *cli.Listing
	names   []string // none: all
}

func (f *userListFlags) plan(env *cli.Env, names []string) (*userListPlan, error) {
	if err := checkUserNames(names); err != nil {
		return nil, err
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &userListPlan{f, l, cli.Distinct(names)}, f.cluster.Plan(env)
}

func (p *userListPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		users, err := admin.Users(ctx)
		if err != nil {
			return userHint(err)
		}
		items := []userItem{}
		causes := make([]error, len(p.names))
		for i, name := range p.names {
			user, err := findUser(users, name)
			if causes[i] = err; err == nil {
				items = append(items, userItemOf(user))
			}
		}
		if len(p.names) == 0 {
			for _, user := range users {
				items = append(items, userItemOf(user))
			}
		}
		err = p.listing.Print("kstream.user.list/v1", items, func() *output.Table {
			t := userTable()
			for _, i := range items {
				userRows(t, i)
			}
			return t
		})
		if err != nil {
			return err
		}
		return cli.SeveralErrors("users", causes)
	})
}
