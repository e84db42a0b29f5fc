package connect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/kafka"
)

// ownedProperty is a property of librdkafka that a flag decides. Elsewhere it is that
// flag's default, or nothing: an identity acts only through its flag.
type ownedProperty struct {
	Flag    string                            // without its dashes
	Command string                            // one that has it
	Value   func(property string) (ok string) // what the flag says for it, "" for nothing
}

// OwnedProperties has a row for each argument and identity of kafka.PropertyRules but
// bootstrap.servers, which package config decides.
func OwnedProperties() map[string]ownedProperty {
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

// TimeLimits are properties that --timeout sets: they win over its default only.
func TimeLimits() []string {
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
func settle(e *config.Effective, flags commandFlags) error {
	if flags != nil && len(e.Defaults) > 0 {
		if err := flags.Adopt(e.Context, e.Defaults); err != nil {
			return err
		}
	}
	s := settling{e, flags, map[string][]string{}}
	rules, owned := kafka.PropertyRules(), OwnedProperties()
	names := slices.Sorted(maps.Keys(e.Properties))
	if i := slices.Index(names, "group.protocol"); i > 0 { // others depend on it
		names = slices.Insert(slices.Delete(names, i, i+1), 0, "group.protocol")
	}
	for _, name := range names {
		p := e.Properties[name]
		var err error
		switch rule := rules[name]; {
		case rule.Kind == kafka.Fixed && p.Origin.Kind == config.FromFlag:
			err = cli.Usagef("-X %s cannot be set: %s", name, rule.Reason)
		case rule.Kind == kafka.Fixed:
			s.drop(name, rule.Reason)
		case rule.Kind == kafka.Identity:
			err = s.identity(name, owned[name])
		case rule.Kind == kafka.Argument:
			err = s.adopt(name, owned[name])
		case slices.Contains(TimeLimits(), name) && e.TimeoutOrigin.Kind != config.FromDefault && e.TimeoutOrigin.Kind <= p.Origin.Kind:
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

// LeaveOut takes out of an imported context what would never act: identities, and what
// kstream sets itself. It returns the names.
func LeaveOut(c *config.Context) (names []string) {
	rules := kafka.PropertyRules()
	for _, name := range slices.Sorted(maps.Keys(c.Librdkafka)) {
		if kind := rules[name].Kind; kind == kafka.Identity || kind == kafka.Fixed {
			delete(c.Librdkafka, name)
			names = append(names, name)
		}
	}
	return names
}

// commandFlags are the flags of a command, for settings that are their defaults.
type commandFlags interface {
	// Value returns the value of a flag, and reports whether the command has it.
	Value(flag string) (value string, ok bool)
	// SetDefault sets a flag that the command has, unless it was given.
	SetDefault(flag, value string) error
	// Given reports whether a flag is on the command line.
	Given(flag string) bool
	// Adopt sets the defaults of a context, by the names of flags, or of a command, a dot
	// and a flag.
	Adopt(context string, defaults map[string]string) error
}

type settling struct {
	effective  *config.Effective
	flags      commandFlags        // nil: only what connects is asked for
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

// has reports whether the command has a flag.
func (s settling) has(flag string) bool {
	if s.flags == nil {
		return false
	}
	_, ok := s.flags.Value(flag)
	return ok
}

// identity lets nobody act under a name but by its flag.
func (s settling) identity(name string, owner ownedProperty) error {
	p := s.effective.Properties[name]
	if p.Origin.Kind == config.FromFlag {
		remedy := "use: --" + owner.Flag
		if !s.has(owner.Flag) {
			remedy += " of kstream " + owner.Command
		}
		return cli.Hint(cli.Usagef("-X %s: an identity acts only through its flag", name), "%s", remedy)
	}
	delete(s.effective.Properties, name)
	if p.Value == "" {
		return nil
	}
	origin := p.Origin.String()
	s.identities[origin] = append(s.identities[origin], fmt.Sprintf("%s (--%s)", name, owner.Flag))
	return nil
}

// adopt makes a property the default of its flag.
func (s settling) adopt(name string, owner ownedProperty) error {
	p := s.effective.Properties[name]
	explicit := p.Origin.Kind == config.FromFlag
	value := owner.Value(p.Value)
	switch {
	case value == "" && explicit:
		return cli.Usagef("-X %s: --%s of kstream %s has no such value", name, owner.Flag, owner.Command)
	case value == "":
		s.drop(name, fmt.Sprintf("--%s has no such value", owner.Flag))
	case !s.has(owner.Flag):
		s.drop(name, "this command has no --"+owner.Flag)
	case name == "partition.assignment.strategy" && s.protocol() == "consumer":
		s.drop(name, "it is of --protocol classic")
	case name == "group.remote.assignor" && s.protocol() != "consumer":
		s.drop(name, "it is of --protocol consumer")
	default:
		delete(s.effective.Properties, name)
		return s.flags.SetDefault(owner.Flag, value)
	}
	return nil
}

// protocol is that of the members, empty for a command that has none.
func (s settling) protocol() string {
	if s.flags == nil {
		return ""
	}
	protocol, _ := s.flags.Value("protocol")
	return protocol
}
