package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// registerFilter adds the flags of commands that look for rules; named is what rules a
// name stands for by default.
func (f *aclFlags) registerFilter(flags *pflag.FlagSet, named string) {
	f.register(flags)
	flags.StringArrayVar(&f.hosts, "host", nil, "rules for clients at `ADDRESS,…`; * are those for all; repeatable")
	flags.BoolVar(&f.allow, "allow", false, "rules that allow")
	flags.BoolVar(&f.prefix, "prefix", false, "names are prefixes: the same as --pattern prefixed")
	flags.StringVar(&f.pattern, "pattern", named, "names are those in rules that are `literal|prefixed|any`; match: of resources, with every rule that concerns them")
}

// aclFilter finds rules. What it does not name may be anything.
type aclFilter struct {
	principals, hosts, operations []string
	permission                    string
	resources                     []aclResource
	pattern                       string // literal, prefixed, any or match
	patternAsked                  bool   // also when no resource is named
}

// filter checks the flags; asked is which of them were set.
func (f *aclFlags) filter(asked func(string) bool) (*aclFilter, error) {
	if !asked("pattern") && f.prefix {
		f.pattern = "prefixed"
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"literal", "prefixed", "any", "match"}, f.pattern) {
		return nil, cli.Usagef("--pattern %s: want literal, prefixed, any or match", f.pattern)
	}
	resources, err := f.resources()
	if err != nil {
		return nil, err
	}
	found := &aclFilter{
		principals: f.principals, hosts: f.hosts, operations: f.operations, resources: resources,
		pattern: f.pattern, patternAsked: asked("pattern") || f.prefix,
	}
	if found.patternAsked && f.pattern == "match" && len(resources) == 0 {
		return nil, cli.Usagef("--pattern match: match what? want --topic, --group, --transactional-id or --cluster")
	}
	switch {
	case f.allow:
		found.permission = "allow"
	case f.deny:
		found.permission = "deny"
	}
	return found, nil
}

// any reports whether the filter leaves anything out.
func (f *aclFilter) any() bool {
	byPattern := f.patternAsked && f.pattern != "any"
	return len(f.principals)+len(f.hosts)+len(f.operations)+len(f.resources) > 0 || f.permission != "" || byPattern
}

// finds reports whether a rule is wanted.
func (f *aclFilter) finds(rule kafka.ACL) bool {
	has := func(list []string, text string) bool { return len(list) == 0 || slices.Contains(list, text) }
	if !has(f.principals, rule.Principal) || !has(f.hosts, rule.Host) || !has(f.operations, rule.Operation) ||
		f.permission != "" && f.permission != rule.Permission {
		return false
	}
	if len(f.resources) == 0 {
		return !f.patternAsked || f.pattern == "any" || f.pattern == rule.Pattern
	}
	return slices.ContainsFunc(f.resources, func(r aclResource) bool { return r.kind == rule.Resource && f.named(r.name, rule) })
}

// named reports whether a rule about the right kind of resource has the wanted name. Of the
// patterns match is Kafka's: the rules that are looked at when the resource is used.
func (f *aclFilter) named(name string, rule kafka.ACL) bool {
	switch f.pattern {
	case "any":
		return rule.Name == name
	case "match":
		return rule.Pattern == "literal" && (rule.Name == name || rule.Name == "*") ||
			rule.Pattern == "prefixed" && strings.HasPrefix(name, rule.Name)
	}
	return rule.Pattern == f.pattern && rule.Name == name
}

// among returns the rules that are wanted.
func (f *aclFilter) among(rules []kafka.ACL) []kafka.ACL {
	var found []kafka.ACL
	for _, rule := range rules {
		if f.finds(rule) {
			found = append(found, rule)
		}
	}
	return found
}
