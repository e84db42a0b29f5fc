package cbor

import (
	"math"
	"math/big"
	"time"

	"kstream/serde"
	"kstream/serde/value"
)

// tagged reads the content of a tag and returns it with the meaning that the model has, or
// keeps both.
func (r *reader) tagged(tag uint64) (value.V, error) {
	if err := r.announce(1); err != nil {
		return nil, err
	}
	content, err := r.value()
	if err != nil {
		return nil, err
	}
	if v, ok := meaning(tag, content); ok {
		return v, nil
	}
	plain := content
	if t, ok := content.(value.Tagged); ok {
		plain = t.Plain // so that a row of tags is no depth in plain JSON
	}
	return value.Tagged{
		Tag: "tag", V: serde.Unsigned(tag), Plain: plain,
		More: []value.Field{{Key: "value", Value: content}},
	}, nil
}

func meaning(tag uint64, content value.V) (v value.V, ok bool) {
	switch tag {
	case 0:
		if text, isText := content.(string); isText {
			t, err := value.ParseTime(text, false)
			return t, err == nil
		}
	case 1:
		return epochTime(content)
	case 2, 3:
		if b, isBytes := content.(value.Bytes); isBytes {
			n := new(big.Int).SetBytes(b)
			if tag == 3 {
				n.Not(n)
			}
			if n.IsInt64() {
				return n.Int64(), true
			}
			return n, true
		}
	case 4:
		return decimalFraction(content)
	case 37:
		if b, isBytes := content.(value.Bytes); isBytes && len(b) == 16 {
			return value.UUID(b), true
		}
	case 1004:
		if text, isText := content.(string); isText {
			d, err := value.ParseDate(text)
			return d, err == nil
		}
	case selfDescribed:
		return content, true
	}
	return nil, false
}

// epochTime reads seconds since 1970; a float is taken to the microsecond, what a
// double can tell apart.
func epochTime(content value.V) (v value.V, ok bool) {
	switch t := content.(type) {
	case int64:
		if t > -1<<55 && t < 1<<55 {
			return value.Time{T: time.Unix(t, 0).UTC()}, true
		}
	case value.Float:
		if math.Abs(t.F) < 1<<33 {
			return value.Time{T: time.UnixMicro(int64(math.Round(t.F * 1e6))).UTC(), Digits: 6}, true
		}
	}
	return nil, false
}

// decimalFraction reads [exponent, mantissa].
func decimalFraction(content value.V) (v value.V, ok bool) {
	list, isList := content.(value.List)
	if !isList || len(list) != 2 {
		return nil, false
	}
	exponent, isInt := list[0].(int64)
	mantissa, err := value.AsBigInt(list[1])
	if !isInt || err != nil || exponent > math.MaxInt32 || exponent < -math.MaxInt32 {
		return nil, false
	}
	return value.Decimal{Unscaled: mantissa, Scale: int32(-exponent)}, true
}
