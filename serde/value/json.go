package value

import (
	"math/big"
	"strconv"
)

// Mode says how much of a value its JSON keeps.
type Mode uint8

const (
	// Plain is for people and jq: bytes are base64 text, NaN is "NaN", tags are gone.
	Plain Mode = iota
	// Lossless can be read back into an equal value: {"$bytes":"…"}, {"$float":"nan"}.
	// Maps whose keys are not all text, or start with $, are {"$dict":[[k,v],…]}, so no
	// data can look like a tag.
	Lossless
)

func (m Mode) String() string {
	if m == Lossless {
		return "lossless"
	}
	return "plain"
}

// Ints says how integers are written.
type Ints uint8

// The ways to write integers in JSON.
const (
	IntNumbers Ints = iota // always digits
	IntStrings             // text when beyond ±(2^53-1), what JavaScript can hold
)

// JSONOptions say how AppendJSON writes. The zero value is plain JSON with the default
// bounds.
type JSONOptions struct {
	Mode Mode
	Ints Ints
	// Surrogates keeps lone surrogates as \udXXX escapes in plain JSON; else they become
	// U+FFFD, which every reader takes.
	Surrogates bool
	Depth      int // of nesting; 0 means DefaultDepth
	Bytes      int // that one value may become; 0 means DefaultOutput
}

// DefaultOutput bounds the JSON of one value where nothing else is said: 131 bytes of
// a format with references can stand for 2^64 leaves.
const DefaultOutput = 64 << 20

// maxDecimalBits is the longest integer that is written in decimal; the cost of that
// grows faster than the length. Longer ones are {"$int":"<hexadecimal>"}.
const maxDecimalBits = 131072

// JSONAppender is a value of one format that has more in it than the types that the
// package comment lists, such as references, and writes itself.
type JSONAppender interface {
	AppendJSON(dst []byte, o JSONOptions) ([]byte, error)
}

// AppendJSON appends v as compact JSON on one line: fields in their order, numbers as
// they were written. A JSONAppender writes itself. It fails with ErrTooDeep or ErrTooBig, or when v holds what the
// package comment does not list, and then returns dst as it was.
func AppendJSON(dst []byte, v V, o JSONOptions) ([]byte, error) {
	w := writer{out: dst, o: o, depth: depthOr(o.Depth), limit: o.Bytes}
	if w.limit <= 0 {
		w.limit = DefaultOutput
	}
	w.limit += len(dst)
	w.value(v)
	if w.err == nil && len(w.out) > w.limit {
		w.err = ErrTooBig
	}
	if w.err != nil {
		return dst, w.err
	}
	return w.out, nil
}

// writer appends to out until err is set.
type writer struct {
	out   []byte
	o     JSONOptions
	depth int // left
	limit int // of len(out)
	err   error
}

func (w *writer) value(v V) {
	if w.err != nil {
		return
	}
	switch t := v.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case bool:
		w.out = strconv.AppendBool(w.out, t)
	case int64:
		w.int(t)
	case *big.Int:
		w.bigInt(t)
	case Number:
		w.number(t)
	case Float:
		w.float(t)
	case string:
		w.text(t)
	case WTF8:
		w.wtf8(t)
	case Bytes:
		w.bytes(t)
	case List:
		w.list(t)
	case *Map:
		w.object(t)
	case *Pairs:
		w.pairs(*t)
	case Tagged:
		w.tagged(t)
	default:
		w.special(v)
	}
}

// room fails when n more bytes would be too many.
func (w *writer) room(n int) bool {
	if w.err == nil && n > w.limit-len(w.out) {
		w.err = ErrTooBig
	}
	return w.err == nil
}

// enter opens a container; leave closes it.
func (w *writer) enter(opening byte) bool {
	if !w.room(2) {
		return false
	}
	if w.depth == 0 {
		w.err = ErrTooDeep
		return false
	}
	w.depth--
	w.out = append(w.out, opening)
	return true
}

func (w *writer) leave(closing byte) {
	w.depth++
	w.out = append(w.out, closing)
}

func (w *writer) comma(i int) {
	if i > 0 {
		w.out = append(w.out, ',')
	}
}
