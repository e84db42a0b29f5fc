package serde

import (
	"fmt"
	"slices"
	"strings"
)

// Spec is a parsed SPEC: name[:argument][?param=value&…].
type Spec struct {
	Name     string
	Argument string // what follows the colon: a file, a pack string, a command
	text     string // as typed
	params   []specParam
}

// Errorf returns a SpecError about s, for the constructors of formats.
func (s Spec) Errorf(format string, args ...any) error {
	return &SpecError{Spec: s.text, Err: fmt.Errorf(format, args...)}
}

type specParam struct{ name, value string }

// Param returns the value of a parameter, the last where it is repeated.
func (s Spec) Param(name string) (v string, ok bool) {
	for _, p := range s.params {
		if p.name == name {
			v, ok = p.value, true
		}
	}
	return v, ok
}

// Param describes a parameter of a format.
type Param struct {
	Name   string
	Values string // "0…5"
	Help   string
}

// Factory makes the serde of one format.
type Factory struct {
	Name string
	Help string // one line
	// Argument names what may follow the colon ("FILE"); empty: nothing may.
	Argument string
	// NeedsArgument: it must be there.
	NeedsArgument bool
	// RawArgument: all that follows the colon is the argument; there are no parameters.
	RawArgument bool
	Params      []Param
	New         func(Spec, Options) (Serde, error)
}

// SpecError is the error for a SPEC that is not valid, which is an error of usage.
type SpecError struct {
	Spec string
	Err  error
	// Unknown is the name of a format that does not exist, and Known are those that do;
	// both are empty when something else is wrong.
	Unknown string
	Known   []string
}

func (e *SpecError) Error() string { return fmt.Sprintf("serde %q: %v", e.Spec, e.Err) }
func (e *SpecError) Unwrap() error { return e.Err }

// OpenFrom returns the serde that spec names in a list of formats. If spec is not valid the
// error is a *SpecError; if a schema file cannot be read it is that of Options.Files.
func OpenFrom(list []Factory, spec string, o Options) (Serde, error) {
	name := spec
	if i := strings.IndexAny(spec, ":?"); i >= 0 {
		name = spec[:i]
	}
	at := slices.IndexFunc(list, func(f Factory) bool { return f.Name == name })
	if at < 0 {
		return nil, unknownFormat(list, spec, name)
	}
	f := list[at]
	s := splitSpec(f, spec)
	if err := f.check(s); err != nil {
		return nil, &SpecError{Spec: spec, Err: err}
	}
	return f.New(s, o)
}

func splitSpec(f Factory, spec string) Spec {
	s := Spec{Name: f.Name, text: spec}
	rest := spec[len(f.Name):]
	if f.RawArgument {
		s.Argument = strings.TrimPrefix(rest, ":")
		return s
	}
	if i := paramsAt(rest); i >= 0 {
		for pair := range strings.SplitSeq(rest[i+1:], "&") {
			name, v, _ := strings.Cut(pair, "=")
			s.params = append(s.params, specParam{name, v})
		}
		rest = rest[:i]
	}
	s.Argument = strings.TrimPrefix(rest, ":")
	return s
}

// paramsAt returns the index of the question mark before the parameters, or -1: the last
// one that a name and an equals sign follow, or one that follows no colon.
func paramsAt(rest string) int {
	i := strings.LastIndexByte(rest, '?')
	if i < 0 {
		return -1
	}
	name, _, assigned := strings.Cut(rest[i+1:], "=")
	if !strings.HasPrefix(rest, ":") || assigned && isParamName(name) {
		return i
	}
	return -1
}

func isParamName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == ""
}

func (f Factory) check(s Spec) error {
	switch {
	case f.Argument == "" && s.Argument != "":
		return fmt.Errorf("%s takes nothing after a colon", f.Name)
	case f.NeedsArgument && s.Argument == "":
		return fmt.Errorf("want %s:%s", f.Name, f.Argument)
	}
	for _, p := range s.params {
		if !slices.ContainsFunc(f.Params, func(known Param) bool { return known.Name == p.name }) {
			return fmt.Errorf("%s has no parameter %q%s", f.Name, p.name, f.paramList())
		}
	}
	return nil
}

func (f Factory) paramList() string {
	names := make([]string, len(f.Params))
	for i, p := range f.Params {
		names[i] = p.Name
	}
	if len(names) == 0 {
		return ""
	}
	return "; it has: " + strings.Join(names, ", ")
}

func unknownFormat(list []Factory, spec, name string) error {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.Name
	}
	return &SpecError{
		Spec:    spec,
		Err:     fmt.Errorf("no such serde; there are: %s", strings.Join(names, ", ")),
		Unknown: name,
		Known:   names,
	}
}
