package expr

import (
	"strings"
	"sync"
)

// Lookup is what --lookup keeps of a topic: an expression sees it as a variable, an object
// with the newest value under each key. Values that are one JSON value are seen as that, all
// others as text. It is safe for concurrent use.
type Lookup struct {
	name string

	mu     sync.RWMutex
	values map[string]any
}

// NewLookup returns an empty one. Its name is that of a variable, without the $.
func NewLookup(flag, name string) (*Lookup, error) {
	word := strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
	if name == "" || !word || name[0] >= '0' && name[0] <= '9' {
		return nil, &Error{flag, 0, name + " is no name of a variable"}
	}
	if name == "state" || name == "window" || name == "ENV" {
		return nil, &Error{flag, 0, "$" + name + " has a meaning already"}
	}
	return &Lookup{name: name, values: map[string]any{}}, nil
}

// Set keeps a value under a key; nil forgets the key. A null key is left out.
func (l *Lookup) Set(key, value []byte) {
	if key == nil {
		return
	}
	name := text(key)
	if value == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.values, name)
		return
	}
	v, ok := decodeJSON(value)
	if !ok {
		v = text(value)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.values[name] = v
}

// Len is how many keys there are.
func (l *Lookup) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.values)
}

// variables are the names and values of lookups, for the compiler and for a run. Whoever
// runs an expression holds them.
func (p *program) variables(more ...any) []any {
	values := more
	for _, l := range p.lookups {
		values = append(values, l.values)
	}
	return values
}

// hold keeps the lookups as they are until release is called.
func (p *program) hold() (release func()) {
	for _, l := range p.lookups {
		l.mu.RLock()
	}
	return func() {
		for _, l := range p.lookups {
			l.mu.RUnlock()
		}
	}
}
