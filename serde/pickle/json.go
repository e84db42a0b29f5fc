package pickle

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"strings"

	"kstream/serde"
	"kstream/serde/value"
)

// Value is what a pickle holds. It keeps what the shared model cannot: which containers
// are one and the same, cycles, and the calls that loading would have made.
type Value struct {
	root   any
	limits serde.Limits
}

// AppendJSON appends v as compact JSON on one line. Lossless JSON is read back by
// Encode into a pickle that loads as an equal value; plain JSON shows the same to people
// and jq. It fails, and returns dst as it was, when the JSON would be nested more deeply
// or grow longer than o, or else the limits of the serde, allow: 131 bytes of pickle can
// stand for 2^64 values. The error then wraps serde.ErrTooDeep or serde.ErrTooBig.
func (v *Value) AppendJSON(dst []byte, o value.JSONOptions) ([]byte, error) {
	w := writer{out: dst, o: o, depth: v.limits.Depth, limit: v.limits.Output}
	if o.Depth > 0 {
		w.depth = o.Depth
	}
	if o.Bytes > 0 {
		w.limit = o.Bytes
	}
	w.limit += len(dst)
	if o.Mode == value.Lossless {
		w.lossless(v.root)
	} else {
		w.plain(v.root)
	}
	if w.room(0); w.err != nil {
		return dst, w.err
	}
	return w.out, nil
}

// writer appends to out until err is set.
type writer struct {
	out   []byte
	o     value.JSONOptions
	depth int // left
	limit int // of len(out)
	err   error

	ids  map[any]int      // $id of containers already written
	open map[any]struct{} // shared containers being written
	keys map[string]struct{}
}

// room fails when n more bytes would be too many.
func (w *writer) room(n int) bool {
	if w.err == nil && n > w.limit-len(w.out) {
		w.err = serde.ErrTooBig
	}
	return w.err == nil
}

// enter opens an array or object; leave closes it.
func (w *writer) enter(opening string) bool {
	if !w.room(len(opening)) {
		return false
	}
	if w.depth == 0 {
		w.err = serde.ErrTooDeep
		return false
	}
	w.depth--
	w.out = append(w.out, opening...)
	return true
}

func (w *writer) leave(closing byte) {
	w.depth++
	w.out = append(w.out, closing)
}

// array writes a list of values by means of one.
func (w *writer) array(items []any, one func(any)) {
	if !w.enter("[") {
		return
	}
	for i, v := range items {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if one(v); !w.room(0) {
			return
		}
	}
	w.leave(']')
}

// pairs writes keys and values as [[key,value],…].
func (w *writer) pairs(items []any, one func(any)) {
	if !w.enter("[") {
		return
	}
	for i := 0; i+1 < len(items); i += 2 {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if w.array(items[i:i+2], one); w.err != nil {
			return
		}
	}
	w.leave(']')
}

// object writes fields whose names are distinct text.
func (w *writer) object(items []any, one func(any)) {
	if !w.enter("{") {
		return
	}
	for i := 0; i+1 < len(items); i += 2 {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.text(items[i].(string))
		w.out = append(w.out, ':')
		if one(items[i+1]); !w.room(0) {
			return
		}
	}
	w.leave('}')
}

func (w *writer) text(s string) {
	if w.room(len(s)) {
		w.out = value.AppendString(w.out, s)
	}
}

func (w *writer) base64(b octets) {
	if !w.room(base64.StdEncoding.EncodedLen(len(b))) {
		return
	}
	w.out = append(w.out, '"')
	w.out = base64.StdEncoding.AppendEncode(w.out, []byte(b))
	w.out = append(w.out, '"')
}

func (w *writer) name(s string) { w.out = append(w.out, s...) }

// scalar writes what looks the same in both modes; ok is false for anything else.
func (w *writer) scalar(v any) (ok bool) {
	switch t := v.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case bool:
		w.out = strconv.AppendBool(w.out, t)
	case string:
		w.text(t)
	case int64:
		if w.o.Ints == value.IntStrings {
			w.model(t)
			break
		}
		w.out = strconv.AppendInt(w.out, t, 10)
	case *big.Int:
		w.model(t)
	case float64:
		if math.IsNaN(t) || math.IsInf(t, 0) {
			w.model(value.Float{F: t, Bits: 64})
			break
		}
		w.out = value.AppendFloat(w.out, value.Float{F: t, Bits: 64})
	case surrogates:
		w.model(value.WTF8(t))
	case value.Float: // of NumPy, in plain JSON
		w.model(t)
	default:
		return false
	}
	return true
}

// model writes what the shared model has a type for.
func (w *writer) model(v value.V) {
	o := w.o
	o.Bytes = max(w.limit-len(w.out), 1)
	out, err := value.AppendJSON(w.out, v, o)
	if err != nil {
		w.err = err
		return
	}
	w.out = out
}

// distinct reports whether the keys are all text, do not start with prefix, and differ. It
// fails when they are longer together than what may still be written.
func (w *writer) distinct(items []any, prefix string) bool {
	n := len(items) / 2
	size := 0
	for i := range n {
		s, ok := items[2*i].(string)
		if !ok || prefix != "" && strings.HasPrefix(s, prefix) {
			return false
		}
		size += len(s)
	}
	if !w.room(size) {
		return false
	}
	if n <= 8 {
		for i := range n {
			for j := range i {
				if items[2*i].(string) == items[2*j].(string) {
					return false
				}
			}
		}
		return true
	}
	if w.keys == nil || len(w.keys) > 1024 { // clearing costs what was once in it
		w.keys = make(map[string]struct{}, n)
	}
	clear(w.keys)
	for i := range n {
		w.keys[items[2*i].(string)] = struct{}{}
	}
	return len(w.keys) == n
}
