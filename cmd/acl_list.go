package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

type aclListFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	rules   aclFlags
}

func newACLListCmd(env *cli.Env) *cobra.Command {
	var f aclListFlags
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List ACLs",
		Long: `List the rules of who may do what: all of them, or those that every flag agrees to. With the
name of a topic, group or transactional id it shows all rules that the brokers look at when
somebody uses it: those with that name, with a prefix of it, and those for *. Nothing is
listed, with exit code 0, when no rule is found.`,
		Example: `  kstream acl list
  kstream acl list --principal User:alice --principal 'User:*'
  kstream acl list --topic orders --deny -o json
  kstream acl list --topic orders --pattern literal      rules with this very name`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := f.plan(env, cmd.Flags().Changed)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	f.rules.registerFilter(flags, "match")
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type aclListPlan struct {
	flags   *aclListFlags
	listing *cli.Listing
	filter  *aclFilter
}

func (f *aclListFlags) plan(env *cli.Env, asked func(string) bool) (*aclListPlan, error) {
	filter, err := f.rules.filter(asked)
	if err != nil {
		return nil, err
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &aclListPlan{f, l, filter}, f.cluster.Plan(env)
}

func (p *aclListPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		rules, err := admin.ACLs(ctx)
		if err != nil {
			return aclHint(err)
		}
		items := []aclItem{}
		for _, rule := range p.filter.among(rules) {
			items = append(items, aclItemOf(rule))
		}
		return p.listing.Print("kstream.acl.list/v1", items, func() *output.Table {
			t := aclTable()
			for _, i := range items {
				t.Add(i.cells()...)
			}
			return t
		})
	})
}
