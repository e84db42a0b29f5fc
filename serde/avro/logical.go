package avro

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"strings"
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
	// lossless is PlainJSON that comes back as the same bytes, but for the blocks of
	// arrays: with the branches of unions, strings that are no UTF-8, and decimals that
	// are longer than they need be or than their type allows as bytes.
	lossless
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

// annotate takes over the logical type of a definition where it is valid.
func (n *node) annotate(m *value.Map) {
	v, _ := get(m, "logicalType")
	name, _ := v.(string)
	set := func(l logical, unit int64, digits uint8) {
		n.logical, n.unit, n.digits, n.attr = l, unit, digits, name
	}
	switch {
	case name == "decimal" && (n.kind == kindBytes || n.kind == kindFixed):
		if d, ok := n.parseDecimal(m); ok {
			n.decimals = d
			set(decimal, 0, 0)
		}
	case name == "uuid" && n.kind == kindString:
		set(uuidText, 0, 0)
	case name == "uuid" && n.kind == kindFixed && n.size == 16:
		set(uuidFixed, 0, 0)
	case name == "duration" && n.kind == kindFixed && n.size == 12:
		set(duration, 0, 0)
	case name == "date" && n.kind == kindInt:
		set(date, 0, 0)
	case name == "time-millis" && n.kind == kindInt:
		set(timeOfDay, 1e6, 3)
	case name == "time-micros" && n.kind == kindLong:
		set(timeOfDay, 1e3, 6)
	case n.kind == kindLong:
		l := timestamp
		if rest, ok := strings.CutPrefix(name, "local-"); ok {
			name, l = rest, localTimestamp
		}
		unit, digits := int64(0), uint8(0)
		switch name {
		case "timestamp-millis":
			unit, digits = 1e6, 3
		case "timestamp-micros":
			unit, digits = 1e3, 6
		case "timestamp-nanos":
			unit, digits = 1, 9
		default:
			return
		}
		name, _ = v.(string)
		set(l, unit, digits)
	}
}

// parseDecimal reads precision and scale, and reports whether they are valid by the
// specification: 0 ≤ scale ≤ precision, and a fixed is large enough for the precision.
func (n *node) parseDecimal(m *value.Map) (decimals, bool) {
	precision, ok := whole(m, "precision")
	if !ok || precision < 1 || precision > 1<<16 {
		return decimals{}, false
	}
	scale := 0
	if _, given := get(m, "scale"); given {
		if scale, ok = whole(m, "scale"); !ok || scale < 0 || scale > precision {
			return decimals{}, false
		}
	}
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	if n.kind == kindFixed {
		largest := new(big.Int).Sub(limit, big.NewInt(1))
		if largest.BitLen() > 8*n.size-1 {
			return decimals{}, false
		}
	}
	return decimals{precision, scale, limit}, true
}

// integerValue returns the value of an int or a long by its logical type.
func (n *node) integerValue(i int64, style Style) value.V {
	if style == AvroJSON || !n.shown(i) {
		return i
	}
	switch n.logical {
	case date:
		return value.Date(i)
	case timeOfDay:
		return n.clock(i)
	}
	return n.instant(i)
}

// shown reports whether i is within the range of its logical type, a date or a time. A
// value out of range stays a number.
func (n *node) shown(i int64) bool {
	switch n.logical {
	case date:
		return i >= firstSecond/secondsADay && i <= lastSecond/secondsADay
	case timeOfDay:
		return i >= 0 && i < secondsADay*n.perSecond()
	case timestamp, localTimestamp:
		seconds, _ := n.split(i)
		return seconds >= firstSecond && seconds <= lastSecond
	}
	return false
}

func (n *node) perSecond() int64 { return int64(time.Second) / n.unit }

// split takes a count of units apart into whole seconds and units.
func (n *node) split(i int64) (seconds, units int64) {
	seconds, units = i/n.perSecond(), i%n.perSecond()
	if units < 0 {
		seconds, units = seconds-1, units+n.perSecond()
	}
	return seconds, units
}

func (n *node) clock(i int64) value.TimeOfDay {
	return value.TimeOfDay{Nanos: i * n.unit, Digits: n.digits}
}

// instant returns the time that i counts since 1970-01-01.
func (n *node) instant(i int64) value.Time {
	seconds, units := n.split(i)
	t := time.Unix(seconds, units*n.unit).UTC()
	return value.Time{T: t, Local: n.logical == localTimestamp, Digits: n.digits}
}

// bytesValue returns the value of bytes or a fixed by their logical type. It copies b.
func (n *node) bytesValue(b []byte, style Style) value.V {
	if style == AvroJSON {
		return latin1(b)
	}
	switch {
	case style == lossless && n.logical == decimal && !n.writes(b):
	case n.isDecimal(b):
		return n.decimalValue(b)
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

// writes reports whether these are the bytes that the decimal in them is written as.
func (n *node) writes(b []byte) bool {
	if !n.isDecimal(b) {
		return false
	}
	again, err := n.decimalOf(n.decimalValue(b))
	return err == nil && bytes.Equal(again, b)
}

func (n *node) isDecimal(b []byte) bool { return n.logical == decimal && len(b) <= maxDecimalBytes }

func (n *node) decimalValue(b []byte) value.Decimal {
	return value.Decimal{Unscaled: signed(b), Scale: int32(n.decimals.scale)}
}

// latin1 returns text in which each rune is a byte of b.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// fromLatin1 is the reverse of latin1; ok is false where a rune is no byte.
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

// toSigned is the reverse of signed, in the fewest bytes, or in size bytes when size > 0; ok
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
