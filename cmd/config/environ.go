package config

import (
	"slices"
	"strings"
)

// WithoutSecrets is environ without the variables that hold a secret of the settings, for
// commands that we start: passwords and tokens that stand in variables of kstream, URLs of
// registries with a password, and named, the variables that an @env: reads.
func WithoutSecrets(environ, named []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		if slices.Contains(named, name) {
			return true
		}
		setting, ours := strings.CutPrefix(name, "KSTREAM_")
		setting = strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(setting, "PROPERTY_")), "_", ".")
		return ours && Redact(setting, value) != value
	})
}

// Variables lists the variables of the environment that hold secrets of e: those that an
// @env: names.
func (e *Effective) Variables() []string {
	var names []string
	add := func(s Setting) {
		if name, ok := strings.CutPrefix(s.Value, "@env:"); ok {
			names = append(names, name)
		}
	}
	add(e.Token)
	for _, s := range e.Properties {
		add(s)
	}
	for _, s := range e.Registry {
		add(s)
	}
	return names
}
