package cmd

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

type aclDeleteFlags struct {
	cluster  connect.Options
	listing  cli.ListingOptions
	confirm  cli.Confirmation
	rules    aclFlags
	all      bool
	ifExists bool
}

func newACLDeleteCmd(env *cli.Env) *cobra.Command {
	var f aclDeleteFlags
	cmd := &cobra.Command{
		Use:     "delete",
		Aliases: []string{"rm"},
		Short:   "Delete ACLs",
		Long: `Delete the rules that every flag agrees to. It shows them and asks. Names are those in the
rules: --topic orders does not delete a rule for the prefix ord, nor one for *, unless --pattern
match asks for all rules that concern the topic. That no rule is found exits with 3.`,
		Example: `  kstream acl delete --principal User:alice --dry-run
  kstream acl delete --principal User:alice --operation write --topic orders --yes
  kstream acl delete --topic etl- --prefix --yes`,
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
	f.rules.registerFilter(flags, "literal")
	flags.BoolVar(&f.all, "all", false, "all rules, when nothing else says which")
	flags.BoolVar(&f.ifExists, "if-exists", false, "that no rule is found is no error")
	registerConfirmation(&f.confirm, flags)
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type aclDeletePlan struct {
	flags   *aclDeleteFlags
	listing *cli.Listing
	filter  *aclFilter
}

func (f *aclDeleteFlags) plan(env *cli.Env, asked func(string) bool) (*aclDeletePlan, error) {
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	filter, err := f.rules.filter(asked)
	switch {
	case err != nil:
		return nil, err
	case !f.all && !filter.any():
		return nil, cli.Hint(cli.Usagef("which ones? want --principal, --topic or another flag that chooses"), "--all deletes every rule")
	case f.all && filter.any():
		return nil, cli.Usagef("--all is every rule, and other flags choose some: want one of them")
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &aclDeletePlan{f, l, filter}, f.cluster.Plan(env)
}

// aclDeleteItem is a rule in the plan and in the outcome of `acl delete`.
type aclDeleteItem struct {
	aclItem
	Deleted bool `json:"deleted"`
	cli.ItemError
}

func (p *aclDeletePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		rules, err := admin.ACLs(ctx)
		if err != nil {
			return aclHint(err)
		}
		rules = p.filter.among(rules)
		if len(rules) == 0 && !p.flags.ifExists {
			return cli.Hint(cli.Errorf(cli.CodeUnknownACL, "no ACL is found"), "kstream acl list shows them; names are those in the rules unless --pattern says otherwise")
		}
		items := make([]*aclDeleteItem, len(rules))
		for i, rule := range rules {
			items[i] = &aclDeleteItem{aclItem: aclItemOf(rule)}
		}
		if !p.flags.confirm.DryRun && len(rules) > 0 {
			if err := cluster.RefuseWrites(); err != nil {
				return err
			}
			action := fmt.Sprintf("delete %s", cli.Count(int64(len(rules)), "ACL"))
			if err := p.flags.confirm.Ask(ctx, env, aclDeleteTable(items), action); err != nil {
				return err
			}
			failures, err := admin.DeleteACLs(ctx, rules)
			if err != nil {
				return aclHint(err)
			}
			for i, err := range failures {
				items[i].Deleted = err == nil
				items[i].Fail(err)
			}
		}
		if err := p.listing.Print("kstream.acl.delete/v1", items, func() *output.Table { return aclDeleteTable(items) }); err != nil {
			return err
		}
		return cli.SeveralErrors("ACLs", cli.CausesIn(items))
	})
}

func aclDeleteTable(items []*aclDeleteItem) *output.Table {
	t := aclTable("deleted", "error")
	for _, i := range items {
		t.Add(append(i.cells(), strconv.FormatBool(i.Deleted), i.Error)...)
	}
	return t
}
