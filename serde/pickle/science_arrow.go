package pickle

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// arrowType returns how an array of Arrow lies in memory, by the alias of its type. Texts
// have the kind U and as many bytes of an offset as size.
func arrowType(v any) (e element, ok bool) {
	o, isObject := v.(*object)
	if !isObject || !isGlobal(o.class, "pyarrow.lib", "type_for_alias") || !o.untouched() {
		return e, false
	}
	args, _ := o.arguments()
	if len(args) != 1 {
		return e, false
	}
	name, _ := args[0].(string)
	types := map[string]element{
		"string": {kind: 'U', size: 4}, "large_string": {kind: 'U', size: 8}, "bool": {kind: 'b'},
		"int8": {kind: 'i', size: 1}, "int16": {kind: 'i', size: 2}, "int32": {kind: 'i', size: 4}, "int64": {kind: 'i', size: 8},
		"uint8": {kind: 'u', size: 1}, "uint16": {kind: 'u', size: 2}, "uint32": {kind: 'u', size: 4}, "uint64": {kind: 'u', size: 8},
		"halffloat": {kind: 'f', size: 2}, "float": {kind: 'f', size: 4}, "double": {kind: 'f', size: 8},
	}
	e, ok = types[name]
	e.order = binary.LittleEndian
	return e, ok
}

// arrowValues reads the call pyarrow.lib._restore_array((type, length, nulls, offset,
// buffers, children, dictionary)) of an array that is not nested.
func arrowValues(v any) (any, bool) {
	o, isObject := v.(*object)
	if !isObject || !isGlobal(o.class, "pyarrow.lib", "_restore_array") || !o.untouched() {
		return nil, false
	}
	args, _ := o.arguments()
	if len(args) != 1 {
		return nil, false
	}
	of := listed(args[0])
	if len(of) != 7 || of[6] != nil {
		return nil, false
	}
	e, ok := arrowType(of[0])
	length, ok1 := of[1].(int64)
	offset, ok2 := of[3].(int64)
	buffers, ok3 := arrowBuffers(of[4])
	if !ok || !ok1 || !ok2 || !ok3 || len(buffers) < 2 || length < 0 || length > maxCells || offset < 0 || offset > math.MaxInt32 {
		return nil, false
	}
	valid, data := buffers[0], buffers[1]
	from, end := int(offset), int(offset+length)
	if valid != "" && end > 8*len(valid) {
		return nil, false
	}
	at := func(i int) (any, bool) { return e.read(data[i*e.size : (i+1)*e.size]) }
	room := 8 * len(data)
	switch e.kind {
	case 'b':
		at = func(i int) (any, bool) { return bit(data, i), true }
	case 'U':
		if len(buffers) != 3 {
			return nil, false
		}
		room = len(data)/e.size - 1
		at = func(i int) (any, bool) { return e.slice(data[i*e.size:(i+2)*e.size], buffers[2]) }
	default:
		room = len(data) / e.size
	}
	if length > 0 && end > room {
		return nil, false
	}
	out := &node{kind: list, items: make([]any, length)}
	for i := from; i < end; i++ {
		if valid != "" && !bit(valid, i) {
			continue
		}
		if out.items[i-from], ok = at(i); !ok {
			return nil, false
		}
	}
	return out, true
}

// slice returns the text between two offsets.
func (e element) slice(offsets, text string) (any, bool) {
	from, ok := e.offset(offsets[:e.size])
	to, ok2 := e.offset(offsets[e.size:])
	if !ok || !ok2 || from < 0 || to < from || to > int64(len(text)) {
		return nil, false
	}
	return text[from:to], utf8.ValidString(text[from:to])
}

func (e element) offset(data string) (int64, bool) {
	v, _ := element{kind: 'i', size: e.size, order: e.order}.integer([]byte(data))
	n, ok := v.(int64)
	return n, ok
}

// bit returns bit i, the lowest of a byte first.
func bit(data string, i int) bool { return data[i/8]>>(i%8)&1 == 1 }

// arrowBuffers returns the content of buffers, "" for one that is not there.
func arrowBuffers(v any) ([]string, bool) {
	list := listed(v)
	out := make([]string, 0, len(list))
	for _, b := range list {
		if b == nil {
			out = append(out, "")
			continue
		}
		o, isObject := b.(*object)
		if !isObject || !isGlobal(o.class, "pyarrow.lib", "py_buffer") || !o.untouched() {
			return nil, false
		}
		args, _ := o.arguments()
		if len(args) != 1 {
			return nil, false
		}
		data, ok := bytesIn(args[0])
		if !ok {
			return nil, false
		}
		out = append(out, data)
	}
	return out, true
}
