package pickle

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strings"

	"kstream/serde/value"
)

// What NumPy and pandas write are calls that put values together from bytes. In plain
// JSON they are what they mean: numbers, times and lists. Lossless JSON has the calls, as
// of every object.

// meant is the result of meaning.
type meant struct {
	v  any
	ok bool
}

// meaning returns what stands for o in plain JSON, in the types that a pickle has, or a
// value.Float of another width. It knows the calls exactly as they are written; anything
// else stays an object, and so does what would stand for itself. What takes time is done
// once, as a few bytes can refer to the same object many times.
func (o *object) meaning() (v any, ok bool) {
	if g, isGlobal := o.class.(*global); isGlobal {
		switch top, _, _ := strings.Cut(g.module, "."); top {
		case "numpy", "pandas", "pytz":
		default:
			return nil, false
		}
	}
	if o.meant == nil {
		o.meant = &meant{}
		v, ok := o.interpret()
		*o.meant = meant{v, ok}
	}
	return o.meant.v, o.meant.ok
}

func (o *object) interpret() (v any, ok bool) {
	if v, ok := o.tabular(); ok {
		return v, true
	}
	if o.how != call || o.kwargs != nil || o.items != nil || o.entries != nil {
		return nil, false
	}
	args, ok := o.arguments()
	if !ok {
		return nil, false
	}
	name := ""
	if g, isGlobal := o.class.(*global); isGlobal {
		name = strings.Replace(className(g), "numpy._core.", "numpy.core.", 1)
	} else if name, ok = attribute(o.class); !ok {
		return nil, false
	}
	switch name {
	case "numpy.core.multiarray._reconstruct":
		return o.array()
	case "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked":
		return o.backed(args)
	}
	if o.states != nil {
		return nil, false
	}
	switch name {
	case "numpy.core.multiarray.scalar":
		return scalarOf(args)
	case "numpy.core.numeric._frombuffer":
		return fromBuffer(args)
	case "pandas._libs.tslibs.timestamps._unpickle_timestamp":
		return pandasTime(args)
	case "pandas._libs.tslibs.timedeltas._timedelta_unpickle":
		return pandasDelta(args)
	case "pandas._libs.tslibs.nattype._nat_unpickle", "pandas._libs.tslibs.nattype.__nat_unpickle":
		return nil, true
	case "pandas.core.indexes.base._new_Index", "pandas.core.indexes.datetimes._new_DatetimeIndex":
		return indexOf(args)
	}
	zone, ok := zoneName(o)
	return zone, ok
}

// zoneName returns the name of a zone of zoneinfo or pytz.
func zoneName(v any) (name string, ok bool) {
	o, isObject := v.(*object)
	if !isObject || o.how != call || !o.untouched() {
		return "", false
	}
	args, _ := o.arguments()
	class, isAttribute := attribute(o.class)
	switch {
	case isGlobal(o.class, "pytz", "_UTC") && len(args) == 0:
		return "UTC", true
	case isGlobal(o.class, "pytz", "_p") && len(args) > 0, isAttribute && class == "zoneinfo.ZoneInfo._unpickle" && len(args) == 2:
		name, ok = args[0].(string)
		return name, ok
	}
	return "", false
}

// element is how a NumPy type lies in memory.
type element struct {
	kind  byte // of numpy.dtype.kind, O for objects
	size  int
	order binary.ByteOrder
	unit  string // of times
}

// elementOf reads numpy.dtype("f8", False, True) and its state, which has the order of
// bytes, and the unit of times at its end.
func elementOf(v any) (e element, ok bool) {
	o, isObject := v.(*object)
	if !isObject || !isGlobal(o.class, "numpy", "dtype") || o.how != call || len(o.states) > 1 {
		return e, false
	}
	args, _ := o.arguments()
	if len(args) == 0 {
		return e, false
	}
	code, _ := args[0].(string)
	if len(code) < 2 || digits(code[1:]) != len(code)-1 || len(code) > 8 {
		return e, false
	}
	e.kind, e.order = code[0], binary.LittleEndian
	for _, c := range code[1:] {
		e.size = 10*e.size + int(c-'0')
	}
	if len(o.states) == 0 {
		return e, true
	}
	state, isNode := o.states[0].(*node)
	if !isNode || state.kind != tuple || len(state.items) < 2 {
		return e, false
	}
	if state.items[1] == any(">") {
		e.order = binary.BigEndian
	}
	if (e.kind == 'U' || e.kind == 'S' || e.kind == 'V') && len(state.items) > 5 {
		if size, isInt := state.items[5].(int64); isInt && size > 0 && size <= math.MaxInt32 {
			e.size = int(size) // in bytes
		}
	}
	e.unit = unitOf(state.items[len(state.items)-1])
	return e, true
}

// unitOf reads the end of a state, ({}, (b"ns", 1, 1, 1)).
func unitOf(v any) string {
	outer, ok := v.(*node)
	if !ok || outer.kind != tuple || len(outer.items) != 2 {
		return ""
	}
	inner, ok := outer.items[1].(*node)
	if !ok || inner.kind != tuple || len(inner.items) != 4 || inner.items[1] != any(int64(1)) {
		return ""
	}
	unit, _ := bytesIn(inner.items[0])
	return unit
}

// bytesIn returns bytes however a protocol writes them.
func bytesIn(v any) (string, bool) {
	switch t := v.(type) {
	case octets:
		return string(t), true
	case *node:
		if t.kind == bytearray {
			b, ok := t.items[0].(octets)
			return string(b), ok
		}
	case *object:
		if s := t.view(); s.sort == someBytes || s.sort == aBytearray {
			return string(s.octets), true
		}
	}
	return "", false
}

func scalarOf(args []any) (any, bool) {
	if len(args) != 2 {
		return nil, false
	}
	e, ok := elementOf(args[0])
	data, isBytes := bytesIn(args[1])
	if !ok || !isBytes || len(data) != e.size {
		return nil, false
	}
	return e.read(data)
}

// array reads an array of the call _reconstruct, whose state is (1, shape, dtype,
// whether it is in Fortran's order, bytes or a list of objects).
func (o *object) array() (any, bool) {
	if len(o.states) != 1 {
		return nil, false
	}
	state, ok := o.states[0].(*node)
	if !ok || state.kind != tuple || len(state.items) != 5 {
		return nil, false
	}
	e, ok := elementOf(state.items[2])
	fortran, isBool := state.items[3].(bool)
	if !ok || !isBool {
		return nil, false
	}
	return e.shaped(state.items[1], fortran, state.items[4])
}

// fromBuffer reads an array of protocol 5: (bytes, dtype, shape, "C" or "F").
func fromBuffer(args []any) (any, bool) {
	if len(args) != 4 {
		return nil, false
	}
	e, ok := elementOf(args[1])
	if !ok || args[3] != any("C") && args[3] != any("F") {
		return nil, false
	}
	return e.shaped(args[2], args[3] == any("F"), args[0])
}

// shaped returns lists in lists, or the one value of an array without dimensions.
func (e element) shaped(shape any, fortran bool, data any) (any, bool) {
	dims, ok := shape.(*node)
	if !ok || dims.kind != tuple || len(dims.items) > 32 {
		return nil, false
	}
	flat, ok := e.flat(data)
	if !ok {
		return nil, false
	}
	if len(flat) == 0 && slices.Contains(dims.items, any(int64(0))) {
		return &node{kind: list}, true
	}
	sizes := make([]int, len(dims.items))
	total := 1
	for i, d := range dims.items {
		n, isInt := d.(int64)
		if !isInt || n < 0 || n > int64(len(flat)) {
			return nil, false
		}
		sizes[i] = int(n)
		if total *= sizes[i]; total > len(flat) {
			return nil, false
		}
	}
	switch {
	case total != len(flat):
		return nil, false
	}
	strides := make([]int, len(sizes))
	for i, step := 0, 1; i < len(sizes); i++ {
		at := len(sizes) - 1 - i
		if fortran {
			at = i
		}
		strides[at] = step
		step *= sizes[at]
	}
	return nest(flat, sizes, strides, 0), true
}

func nest(flat []any, sizes, strides []int, at int) any {
	if len(sizes) == 0 {
		return flat[at]
	}
	out := &node{kind: list, items: make([]any, sizes[0])}
	for i := range out.items {
		out.items[i] = nest(flat, sizes[1:], strides[1:], at+i*strides[0])
	}
	return out
}

func (e element) flat(data any) ([]any, bool) {
	if l, ok := data.(*node); ok && l.kind == list {
		return l.items, true // objects
	}
	raw, ok := bytesIn(data)
	if !ok || e.size == 0 || len(raw)%e.size != 0 {
		return nil, false
	}
	out := make([]any, 0, len(raw)/e.size)
	for ; len(raw) > 0; raw = raw[e.size:] {
		v, ok := e.read(raw[:e.size])
		if !ok {
			return nil, false
		}
		out = append(out, v)
	}
	return out, true
}

// read returns one value of the type.
func (e element) read(raw string) (any, bool) {
	b := []byte(raw)
	switch e.kind {
	case 'b':
		return b[0] != 0, e.size == 1
	case 'i', 'u', 'M', 'm':
		n, ok := e.integer(b)
		switch {
		case !ok || e.kind == 'u':
			return n, ok
		case e.kind == 'M':
			return calendar(n.(int64), e.unit)
		case e.kind == 'm':
			return elapsed(n.(int64), e.unit)
		}
		return n, ok
	case 'f':
		return e.float(b)
	case 'c':
		half := element{kind: 'f', size: e.size / 2, order: e.order}
		re, ok := half.float(b[:e.size/2])
		im, _ := half.float(b[e.size/2:])
		return &node{kind: list, items: []any{re, im}}, ok
	case 'S':
		return octets(strings.TrimRight(raw, "\x00")), true
	case 'U':
		var text strings.Builder
		for ; len(b) >= 4; b = b[4:] {
			text.WriteRune(rune(e.order.Uint32(b)))
		}
		return strings.TrimRight(text.String(), "\x00"), e.size%4 == 0
	}
	return nil, false
}

func (e element) integer(b []byte) (any, bool) {
	var u uint64
	switch e.size {
	case 1:
		u = uint64(b[0])
	case 2:
		u = uint64(e.order.Uint16(b))
	case 4:
		u = uint64(e.order.Uint32(b))
	case 8:
		u = e.order.Uint64(b)
	default:
		return nil, false
	}
	if e.kind == 'u' {
		if u > math.MaxInt64 {
			return new(big.Int).SetUint64(u), true
		}
		return int64(u), true
	}
	shift := 64 - 8*e.size
	return int64(u<<shift) >> shift, true
}

func (e element) float(b []byte) (any, bool) {
	switch e.size {
	case 2:
		return value.Float16(e.order.Uint16(b)), true
	case 4:
		return value.Float32(e.order.Uint32(b)), true
	case 8:
		return math.Float64frombits(e.order.Uint64(b)), true
	}
	return nil, false
}
