// Package cbor reads and writes CBOR (RFC 8949).
//
// The walk over the bytes is our own, because the order of map keys, repeated keys and
// the width of floats must survive, which no decoder into Go maps keeps. No count is
// believed beyond what the bytes left can hold, and nothing may follow the value.
//
// Tags that have a meaning in the value model become that: times (0, 1), big integers
// (2, 3), decimal fractions (4), UUIDs (37), dates (1004). Any other tag is the tag
// $tag with its content in "value"; in plain JSON only the content is shown, as null is
// for undefined ($undefined) and a number for a simple value ($simple).
package cbor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"

	"kstream/serde"
	"kstream/serde/value"
)

const format = "cbor"

// New makes the serde.
func New(_ serde.Spec, o serde.Options) (serde.Serde, error) {
	return &codec{limits: o.Limits.OrDefaults()}, nil
}

type codec struct{ limits serde.Limits }

func (*codec) Name() string { return format }

func (c *codec) Decode(_ context.Context, in serde.Input) (serde.Result, error) {
	r := reader{data: in.Data, depth: c.limits.Depth, items: min(len(in.Data), c.limits.Items)}
	v, err := r.value()
	if err == nil && r.pos < len(r.data) {
		return serde.Result{}, serde.AfterValue(format, r.pos, len(r.data)-r.pos)
	}
	if err != nil {
		return serde.Result{}, &serde.DecodeError{Format: format, Offset: r.pos, Err: err}
	}
	return serde.Result{Value: v, Format: format}, nil
}

// The major types of RFC 8949, section 3.1.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	indefinite = 31
	breakCode  = 0xff
)

type reader struct {
	data  []byte
	pos   int
	depth int // still allowed
	items int // still allowed: each takes a byte at least
}

var errReserved = errors.New("reserved additional information")

// head reads the first byte of an item and its argument; info is the low five bits.
func (r *reader) head() (major, info byte, argument uint64, err error) {
	if r.pos >= len(r.data) {
		return 0, 0, 0, serde.ErrTruncated
	}
	major, info = r.data[r.pos]>>5, r.data[r.pos]&31
	switch {
	case info < 24:
		r.pos++
		return major, info, uint64(info), nil
	case info < 28:
		size := 1 << (info - 24)
		if len(r.data)-r.pos-1 < size {
			return 0, 0, 0, serde.ErrTruncated
		}
		for _, c := range r.data[r.pos+1 : r.pos+1+size] {
			argument = argument<<8 | uint64(c)
		}
		r.pos += 1 + size
		return major, info, argument, nil
	case info == indefinite && major != majorUint && major != majorNegative && major != majorTag:
		r.pos++
		return major, info, 0, nil
	}
	return 0, 0, 0, errReserved
}

func (r *reader) value() (value.V, error) {
	start := r.pos
	major, info, n, err := r.head()
	if err != nil {
		return nil, err
	}
	switch major {
	case majorUint:
		return serde.Unsigned(n), nil
	case majorNegative:
		if n <= math.MaxInt64 {
			return -1 - int64(n), nil
		}
		b := new(big.Int).SetUint64(n)
		return b.Not(b), nil
	case majorBytes, majorText:
		return r.stringItem(major, info, n)
	case majorSimple:
		v, err := simple(info, n)
		if err != nil {
			r.pos = start
		}
		return v, err
	}
	if r.depth == 0 {
		r.pos = start
		return nil, serde.ErrTooDeep
	}
	r.depth--
	var v value.V
	switch major {
	case majorArray:
		v, err = r.array(info, n)
	case majorMap:
		v, err = r.entries(info, n)
	default:
		v, err = r.tagged(n)
	}
	r.depth++
	return v, err
}

// take returns the next n bytes; they alias the data.
func (r *reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.data)-r.pos) {
		return nil, serde.ErrTruncated
	}
	b := r.data[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return b, nil
}

// stringItem reads bytes or text, in one piece or in chunks up to a break.
func (r *reader) stringItem(major, info byte, n uint64) (value.V, error) {
	whole := value.Bytes{}
	for chunk := 0; ; chunk++ {
		if info == indefinite {
			if r.atBreak() {
				break
			}
			start := r.pos
			m, i, size, err := r.head()
			if err != nil {
				return nil, err
			}
			if m != major || i == indefinite {
				r.pos = start
				return nil, errors.New("a chunk of another kind")
			}
			n = size
		}
		start := r.pos
		b, err := r.take(n)
		if err != nil {
			return nil, err
		}
		if major == majorText && !utf8.Valid(b) {
			r.pos = start
			return nil, errors.New("text that is not UTF-8")
		}
		if info != indefinite {
			if major == majorText {
				return string(b), nil
			}
			return append(whole, b...), nil
		}
		whole = append(whole, b...)
	}
	if major == majorText {
		return string(whole), nil
	}
	return whole, nil
}

// atBreak steps over the break that ends an indefinite item, if it is next.
func (r *reader) atBreak() bool {
	if r.pos < len(r.data) && r.data[r.pos] == breakCode {
		r.pos++
		return true
	}
	return false
}

// announce accounts for n values to come: they must fit in the bytes that are left, so
// memory stays in proportion to the data.
func (r *reader) announce(n uint64) error {
	if n > uint64(len(r.data)-r.pos) {
		return fmt.Errorf("%d values in %d bytes: %w", n, len(r.data)-r.pos, serde.ErrTruncated)
	}
	if n > uint64(r.items) {
		return fmt.Errorf("too many values: %w", serde.ErrTooBig)
	}
	r.items -= int(n)
	return nil
}

func (r *reader) array(info byte, n uint64) (value.V, error) {
	if info == indefinite {
		list := value.List{}
		for !r.atBreak() {
			if err := r.announce(1); err != nil {
				return nil, err
			}
			v, err := r.value()
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	if err := r.announce(n); err != nil {
		return nil, err
	}
	list := make(value.List, n)
	var err error
	for i := range list {
		if list[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (r *reader) entries(info byte, n uint64) (value.V, error) {
	var pairs value.Pairs
	if info != indefinite {
		if n > math.MaxInt64/2 {
			return nil, serde.ErrTruncated
		}
		if err := r.announce(2 * n); err != nil {
			return nil, err
		}
		pairs = make(value.Pairs, 0, n)
	}
	text := true
	for i := uint64(0); info == indefinite || i < n; i++ {
		if info == indefinite {
			if r.atBreak() {
				break
			}
			if err := r.announce(2); err != nil {
				return nil, err
			}
		}
		k, err := r.value()
		if err != nil {
			return nil, err
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		_, isText := k.(string)
		text = text && isText
		pairs = append(pairs, value.Pair{Key: k, Value: v})
	}
	if !text {
		return &pairs, nil
	}
	m := &value.Map{Fields: make([]value.Field, len(pairs))}
	for i, p := range pairs {
		m.Fields[i] = value.Field{Key: p.Key.(string), Value: p.Value}
	}
	return m, nil
}

// simple reads major type 7: floats and simple values.
func simple(info byte, n uint64) (value.V, error) {
	switch info {
	case 20, 21:
		return info == 21, nil
	case 22:
		return nil, nil
	case 23:
		return value.Tagged{Tag: "undefined", V: true}, nil
	case 24:
		if n < 32 {
			return nil, errors.New("a simple value below 32 in two bytes")
		}
	case 25:
		return value.Float16(uint16(n)), nil
	case 26:
		return value.Float32(uint32(n)), nil
	case 27:
		return value.Float{F: math.Float64frombits(n), Bits: 64}, nil
	case indefinite:
		return nil, errors.New("a break where a value must be")
	}
	return value.Tagged{Tag: "simple", V: int64(n), Plain: int64(n)}, nil
}

const selfDescribed = 55799
