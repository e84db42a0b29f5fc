package cmd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/config"
	"kstream/kafka"
)

// ownedProperty is a property of librdkafka that a flag decides. Elsewhere it is that
// flag's default, or nothing: an identity acts only through its flag.
type ownedProperty struct {
	flag    string                            // without its dashes
	command string                            // one that has it
	value   func(property string) (ok string) // what the flag says for it, "" for nothing
}

// ownedProperties has a row for each argument and identity of kafka.PropertyRules but
// bootstrap.servers, which package config decides.
func ownedProperties() map[string]ownedProperty {
	return map[string]ownedProperty{
		"group.id":                      {"group", "consume", nil},
		"group.instance.id":             {"instance-id", "consume", nil},
		"transactional.id":              {"transactional-id", "produce", nil},
		"isolation.level":               {"isolation", "consume", oneOf("read_committed", "read_uncommitted")},
		"auto.offset.reset":             {"offset-reset", "consume", offsetReset},
		"group.protocol":                {"protocol", "consume", oneOf("classic", "consumer")},
		"partition.assignment.strategy": {"assignor", "consume", firstAssignor},
		"group.remote.assignor":         {"assignor", "consume", oneOf("uniform", "range")},
		"acks":                          {"acks", "produce", oneOf("all", "-1", "1", "0")},
		"enable.idempotence":            {"idempotent", "produce", oneOf("true", "false")},
		"compression.type":              {"compression", "produce", oneOf("none", "gzip", "snappy", "lz4", "zstd")},
		"partitioner":                   {"partitioner", "produce", oneOf("murmur2_random", "murmur2", "consistent_random", "consistent", "fnv1a_random", "fnv1a", "random")},
	}
}

func oneOf(values ...string) func(string) string {
	return func(property string) string {
		if property = strings.ToLower(strings.TrimSpace(property)); slices.Contains(values, property) {
			return property
		}
		return ""
	}
}

// offsetReset takes librdkafka's and Java's names.
func offsetReset(property string) string {
	switch strings.ToLower(strings.TrimSpace(property)) {
	case "earliest", "smallest", "beginning":
		return "earliest"
	case "latest", "largest", "end":
		return "latest"
	case "error", "none":
		return "error"
	}
	return ""
}

// firstAssignor is the one that a member prefers: a group uses what all its members
// have, and Java's default names a second one only for an upgrade (KIP-429).
func firstAssignor(property string) string {
	first, _, _ := strings.Cut(property, ",")
	return oneOf("range", "roundrobin", "cooperative-sticky")(first)
}

// timeLimits are properties that --timeout sets: they win over its default only.
func timeLimits() []string {
	return []string{"delivery.timeout.ms", "request.timeout.ms", "socket.connection.setup.timeout.ms"}
}

// classicOnly are properties that a member under --protocol consumer cannot have.
func classicOnly() []string {
	return []string{"session.timeout.ms", "heartbeat.interval.ms"}
}

// settle applies the rules for properties that kstream sets itself: it takes them out of
// e, with a word about it, or refuses them. What a flag owns becomes the default of that
// flag where flags has it.
//
// It says more about what -X named than about a line of a file or a context, which is
// there for other programs too.
func settle(e *config.Effective, flags *pflag.FlagSet) error {
	s := settling{e, flags, map[string][]string{}}
	rules, owned := kafka.PropertyRules(), ownedProperties()
	names := slices.Sorted(maps.Keys(e.Properties))
	if i := slices.Index(names, "group.protocol"); i > 0 { // others depend on it
		names = slices.Insert(slices.Delete(names, i, i+1), 0, "group.protocol")
	}
	for _, name := range names {
		p := e.Properties[name]
		var err error
		switch rule := rules[name]; {
		case rule.Kind == kafka.Fixed && p.Origin.Kind == config.FromFlag:
			err = usagef("-X %s cannot be set: %s", name, rule.Reason)
		case rule.Kind == kafka.Fixed:
			s.drop(name, rule.Reason)
		case rule.Kind == kafka.Identity:
			err = s.identity(name, owned[name])
		case rule.Kind == kafka.Argument:
			err = s.adopt(name, owned[name])
		case slices.Contains(timeLimits(), name) && e.TimeoutOrigin.Kind != config.FromDefault && e.TimeoutOrigin.Kind <= p.Origin.Kind:
			s.drop(name, "--timeout says it")
		case slices.Contains(classicOnly(), name) && s.protocol() == "consumer" && p.Origin.Kind != config.FromFlag:
			s.drop(name, "it is of --protocol classic")
		}
		if err != nil {
			return err
		}
	}
	for _, origin := range slices.Sorted(maps.Keys(s.identities)) {
		e.Warnings = append(e.Warnings, fmt.Sprintf("%s: left out, an identity acts only through its flag: %s", origin, strings.Join(s.identities[origin], ", ")))
	}
	return nil
}

type settling struct {
	effective  *config.Effective
	flags      *pflag.FlagSet      // nil: only what connects is asked for
	identities map[string][]string // that were left out, by origin
}

// drop takes a property out.
func (s settling) drop(name, why string) {
	p := s.effective.Properties[name]
	delete(s.effective.Properties, name)
	text := fmt.Sprintf("%s: %s is left out: %s", p.Origin, name, why)
	if p.Origin.Kind == config.FromFlag {
		s.effective.Warnings = append(s.effective.Warnings, text)
	} else {
		s.effective.Details = append(s.effective.Details, text)
	}
}

func (s settling) lookup(flag string) *pflag.Flag {
	if s.flags == nil {
		return nil
	}
	return s.flags.Lookup(flag)
}

// identity lets nobody act under a name but by its flag.
func (s settling) identity(name string, owner ownedProperty) error {
	p := s.effective.Properties[name]
	if p.Origin.Kind == config.FromFlag {
		remedy := "use: --" + owner.flag
		if s.lookup(owner.flag) == nil {
			remedy += " of kstream " + owner.command
		}
		return hint(usagef("-X %s: an identity acts only through its flag", name), "%s", remedy)
	}
	delete(s.effective.Properties, name)
	if p.Value == "" {
		return nil
	}
	origin := p.Origin.String()
	s.identities[origin] = append(s.identities[origin], fmt.Sprintf("%s (--%s)", name, owner.flag))
	return nil
}

// adopt makes a property the default of its flag.
func (s settling) adopt(name string, owner ownedProperty) error {
	p := s.effective.Properties[name]
	explicit := p.Origin.Kind == config.FromFlag
	flag := s.lookup(owner.flag)
	value := owner.value(p.Value)
	switch {
	case value == "" && explicit:
		return usagef("-X %s=%s: no such value; --%s of kstream %s has them", name, p.Value, owner.flag, owner.command)
	case value == "":
		s.drop(name, fmt.Sprintf("--%s has no value %q", owner.flag, p.Value))
	case flag == nil:
		s.drop(name, "this command has no --"+owner.flag)
	case name == "partition.assignment.strategy" && s.protocol() == "consumer":
		s.drop(name, "it is of --protocol classic")
	case name == "group.remote.assignor" && s.protocol() != "consumer":
		s.drop(name, "it is of --protocol consumer")
	default:
		delete(s.effective.Properties, name)
		if !flag.Changed {
			return flag.Value.Set(value)
		}
	}
	return nil
}

// protocol is that of the members, empty for a command that has none.
func (s settling) protocol() string {
	if flag := s.lookup("protocol"); flag != nil {
		return flag.Value.String()
	}
	return ""
}

// clusterMark lets adoptProperties find the clusterFlags behind the flags of a command.
type clusterMark struct {
	pflag.Value
	cluster *clusterFlags
}

// adoptProperties gives the flags of a command the defaults that its settings name,
// before its plan reads them. Settings that cannot be read are told by the plan.
func adoptProperties(cmd *cobra.Command, env *Env) error {
	flag := cmd.Flags().Lookup("context")
	if flag == nil {
		return nil
	}
	mark, ok := flag.Value.(*clusterMark)
	if !ok {
		return nil
	}
	err := mark.cluster.plan(env)
	if unread := (*config.Error)(nil); errors.As(err, &unread) {
		return nil
	}
	return err
}

// propertiesPage is `kstream help properties`.
func propertiesPage() string {
	var flags []helpTerm
	var fixed []string
	rules, owned := kafka.PropertyRules(), ownedProperties()
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		switch rule := rules[name]; {
		case rule.Kind == kafka.Identity:
			flags = append(flags, helpTerm{name, "--" + owned[name].flag + ", and nothing else"})
		case owned[name].flag != "":
			flags = append(flags, helpTerm{name, "--" + owned[name].flag})
		case rule.Kind == kafka.Fixed && !strings.HasPrefix(name, "go."):
			fixed = append(fixed, name)
		}
	}
	for _, name := range timeLimits() {
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
`, helpTerms(flags), wrapped(fixed, 96))
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
