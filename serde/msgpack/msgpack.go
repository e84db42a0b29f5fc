// Package msgpack reads and writes MessagePack.
//
// The walk over the bytes is our own, on the readers of tinylib/msgp: no count is
// believed beyond what the bytes left can hold, map keys may be of any type and keep
// their order, extensions of any number are kept, and nothing may follow the value.
//
// Integers are int64, beyond that *big.Int; the timestamp extension is a value.Time;
// another extension is the tag $ext with the bytes in "data"; a string that is not
// UTF-8, which old writers use for binary data, is value.Bytes.
package msgpack

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"kstream/serde"
	"kstream/serde/value"
)

const format = "msgpack"

// New makes the serde.
func New(_ serde.Spec, o serde.Options) (serde.Serde, error) {
	return &codec{limits: o.Limits.OrDefaults()}, nil
}

type codec struct{ limits serde.Limits }

func (*codec) Name() string { return format }

func (c *codec) Decode(_ context.Context, in serde.Input) (serde.Result, error) {
	w := walker{left: in.Data, depth: c.limits.Depth, items: min(len(in.Data), c.limits.Items)}
	v, err := w.value()
	if err == nil && len(w.left) > 0 {
		return serde.Result{}, serde.AfterValue(format, len(in.Data)-len(w.left), len(w.left))
	}
	if err != nil {
		if errors.Is(err, msgp.ErrShortBytes) {
			err = serde.ErrTruncated
		}
		return serde.Result{}, &serde.DecodeError{Format: format, Offset: len(in.Data) - len(w.left), Err: err}
	}
	r := serde.Result{Value: v, Format: format}
	if w.binary > 0 {
		r.Notes = []string{fmt.Sprintf("%d strings are not UTF-8 and shown as bytes", w.binary)}
	}
	return r, nil
}

// walker reads values from the front of left.
type walker struct {
	left   []byte
	depth  int // still allowed
	items  int // still allowed: each takes a byte at least
	binary int // strings that are no text
}

func (w *walker) value() (v value.V, err error) {
	switch kind := msgp.NextType(w.left); kind {
	case msgp.NilType:
		w.left = w.left[1:]
		return nil, nil
	case msgp.BoolType:
		return step(w, msgp.ReadBoolBytes)
	case msgp.IntType:
		return step(w, msgp.ReadInt64Bytes)
	case msgp.UintType:
		n, rest, err := msgp.ReadUint64Bytes(w.left)
		if err != nil {
			return nil, err
		}
		w.left = rest
		return serde.Unsigned(n), nil
	case msgp.Float32Type:
		f, rest, err := msgp.ReadFloat32Bytes(w.left)
		if err != nil {
			return nil, err
		}
		w.left = rest
		return value.Float32(math.Float32bits(f)), nil
	case msgp.Float64Type:
		f, rest, err := msgp.ReadFloat64Bytes(w.left)
		if err != nil {
			return nil, err
		}
		w.left = rest
		return value.Float{F: f, Bits: 64}, nil
	case msgp.StrType:
		return w.text()
	case msgp.BinType:
		b, rest, err := msgp.ReadBytesZC(w.left)
		if err != nil {
			return nil, err
		}
		w.left = rest
		return append(value.Bytes{}, b...), nil
	case msgp.ArrayType:
		return w.array()
	case msgp.MapType:
		return w.entries()
	case msgp.InvalidType:
		if len(w.left) == 0 {
			return nil, serde.ErrTruncated
		}
		return nil, fmt.Errorf("%02x begins no value", w.left[0])
	default: // extensions: msgp has names for some
		return w.extension()
	}
}

// step reads one value that needs no conversion.
func step[T any](w *walker, read func([]byte) (T, []byte, error)) (value.V, error) {
	v, rest, err := read(w.left)
	if err != nil {
		return nil, err
	}
	w.left = rest
	return v, nil
}

func (w *walker) text() (value.V, error) {
	b, rest, err := msgp.ReadStringZC(w.left)
	if err != nil {
		return nil, err
	}
	w.left = rest
	if !utf8.Valid(b) {
		w.binary++
		return append(value.Bytes{}, b...), nil
	}
	return string(b), nil
}

// open accounts for a container of n values: all that were announced must fit in the
// bytes that are left, so memory stays in proportion to the data.
func (w *walker) open(n uint64) error {
	if w.depth == 0 {
		return serde.ErrTooDeep
	}
	if n > uint64(len(w.left)) {
		return fmt.Errorf("%d values in %d bytes: %w", n, len(w.left), serde.ErrTruncated)
	}
	if n > uint64(w.items) {
		return fmt.Errorf("too many values: %w", serde.ErrTooBig)
	}
	w.items -= int(n)
	w.depth--
	return nil
}

func (w *walker) array() (value.V, error) {
	n, rest, err := msgp.ReadArrayHeaderBytes(w.left)
	if err != nil {
		return nil, err
	}
	w.left = rest
	if err := w.open(uint64(n)); err != nil {
		return nil, err
	}
	list := make(value.List, n)
	for i := range list {
		if list[i], err = w.value(); err != nil {
			return nil, err
		}
	}
	w.depth++
	return list, nil
}

func (w *walker) entries() (value.V, error) {
	n, rest, err := msgp.ReadMapHeaderBytes(w.left)
	if err != nil {
		return nil, err
	}
	w.left = rest
	if err := w.open(2 * uint64(n)); err != nil {
		return nil, err
	}
	pairs := make(value.Pairs, n)
	text := true
	for i := range pairs {
		if pairs[i].Key, err = w.value(); err != nil {
			return nil, err
		}
		if pairs[i].Value, err = w.value(); err != nil {
			return nil, err
		}
		_, isText := pairs[i].Key.(string)
		text = text && isText
	}
	w.depth++
	if !text {
		return &pairs, nil
	}
	m := &value.Map{Fields: make([]value.Field, n)}
	for i, p := range pairs {
		m.Fields[i] = value.Field{Key: p.Key.(string), Value: p.Value}
	}
	return m, nil
}

const timestampType = -1

func (w *walker) extension() (value.V, error) {
	kind, data, rest, err := splitExtension(w.left)
	if err != nil {
		return nil, err
	}
	if kind == timestampType {
		if t, ok := readTimestamp(data); ok {
			w.left = rest
			return value.Time{T: t, Digits: 9}, nil
		}
	}
	w.left = rest
	b := append(value.Bytes{}, data...)
	number := int64(kind)
	return value.Tagged{
		Tag: "ext", V: number, More: []value.Field{{Key: "data", Value: b}},
		Plain: &value.Map{Fields: []value.Field{{Key: "type", Value: number}, {Key: "data", Value: b}}},
	}, nil
}

// splitExtension takes an extension apart; data aliases b.
func splitExtension(b []byte) (kind int8, data, rest []byte, err error) {
	var size, head uint64 // head: bytes before the type
	switch lead := b[0]; {
	case lead >= 0xd4 && lead <= 0xd8: // fixext 1, 2, 4, 8, 16
		size, head = 1<<(lead-0xd4), 1
	case lead >= 0xc7 && lead <= 0xc9: // ext 8, 16, 32
		head = 1 + 1<<(lead-0xc7)
		if uint64(len(b)) < head {
			return 0, nil, nil, serde.ErrTruncated
		}
		for _, c := range b[1:head] {
			size = size<<8 | uint64(c)
		}
	default:
		return 0, nil, nil, fmt.Errorf("%02x begins no value", lead)
	}
	if uint64(len(b)) < head+1+size {
		return 0, nil, nil, serde.ErrTruncated
	}
	return int8(b[head]), b[head+1 : head+1+size], b[head+1+size:], nil
}

// readTimestamp reads the three sizes of the timestamp extension.
func readTimestamp(b []byte) (t time.Time, ok bool) {
	var n uint64
	for _, c := range b[max(0, len(b)-8):] {
		n = n<<8 | uint64(c)
	}
	var seconds int64
	var nanos uint32
	switch len(b) {
	case 4:
		seconds = int64(n)
	case 8:
		seconds, nanos = int64(n&(1<<34-1)), uint32(n>>34)
	case 12:
		seconds = int64(n)
		nanos = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	default:
		return time.Time{}, false
	}
	const bound = math.MaxInt64 / 4 // beyond it the arithmetic of time wraps
	if nanos > 999_999_999 || seconds > bound || seconds < -bound {
		return time.Time{}, false
	}
	return time.Unix(seconds, int64(nanos)).UTC(), true
}
