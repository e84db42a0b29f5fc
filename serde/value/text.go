package value

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// maxDigits bounds the decimal text that is turned into a number: the cost grows faster
// than the length.
const maxDigits = 5000

// AppendDecimal appends d with its scale: 1.10, 0.05, 12E+3. Scales beyond ±1000 are
// written with an exponent, so the text is never much longer than the digits.
func AppendDecimal(dst []byte, d Decimal) []byte {
	digits := d.digits()
	if d.Unscaled != nil && d.Unscaled.Sign() < 0 {
		dst = append(dst, '-')
	}
	scale := int(d.Scale)
	switch {
	case scale == 0:
		return append(dst, digits...)
	case scale < 0 || scale > 1000:
		dst = append(dst, digits...)
		dst = append(dst, 'E')
		if scale < 0 {
			dst = append(dst, '+')
		}
		return strconv.AppendInt(dst, -int64(scale), 10)
	case len(digits) <= scale:
		dst = append(dst, '0', '.')
		for range scale - len(digits) {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	point := len(digits) - scale
	dst = append(dst, digits[:point]...)
	dst = append(dst, '.')
	return append(dst, digits[point:]...)
}

// digits are those of the unscaled value, without a sign.
func (d Decimal) digits() string {
	if d.Unscaled == nil {
		return "0"
	}
	return strings.TrimPrefix(d.Unscaled.String(), "-")
}

var errDecimal = errors.New("not a decimal number")

// ParseDecimal reads what AppendDecimal writes, and any JSON number. The scale is that
// of the text: 1.10 has 2, 1e3 has -3. At most 5,000 digits are read.
func ParseDecimal(text string) (Decimal, error) {
	mantissa, exp, hasExp := text, int64(0), false
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, hasExp = text[:i], true
		n, err := strconv.ParseInt(text[i+1:], 10, 32)
		if err != nil {
			return Decimal{}, errDecimal
		}
		exp = n
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	unsigned := strings.TrimLeft(whole, "+-")
	if len(whole)-len(unsigned) > 1 || unsigned+fraction == "" || point && fraction == "" && hasExp {
		return Decimal{}, errDecimal
	}
	digits := unsigned + fraction
	if strings.Trim(digits, "0123456789") != "" {
		return Decimal{}, errDecimal
	}
	if len(digits) > maxDigits {
		return Decimal{}, ErrTooBig
	}
	scale := int64(len(fraction)) - exp
	if scale > math.MaxInt32 || scale < math.MinInt32 {
		return Decimal{}, ErrTooBig
	}
	n, _ := new(big.Int).SetString(digits, 10)
	if strings.HasPrefix(whole, "-") {
		n.Neg(n)
	}
	return Decimal{Unscaled: n, Scale: int32(scale)}, nil
}

// Rescale returns the same number with another scale, or an error when digits would be
// lost.
func (d Decimal) Rescale(scale int32) (Decimal, error) {
	by := int64(scale) - int64(d.Scale)
	unscaled := d.Unscaled
	if unscaled == nil {
		unscaled = new(big.Int)
	}
	switch {
	case by == 0 || unscaled.Sign() == 0:
		return Decimal{unscaled, scale}, nil
	case by > 2*maxDigits || by < -2*maxDigits:
		return Decimal{}, ErrTooBig
	case by > 0:
		return Decimal{new(big.Int).Mul(unscaled, pow10(by)), scale}, nil
	}
	q, r := new(big.Int).QuoRem(unscaled, pow10(-by), new(big.Int))
	if r.Sign() != 0 {
		return Decimal{}, fmt.Errorf("%s has more than %d digits after the point", AppendDecimal(nil, d), scale)
	}
	return Decimal{q, scale}, nil
}

func pow10(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

// count returns the number of units of the wire since 1970-01-01T00:00:00Z.
func (t Time) count() *big.Int {
	n := new(big.Int).Mul(big.NewInt(t.T.Unix()), pow10(int64(t.Digits)))
	fraction := int64(t.T.Nanosecond())
	for range 9 - min(t.Digits, 9) {
		fraction /= 10
	}
	return n.Add(n, big.NewInt(fraction))
}

// AppendTime appends RFC 3339 in UTC with all the digits that the format keeps, with Z,
// or without for a Local time. Years outside 1–9999 have no such text: ok is false.
func AppendTime(dst []byte, t Time) (out []byte, ok bool) {
	utc := t.T.UTC()
	year, month, day := utc.Date()
	if year < 1 || year > 9999 {
		return dst, false
	}
	dst = appendCivil(dst, year, int(month), day)
	dst = append(dst, 'T')
	hour, minute, second := utc.Clock()
	dst = appendClock(dst, hour, minute, second, utc.Nanosecond(), t.Digits)
	if !t.Local {
		dst = append(dst, 'Z')
	}
	return dst, true
}

func appendCivil(dst []byte, year, month, day int) []byte {
	dst = append(dst, '0'+byte(year/1000), '0'+byte(year/100%10))
	dst = append2(dst, year%100)
	dst = append2(append(dst, '-'), month)
	return append2(append(dst, '-'), day)
}

func append2(dst []byte, n int) []byte { return append(dst, '0'+byte(n/10), '0'+byte(n%10)) }

func appendClock(dst []byte, hour, minute, second, nanos int, digits uint8) []byte {
	dst = append2(dst, hour)
	dst = append2(append(dst, ':'), minute)
	dst = append2(append(dst, ':'), second)
	if digits == 0 {
		return dst
	}
	dst = append(dst, '.')
	for div := 100_000_000; digits > 0 && div > 0; digits-- {
		dst = append(dst, '0'+byte(nanos/div%10))
		div /= 10
	}
	return dst
}

// ParseTime reads RFC 3339, with a space for the T if one likes; a local time has no
// zone and an instant must have one. Digits is the number of digits after the point.
func ParseTime(text string, local bool) (Time, error) {
	layout := "2006-01-02T15:04:05Z07:00"
	if local {
		layout = "2006-01-02T15:04:05"
	}
	if len(text) > 10 && (text[10] == ' ' || text[10] == 't') {
		text = text[:10] + "T" + text[11:]
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return Time{}, fmt.Errorf("want a time like %s", layout)
	}
	digits := 0
	if _, fraction, ok := strings.Cut(text, "."); ok {
		digits = len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
	}
	if digits > 9 {
		return Time{}, errors.New("more than nine digits of a second")
	}
	return Time{T: t.UTC(), Local: local, Digits: uint8(digits)}, nil
}

// Bounds of the dates that have a text: years 1 to 9999.
const (
	minDate Date = -719162
	maxDate Date = 2932896
)

// AppendDate appends 2024-02-29. Years outside 1–9999 have no such text: ok is false.
func AppendDate(dst []byte, d Date) (out []byte, ok bool) {
	if d < minDate || d > maxDate {
		return dst, false
	}
	year, month, day := time.Unix(int64(d)*86400, 0).UTC().Date()
	return appendCivil(dst, year, int(month), day), true
}

// ParseDate reads what AppendDate writes.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1 {
		return 0, errors.New("want a date like 2006-01-02")
	}
	return Date(t.Unix() / 86400), nil // dates before 1970 are whole days, too
}

// AppendTimeOfDay appends 23:59:59.999. Nanoseconds beyond a day wrap.
func AppendTimeOfDay(dst []byte, t TimeOfDay) []byte {
	const day = 24 * int64(time.Hour)
	n := (t.Nanos%day + day) % day
	seconds := int(n / int64(time.Second))
	return appendClock(dst, seconds/3600, seconds/60%60, seconds%60, int(n%int64(time.Second)), t.Digits)
}

// ParseTimeOfDay reads what AppendTimeOfDay writes.
func ParseTimeOfDay(text string) (TimeOfDay, error) {
	t, err := ParseTime("1970-01-01T"+text, true)
	if err != nil {
		return TimeOfDay{}, errors.New("want a time of day like 15:04:05.999")
	}
	return TimeOfDay{Nanos: t.T.UnixNano(), Digits: t.Digits}, nil
}

// AppendUUID appends the 36 characters of RFC 9562.
func AppendUUID(dst []byte, u UUID) []byte {
	for i, group := range [][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, group)
	}
	return dst
}

// ParseUUID reads the 36 characters of RFC 9562, in either case.
func ParseUUID[T string | []byte](text T) (UUID, error) {
	var u UUID
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return UUID{}, errUUID
	}
	at := 0
	for i := range u {
		if at == 8 || at == 13 || at == 18 || at == 23 {
			at++
		}
		high, low := hexDigit(text[at]), hexDigit(text[at+1])
		if high < 0 || low < 0 {
			return UUID{}, errUUID
		}
		u[i] = byte(high<<4 | low)
		at += 2
	}
	return u, nil
}

var errUUID = errors.New("not a UUID of 36 characters")
