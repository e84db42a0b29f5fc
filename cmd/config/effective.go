package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"kstream/kafka/oauth"
)

// OriginKind is where a setting comes from.
type OriginKind uint8

// The origins, from the strongest to the weakest. A properties file has the rank of
// the flag or the variable that names it.
const (
	FromFlag OriginKind = iota
	FromProperties
	FromEnvironment
	FromContext
	FromDefault
)

// Origin is where a setting comes from: Name is the flag, the variable, the
// context or the properties file.
type Origin struct {
	Kind OriginKind
	Name string
}

// String is for people: "flag -b", "context prod".
func (o Origin) String() string {
	switch o.Kind {
	case FromFlag:
		return "flag " + o.Name
	case FromProperties:
		return "file " + o.Name
	case FromEnvironment:
		return "environment " + o.Name
	case FromContext:
		return "context " + o.Name
	default:
		return "default"
	}
}

// Setting is a value, which may be a reference to a secret, and its origin.
type Setting struct {
	Value  string
	Origin Origin
}

// Options are the flags as typed, and the environment. An empty flag is one that
// was not given.
type Options struct {
	Brokers    string   // -b
	Context    string   // -c
	Config     string   // --config
	Properties []string // -X NAME=VALUE, in order
	File       string   // --properties
	Registry   string   // --registry
	Timeout    string   // --timeout
	Token      string   // --token
	Environ    []string // as os.Environ returns it
	FlagPrefix string   // "dst-" where the flags are --dst-brokers and --dst-context
	ToRegistry bool     // the flag is --to, not --registry

	loaded *File // the configuration file, when it is not to be read
}

// Effective is how to connect. Its values may still be references: Connect looks
// them up.
type Effective struct {
	Brokers       []string
	BrokersOrigin Origin
	// Properties are librdkafka's by name, each under one name only, without
	// bootstrap.servers.
	Properties map[string]Setting
	// Registry has url, username, password, token, ca, cert, key and insecure ("true"),
	// where set.
	Registry map[string]Setting
	// Token is the OAUTHBEARER token; empty when librdkafka gets tokens by itself.
	Token  Setting
	tokens *oauth.Tokens // those that Connect has made

	Topics   map[string]Topic  // how topics are read and written, by pattern
	Defaults map[string]string // of flags

	Timeout       time.Duration // of connecting, a request, a delivery
	TimeoutOrigin Origin
	Context       string // the name of the context; empty without one
	ContextOrigin string // what named it
	ReadOnly      bool   // the context refuses writing
	ConfigFile    string // the file that was read; empty when none was
	Warnings      []string
	Details       []string // what is of less interest than a warning
}

// Shown is a setting as it may be printed.
type Shown struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// List returns every setting for printing, context and brokers first, the rest by name,
// secrets as ***.
func (e *Effective) List() []Shown {
	list := []Shown{}
	if e.Context != "" {
		list = append(list, Shown{"context", e.Context, e.ContextOrigin})
	}
	if e.ReadOnly {
		list = append(list, Shown{"readonly", "true", Origin{FromContext, e.Context}.String()})
	}
	list = append(list, Shown{"bootstrap.servers", strings.Join(e.Brokers, ","), e.BrokersOrigin.String()})
	for _, name := range slices.Sorted(maps.Keys(e.Properties)) {
		s := e.Properties[name]
		list = append(list, Shown{name, Redact(name, s.Value), s.Origin.String()})
	}
	for _, name := range slices.Sorted(maps.Keys(e.Registry)) {
		s := e.Registry[name]
		list = append(list, Shown{"schema.registry." + name, Redact(name, s.Value), s.Origin.String()})
	}
	if e.Token.Value != "" {
		list = append(list, Shown{"auth.token", Redact("auth.token", e.Token.Value), e.Token.Origin.String()})
	}
	for _, l := range (Context{Topics: e.Topics, Defaults: scalars(e.Defaults)}).leaves() {
		list = append(list, Shown{l.name(), Redact(l.name(), l.text()), Origin{FromContext, e.Context}.String()})
	}
	return append(list, Shown{"timeout", e.Timeout.String(), e.TimeoutOrigin.String()})
}

func scalars(texts map[string]string) map[string]Scalar {
	m := make(map[string]Scalar, len(texts))
	for name, text := range texts {
		m[name] = Scalar(text)
	}
	return m
}
