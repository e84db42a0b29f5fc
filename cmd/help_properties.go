package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kstream/cmd/connect"
	"kstream/kafka"
)

// propertiesPage is `kstream help properties`.
func propertiesPage() string {
	var flags []helpTerm
	var fixed []string
	rules, owned := kafka.PropertyRules(), connect.OwnedProperties()
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		switch rule := rules[name]; {
		case rule.Kind == kafka.Identity:
			flags = append(flags, helpTerm{name, "--" + owned[name].Flag + ", and nothing else"})
		case owned[name].Flag != "":
			flags = append(flags, helpTerm{name, "--" + owned[name].Flag})
		case rule.Kind == kafka.Fixed && !strings.HasPrefix(name, "go."):
			fixed = append(fixed, name)
		}
	}
	for _, name := range connect.TimeLimits() {
		flags = append(flags, helpTerm{name, "--timeout, when that is given"})
	}
	return fmt.Sprintf(`-X NAME=VALUE, KSTREAM_PROPERTY_NAME, a file of --properties and librdkafka: in a context set any
property of librdkafka. Those that a flag decides are the default of that flag; the flag wins:

%s
An identity in a file, a variable or a context is left out with a notice, so that nobody commits for
another group, or ends another's transactions, by accident; by -X it is refused.

Promises rest on some: by -X they are refused, elsewhere left out, which -v shows:

%s
Lines of a Java file that only Java knows are left out too.
`, helpTerms(flags), wrapped(fixed, 76))
}

// wrapped lists names on indented lines of at most width columns.
func wrapped(names []string, width int) string {
	var text strings.Builder
	line := ""
	for _, name := range names {
		if line != "" && len(line)+1+len(name) > width {
			text.WriteString("  " + line + "\n")
			line = ""
		}
		line = strings.TrimLeft(line+" "+name, " ")
	}
	return text.String() + "  " + line + "\n"
}
