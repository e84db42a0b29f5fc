package pickle

import (
	"fmt"

	"kstream/serde"
	"kstream/serde/value"
)

// Model returns v in the types of package value, for what has to look into a value or
// write it in another format. It is to v what plain JSON is: tuples and sets are lists,
// objects are maps with py/class, shared containers are repeated, and what a cycle leads
// back to is "<cycle>". It fails with serde.ErrTooBig or serde.ErrTooDeep beyond the
// limits of the serde.
func (v *Value) Model() (value.V, error) {
	m := modeller{depth: v.limits.Depth, items: v.limits.Items, bytes: v.limits.Output}
	out := m.model(v.root)
	return out, m.err
}

// modeller builds values until err is set.
type modeller struct {
	depth, items, bytes int // left
	open                map[any]struct{}
	err                 error
}

func (m *modeller) model(v any) value.V {
	if m.items--; m.items < 0 && m.err == nil {
		m.err = fmt.Errorf("too many values: %w", serde.ErrTooBig)
	}
	if m.err != nil {
		return nil
	}
	switch t := v.(type) {
	case float64:
		return value.Float{F: t, Bits: 64}
	case surrogates:
		return value.WTF8(t)
	case octets:
		return m.octets(t)
	case *node:
		return m.container(t, t.flags, func() value.V { return m.node(t) })
	case *object:
		return m.container(t, t.flags, func() value.V { return m.object(t) })
	case *persistent:
		return m.container(t, 0, func() value.V {
			return &value.Map{Fields: []value.Field{{Key: "py/persid", Value: m.model(t.id)}}}
		})
	case *global, extension, buffer:
		text, _ := opaqueText(t)
		m.charge(len(text))
		return text
	}
	return v // None, bool, int, str are the same in both
}

// octets copies bytes: those of the model can be changed.
func (m *modeller) octets(b octets) value.V {
	if m.charge(len(b)); m.err != nil {
		return nil
	}
	return value.Bytes(b)
}

// charge counts bytes that are not shared with the pickle.
func (m *modeller) charge(n int) {
	if m.bytes -= n; m.bytes < 0 && m.err == nil {
		m.err = fmt.Errorf("too many bytes: %w", serde.ErrTooBig)
	}
}

func (m *modeller) container(c any, f flags, build func() value.V) value.V {
	if m.depth == 0 {
		m.err = serde.ErrTooDeep
		return nil
	}
	if f&multiple != 0 {
		if _, ok := m.open[c]; ok {
			return cycle
		}
		if m.open == nil {
			m.open = make(map[any]struct{})
		}
		m.open[c] = struct{}{}
		defer delete(m.open, c)
	}
	m.depth--
	defer func() { m.depth++ }()
	return build()
}

func (m *modeller) node(t *node) value.V {
	switch t.kind {
	case dict:
		return m.dict(t.items)
	case bytearray:
		return m.octets(t.items[0].(octets))
	}
	return m.list(t.items)
}

func (m *modeller) list(items []any) value.List {
	out := make(value.List, 0, min(len(items), 1024))
	for _, v := range items {
		out = append(out, m.model(v))
		if m.err != nil {
			break
		}
	}
	return out
}

func (m *modeller) dict(items []any) value.V {
	out := &value.Map{}
	for i := 0; i+1 < len(items) && m.err == nil; i += 2 {
		key, ok := items[i].(string)
		if !ok {
			return m.pairs(items)
		}
		out.Fields = append(out.Fields, value.Field{Key: key, Value: m.model(items[i+1])})
	}
	return out
}

func (m *modeller) pairs(items []any) value.V {
	out := &value.Pairs{}
	for i := 0; i+1 < len(items) && m.err == nil; i += 2 {
		*out = append(*out, value.Pair{Key: m.model(items[i]), Value: m.model(items[i+1])})
	}
	return out
}

// object returns the value of an object, in a type of the model if there is one for it.
func (m *modeller) object(o *object) value.V {
	v := o.view()
	switch v.sort {
	case aSet, aFrozenset:
		return m.list(v.items)
	case someBytes, aBytearray:
		return m.octets(v.octets)
	case aComplex:
		return m.list(v.parts[:])
	case anOrderedDict:
		return m.dict(o.entries)
	case aTimedelta:
		return value.Number(appendSeconds(nil, v.delta))
	case aUUID:
		if u, err := value.ParseUUID(v.text); err == nil {
			return u
		}
	case aDate:
		if d, err := value.ParseDate(v.text); err == nil {
			return d
		}
	case aDecimal:
		// A decimal that the model would spell in another way stays the text it is.
		if d, err := value.ParseDecimal(v.text); err == nil && string(value.AppendDecimal(nil, d)) == v.text {
			return d
		}
		return v.text
	case aDatetime:
		if v.zone == nil {
			return value.Tagged{Tag: "datetime", V: v.text, Plain: v.text}
		}
		if text, ok := zoned(v); ok {
			return text
		}
	case aTime:
		if v.zone == nil {
			return v.text
		}
		if text, ok := zoned(v); ok {
			return text
		}
	case other:
		if v, ok := o.meaning(); ok {
			return m.model(v)
		}
		if text, ok := opaqueText(o); ok {
			return text
		}
	}
	return m.record(o, v)
}

// record returns the form of plainRecord.
func (m *modeller) record(o *object, v view) value.V {
	class := o.class
	args, ok := o.arguments()
	switch {
	case v.zone != nil:
		args = []any{v.text, v.zone}
	case o.how == call && ok && reconstructs(class, args):
		class, args = args[0], nil
	case !ok && o.args != nil:
		args = []any{o.args}
	}
	out := &value.Map{}
	add := func(key string, v value.V) {
		out.Fields = append(out.Fields, value.Field{Key: key, Value: v})
	}
	if g, ok := class.(*global); ok {
		name := className(g)
		m.charge(len(name))
		add("py/class", name)
	} else if name, ok := attribute(class); ok {
		add("py/class", name)
	} else {
		add("py/class", m.model(class))
	}
	if len(args) > 0 {
		add("args", m.list(args))
	}
	if k, ok := o.kwargs.(*node); ok && len(k.items) > 0 {
		add("kwargs", m.model(k))
	}
	if fields, ok := plainFields(o.states); ok {
		for i := 0; i < len(fields); i += 2 {
			add(fields[i].(string), m.model(fields[i+1]))
		}
	} else if len(o.states) == 1 {
		add("state", m.model(o.states[0]))
	} else {
		add("state", m.list(o.states))
	}
	if o.items != nil {
		add("items", m.list(o.items))
	}
	if o.entries != nil {
		add("entries", m.dict(o.entries))
	}
	return out
}
