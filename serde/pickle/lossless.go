package pickle

import (
	"strconv"
	"strings"
)

// lossless writes v so that tree, reading it, makes an equal graph.
func (w *writer) lossless(v any) {
	if w.err != nil || w.scalar(v) {
		return
	}
	switch t := v.(type) {
	case octets:
		w.tag("$bytes", false, func() { w.base64(t) })
	case *node:
		w.losslessNode(t)
	case *object:
		w.losslessObject(t)
	case *global:
		w.tag("$global", false, func() { w.globalName(t) })
	case extension:
		w.tag("$ext", false, func() { w.out = strconv.AppendInt(w.out, int64(t), 10) })
	case *persistent:
		w.tag("$persid", false, func() { w.lossless(t.id) })
	case buffer:
		w.tag("$buffer", false, func() {
			w.out = strconv.AppendInt(w.out, int64(t.index), 10)
			w.name(`,"readonly":`)
			w.out = strconv.AppendBool(w.out, t.readonly)
		})
	}
}

// tag writes {"$name":…}; opened says that a $id stands before it.
func (w *writer) tag(name string, opened bool, content func()) {
	if opened {
		w.name(",")
	} else if !w.enter("{") {
		return
	}
	w.text(name)
	w.name(":")
	if content(); w.err == nil {
		w.leave('}')
	}
}

// identify writes the $id of a container that needs one. done says that it was written
// before, and that a $ref stands for it now.
func (w *writer) identify(container any, f flags) (opened, done bool) {
	if f&identified == 0 {
		return false, false
	}
	if id, ok := w.ids[container]; ok {
		w.tag("$ref", false, func() { w.out = strconv.AppendInt(w.out, int64(id), 10) })
		return false, true
	}
	if w.ids == nil {
		w.ids = make(map[any]int)
	}
	w.ids[container] = len(w.ids) + 1
	if !w.enter("{") {
		return true, true
	}
	w.name(`"$id":`)
	w.out = strconv.AppendInt(w.out, int64(len(w.ids)), 10)
	return true, false
}

func (w *writer) losslessNode(t *node) {
	opened, done := w.identify(t, t.flags)
	if done {
		return
	}
	switch {
	case t.kind == list && !opened:
		w.array(t.items, w.lossless)
	case t.kind == dict:
		w.losslessDict(t.items, "$dict", opened)
	case t.kind == bytearray:
		w.tag("$bytearray", opened, func() { w.base64(t.items[0].(octets)) })
	default:
		w.tag("$"+t.kind.String(), opened, func() { w.array(t.items, w.lossless) })
	}
}

// losslessDict writes a dict as an object only when no key can be taken for a tag.
func (w *writer) losslessDict(items []any, tag string, opened bool) {
	if !opened && tag == "$dict" && w.distinct(items, "$") {
		w.object(items, w.lossless)
		return
	}
	w.tag(tag, opened, func() { w.pairs(items, w.lossless) })
}

func (w *writer) losslessObject(o *object) {
	v := o.view()
	if v.sort.immutable() && v.zone == nil && o.flags&identified == 0 {
		w.losslessView(o, v, false)
		return
	}
	opened, done := w.identify(o, o.flags)
	if done {
		return
	}
	if v.sort != other && v.zone == nil {
		w.losslessView(o, v, opened)
		return
	}
	w.tag("$object", opened, func() { w.losslessParts(o) })
}

func (w *writer) losslessView(o *object, v view, opened bool) {
	elements := func() { w.array(v.items, w.lossless) }
	bytes := func() { w.base64(v.octets) }
	text := func() { w.text(v.text) }
	switch v.sort {
	case aSet:
		w.tag("$set", opened, elements)
	case aFrozenset:
		w.tag("$frozenset", opened, elements)
	case someBytes:
		w.tag("$bytes", opened, bytes)
	case aBytearray:
		w.tag("$bytearray", opened, bytes)
	case aComplex:
		w.tag("$complex", opened, func() { w.array(v.parts[:], w.lossless) })
	case anOrderedDict:
		w.losslessDict(o.entries, "$odict", opened)
	case aTimedelta:
		w.tag("$timedelta", opened, func() {
			w.array([]any{v.delta[0], v.delta[1], v.delta[2]}, w.lossless)
		})
	case aDatetime:
		w.tag("$datetime", opened, text)
	case aDate:
		w.tag("$date", opened, text)
	case aTime:
		w.tag("$time", opened, text)
	case aDecimal:
		w.tag("$decimal", opened, text)
	case aUUID:
		w.tag("$uuid", opened, text)
	}
}

// losslessParts writes an object as it was recorded.
func (w *writer) losslessParts(o *object) {
	switch class := o.class.(type) {
	case *global:
		w.globalName(class)
	case string: // no class, but it must not look like the name of one
		w.tag("$str", false, func() { w.base64(octets(class)) })
	default:
		w.lossless(class)
	}
	w.name(`,"how":"` + o.how.String() + `"`)
	if o.how != bare {
		w.name(`,"args":`)
		w.losslessArgs(o)
	}
	if o.kwargs != nil {
		w.name(`,"kwargs":`)
		w.lossless(o.kwargs)
	}
	switch {
	case len(o.states) == 1:
		w.name(`,"state":`)
		w.lossless(o.states[0])
	case len(o.states) > 1:
		w.name(`,"states":`)
		w.array(o.states, w.lossless)
	}
	if o.items != nil {
		w.name(`,"items":`)
		w.array(o.items, w.lossless)
	}
	if o.entries != nil {
		w.name(`,"entries":`)
		w.pairs(o.entries, w.lossless)
	}
}

// losslessArgs writes the tuple that nearly all arguments are as an array.
func (w *writer) losslessArgs(o *object) {
	if args, ok := o.arguments(); ok {
		w.array(args, w.lossless)
		return
	}
	l, ok := o.args.(*node)
	if !ok || l.kind != list {
		w.lossless(o.args)
		return
	}
	opened, done := w.identify(l, l.flags)
	if !done {
		w.tag("$list", opened, func() { w.array(l.items, w.lossless) })
	}
}

// globalName writes "module.name". Where that could be split in two ways it is
// "module:dotted.name", and where even that could, a pair.
func (w *writer) globalName(g *global) {
	switch {
	case strings.Contains(g.module, ":"):
		w.array([]any{g.module, g.name}, w.lossless)
	case strings.ContainsAny(g.name, ".:"):
		w.text(g.module + ":" + g.name)
	default:
		w.text(g.module + "." + g.name)
	}
}
