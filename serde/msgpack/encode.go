package msgpack

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"kstream/serde"
	"kstream/serde/value"
)

// Encode writes a JSON number without a point or exponent as an integer, others as a
// 64-bit float. What MessagePack has no type for (decimals, dates, UUIDs) is text.
func (c *codec) Encode(_ context.Context, _ string, _ serde.Part, v value.V) (serde.Output, error) {
	out, err := appendValue([]byte{}, v, c.limits.Depth)
	if err != nil {
		return serde.Output{}, serde.NewEncodeError(format, err)
	}
	return serde.Output{Data: out}, nil
}

func appendValue(dst []byte, v value.V, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, serde.ErrTooDeep
	}
	switch t := v.(type) {
	case nil:
		return msgp.AppendNil(dst), nil
	case bool:
		return msgp.AppendBool(dst, t), nil
	case int64:
		return msgp.AppendInt64(dst, t), nil
	case *big.Int:
		return appendInt(dst, t)
	case value.Number:
		return appendNumber(dst, t)
	case value.Float:
		if t.Bits == 16 || t.Bits == 32 {
			return msgp.AppendFloat32(dst, math.Float32frombits(t.Bits32())), nil
		}
		return msgp.AppendFloat64(dst, t.F), nil
	case string:
		return msgp.AppendString(dst, t), nil
	case value.Bytes:
		return msgp.AppendBytes(dst, t), nil
	case value.List:
		return appendList(dst, t, depth-1)
	case *value.Map:
		dst = msgp.AppendMapHeader(dst, uint32(len(t.Fields)))
		var err error
		for _, f := range t.Fields {
			if dst, err = appendValue(msgp.AppendString(dst, f.Key), f.Value, depth-1); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case *value.Pairs:
		return appendPairs(dst, *t, depth-1)
	}
	return appendSpecial(dst, v)
}

func appendList(dst []byte, list value.List, depth int) ([]byte, error) {
	dst = msgp.AppendArrayHeader(dst, uint32(len(list)))
	var err error
	for _, v := range list {
		if dst, err = appendValue(dst, v, depth); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendPairs(dst []byte, pairs value.Pairs, depth int) ([]byte, error) {
	dst = msgp.AppendMapHeader(dst, uint32(len(pairs)))
	var err error
	for _, p := range pairs {
		if dst, err = appendValue(dst, p.Key, depth); err != nil {
			return nil, err
		}
		if dst, err = appendValue(dst, p.Value, depth); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendNumber(dst []byte, n value.Number) ([]byte, error) {
	if small, ok := n.Int64(); ok {
		return msgp.AppendInt64(dst, small), nil
	}
	if !strings.ContainsAny(string(n), ".eE") {
		whole, err := value.AsBigInt(n)
		if err != nil {
			return nil, err
		}
		return appendInt(dst, whole)
	}
	f, err := value.AsFloat(n, 64)
	return msgp.AppendFloat64(dst, f.F), err
}

func appendInt(dst []byte, n *big.Int) ([]byte, error) {
	switch {
	case n.IsInt64():
		return msgp.AppendInt64(dst, n.Int64()), nil
	case n.IsUint64():
		return msgp.AppendUint64(dst, n.Uint64()), nil
	}
	return nil, errors.New("an integer beyond 64 bits")
}

func appendSpecial(dst []byte, v value.V) ([]byte, error) {
	switch t := v.(type) {
	case value.Time:
		if !t.Local {
			return msgp.AppendTimeExt(dst, t.T), nil
		}
		text, ok := value.AppendTime(nil, t)
		if !ok {
			return nil, errors.New("a time beyond the years 1 to 9999")
		}
		return msgp.AppendStringFromBytes(dst, text), nil
	case value.Decimal:
		return msgp.AppendStringFromBytes(dst, value.AppendDecimal(nil, t)), nil
	case value.Date:
		text, ok := value.AppendDate(nil, t)
		if !ok {
			return msgp.AppendInt64(dst, int64(t)), nil
		}
		return msgp.AppendStringFromBytes(dst, text), nil
	case value.TimeOfDay:
		return msgp.AppendStringFromBytes(dst, value.AppendTimeOfDay(nil, t)), nil
	case value.UUID:
		return msgp.AppendStringFromBytes(dst, value.AppendUUID(nil, t)), nil
	case value.Duration:
		dst = msgp.AppendMapHeader(dst, 3)
		dst = msgp.AppendUint32(msgp.AppendString(dst, "months"), t.Months)
		dst = msgp.AppendUint32(msgp.AppendString(dst, "days"), t.Days)
		return msgp.AppendUint32(msgp.AppendString(dst, "millis"), t.Millis), nil
	case value.Tagged:
		if t.Tag == "ext" && len(t.More) == 1 && t.More[0].Key == "data" {
			return appendExtension(dst, t)
		}
	case value.WTF8:
		return nil, errors.New("text with lone surrogates")
	}
	return nil, fmt.Errorf("no MessagePack for %s", value.TypeName(v))
}

func appendExtension(dst []byte, t value.Tagged) ([]byte, error) {
	kind, err := value.AsInt64(t.V, math.MinInt8, math.MaxInt8)
	if err != nil {
		return nil, fmt.Errorf("$ext: %w", err)
	}
	data, err := value.AsBytes(t.More[0].Value)
	if err != nil {
		return nil, fmt.Errorf("$ext: data: %w", err)
	}
	return msgp.AppendExtension(dst, &msgp.RawExtension{Data: data, Type: int8(kind)})
}
