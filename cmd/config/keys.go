package config

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"kstream/cmd/suggest"
)

// Key is one key of a context as the configuration file has it.
type Key struct {
	Name    string // with dots: auth.mechanism; a part in capitals stands for any name
	Type    string // string, list, boolean, duration
	Default string // empty for none
	Example string
	About   string
}

// ContextKeys lists the keys of a context, in the order of the struct that reads them.
func ContextKeys() []Key { return keysOf(reflect.TypeFor[Context](), "") }

// FileKeys lists the keys beside the contexts.
func FileKeys() []Key { return keysOf(reflect.TypeFor[File](), "") }

func keysOf(t reflect.Type, prefix string) (keys []Key) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, inner := prefix+keyOf(field), field.Type
		if kind := inner.Kind(); kind == reflect.Map {
			inner = inner.Elem()
			name += "." + field.Tag.Get("any")
		}
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner == reflect.TypeFor[Context]() {
			continue
		}
		if inner.Kind() == reflect.Struct {
			if about := field.Tag.Get("about"); about != "" { // what it means to be there
				keys = append(keys, Key{name, "mapping", "", field.Tag.Get("example"), about})
			}
			keys = append(keys, keysOf(inner, name+".")...)
			continue
		}
		keys = append(keys, Key{name, cmp.Or(field.Tag.Get("type"), typeName(inner)), field.Tag.Get("default"), field.Tag.Get("example"), field.Tag.Get("about")})
	}
	return keys
}

// keyOf is the key that a field of a struct is read from.
func keyOf(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
	return key
}

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[List]():
		return "list"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Int:
		return "number"
	}
	return "string"
}

// leaf is a value of a context and where it stands.
type leaf struct {
	path  []string
	value any // string, bool, []string, or an empty mapping
}

func (l leaf) name() string             { return strings.Join(l.path, ".") }
func (l leaf) samePath(other leaf) bool { return slices.Equal(l.path, other.path) }

func (l leaf) text() string {
	switch v := l.value.(type) {
	case []string:
		return strings.Join(v, ",")
	case map[string]any:
		return "{}"
	}
	return fmt.Sprint(l.value)
}

// leaves lists what a context says, in the order of its keys.
func (c Context) leaves() []leaf { return leavesOf(reflect.ValueOf(c), nil) }

func leavesOf(v reflect.Value, path []string) (list []leaf) {
	for i := range v.NumField() {
		value := v.Field(i)
		if value.IsZero() {
			continue
		}
		at := append(slices.Clone(path), keyOf(v.Type().Field(i)))
		list = append(list, leavesAt(value, at)...)
	}
	return list
}

func leavesAt(value reflect.Value, at []string) (list []leaf) {
	switch {
	case value.Kind() == reflect.Pointer && value.Elem().Kind() == reflect.Bool:
		return []leaf{{at, value.Elem().Bool()}}
	case value.Kind() == reflect.Pointer:
		if list = leavesOf(value.Elem(), at); len(list) == 0 {
			return []leaf{{at, map[string]any{}}}
		}
	case value.Kind() == reflect.Struct:
		list = leavesOf(value, at)
	case value.Kind() == reflect.Map:
		names := value.MapKeys()
		slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, name := range names {
			list = append(list, leavesAt(value.MapIndex(name), append(slices.Clone(at), name.String()))...)
		}
	case value.Kind() == reflect.Bool:
		return []leaf{{at, value.Bool()}}
	case value.Kind() == reflect.Slice:
		texts := make([]string, value.Len())
		for i := range texts {
			texts[i] = value.Index(i).String()
		}
		return []leaf{{at, texts}}
	default:
		return []leaf{{at, value.String()}}
	}
	return list
}

// ShownKey is a key of a context with its value as it may be printed.
type ShownKey struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// List returns what a context says for printing, secrets as ***.
func (c Context) List() []ShownKey {
	list := []ShownKey{}
	for _, l := range c.leaves() {
		list = append(list, ShownKey{l.name(), Redact(l.name(), l.text())})
	}
	return list
}

// Put sets a key, named with dots, to a value as typed; an empty one takes the key out.
func (c *Context) Put(key, text string) error {
	return putIn(reflect.ValueOf(c).Elem(), key, key, text)
}

func putIn(v reflect.Value, whole, key, text string) error {
	first, rest, deeper := strings.Cut(key, ".")
	var known []string
	for i := range v.NumField() {
		name := keyOf(v.Type().Field(i))
		if known = append(known, name); name == first {
			return putAt(v.Field(i), whole, rest, deeper, text)
		}
	}
	e := usagef("there is no key %s", quoted(shownProperty(whole, known)))
	return e.hint("%s", nearestAndList(first, known))
}

// nearestAndList is the hint for a key that is not known.
func nearestAndList(key string, known []string) string {
	return nearestOf("known here: ", key, slices.Sorted(slices.Values(known)))
}

// nearestOf names the nearest of known, and all of them after title.
func nearestOf(title, text string, known []string) string {
	title += strings.Join(known, ", ")
	if near := didYouMean(suggest.Nearest(text, known)); near != "" {
		return near + " " + title
	}
	return title
}

func putAt(v reflect.Value, whole, rest string, deeper bool, text string) error {
	inner := v.Type()
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	switch {
	case v.Kind() == reflect.Map:
		return putInMap(v, whole, rest, text)
	case inner.Kind() == reflect.Struct && !deeper && text == "":
		v.SetZero()
		return nil
	case inner.Kind() == reflect.Struct && !deeper && text == "{}":
		if v.Kind() == reflect.Pointer && v.IsNil() {
			v.Set(reflect.New(inner))
		}
		return nil
	case inner.Kind() == reflect.Struct && !deeper:
		return usagef("%s has keys of its own", whole).hint("%s", "known here: "+strings.Join(fieldKeys(inner), ", "))
	case inner.Kind() == reflect.Struct:
		into := reflect.New(inner)
		if v.Kind() != reflect.Pointer {
			into = v.Addr()
		} else if !v.IsNil() {
			into = v
		}
		if err := putIn(into.Elem(), whole, rest, text); err != nil {
			return err
		}
		if v.Kind() == reflect.Pointer && v.IsNil() && text != "" {
			v.Set(into)
		}
		return nil
	case deeper:
		return usagef("%s has no keys of its own", strings.TrimSuffix(whole, "."+rest))
	}
	return putValue(v, whole, text)
}

func putValue(v reflect.Value, whole, text string) error {
	switch {
	case text == "":
		v.SetZero()
	case v.Type() == reflect.TypeFor[List]():
		v.Set(reflect.ValueOf(List(splitList(text))))
	case v.Kind() == reflect.Bool, v.Kind() == reflect.Pointer:
		if text != "true" && text != "false" {
			return usagef("%s: want true or false", whole)
		}
		if yes := text == "true"; v.Kind() == reflect.Bool {
			v.SetBool(yes)
		} else {
			v.Set(reflect.ValueOf(&yes))
		}
	default:
		v.SetString(text)
	}
	return nil
}

// putInMap sets an entry of a mapping with names of one's own, which may hold dots.
func putInMap(v reflect.Value, whole, rest, text string) error {
	if rest == "" && text == "" {
		v.SetZero()
		return nil
	}
	name, key := rest, ""
	if v.Type().Elem().Kind() == reflect.Struct { // topics.PATTERN.KEY
		i := strings.LastIndexByte(rest, '.')
		name, key = rest[:max(i, 0)], rest[i+1:]
	}
	if name == "" {
		return usagef("%s: a name is missing", whole)
	}
	entry := reflect.New(v.Type().Elem()).Elem()
	if old := v.MapIndex(reflect.ValueOf(name)); old.IsValid() {
		entry.Set(old)
	}
	if key != "" {
		if err := putIn(entry, whole, key, text); err != nil {
			return err
		}
	} else {
		entry.SetString(text)
	}
	entries := reflect.MakeMap(v.Type()) // the old one may be shared
	for _, n := range v.MapKeys() {
		entries.SetMapIndex(n, v.MapIndex(n))
	}
	if entry.IsZero() {
		entries.SetMapIndex(reflect.ValueOf(name), reflect.Value{})
	} else {
		entries.SetMapIndex(reflect.ValueOf(name), entry)
	}
	v.Set(entries)
	if entries.Len() == 0 {
		v.SetZero()
	}
	return nil
}

func fieldKeys(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		names = append(names, keyOf(t.Field(i)))
	}
	return names
}

// clone is a copy that may be changed without changing c.
func (c Context) clone() Context {
	if c.Auth != nil {
		auth := *c.Auth
		c.Auth = &auth
	}
	if c.TLS != nil {
		tls := *c.TLS
		c.TLS = &tls
	}
	if c.Registry != nil {
		registry := *c.Registry
		c.Registry = &registry
	}
	c.Brokers, c.Librdkafka = slices.Clone(c.Brokers), maps.Clone(c.Librdkafka)
	c.Topics, c.Defaults = maps.Clone(c.Topics), maps.Clone(c.Defaults)
	return c
}
