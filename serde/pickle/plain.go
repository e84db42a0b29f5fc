package pickle

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"

	"kstream/serde/value"
)

// cycle is what stands in plain JSON for a container inside of itself.
const cycle = "<cycle>"

// plain writes v as people and jq like to read it.
func (w *writer) plain(v any) {
	if w.err != nil || w.scalar(v) {
		return
	}
	switch t := v.(type) {
	case octets:
		w.base64(t)
	case *node:
		if w.shared(t, t.flags) {
			w.plainNode(t)
			w.close(t, t.flags)
		}
	case *object:
		if w.shared(t, t.flags) {
			w.plainObject(t)
			w.close(t, t.flags)
		}
	case *persistent:
		if w.enter("{") {
			w.name(`"py/persid":`)
			w.plain(t.id)
			w.leave('}')
		}
	default:
		text, _ := opaqueText(v)
		w.text(text)
	}
}

// opaqueText returns what stands for a class, an extension code, a buffer.
func opaqueText(v any) (text string, ok bool) {
	switch t := v.(type) {
	case *global:
		return "<" + className(t) + ">", true
	case extension:
		return "<extension " + strconv.FormatInt(int64(t), 10) + ">", true
	case buffer:
		return "<buffer " + strconv.Itoa(t.index) + ">", true
	case *object:
		if name, ok := attribute(t); ok {
			return "<" + name + ">", true
		}
	}
	return "", false
}

// shared opens a container. It writes "<cycle>" and says no to one that is open already.
func (w *writer) shared(container any, f flags) bool {
	if f&multiple == 0 {
		return true
	}
	if _, ok := w.open[container]; ok {
		w.text(cycle)
		return false
	}
	if w.open == nil {
		w.open = make(map[any]struct{})
	}
	w.open[container] = struct{}{}
	return true
}

func (w *writer) close(container any, f flags) {
	if f&multiple != 0 {
		delete(w.open, container)
	}
}

func (w *writer) plainNode(t *node) {
	switch t.kind {
	case dict:
		w.plainDict(t.items)
	case bytearray:
		w.base64(t.items[0].(octets))
	default:
		w.array(t.items, w.plain)
	}
}

// plainDict writes an object if each key has a text of its own, else a list of pairs.
func (w *writer) plainDict(items []any) {
	if w.distinct(items, "") {
		w.object(items, w.plain)
		return
	}
	if w.err != nil {
		return
	}
	named := make([]any, len(items))
	size := 0
	for i := 0; i+1 < len(items); i += 2 {
		text, ok := w.keyText(items[i])
		if size += len(text); !w.room(size) {
			return
		}
		if !ok {
			w.pairs(items, w.plain)
			return
		}
		named[i], named[i+1] = text, items[i+1]
	}
	if w.distinct(named, "") {
		w.object(named, w.plain)
		return
	}
	w.pairs(items, w.plain)
}

// keyText returns the name that a scalar gets as a key: 1 is "1", None is "null".
func (w *writer) keyText(k any) (text string, ok bool) {
	switch t := k.(type) {
	case string:
		return t, true
	case octets:
		return base64.StdEncoding.EncodeToString([]byte(t)), true
	case surrogates:
		return value.WTF8(t).Replace(), true
	case *object:
		switch v := t.view(); v.sort {
		case someBytes:
			return base64.StdEncoding.EncodeToString([]byte(v.octets)), true
		case aTimedelta:
			return string(appendSeconds(nil, v.delta)), true
		case aDatetime, aDate, aTime, aDecimal, aUUID:
			return v.text, v.zone == nil
		}
		if v, ok := t.meaning(); ok {
			if _, isNode := v.(*node); isNode {
				return "", false
			}
			return w.keyText(v)
		}
		return opaqueText(t)
	case *global, extension, buffer:
		return opaqueText(t)
	}
	out := writer{limit: w.limit}
	if !out.scalar(k) || out.err != nil || out.out[0] == '{' {
		return "", false
	}
	return strings.Trim(string(out.out), `"`), true // NaN is a text too
}

func (w *writer) plainObject(o *object) {
	v := o.view()
	switch v.sort {
	case aSet, aFrozenset:
		w.array(v.items, w.plain)
	case someBytes, aBytearray:
		w.base64(v.octets)
	case aComplex:
		w.array(v.parts[:], w.plain)
	case anOrderedDict:
		w.plainDict(o.entries)
	case aTimedelta:
		w.out = appendSeconds(w.out, v.delta)
	case aDatetime, aDate, aTime, aDecimal, aUUID:
		if v.zone == nil {
			w.text(v.text)
			return
		}
		if text, ok := zoned(v); ok {
			w.text(text)
			return
		}
		w.plainRecord(o, []any{v.text, v.zone})
	default:
		if v, ok := o.meaning(); ok {
			w.plain(v)
			return
		}
		if text, ok := opaqueText(o); ok {
			w.text(text)
			return
		}
		args, ok := o.arguments()
		if !ok && o.args != nil {
			args = []any{o.args}
		}
		w.plainRecord(o, args)
	}
}

// plainRecord shows an object as its class, the arguments it would be called with, and
// the fields of its state.
func (w *writer) plainRecord(o *object, args []any) {
	class := o.class
	if o.how == call && reconstructs(class, args) {
		class, args = args[0], nil // how protocols 0 and 1 write an empty instance
	}
	if !w.enter("{") {
		return
	}
	w.name(`"py/class":`)
	if g, ok := class.(*global); ok {
		w.text(className(g))
	} else if name, ok := attribute(class); ok {
		w.text(name)
	} else {
		w.plain(class)
	}
	if len(args) > 0 {
		w.name(`,"args":`)
		w.array(args, w.plain)
	}
	if k, ok := o.kwargs.(*node); ok && len(k.items) > 0 {
		w.name(`,"kwargs":`)
		w.plain(k)
	}
	w.plainState(o)
	if o.items != nil {
		w.name(`,"items":`)
		w.array(o.items, w.plain)
	}
	if o.entries != nil {
		w.name(`,"entries":`)
		w.plainDict(o.entries)
	}
	if w.err == nil {
		w.leave('}')
	}
}

// plainState writes the attributes of an object beside its class, or a state that is no
// such thing under a name of its own.
func (w *writer) plainState(o *object) {
	if fields, ok := plainFields(o.states); ok {
		for i := 0; i < len(fields) && w.room(1); i += 2 {
			w.name(",")
			w.text(fields[i].(string))
			w.name(":")
			w.plain(fields[i+1])
		}
		return
	}
	w.name(`,"state":`)
	if len(o.states) == 1 {
		w.plain(o.states[0])
	} else {
		w.array(o.states, w.plain)
	}
}

// plainFields returns the attributes in states if they can stand beside the fields that
// the plain form has of its own.
func plainFields(states []any) (fields []any, ok bool) {
	if fields, ok = attributes(states); !ok || len(fields) == 0 {
		return nil, ok
	}
	own := append(fields[:len(fields):len(fields)],
		"py/class", nil, "args", nil, "kwargs", nil, "state", nil, "items", nil, "entries", nil)
	names := writer{limit: math.MaxInt}
	return fields, names.distinct(own, "")
}

// attributes returns the names and values in states: dicts, None, or a pair of these as
// classes with __slots__ have it.
func attributes(states []any) (fields []any, ok bool) {
	for _, state := range states {
		parts := []any{state}
		if t, ok := state.(*node); ok && t.kind == tuple && len(t.items) == 2 {
			parts = t.items
		}
		for _, part := range parts {
			d, ok := part.(*node)
			if part == nil {
				continue
			}
			if !ok || d.kind != dict || d.flags&multiple != 0 {
				return nil, false
			}
			fields = append(fields, d.items...)
		}
	}
	return fields, true
}

// className returns the full name of a class.
func className(g *global) string {
	if g.module == "" {
		return g.name
	}
	return g.module + "." + g.name
}

// attribute recognises getattr(class, "name"), which stands for a nested class or a method
// below protocol 4, and returns its full name.
func attribute(v any) (name string, ok bool) {
	const longest = 1000
	var parts []string
	for size := 0; ; {
		if g, isGlobal := v.(*global); isGlobal && parts != nil {
			parts = append(parts, className(g))
			slices.Reverse(parts)
			return strings.Join(parts, "."), true
		}
		o, isObject := v.(*object)
		if !isObject || o.how != call || !isGlobal(o.class, "builtins", "getattr") || !o.untouched() {
			return "", false
		}
		args, _ := o.arguments()
		if len(args) != 2 {
			return "", false
		}
		part, isText := args[1].(string)
		size += len(part) + 1
		if !isText || size > longest {
			return "", false
		}
		parts = append(parts, part)
		v = args[0]
	}
}
