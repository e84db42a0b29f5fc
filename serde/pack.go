package serde

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"

	"kstream/serde/value"
)

// NewPack reads and writes fields in a row, as kcat's pack strings name them:
//
//	<  >         little endian, big endian (from here on; big at the start)
//	b B          signed, unsigned 8 bits
//	h H i I q Q  signed, unsigned 16, 32, 64 bits
//	c            one ASCII character
//	s            the rest, as text
//	$            the end of the data, where it must end in any case
//
// Spaces separate. One field is a value by itself; more, or none, are an array.
func NewPack(s Spec, _ Options) (Serde, error) {
	p := &pack{}
	little, rest, end := false, false, false
	for i, c := range s.Argument {
		if end || rest && c != '$' {
			return nil, s.Errorf("character %d: nothing can follow %q", i+1, s.Argument[i-1])
		}
		f := packField{kind: byte(c)}
		switch c {
		case ' ':
			continue
		case '<', '>':
			little = c == '<'
			continue
		case '$':
			end = true
			continue
		case 'b', 'B', 'c':
			f.size = 1
		case 'h', 'H':
			f.size = 2
		case 'i', 'I':
			f.size = 4
		case 'q', 'Q':
			f.size = 8
		case 's':
			rest = true
		default:
			return nil, s.Errorf("character %d: %q is none of < > b B h H i I q Q c s $", i+1, c)
		}
		f.order = binary.ByteOrder(binary.BigEndian)
		if little {
			f.order = binary.LittleEndian
		}
		p.fields = append(p.fields, f)
	}
	return p, nil
}

type packField struct {
	kind  byte
	size  int // 0: the rest
	order binary.ByteOrder
}

type pack struct{ fields []packField }

func (*pack) Name() string { return "pack" }

func (p *pack) Decode(_ context.Context, in Input) (Result, error) {
	list, at := make(value.List, 0, len(p.fields)), 0
	for _, f := range p.fields {
		size := f.size
		if f.kind == 's' {
			size = len(in.Data) - at
		}
		if len(in.Data)-at < size {
			return Result{}, &DecodeError{Format: "pack", Offset: len(in.Data), Err: fmt.Errorf("%q: %w", f.kind, ErrTruncated)}
		}
		v, err := f.read(in.Data[at : at+size])
		if err != nil {
			return Result{}, &DecodeError{Format: "pack", Offset: at, Err: err}
		}
		list = append(list, v)
		at += size
	}
	r := Result{Value: list, Format: "pack"}
	if len(list) == 1 {
		r.Value = list[0]
	}
	if left := len(in.Data) - at; left > 0 {
		return Result{}, AfterValue("pack", at, left)
	}
	return r, nil
}

func (f packField) read(b []byte) (value.V, error) {
	switch f.kind {
	case 's':
		if !utf8.Valid(b) {
			return append(value.Bytes{}, b...), nil
		}
		return string(b), nil
	case 'c':
		if b[0] >= utf8.RuneSelf {
			return nil, fmt.Errorf("'c': want ASCII, have %02x", b[0])
		}
		return string(b), nil
	case 'b':
		return int64(int8(b[0])), nil
	case 'B':
		return int64(b[0]), nil
	case 'h':
		return int64(int16(f.order.Uint16(b))), nil
	case 'H':
		return int64(f.order.Uint16(b)), nil
	case 'i':
		return int64(int32(f.order.Uint32(b))), nil
	case 'I':
		return int64(f.order.Uint32(b)), nil
	case 'q':
		return int64(f.order.Uint64(b)), nil
	}
	return Unsigned(f.order.Uint64(b)), nil
}

// Unsigned returns n as a value: an int64, or a *big.Int if it does not fit.
func Unsigned(n uint64) value.V {
	if n <= math.MaxInt64 {
		return int64(n)
	}
	return new(big.Int).SetUint64(n)
}

func (p *pack) Encode(_ context.Context, _ string, _ Part, v value.V) (Output, error) {
	if v == nil {
		return Output{}, nil
	}
	list := value.List{v}
	if len(p.fields) != 1 {
		given, ok := v.(value.List)
		if !ok || len(given) != len(p.fields) {
			return Output{}, NewEncodeError("pack", fmt.Errorf("want an array of %d values", len(p.fields)))
		}
		list = given
	}
	out := []byte{}
	for i, f := range p.fields {
		var err error
		if out, err = f.append(out, list[i]); err != nil {
			return Output{}, NewEncodeError("pack", fmt.Errorf("value %d, %q: %w", i+1, f.kind, err))
		}
	}
	return Output{Data: out}, nil
}

func (f packField) append(dst []byte, v value.V) ([]byte, error) {
	switch f.kind {
	case 's':
		if b, ok := v.(value.Bytes); ok {
			return append(dst, b...), nil
		}
		text, err := value.AsString(v)
		return append(dst, text...), err
	case 'c':
		text, err := value.AsString(v)
		if err == nil && (len(text) != 1 || text[0] >= utf8.RuneSelf) {
			err = fmt.Errorf("want one ASCII character")
		}
		return append(dst, text...), err
	}
	var bits uint64
	var err error
	if f.kind >= 'a' { // signed
		var n int64
		n, err = value.AsInt64(v, math.MinInt64>>(64-8*f.size), math.MaxInt64>>(64-8*f.size))
		bits = uint64(n)
	} else {
		bits, err = value.AsUint64(v, math.MaxUint64>>(64-8*f.size))
	}
	var b [8]byte
	switch f.size {
	case 1:
		b[0] = byte(bits)
	case 2:
		f.order.PutUint16(b[:], uint16(bits))
	case 4:
		f.order.PutUint32(b[:], uint32(bits))
	case 8:
		f.order.PutUint64(b[:], bits)
	}
	return append(dst, b[:f.size]...), err
}
