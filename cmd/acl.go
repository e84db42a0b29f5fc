package cmd

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/kafka"
	"kstream/output"
)

func newACLCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "acl",
		Aliases: []string{"acls"},
		Short:   "List, create and delete ACLs: who may do what",
		Long: `ACLs are rules that allow or deny an operation on topics, groups, transactional ids or the
cluster to a principal, such as User:alice. What no rule allows is denied, unless the brokers
say otherwise; a rule that denies goes before all that allow.`,
		Example: `  kstream acl list --topic orders                        every rule that concerns it
  kstream acl create --principal User:alice --consumer --topic orders --group billing
  kstream acl delete --principal User:alice --dry-run    what would go?`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newACLListCmd(env), newACLCreateCmd(env), newACLDeleteCmd(env))
	return cmd
}

// aclFlags say whom, what and which operations rules are about: those to create, or those
// to find.
type aclFlags struct {
	principals, hosts, operations []string
	topics, groups, transactional []string
	cluster                       bool
	allow, deny                   bool
	prefix                        bool
	pattern                       string
}

func (f *aclFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.principals, "principal", nil, "`TYPE:NAME`, such as User:alice; User:* is everybody; repeatable")
	flags.StringArrayVar(&f.operations, "operation", nil, "`NAME,…`: "+strings.Join(aclOperations(), " ")+"; repeatable")
	flags.StringArrayVar(&f.topics, "topic", nil, "the topics `NAME,…`; * is every topic; repeatable")
	flags.StringArrayVar(&f.groups, "group", nil, "the group `NAME`; * is every group; repeatable")
	flags.StringArrayVar(&f.transactional, "transactional-id", nil, "the transactional id `NAME`; * is every one; repeatable")
	flags.BoolVar(&f.cluster, "cluster", false, "the cluster as a whole")
	flags.BoolVar(&f.deny, "deny", false, "rules that deny")
}

// aclOperations lists every operation once.
func aclOperations() []string {
	var all []string
	for _, resource := range kafka.ACLResources() {
		all = append(all, kafka.ACLOperations(resource)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// aclResource is a resource, or the prefix of the names of several.
type aclResource struct{ kind, name string }

// resources lists what the flags name.
func (f *aclFlags) resources() ([]aclResource, error) {
	var found []aclResource
	for _, named := range []struct {
		flag, kind string
		names      []string
	}{
		{"topic", "topic", listed(f.topics)},
		{"group", "group", f.groups},
		{"transactional-id", "transactional_id", f.transactional},
	} {
		for _, name := range cli.Distinct(named.names) {
			if name == "" {
				return nil, cli.Usagef("--%s: the name is empty", named.flag)
			}
			if prefix, ok := strings.CutSuffix(name, "*"); ok && prefix != "" {
				return nil, cli.Hint(cli.Usagef("--%s %s: rules know no patterns but *", named.flag, name), "--%s %s --prefix is every name that begins so", named.flag, prefix)
			}
			found = append(found, aclResource{named.kind, name})
		}
	}
	if f.cluster {
		found = append(found, aclResource{"cluster", kafka.ClusterName})
	}
	return found, nil
}

// check checks principals and operations.
func (f *aclFlags) check() error {
	f.principals = cli.Distinct(f.principals)
	for _, p := range f.principals {
		if kind, name, ok := strings.Cut(p, ":"); !ok || kind == "" || name == "" {
			return cli.Hint(cli.Usagef("--principal %s: want TYPE:NAME", p), "a user is User:%s", strings.TrimPrefix(p, ":"))
		}
	}
	f.operations = listed(f.operations)
	for i, text := range f.operations {
		operation, err := parseACLOperation(text)
		if err != nil {
			return err
		}
		f.operations[i] = operation
	}
	f.operations = cli.Distinct(f.operations)
	f.hosts = cli.Distinct(listed(f.hosts))
	if slices.Contains(f.hosts, "") {
		return cli.Usagef("--host: the address is empty")
	}
	if f.allow && f.deny {
		return cli.Usagef("--allow and --deny: want one of them")
	}
	if f.prefix && f.pattern != "" && f.pattern != "prefixed" {
		return cli.Usagef("--prefix and --pattern %s: want one of them", f.pattern)
	}
	if f.prefix {
		f.pattern = "prefixed"
	}
	return nil
}

// listed splits values at commas. An empty one stays, to be refused: a variable that is
// not set must not make a filter find everything.
func listed(values []string) (all []string) {
	for _, value := range values {
		all = append(all, strings.Split(value, ",")...)
	}
	return all
}

// parseACLOperation knows operations in any case, with or without - or _ between words.
func parseACLOperation(text string) (string, error) {
	plain := func(s string) string { return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s)) }
	for _, operation := range aclOperations() {
		if plain(text) == plain(operation) {
			return operation, nil
		}
	}
	return "", cli.Usagef("--operation %s: want one of %s", text, strings.Join(aclOperations(), ", "))
}

// aclItem is a rule as it is printed.
type aclItem struct {
	Permission string `json:"permission"`
	Principal  string `json:"principal"`
	Operation  string `json:"operation"`
	Resource   string `json:"resource"`
	Name       string `json:"name"`
	Pattern    string `json:"pattern"`
	Host       string `json:"host"`
}

func aclItemOf(rule kafka.ACL) aclItem {
	return aclItem{rule.Permission, rule.Principal, rule.Operation, rule.Resource, rule.Name, rule.Pattern, rule.Host}
}

func (i aclItem) cells() []string {
	return []string{i.Permission, i.Principal, i.Operation, i.Resource, i.Name, i.Pattern, i.Host}
}

// aclTable has the columns of a rule, and more behind them.
func aclTable(more ...string) *output.Table {
	t := &output.Table{}
	for _, name := range append([]string{"permission", "principal", "operation", "resource", "name", "pattern", "host"}, more...) {
		t.Columns = append(t.Columns, output.Column{Name: name})
	}
	return t
}

// aclHint adds what can be done about brokers that keep no rules.
func aclHint(err error) error {
	if errors.Is(err, kafka.ErrNoAuthorizer) {
		return cli.Hint(err, "authorizer.class.name and super.users in the brokers' configuration switch one on")
	}
	return err
}
