package protobuf

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde"
	"kstream/serde/value"
)

var (
	errTag      = errors.New("no field can begin so")
	errVarint   = errors.New("an integer of more than 10 bytes")
	errEndGroup = errors.New("the end of another group")
	errNotUTF8  = errors.New("a string that is no UTF-8")
	errPieces   = errors.New("too many pieces of messages to put together")
)

// maxGroups is how deeply groups may be nested. They are the one thing whose end is
// found only by reading all of it.
const maxGroups = 100

// tagError returns what a negative size of protowire means.
func tagError(n int) error {
	switch err := protowire.ParseError(n); {
	case err == nil:
		return nil
	case n == -1:
		return serde.ErrTruncated
	case n == -3:
		return errVarint
	}
	return errTag
}

// valueSize returns the size of a value that is no group, or negative, as in protowire.
func valueSize(typ protowire.Type, b []byte) int {
	switch typ {
	case protowire.VarintType:
		_, n := protowire.ConsumeVarint(b)
		return n
	case protowire.Fixed32Type:
		_, n := protowire.ConsumeFixed32(b)
		return n
	case protowire.Fixed64Type:
		_, n := protowire.ConsumeFixed64(b)
		return n
	case protowire.BytesType:
		_, n := protowire.ConsumeBytes(b)
		return n
	}
	return badTag
}

// badTag is a size that stands for an error other than those of protowire.
const badTag = -100

// group finds where the group whose bytes begin at at ends: its content, and its tag.
// number 0 stands for any.
func (r *renderer) group(number protowire.Number, at, end int) (content, next int, err error) {
	var open [maxGroups]protowire.Number
	open[0] = number
	for depth := 1; depth > 0; {
		n, typ, size := protowire.ConsumeTag(r.data[at:end])
		if size < 0 {
			return 0, 0, r.fault(at, tagError(size))
		}
		content = at
		at += size
		switch typ {
		case protowire.StartGroupType:
			if depth == maxGroups {
				return 0, 0, r.fault(content, serde.ErrTooDeep)
			}
			open[depth] = n
			depth++
		case protowire.EndGroupType:
			depth--
			if open[depth] != n && open[depth] != 0 {
				return 0, 0, r.fault(content, errEndGroup)
			}
		default:
			if size = valueSize(typ, r.data[at:end]); size < 0 {
				return 0, 0, r.fault(at, tagError(size))
			}
			at += size
		}
	}
	return content, at, nil
}

// scalar writes the value at at and says how long it is, and whether it is zero.
func (r *renderer) scalar(f *field, at, end int) (size int, zero bool, err error) {
	b := r.data[at:end]
	switch f.wire {
	case protowire.VarintType:
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return 0, false, r.fault(at, tagError(n))
		}
		return n, r.varint(f, v), nil
	case protowire.Fixed32Type:
		if len(b) < 4 {
			return 0, false, r.fault(at, serde.ErrTruncated)
		}
		return 4, r.fixed32(f, binary.LittleEndian.Uint32(b)), nil
	case protowire.Fixed64Type:
		if len(b) < 8 {
			return 0, false, r.fault(at, serde.ErrTruncated)
		}
		return 8, r.fixed64(f, binary.LittleEndian.Uint64(b)), nil
	}
	v, n := protowire.ConsumeBytes(b)
	if n < 0 {
		return 0, false, r.fault(at, tagError(n))
	}
	if f.kind == protoreflect.StringKind {
		return n, len(v) == 0, r.text(f, v, at)
	}
	r.base64(v)
	return n, len(v) == 0, nil
}

func (r *renderer) base64(b []byte) {
	r.dst = append(r.dst, '"')
	r.dst = base64.StdEncoding.AppendEncode(r.dst, b)
	r.dst = append(r.dst, '"')
}

// varint writes v as a field of f has it, and reports whether that is zero.
func (r *renderer) varint(f *field, v uint64) (zero bool) {
	switch f.kind {
	case protoreflect.BoolKind:
		r.dst = strconv.AppendBool(r.dst, v != 0)
		return v == 0
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind:
		return r.narrow(int64(int32(v)))
	case protoreflect.Sint32Kind:
		return r.narrow(protowire.DecodeZigZag(v & math.MaxUint32))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return r.narrow(int64(uint32(v)))
	case protoreflect.Int64Kind, protoreflect.Sfixed64Kind:
		return r.wide(int64(v))
	case protoreflect.Sint64Kind:
		return r.wide(protowire.DecodeZigZag(v))
	case protoreflect.EnumKind:
		return r.enum(f, int32(v))
	}
	r.quote() // uint64, fixed64
	r.dst = strconv.AppendUint(r.dst, v, 10)
	r.quote()
	return v == 0
}

func (r *renderer) narrow(v int64) (zero bool) {
	r.dst = strconv.AppendInt(r.dst, v, 10)
	return v == 0
}

// wide writes an integer of 64 bits: as text, by proto3's mapping, as most readers of
// JSON would round it.
func (r *renderer) wide(v int64) (zero bool) {
	r.quote()
	r.dst = strconv.AppendInt(r.dst, v, 10)
	r.quote()
	return v == 0
}

func (r *renderer) quote() {
	if !r.schema.style.numbers {
		r.dst = append(r.dst, '"')
	}
}

func (r *renderer) enum(f *field, v int32) (zero bool) {
	name, ok := f.enum[v]
	switch {
	case f.null:
		r.dst = append(r.dst, "null"...)
	case ok:
		r.dst = append(r.dst, name...)
	default:
		r.dst = strconv.AppendInt(r.dst, int64(v), 10)
	}
	return v == 0
}

func (r *renderer) fixed32(f *field, v uint32) (zero bool) {
	if f.kind == protoreflect.FloatKind {
		r.float(float64(math.Float32frombits(v)), 32)
		return v == 0
	}
	return r.varint(f, uint64(v))
}

func (r *renderer) fixed64(f *field, v uint64) (zero bool) {
	if f.kind == protoreflect.DoubleKind {
		r.float(math.Float64frombits(v), 64)
		return v == 0
	}
	return r.varint(f, v)
}

func (r *renderer) float(v float64, bits uint8) {
	switch {
	case math.IsNaN(v):
		r.dst = append(r.dst, `"NaN"`...)
	case math.IsInf(v, 1):
		r.dst = append(r.dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		r.dst = append(r.dst, `"-Infinity"`...)
	default:
		r.dst = value.AppendFloat(r.dst, value.Float{F: v, Bits: bits})
	}
}
