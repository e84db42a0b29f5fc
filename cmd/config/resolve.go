package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kstream/cmd/suggest"
	"kstream/kafka/position"
)

const (
	defaultBrokers = "localhost:9092"
	defaultTimeout = 10 * time.Second
	variablePrefix = "KSTREAM_PROPERTY_"
)

// resolver gathers settings from the strongest source to the weakest: the first to
// set a name wins.
type resolver struct {
	*index
	opts     Options
	env      map[string]string
	set      map[string]Setting // librdkafka's properties
	registry map[string]Setting // by the names of Effective.Registry
	context  *Context
	out      *Effective
}

// Resolve finds every setting. Errors are *Error.
func Resolve(opts Options) (*Effective, error) {
	r := &resolver{
		index: newIndex(), opts: opts, env: environ(opts.Environ),
		set: map[string]Setting{}, registry: map[string]Setting{},
		out: &Effective{},
	}
	for _, step := range []func() error{
		r.findContext, r.fromFlags, r.fromEnvironment, r.token, r.fromContext, r.timeout, r.brokers, r.registrySettings, r.security,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.out.Properties = r.set
	return r.out, nil
}

func environ(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, entry := range list {
		if name, value, ok := strings.Cut(entry, "="); ok {
			env[name] = value
		}
	}
	return env
}

func (r *resolver) getenv(name string) string { return r.env[name] }

func (r *resolver) warn(format string, args ...any) {
	r.out.Warnings = append(r.out.Warnings, fmt.Sprintf(format, args...))
}

// findContext reads the configuration file and chooses the context. A file that
// nobody named need not exist.
func (r *resolver) findContext() error {
	path, named := r.opts.Config, true
	if path == "" {
		path, named = DefaultPath(r.getenv), r.getenv("KSTREAM_CONFIG") != ""
	}
	name, origin := r.opts.Context, "--"+r.opts.FlagPrefix+"context"
	if name == "" {
		name, origin = r.getenv("KSTREAM_CONTEXT"), "KSTREAM_CONTEXT"
	}
	file := r.opts.loaded
	if path != "" && file == nil {
		var warnings []string
		var err error
		file, warnings, err = Load(path)
		if known := (*Error)(nil); errors.As(err, &known) && known.Kind == NoSuchFile && !named {
			file, err = nil, nil
		}
		if err != nil {
			return err
		}
		r.out.Warnings = append(r.out.Warnings, warnings...)
	}
	if file == nil {
		if name == "" {
			return nil
		}
		return &Error{Kind: UnknownContext, Message: fmt.Sprintf("%s %s: there is no configuration file", origin, name), Hint: "it would be " + path}
	}
	r.out.ConfigFile = path
	if name == "" {
		if name, origin = file.Current, path+": current"; name == "" {
			return nil
		}
	}
	c, ok := file.Contexts[name]
	if !ok {
		if name == file.Current {
			name = shownName(name, slices.Collect(maps.Keys(file.Contexts)))
		}
		return unknownContext(origin, name, file)
	}
	r.context, r.out.Context, r.out.ContextOrigin, r.out.ReadOnly = &c, name, origin, c.ReadOnly
	return nil
}

func unknownContext(where, name string, file *File) *Error {
	e := &Error{Kind: UnknownContext, Message: fmt.Sprintf("%s: there is no context %q", where, name)}
	if e.Hint = didYouMean(suggest.Nearest(name, slices.Sorted(maps.Keys(file.Contexts)))); e.Hint == "" {
		e.Hint = thereAre(file)
	}
	return e
}

func (r *resolver) fromFlags() error {
	flags := map[string]string{}
	lines, err := r.propertyLines("-X", r.opts.Properties)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if IsSecret(l.Name) && !IsReference(l.Value) && l.Value != "" {
			r.warn("-X %s: other users of this machine can see a secret on the command line; use @env:, @file: or @keyring:", l.Name)
		}
		flags[l.Name] = l.Value // the last one counts
	}
	for name, value := range flags {
		r.put(name, value, Origin{FromFlag, "-X"})
	}
	if r.opts.File != "" {
		return r.fromFile(r.opts.File, Origin{FromProperties, r.opts.File})
	}
	return nil
}

// propertyLines reads NAME=VALUE. Java's way to write security is understood too.
func (x *index) propertyLines(where string, list []string) (lines []Line, err error) {
	var java []Line
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			return nil, usagef("%s: want NAME=VALUE, have %s", where, quoted(shownProperty(name, x.all)))
		}
		if translated(name, value) {
			java = append(java, Line{0, name, value})
			continue
		}
		if name, err = x.check(where, name); err != nil {
			return nil, err
		}
		lines = append(lines, Line{0, name, value})
	}
	java, _, err = FromJava(where, java)
	return append(lines, java...), err
}

// put sets a property or a setting of the registry, unless a stronger source has.
func (r *resolver) put(name, value string, origin Origin) {
	to, name := r.set, r.canonical(name)
	if key, ok := registryNames()[name]; ok {
		to, name = r.registry, key
	}
	if _, taken := to[name]; !taken {
		to[name] = Setting{value, origin}
	}
}

func (r *resolver) fromFile(path string, origin Origin) error {
	data, err := readBounded(path)
	if err != nil {
		return err
	}
	lines, err := ParseProperties(path, data)
	if err != nil {
		return err
	}
	lines, notes, err := FromJava(path, lines)
	if err != nil {
		return err
	}
	r.out.Warnings = append(r.out.Warnings, notes...)
	slices.Reverse(lines) // put keeps the first, the file means the last
	var ignored []string
	for _, l := range lines {
		name, err := r.check(fmt.Sprintf("%s:%d", path, l.Number), l.Name)
		if err != nil {
			ignored = append(ignored, shownProperty(l.Name, r.all))
			continue
		}
		r.put(name, l.Value, origin)
	}
	if len(ignored) > 0 {
		slices.Sort(ignored)
		r.warn("%s: ignored, for librdkafka has no such property: %s", path, strings.Join(slices.Compact(ignored), ", "))
	}
	return nil
}

func (r *resolver) fromEnvironment() error {
	for _, variable := range slices.Sorted(maps.Keys(r.env)) {
		suffix, ok := strings.CutPrefix(variable, variablePrefix)
		if !ok || suffix == "" {
			continue
		}
		suffix = strings.ToUpper(suffix)
		name, ok := r.variable[suffix]
		if !ok {
			e := usagef("%s: librdkafka has no such property", variable)
			if near := suggest.Nearest(suffix, slices.Sorted(maps.Keys(r.variable))); near != "" {
				e.Hint = didYouMean(variablePrefix + near)
			}
			return e
		}
		r.put(r.canonical(name), r.env[variable], Origin{FromEnvironment, variable})
	}
	if path := r.getenv("KSTREAM_PROPERTIES"); path != "" && r.opts.File == "" {
		return r.fromFile(path, Origin{FromEnvironment, "KSTREAM_PROPERTIES " + path})
	}
	return nil
}

func (r *resolver) timeout() error {
	text, origin := r.opts.Timeout, Origin{FromFlag, "--timeout"}
	if text == "" {
		text, origin = r.getenv("KSTREAM_TIMEOUT"), Origin{FromEnvironment, "KSTREAM_TIMEOUT"}
	}
	if text == "" && r.context != nil {
		text, origin = r.context.Timeout, Origin{FromContext, r.out.Context}
	}
	if text == "" {
		r.out.Timeout, r.out.TimeoutOrigin = defaultTimeout, Origin{Kind: FromDefault}
		return nil
	}
	if err := checkTimeout(text); err != nil && origin.Kind == FromContext {
		return usagef("%s: timeout: %v", origin, err)
	} else if err != nil {
		return usagef("%s: %v", origin.Name, err)
	}
	r.out.TimeoutOrigin = origin
	r.out.Timeout, _ = position.ParseDuration(text) // as checkTimeout has found
	return nil
}

// brokers decides between -b, bootstrap.servers of any source, KSTREAM_BROKERS and
// the context.
func (r *resolver) brokers() error {
	const name = "bootstrap.servers"
	found, ok := r.set[name]
	delete(r.set, name)
	switch env := r.getenv("KSTREAM_BROKERS"); {
	case r.opts.Brokers != "":
		found = Setting{r.opts.Brokers, Origin{FromFlag, "--" + r.opts.FlagPrefix + "brokers"}}
	case env != "" && (!ok || found.Origin.Kind == FromContext || found.Origin.Kind == FromEnvironment):
		found = Setting{env, Origin{FromEnvironment, "KSTREAM_BROKERS"}}
	case !ok:
		found = Setting{defaultBrokers, Origin{Kind: FromDefault}}
	}
	r.out.Brokers, r.out.BrokersOrigin = splitList(found.Value), found.Origin
	if strings.Contains(found.Value, "@") {
		return usagef("%s: the address of a broker holds no user and no password", found.Origin).
			hint("-X sasl.username=NAME and -X sasl.password=@env:NAME say them")
	}
	if len(r.out.Brokers) == 0 {
		return usagef("%s: no broker in %q: want HOST:PORT,…", found.Origin, found.Value)
	}
	implicit := r.opts.Context == "" && r.getenv("KSTREAM_CONTEXT") == ""
	if r.context != nil && r.context.Auth != nil && implicit && found.Origin.Kind < FromContext {
		r.warn("the brokers come from %s, the credentials from the current context %s", found.Origin, r.out.Context)
	}
	return nil
}
