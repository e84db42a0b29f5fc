package config

import (
	"strings"

	"kstream/cmd/suggest"
)

//go:generate go run ../../kafka/namesgen names_gen.go

// property is a property of librdkafka. alias is another name of the same property, or
// empty.
type property struct {
	name  string
	alias string
}

// registryNames are the names under which -X, a properties file and the environment
// set the schema registry, and the setting of Effective.Registry behind each. The
// second column is that of Confluent's clients.
func registryNames() map[string]string {
	return map[string]string{
		"schema.registry.url":                                 "url",
		"schema.registry.username":                            "username",
		"schema.registry.password":                            "password",
		"schema.registry.token":                               "token",
		"schema.registry.bearer.auth.token":                   "token",
		"schema.registry.basic.auth.user.info":                "user.info",
		"schema.registry.ssl.ca.location":                     "ca",
		"schema.registry.ssl.certificate.location":            "cert",
		"schema.registry.ssl.key.location":                    "key",
		"schema.registry.ssl.truststore.location":             "truststore.location",
		"schema.registry.ssl.truststore.password":             "truststore.password",
		"schema.registry.ssl.keystore.location":               "keystore.location",
		"schema.registry.ssl.keystore.password":               "keystore.password",
		"schema.registry.ssl.key.password":                    "key.password",
		"schema.registry.enable.ssl.certificate.verification": "verify",
	}
}

// index answers questions about names; made once per Resolve.
type index struct {
	known    map[string]bool   // librdkafka's properties
	name     map[string]string // librdkafka's own name → the name that others know
	registry map[string]string
	variable map[string]string // KSTREAM_PROPERTY_ suffix → name
	all      []string
}

func newIndex() *index {
	x := &index{
		known: map[string]bool{}, name: map[string]string{},
		registry: registryNames(), variable: map[string]string{},
	}
	add := func(name string) {
		x.all = append(x.all, name)
		x.variable[variableOf(name)] = name
	}
	for _, p := range properties() {
		x.known[p.name] = true
		if p.alias != "" {
			x.name[p.alias] = p.name
		}
		add(p.name)
	}
	for _, name := range append(javaStores(), mskSettings()...) {
		x.known[name] = true
		add(name)
	}
	for name := range x.registry {
		add(name)
	}
	return x
}

// variableOf is a name as part of an environment variable. Names have letters,
// digits, dots and underscores; no two of them differ only in the last two.
func variableOf(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, ".", "_"))
}

// canonical returns one name for each property, so that a flag replaces what a context
// says with another name.
func (x *index) canonical(name string) string {
	if known, ok := x.name[name]; ok {
		return known
	}
	return name
}

// check returns the canonical name, or an error that begins with where.
func (x *index) check(where, name string) (string, error) {
	if _, ok := x.registry[name]; ok {
		return name, nil
	}
	if x.known[name] {
		return x.canonical(name), nil
	}
	if rest, ok := strings.CutPrefix(name, "topic."); ok { // kcat's way
		if x.known[rest] {
			return x.canonical(rest), nil
		}
	}
	if strings.HasPrefix(name, "go.") {
		return "", usagef("%s: %s is set by kstream itself", where, quoted(shownProperty(name, nil)))
	}
	return "", usagef("%s: librdkafka has no property %s", where, quoted(shownProperty(name, x.all))).hint("%s", didYouMean(suggest.Nearest(name, x.all)))
}
