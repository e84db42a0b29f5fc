package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// Summary is a context in a list of them, without secrets.
type Summary struct {
	Name      string   `json:"name"`
	Current   bool     `json:"current"` // it counts when no flag names another
	Brokers   []string `json:"brokers"`
	TLS       bool     `json:"tls"`
	Mechanism string   `json:"mechanism"`
	Registry  string   `json:"registry"`
	ReadOnly  bool     `json:"readonly"`
}

// Summaries returns the contexts of a configuration file by name; none for a file that is not
// there, unless KSTREAM_CONFIG or a flag named it. Warnings are about its mode.
func Summaries(path string, getenv func(string) string) (items []Summary, warnings []string, err error) {
	items = []Summary{}
	file, warnings, err := Load(path)
	if missing := (*Error)(nil); errors.As(err, &missing) && missing.Kind == NoSuchFile && path == DefaultPath(getenv) && getenv("KSTREAM_CONFIG") == "" {
		return items, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	current := getenv("KSTREAM_CONTEXT")
	if current == "" {
		current = file.Current
	}
	for _, name := range slices.Sorted(maps.Keys(file.Contexts)) {
		c := file.Contexts[name]
		i := Summary{Name: name, Current: name == current, Brokers: []string{}, TLS: c.TLS != nil, ReadOnly: c.ReadOnly}
		for _, b := range c.Brokers {
			i.Brokers = append(i.Brokers, Redact("brokers", b))
		}
		if c.Auth != nil {
			i.Mechanism = shownName(c.Auth.Mechanism, mechanisms())
		}
		if c.Registry != nil {
			i.Registry = Redact("url", c.Registry.URL)
		}
		items = append(items, i)
	}
	return items, warnings, nil
}

// ShowContext returns what a context says, the current one when name is empty.
func ShowContext(path, name string, getenv func(string) string) (shown []ShownKey, warnings []string, err error) {
	file, warnings, err := Load(path)
	if err != nil {
		return nil, nil, err
	}
	where := path
	if name == "" {
		name, where = getenv("KSTREAM_CONTEXT"), "KSTREAM_CONTEXT"
	}
	if name == "" {
		name, where = file.Current, path+": current"
	}
	if name == "" {
		return nil, nil, (&Error{Kind: UnknownContext, Message: path + ": no context is the current one"}).
			hint("%s", thereAre(file))
	}
	c, ok := file.Contexts[name]
	if !ok {
		return nil, nil, unknownContext(where, name, file)
	}
	return c.List(), warnings, nil
}

// thereAre lists the contexts, for a hint.
func thereAre(file *File) string {
	names := slices.Sorted(maps.Keys(file.Contexts))
	if len(names) == 0 {
		return "there are none yet; kstream context import and kstream context set make them"
	}
	return "there are: " + strings.Join(names, ", ")
}
