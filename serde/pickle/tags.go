package pickle

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"kstream/serde/value"
)

// tag builds what an object of lossless JSON stands for whose first key starts with $.
func (b *builder) tag(fields []value.Field) (any, error) {
	name := fields[0].Key
	v, err := b.known(fields)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

func (b *builder) known(fields []value.Field) (any, error) {
	name, v := fields[0].Key, fields[0].Value
	switch name {
	case "$id":
		return b.identified(fields)
	case "$object":
		return b.object(fields, nil)
	case "$buffer":
		return bufferOf(fields)
	}
	if len(fields) > 1 {
		return nil, fmt.Errorf("has no field %q", brief(fields[1].Key))
	}
	switch name {
	case "$ref":
		return b.reference(v)
	case "$list", "$tuple", "$dict", "$set", "$frozenset", "$bytearray", "$odict":
		return b.container(name, v, nil)
	case "$persid":
		id, err := b.build(v)
		return &persistent{id}, err
	case "$ext":
		code, err := value.AsInt64(v, 1, 1<<31-1)
		return extension(code), err
	case "$global":
		return globalOf(v)
	case "$complex":
		parts, err := b.elements(v, 2)
		for i, p := range parts {
			if n, ok := p.(int64); ok { // a JSON tool may drop the point of 1.0
				parts[i] = float64(n)
			} else if err == nil && !isFloat(p) {
				err = errors.New("want two floats")
			}
		}
		return callOf("builtins", "complex", parts...), err
	case "$timedelta":
		parts, err := b.elements(v, 3)
		if err != nil {
			return nil, err
		}
		if _, ok := timedelta(parts); !ok {
			return nil, errors.New("want days, seconds and microseconds")
		}
		return callOf("datetime", "timedelta", parts...), nil
	case "$bytes", "$hex":
		data, err := value.AsBytes(taggedBytes(name, v))
		return octets(data), err
	case "$uuid":
		u, err := value.AsUUID(v)
		return uuidOf(u), err
	case "$timestamp", "$localtimestamp":
		t, err := value.AsTime(v, 6, name == "$localtimestamp")
		if err != nil {
			return nil, err
		}
		return datetimeOf(t)
	}
	s, ok := v.(string)
	if !ok {
		if _, known := fromText(name, ""); known {
			return nil, fmt.Errorf("want text, have %s", value.TypeName(v))
		}
	}
	read, known := fromText(name, s)
	if !known {
		return nil, errors.New(`no such tag; dicts with such keys are {"$dict":[[key,value],…]}`)
	}
	return read()
}

// fromText returns what reads the text of a tag.
func fromText(name, s string) (read func() (any, error), known bool) {
	switch name {
	case "$str":
		return func() (any, error) {
			data, err := value.AsBytes(s)
			if err != nil {
				return nil, err
			}
			return text(string(data))
		}, true
	case "$int":
		return func() (any, error) {
			n, ok := new(big.Int).SetString(s, 16)
			if !ok {
				return nil, errors.New("want hexadecimal digits")
			}
			return narrow(n), nil
		}, true
	case "$float":
		return func() (any, error) {
			f, err := value.AsTaggedFloat(s, 64)
			return f.F, err
		}, true
	case "$decimal":
		return func() (any, error) {
			if !isDecimal(s) {
				return nil, errors.New("not a decimal number")
			}
			return callOf("decimal", "Decimal", s), nil
		}, true
	case "$datetime", "$date", "$time":
		return func() (any, error) { return parseTime(name[1:], s) }, true
	}
	return nil, false
}

// taggedBytes returns the form in which value.AsBytes tells base64 from hexadecimal.
func taggedBytes(name string, v value.V) value.V {
	if name == "$hex" {
		return value.Tagged{Tag: "hex", V: v}
	}
	return v
}

func brief(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	return s
}

// elements builds an array of n.
func (b *builder) elements(v value.V, n int) ([]any, error) {
	l, ok := v.(value.List)
	if !ok || len(l) != n {
		return nil, fmt.Errorf("want an array of %d", n)
	}
	t := &node{kind: tuple}
	err := b.fill(t, l)
	return t.items, err
}

// identified builds {"$id":n,"$tag":…}. The container is known under its id before what
// it holds is built, so that this can refer to it.
func (b *builder) identified(fields []value.Field) (any, error) {
	id, err := value.AsInt64(fields[0].Value, 0, 1<<62)
	if err != nil {
		return nil, err
	}
	if _, taken := b.ids[id]; taken {
		return nil, fmt.Errorf("%d is given twice", id)
	}
	if len(fields) < 2 {
		return nil, errors.New("nothing has this id")
	}
	if b.ids == nil {
		b.ids = make(map[int64]any)
	}
	register := func(container any) { b.ids[id] = container }
	name := fields[1].Key
	if name == "$object" {
		return b.object(fields[1:], register)
	}
	if len(fields) > 2 {
		return nil, fmt.Errorf("has no field %q", brief(fields[2].Key))
	}
	return b.container(name, fields[1].Value, register)
}

// reference returns the container with an id.
func (b *builder) reference(v value.V) (any, error) {
	id, err := value.AsInt64(v, 0, 1<<62)
	if err != nil {
		return nil, err
	}
	switch t := b.ids[id].(type) {
	case *node:
		t.flags |= multiple | identified
		return t, nil
	case *object:
		t.flags |= multiple | identified
		return t, nil
	}
	return nil, fmt.Errorf("nothing before has the id %d", id)
}

// container builds what can have a $id.
func (b *builder) container(name string, v value.V, register func(any)) (any, error) {
	n := &node{}
	switch name {
	case "$list":
	case "$tuple":
		n.kind = tuple
	case "$set":
		n.kind = set
	case "$frozenset":
		n.kind = frozenset
	case "$bytearray":
		data, err := value.AsBytes(v)
		n.kind, n.items = bytearray, []any{octets(data)}
		if register != nil {
			register(n)
		}
		return n, err
	case "$dict":
		n.kind = dict
	case "$odict":
		o := callOf("collections", "OrderedDict")
		if register != nil {
			register(o)
		}
		var err error
		o.entries, err = b.entries(v)
		return o, err
	default:
		return nil, fmt.Errorf("%q cannot have an id", brief(name))
	}
	if register != nil {
		register(n)
	}
	if n.kind == dict {
		var err error
		n.items, err = b.entries(v)
		return n, err
	}
	l, ok := v.(value.List)
	if !ok {
		return nil, fmt.Errorf("want an array, have %s", value.TypeName(v))
	}
	return n, b.fill(n, l)
}

// object builds a recorded object.
func (b *builder) object(fields []value.Field, register func(any)) (any, error) {
	o := &object{}
	if register != nil {
		register(o)
	}
	var err error
	switch class := fields[0].Value.(type) {
	case string:
		o.class, err = globalOf(class)
	case value.List:
		o.class, err = globalOf(class)
	default:
		o.class, err = b.build(class)
	}
	if err != nil {
		return nil, err
	}
	for _, f := range fields[1:] {
		if err := b.part(o, f.Key, f.Value); err != nil {
			return nil, fmt.Errorf("%s: %w", brief(f.Key), err)
		}
	}
	if o.args == nil && o.how != bare {
		o.args = &node{kind: tuple}
	}
	return o, nil
}

// part builds one field of a recorded object.
func (b *builder) part(o *object, name string, v value.V) (err error) {
	switch name {
	case "how":
		for _, h := range []how{call, made, inst, bare} {
			if v == any(h.String()) {
				o.how = h
				return nil
			}
		}
		return errors.New(`want "call", "new", "inst" or "bare"`)
	case "args":
		if l, ok := v.(value.List); ok {
			t := &node{kind: tuple}
			o.args = t
			if err := b.fill(t, l); err != nil {
				return err
			}
			o.see()
			return nil
		}
		o.args, err = b.build(v)
	case "kwargs":
		o.kwargs, err = b.build(v)
		if k, ok := o.kwargs.(*node); err == nil && (!ok || k.kind != dict) {
			err = errors.New("want an object")
		}
	case "state":
		o.states = make([]any, 1)
		o.states[0], err = b.build(v)
	case "states", "items":
		l, ok := v.(value.List)
		if !ok {
			return fmt.Errorf("want an array, have %s", value.TypeName(v))
		}
		n := &node{}
		err = b.fill(n, l)
		if name == "items" {
			o.items = n.items
		} else {
			o.states = n.items
		}
	case "entries":
		o.entries, err = b.entries(v)
	default:
		return errors.New("no such part of an object")
	}
	return err
}

// globalOf reads the forms that writer.globalName writes.
func globalOf(v value.V) (any, error) {
	switch t := v.(type) {
	case string:
		if module, name, ok := strings.Cut(t, ":"); ok {
			return &global{module, name}, nil
		}
		if i := strings.LastIndexByte(t, '.'); i >= 0 {
			return &global{t[:i], t[i+1:]}, nil
		}
	case value.List:
		if len(t) == 2 {
			module, ok1 := t[0].(string)
			name, ok2 := t[1].(string)
			if ok1 && ok2 {
				return &global{module, name}, nil
			}
		}
	}
	return nil, errors.New(`want "module.name" or "module:nested.name"`)
}

func bufferOf(fields []value.Field) (any, error) {
	i, err := value.AsInt64(fields[0].Value, 0, 1<<31-1)
	if err != nil {
		return nil, err
	}
	out := buffer{index: int(i)}
	for _, f := range fields[1:] {
		readonly, ok := f.Value.(bool)
		if f.Key != "readonly" || !ok {
			return nil, fmt.Errorf("has no field %q", brief(f.Key))
		}
		out.readonly = readonly
	}
	return out, nil
}
