package cli

import (
	"slices"
	"sync"

	"kstream/cmd/config"
)

// secrets are those that the settings of this run name. Any number of goroutines may use
// them.
type secrets struct {
	mu        sync.Mutex
	variables []string // of the environment, which @env: names
	scrub     []func(string) string
}

// Withhold keeps the variables that hold secrets from the commands that are started from now
// on, and what scrub hides out of the report of a bug.
func (e *Env) Withhold(variables []string, scrub func(string) string) {
	if e.secrets == nil {
		return
	}
	e.secrets.mu.Lock()
	defer e.secrets.mu.Unlock()
	e.secrets.variables = append(e.secrets.variables, variables...)
	e.secrets.scrub = append(e.secrets.scrub, scrub)
}

// ChildEnviron is the environment of a command that works on records: ours without the
// secrets of our settings.
func (e *Env) ChildEnviron() []string {
	var variables []string
	if e.secrets != nil {
		e.secrets.mu.Lock()
		variables = slices.Clone(e.secrets.variables)
		e.secrets.mu.Unlock()
	}
	return config.WithoutSecrets(e.Environ, variables)
}

// Scrub takes secrets out of a text, those that nothing has named yet by how they look.
func (e *Env) Scrub(text string) string {
	if e.secrets != nil {
		e.secrets.mu.Lock()
		defer e.secrets.mu.Unlock()
		for _, scrub := range e.secrets.scrub {
			text = scrub(text)
		}
	}
	return config.NewScrubber(nil).Scrub(text)
}
