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

type aclCreateFlags struct {
	cluster  connect.Options
	listing  cli.ListingOptions
	rules    aclFlags
	producer bool
	consumer bool
	dryRun   bool
}

func newACLCreateCmd(env *cli.Env) *cobra.Command {
	var f aclCreateFlags
	cmd := &cobra.Command{
		Use:   "create --principal TYPE:NAME",
		Short: "Create ACLs",
		Long: `Create a rule for each principal, operation, resource and host that the flags name. Rules
that are there already stay as they are, and are shown with created false.

--producer and --consumer are the rules that a program needs which writes or reads: create,
describe and write on its topics, and describe and write on its transactional ids; describe and
read on its topics, and read on its groups.`,
		Example: `  kstream acl create --principal User:alice --operation read,describe --topic orders
  kstream acl create --principal User:etl --producer --topic etl- --transactional-id etl- --prefix
  kstream acl create --principal User:bob --consumer --topic orders --group billing --dry-run
  kstream acl create --principal 'User:*' --deny --operation delete --topic orders`,
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
	f.rules.register(flags)
	flags.StringArrayVar(&f.rules.hosts, "host", []string{"*"}, "for clients at `ADDRESS,…`; repeatable")
	flags.BoolVar(&f.rules.prefix, "prefix", false, "names are prefixes: the same as --pattern prefixed")
	flags.StringVar(&f.rules.pattern, "pattern", "", "names are `literal|prefixed` (default literal)")
	flags.BoolVar(&f.producer, "producer", false, "all that a program needs to write to --topic, by --transactional-id where it is given")
	flags.BoolVar(&f.consumer, "consumer", false, "all that a program needs to read --topic as a member of --group")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only show what would be created")
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type aclCreatePlan struct {
	flags   *aclCreateFlags
	listing *cli.Listing
	rules   []kafka.ACL
}

func (f *aclCreateFlags) plan(env *cli.Env) (*aclCreatePlan, error) {
	p := &aclCreatePlan{flags: f}
	if err := f.rules.check(); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "literal", "prefixed"}, f.rules.pattern) {
		return nil, cli.Usagef("--pattern %s: want literal or prefixed", f.rules.pattern)
	}
	rights, err := f.rights()
	if err != nil {
		return nil, err
	}
	if len(f.rules.principals) == 0 {
		return nil, cli.Usagef("whom is it about? want --principal TYPE:NAME, such as --principal User:alice")
	}
	if f.rules.deny && (f.producer || f.consumer) {
		return nil, cli.Usagef("--deny: --producer and --consumer are rights that a program needs")
	}
	p.rules = f.rulesOf(rights)
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

// aclRight is an operation on a resource.
type aclRight struct {
	aclResource
	operation string
}

// rights lists the operations on resources that the flags name.
func (f *aclCreateFlags) rights() ([]aclRight, error) {
	resources, err := f.rules.resources()
	if err != nil {
		return nil, err
	}
	if len(resources) == 0 {
		return nil, cli.Usagef("what is it about? want --topic, --group, --transactional-id or --cluster")
	}
	if f.producer || f.consumer {
		return f.programRights(resources)
	}
	if len(f.rules.operations) == 0 {
		return nil, cli.Usagef("which operation? want --operation, --producer or --consumer")
	}
	var rights []aclRight
	for _, r := range resources {
		for _, operation := range f.rules.operations {
			known := kafka.ACLOperations(r.kind)
			if !slices.Contains(known, operation) {
				return nil, cli.Usagef("--operation %s: on a %s there is only %s", operation, strings.ReplaceAll(r.kind, "_", " "), strings.Join(known, ", "))
			}
			rights = append(rights, aclRight{r, operation})
		}
	}
	return rights, nil
}

// programRights lists what a producer or consumer needs, as Kafka's own tool has it.
func (f *aclCreateFlags) programRights(resources []aclResource) ([]aclRight, error) {
	switch {
	case len(f.rules.operations) > 0:
		return nil, cli.Usagef("--operation: --producer and --consumer say which ones")
	case f.rules.cluster:
		return nil, cli.Usagef("--cluster: --producer and --consumer need no right to it")
	case len(f.rules.topics) == 0:
		return nil, cli.Usagef("--producer and --consumer need --topic")
	case f.consumer && len(f.rules.groups) == 0:
		return nil, cli.Usagef("--consumer needs --group; --group '*' is every group")
	case !f.consumer && len(f.rules.groups) > 0:
		return nil, cli.Usagef("--group: only --consumer needs a right to it")
	case !f.producer && len(f.rules.transactional) > 0:
		return nil, cli.Usagef("--transactional-id: only --producer needs a right to it")
	}
	var rights []aclRight
	for _, r := range resources {
		var operations []string
		switch {
		case r.kind == "topic" && f.producer && f.consumer:
			operations = []string{"create", "describe", "read", "write"}
		case r.kind == "topic" && f.producer:
			operations = []string{"create", "describe", "write"}
		case r.kind == "topic":
			operations = []string{"describe", "read"}
		case r.kind == "group":
			operations = []string{"read"}
		default:
			operations = []string{"describe", "write"}
		}
		for _, operation := range operations {
			rights = append(rights, aclRight{r, operation})
		}
	}
	return rights, nil
}

// rulesOf makes a rule for each right, principal and host.
func (f *aclCreateFlags) rulesOf(rights []aclRight) []kafka.ACL {
	permission, pattern := "allow", "literal"
	if f.rules.deny {
		permission = "deny"
	}
	var rules []kafka.ACL
	for _, right := range rights {
		named := pattern
		if f.rules.pattern == "prefixed" && right.kind != "cluster" && right.name != "*" {
			named = "prefixed"
		}
		for _, principal := range f.rules.principals {
			for _, host := range f.rules.hosts {
				rules = append(rules, kafka.ACL{
					Principal: principal, Host: host, Operation: right.operation, Permission: permission,
					Resource: right.kind, Name: right.name, Pattern: named,
				})
			}
		}
	}
	slices.SortFunc(rules, kafka.CompareACLs)
	return rules
}

// aclCreateItem is a rule in the outcome of `acl create`.
type aclCreateItem struct {
	aclItem
	Created bool `json:"created"`
	cli.ItemError
}

func (p *aclCreatePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		if err := cluster.RefuseWrites(); err != nil && !p.flags.dryRun {
			return err
		}
		existing, err := admin.ACLs(ctx)
		if err != nil {
			return aclHint(err)
		}
		items := make([]*aclCreateItem, len(p.rules))
		var missing []kafka.ACL
		var wanted []*aclCreateItem // the item of each missing rule
		for i, rule := range p.rules {
			items[i] = &aclCreateItem{aclItem: aclItemOf(rule)}
			if !slices.Contains(existing, rule) {
				missing, wanted = append(missing, rule), append(wanted, items[i])
			}
		}
		if !p.flags.dryRun {
			failures, err := admin.CreateACLs(ctx, missing)
			if err != nil {
				return aclHint(err)
			}
			for i, err := range failures {
				wanted[i].Created = err == nil
				wanted[i].Fail(err)
			}
		}
		err = p.listing.Print("kstream.acl.create/v1", items, func() *output.Table {
			t := aclTable("created", "error")
			for _, i := range items {
				t.Add(append(i.cells(), strconv.FormatBool(i.Created), i.Error)...)
			}
			return t
		})
		if err != nil {
			return err
		}
		return cli.SeveralErrors("ACLs", cli.CausesIn(items))
	})
}
