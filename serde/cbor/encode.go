package cbor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"

	"kstream/serde"
	"kstream/serde/value"
)

// Encode writes the shortest integers, floats as wide as they are, maps in their order.
// A JSON number without a point or exponent is an integer of any size, others are
// 64-bit floats.
func (c *codec) Encode(_ context.Context, _ string, _ serde.Part, v value.V) (serde.Output, error) {
	out, err := appendValue([]byte{}, v, c.limits.Depth)
	if err != nil {
		return serde.Output{}, serde.NewEncodeError(format, err)
	}
	return serde.Output{Data: out}, nil
}

func appendHead(dst []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	return append(appendHead(dst, majorText, uint64(len(text))), text...)
}

func appendBytes(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

const (
	codeFalse     = majorSimple<<5 | 20
	codeTrue      = majorSimple<<5 | 21
	codeNull      = majorSimple<<5 | 22
	codeUndefined = majorSimple<<5 | 23
	codeFloat16   = majorSimple<<5 | 25
	codeFloat32   = majorSimple<<5 | 26
	codeFloat64   = majorSimple<<5 | 27
)

func appendValue(dst []byte, v value.V, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, serde.ErrTooDeep
	}
	var err error
	switch t := v.(type) {
	case nil:
		return append(dst, codeNull), nil
	case bool:
		if t {
			return append(dst, codeTrue), nil
		}
		return append(dst, codeFalse), nil
	case int64:
		return appendInt(dst, t), nil
	case *big.Int:
		return appendBig(dst, t), nil
	case value.Number:
		return appendNumber(dst, t)
	case value.Float:
		return appendFloat(dst, t), nil
	case string:
		return appendText(dst, t), nil
	case value.Bytes:
		return appendBytes(dst, t), nil
	case value.List:
		dst = appendHead(dst, majorArray, uint64(len(t)))
		for _, e := range t {
			if dst, err = appendValue(dst, e, depth-1); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case *value.Map:
		dst = appendHead(dst, majorMap, uint64(len(t.Fields)))
		for _, f := range t.Fields {
			if dst, err = appendValue(appendText(dst, f.Key), f.Value, depth-1); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case *value.Pairs:
		dst = appendHead(dst, majorMap, uint64(len(*t)))
		for _, p := range *t {
			if dst, err = appendValue(dst, p.Key, depth-1); err != nil {
				return nil, err
			}
			if dst, err = appendValue(dst, p.Value, depth-1); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case value.Tagged:
		return appendTagged(dst, t, depth)
	}
	return appendSpecial(dst, v)
}

func appendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return appendHead(dst, majorNegative, uint64(^n))
	}
	return appendHead(dst, majorUint, uint64(n))
}

// appendBig writes a bignum only for what 64 bits and a sign cannot hold, as RFC 8949,
// section 3.4.3, prefers.
func appendBig(dst []byte, n *big.Int) []byte {
	major, tag := byte(majorUint), uint64(2)
	if n.Sign() < 0 {
		major, tag = majorNegative, 3
		n = new(big.Int).Not(n)
	}
	if n.IsUint64() {
		return appendHead(dst, major, n.Uint64())
	}
	return appendBytes(appendHead(dst, majorTag, tag), n.Bytes())
}

func appendNumber(dst []byte, n value.Number) ([]byte, error) {
	if small, ok := n.Int64(); ok {
		return appendInt(dst, small), nil
	}
	if !strings.ContainsAny(string(n), ".eE") {
		whole, err := value.AsBigInt(n)
		if err != nil {
			return nil, err
		}
		return appendBig(dst, whole), nil
	}
	f, err := value.AsFloat(n, 64)
	return appendFloat(dst, f), err
}

func appendFloat(dst []byte, f value.Float) []byte {
	switch f.Bits {
	case 16:
		return binary.BigEndian.AppendUint16(append(dst, codeFloat16), f.Bits16())
	case 32:
		return binary.BigEndian.AppendUint32(append(dst, codeFloat32), f.Bits32())
	}
	return binary.BigEndian.AppendUint64(append(dst, codeFloat64), math.Float64bits(f.F))
}

func appendSpecial(dst []byte, v value.V) ([]byte, error) {
	switch t := v.(type) {
	case value.Time:
		text, ok := value.AppendTime(nil, t)
		if !ok {
			return nil, errors.New("a time beyond the years 1 to 9999")
		}
		if !t.Local {
			dst = appendHead(dst, majorTag, 0)
		}
		return appendText(dst, text), nil
	case value.Decimal:
		dst = append(appendHead(dst, majorTag, 4), majorArray<<5|2)
		dst = appendInt(dst, -int64(t.Scale))
		if t.Unscaled == nil {
			return appendInt(dst, 0), nil
		}
		return appendBig(dst, t.Unscaled), nil
	case value.Date:
		text, ok := value.AppendDate(nil, t)
		if !ok {
			return nil, errors.New("a date beyond the years 1 to 9999")
		}
		return appendText(appendHead(dst, majorTag, 1004), text), nil
	case value.TimeOfDay:
		return appendText(dst, value.AppendTimeOfDay(nil, t)), nil
	case value.UUID:
		return appendBytes(appendHead(dst, majorTag, 37), t[:]), nil
	case value.Duration:
		dst = appendHead(dst, majorMap, 3)
		dst = appendInt(appendText(dst, "months"), int64(t.Months))
		dst = appendInt(appendText(dst, "days"), int64(t.Days))
		return appendInt(appendText(dst, "millis"), int64(t.Millis)), nil
	case value.WTF8:
		return nil, errors.New("text with lone surrogates")
	}
	return nil, fmt.Errorf("no CBOR for %s", value.TypeName(v))
}

func appendTagged(dst []byte, t value.Tagged, depth int) ([]byte, error) {
	switch {
	case t.Tag == "undefined" && len(t.More) == 0:
		return append(dst, codeUndefined), nil
	case t.Tag == "simple" && len(t.More) == 0:
		n, err := value.AsUint64(t.V, math.MaxUint8)
		if err != nil {
			return nil, fmt.Errorf("$simple: %w", err)
		}
		if n >= 20 && n < 32 {
			return nil, fmt.Errorf("$simple: %d is no simple value of its own", n)
		}
		return appendHead(dst, majorSimple, n), nil
	case t.Tag == "tag" && len(t.More) == 1 && t.More[0].Key == "value":
		n, err := value.AsUint64(t.V, math.MaxUint64)
		if err != nil {
			return nil, fmt.Errorf("$tag: %w", err)
		}
		return appendValue(appendHead(dst, majorTag, n), t.More[0].Value, depth-1)
	}
	return nil, fmt.Errorf("no CBOR for $%s", t.Tag)
}
