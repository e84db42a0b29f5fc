package cmd

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka"
)

func TestACLFilter(t *testing.T) {
	rules := map[string]kafka.ACL{
		"literal":  {Principal: "User:a", Host: "*", Operation: "read", Permission: "allow", Resource: "topic", Name: "orders", Pattern: "literal"},
		"prefixed": {Principal: "User:a", Host: "*", Operation: "read", Permission: "allow", Resource: "topic", Name: "ord", Pattern: "prefixed"},
		"longer":   {Principal: "User:a", Host: "*", Operation: "read", Permission: "allow", Resource: "topic", Name: "orders-eu", Pattern: "prefixed"},
		"every":    {Principal: "User:b", Host: "10.0.0.1", Operation: "all", Permission: "deny", Resource: "topic", Name: "*", Pattern: "literal"},
		"group":    {Principal: "User:a", Host: "*", Operation: "read", Permission: "allow", Resource: "group", Name: "orders", Pattern: "literal"},
	}
	tests := map[string]struct {
		flags aclFlags
		asked string // the flag --pattern, or none
		want  []string
	}{
		"nothing":            {aclFlags{pattern: "match"}, "", []string{"every", "group", "literal", "longer", "prefixed"}},
		"match":              {aclFlags{topics: []string{"orders"}, pattern: "match"}, "", []string{"every", "literal", "prefixed"}},
		"literal":            {aclFlags{topics: []string{"orders"}, pattern: "literal"}, "", []string{"literal"}},
		"prefix":             {aclFlags{topics: []string{"ord"}, pattern: "literal", prefix: true}, "", []string{"prefixed"}},
		"any pattern":        {aclFlags{topics: []string{"ord,orders"}, pattern: "any"}, "pattern", []string{"literal", "prefixed"}},
		"the star itself":    {aclFlags{topics: []string{"*"}, pattern: "literal"}, "", []string{"every"}},
		"two kinds":          {aclFlags{topics: []string{"orders"}, groups: []string{"orders"}, pattern: "literal"}, "", []string{"group", "literal"}},
		"only by pattern":    {aclFlags{pattern: "prefixed"}, "pattern", []string{"longer", "prefixed"}},
		"only by any":        {aclFlags{pattern: "any"}, "pattern", []string{"every", "group", "literal", "longer", "prefixed"}},
		"whom and operation": {aclFlags{principals: []string{"User:b"}, operations: []string{"ALL"}, pattern: "match"}, "", []string{"every"}},
		"all is one of many": {aclFlags{operations: []string{"write"}, pattern: "match"}, "", nil},
		"denied":             {aclFlags{deny: true, pattern: "match"}, "", []string{"every"}},
		"allowed by host":    {aclFlags{allow: true, hosts: []string{"10.0.0.1"}, pattern: "match"}, "", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			filter, err := test.flags.filter(func(flag string) bool { return flag == test.asked })
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range []string{"every", "group", "literal", "longer", "prefixed"} {
				if filter.finds(rules[name]) {
					got = append(got, name)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

// An unset variable in a script must not choose more than was meant.
func TestACLFilterEmpty(t *testing.T) {
	tests := map[string]struct {
		flags aclFlags
		want  string
	}{
		"topic":     {aclFlags{topics: []string{""}}, "--topic: the name is empty"},
		"group":     {aclFlags{groups: []string{""}}, "--group: the name is empty"},
		"one of":    {aclFlags{topics: []string{"a,"}}, "--topic: the name is empty"},
		"principal": {aclFlags{principals: []string{""}}, "--principal : want TYPE:NAME"},
		"operation": {aclFlags{operations: []string{""}}, "--operation : want one of all, alter, alter_configs, cluster_action, create, delete, describe, describe_configs, idempotent_write, read, write"},
		"host":      {aclFlags{hosts: []string{""}}, "--host: the address is empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.flags.pattern = "literal"
			_, err := test.flags.filter(func(string) bool { return false })
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
