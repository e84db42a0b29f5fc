package avro

import (
	"encoding/binary"
	"math/big"
	"time"

	"kstream/serde/value"
)

// Style says how the values of unions, bytes and logical types look.
type Style uint8

const (
	// PlainJSON leaves the branch of a union out and shows logical types as what
	// they mean: 2024-02-29, "1.10". Bytes are Bytes.
	PlainJSON Style = iota
	// AvroJSON is the JSON encoding of the specification: {"long":5}, bytes as text
	// of U+0000 to U+00FF, dates and decimals as the integers and bytes they are.
	AvroJSON
)

// The first and the last second that RFC 3339 can say, and the days of them.
const (
	firstSecond = -62135596800 // 0001-01-01T00:00:00Z
	lastSecond  = 253402300799 // 9999-12-31T23:59:59Z
	secondsADay = 24 * 60 * 60
)

// maxDecimalBytes is the longest decimal that is turned into digits, the cost of
// which grows faster than the length. Longer ones are shown as bytes.
const maxDecimalBytes = 1 << 15

// integerValue gives an int or a long its logical type. One that no calendar or
// clock has stays a number.
func (n *node) integerValue(i int64, style Style) value.V {
	if style == AvroJSON {
		return i
	}
	switch n.logical {
	case date:
		if i >= firstSecond/secondsADay && i <= lastSecond/secondsADay {
			return value.Date(i)
		}
	case timeOfDay:
		if i >= 0 && i < secondsADay*int64(time.Second)/n.unit {
			return value.TimeOfDay{Nanos: i * n.unit, Digits: n.digits}
		}
	case timestamp, localTimestamp:
		if t, ok := n.instant(i); ok {
			return value.Time{T: t, Local: n.logical == localTimestamp, Digits: n.digits}
		}
	}
	return i
}

// instant is the time that i counts since 1970-01-01, if RFC 3339 can say it.
func (n *node) instant(i int64) (time.Time, bool) {
	perSecond := int64(time.Second) / n.unit
	seconds, rest := i/perSecond, i%perSecond
	if rest < 0 {
		seconds, rest = seconds-1, rest+perSecond
	}
	if seconds < firstSecond || seconds > lastSecond {
		return time.Time{}, false
	}
	return time.Unix(seconds, rest*n.unit).UTC(), true
}

// bytesValue gives bytes or a fixed their logical type. It copies b.
func (n *node) bytesValue(b []byte, style Style) value.V {
	if style == AvroJSON {
		return latin1(b)
	}
	switch {
	case n.logical == decimal && len(b) <= maxDecimalBytes:
		return value.Decimal{Unscaled: signed(b), Scale: int32(n.decimals.scale)}
	case n.logical == uuidFixed:
		return value.UUID(b)
	case n.logical == duration:
		return value.Duration{
			Months: binary.LittleEndian.Uint32(b),
			Days:   binary.LittleEndian.Uint32(b[4:]),
			Millis: binary.LittleEndian.Uint32(b[8:]),
		}
	}
	return append(value.Bytes{}, b...)
}

// latin1 is text in which each rune is a byte of b.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// fromLatin1 is the reverse; ok is false where a rune is no byte.
func fromLatin1(s string) (b []byte, ok bool) {
	b = make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return nil, false
		}
		b = append(b, byte(r))
	}
	return b, true
}

// signed reads a big-endian two's complement number of any length.
func signed(b []byte) *big.Int {
	i := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		i.Sub(i, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return i
}

// toSigned is the reverse in the fewest bytes, or in size bytes when size > 0; ok
// is false where that is not enough.
func toSigned(i *big.Int, size int) (b []byte, ok bool) {
	need := i.BitLen()/8 + 1
	if i.Sign() < 0 { // -128 fits in a byte, 128 does not
		need = new(big.Int).Not(i).BitLen()/8 + 1
	}
	switch {
	case size == 0:
		size = need
	case need > size:
		return nil, false
	}
	if i.Sign() < 0 {
		i = new(big.Int).Add(i, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	return i.FillBytes(make([]byte, size)), true
}
