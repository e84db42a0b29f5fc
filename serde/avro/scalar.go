package avro

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"kstream/serde/value"
)

// integerOf reads an int or a long: a number, or what the logical type is shown as.
func (n *node) integerOf(v value.V) (int64, error) {
	switch v.(type) {
	case string, value.Date, value.Time, value.TimeOfDay:
		return n.calendar(v)
	}
	if n.kind == kindInt {
		return value.AsInt64(v, math.MinInt32, math.MaxInt32)
	}
	return value.AsInt64(v, math.MinInt64, math.MaxInt64)
}

func (n *node) calendar(v value.V) (int64, error) {
	switch n.logical {
	case date:
		d, err := value.AsDate(v)
		return int64(d), err
	case timeOfDay:
		t, err := value.AsTimeOfDay(v, n.digits)
		return t.Nanos / n.unit, err
	case timestamp, localTimestamp:
		t, err := value.AsTime(v, n.digits, n.logical == localTimestamp)
		if err != nil {
			return 0, err
		}
		return t.Units()
	}
	return 0, want("an integer", v)
}

// textOf reads a string. What other formats have types for is written as it is shown,
// and so is a text that is no UUID where it should be one: it was shown.
func textOf(v value.V) (string, error) {
	switch t := v.(type) {
	case value.Date, value.Time, value.TimeOfDay, value.Decimal, value.UUID:
		shown, err := value.AppendJSON(nil, v, value.JSONOptions{})
		if err != nil {
			return "", err
		}
		v = strings.Trim(string(shown), `"`)
	case value.Tagged:
		if t.Tag == badTextTag && len(t.More) == 0 {
			b, err := value.AsBytes(t.V)
			if err != nil {
				err = fmt.Errorf("$%s: %w", badTextTag, err)
			}
			return string(b), err
		}
	}
	return value.AsString(v)
}

// badTextTag is the lossless JSON of a string that is no UTF-8, {"$text":"base64"}:
// writers exist that do not check.
const badTextTag = "text"

// textValue returns the value of a string of the wire.
func textValue(s string, style Style) value.V {
	if style != lossless || utf8.ValidString(s) {
		return s
	}
	return value.Tagged{Tag: badTextTag, V: base64.StdEncoding.EncodeToString([]byte(s)), Plain: s}
}

// bytesOf reads bytes or a fixed of a logical type or none. Strings are base64, or the
// bytes as runes when raw.
func (n *node) bytesOf(v value.V, raw bool) ([]byte, error) {
	b, err := n.anyBytes(v, raw)
	if err == nil && n.kind == kindFixed && len(b) != n.size {
		err = fmt.Errorf("want %d bytes for %s, have %d", n.size, n.tag, len(b))
	}
	return b, err
}

func (n *node) anyBytes(v value.V, raw bool) ([]byte, error) {
	if s, ok := v.(string); ok && raw {
		if b, ok := fromLatin1(s); ok {
			return b, nil
		}
		return nil, want("bytes as text of U+0000 to U+00FF", v)
	}
	if isRaw(v) {
		return value.AsBytes(v)
	}
	switch n.logical {
	case decimal:
		return n.decimalOf(v)
	case uuidFixed:
		u, err := value.AsUUID(v)
		return u[:], err
	case duration:
		d, err := value.AsDuration(v)
		b := binary.LittleEndian.AppendUint32(nil, d.Months)
		b = binary.LittleEndian.AppendUint32(b, d.Days)
		return binary.LittleEndian.AppendUint32(b, d.Millis), err
	}
	return value.AsBytes(v)
}

// isRaw reports whether v is bytes whatever the logical type is.
func isRaw(v value.V) bool {
	switch t := v.(type) {
	case value.Bytes:
		return true
	case *value.Map:
		return len(t.Fields) == 1 && (t.Fields[0].Key == "$bytes" || t.Fields[0].Key == "$hex")
	}
	return false
}

// decimalOf writes a number with the scale of the type, exactly or not at all.
func (n *node) decimalOf(v value.V) ([]byte, error) {
	d, err := value.AsDecimal(v)
	if err != nil {
		return nil, want(`a decimal like "1.10"`, v)
	}
	if d, err = d.Rescale(int32(n.decimals.scale)); err != nil {
		return nil, fmt.Errorf("%s has more than %d digits after the point", describe(v), n.decimals.scale)
	}
	if d.Unscaled.CmpAbs(n.decimals.limit) >= 0 {
		return nil, fmt.Errorf("%s has more than %d digits", describe(v), n.decimals.precision)
	}
	size := 0
	if n.kind == kindFixed {
		size = n.size
	}
	b, ok := toSigned(d.Unscaled, size)
	if !ok {
		return nil, fmt.Errorf("%s does not fit %d bytes", describe(v), size)
	}
	return b, nil
}
