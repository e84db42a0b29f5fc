package value

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// The As functions give v as what a target format needs, exactly or not at all: they
// never round, cut or wrap. 1.0 is an integer, 1.5 is not. They take what AppendJSON
// writes for the type in either mode, after ParseJSON.

func wantError(want string, v V) error { return fmt.Errorf("want %s, have %s", want, TypeName(v)) }

// AsInt64 gives an integer within min and max.
func AsInt64(v V, minimum, maximum int64) (int64, error) {
	var n int64
	switch t := v.(type) {
	case int64:
		n = t
	case Number:
		if small, ok := t.Int64(); ok {
			n = small
			break
		}
		big, err := AsBigInt(v)
		if err != nil {
			return 0, err
		}
		if !big.IsInt64() {
			return 0, rangeError(v, minimum, maximum)
		}
		n = big.Int64()
	default:
		big, err := AsBigInt(v)
		if err != nil {
			return 0, err
		}
		if !big.IsInt64() {
			return 0, rangeError(v, minimum, maximum)
		}
		n = big.Int64()
	}
	if n < minimum || n > maximum {
		return 0, rangeError(v, minimum, maximum)
	}
	return n, nil
}

func rangeError(v V, minimum, maximum int64) error {
	return fmt.Errorf("%s is not within %d and %d", brief(v), minimum, maximum)
}

// brief is a number for an error message, cut short.
func brief(v V) string {
	out, err := AppendJSON(nil, v, JSONOptions{})
	if err != nil {
		return TypeName(v)
	}
	if len(out) > 40 {
		return string(out[:37]) + "…"
	}
	return string(out)
}

// Int64 gives the number when it is an integer without a point or exponent that fits,
// as most are; it does not allocate.
func (n Number) Int64() (i int64, ok bool) {
	i, err := strconv.ParseInt(string(n), 10, 64)
	return i, err == nil
}

// AsUint64 gives an integer within 0 and max.
func AsUint64(v V, maximum uint64) (uint64, error) {
	if number, ok := v.(Number); ok {
		if small, ok := number.Int64(); ok {
			v = small
		}
	}
	if small, ok := v.(int64); ok && small >= 0 && uint64(small) <= maximum {
		return uint64(small), nil
	}
	n, err := AsBigInt(v)
	if err != nil {
		return 0, err
	}
	if !n.IsUint64() || n.Uint64() > maximum {
		return 0, fmt.Errorf("%s is not within 0 and %d", brief(v), maximum)
	}
	return n.Uint64(), nil
}

// AsBigInt gives an integer of any size up to about 10,000 digits.
func AsBigInt(v V) (*big.Int, error) {
	switch t := v.(type) {
	case int64:
		return big.NewInt(t), nil
	case *big.Int:
		return t, nil
	case Float:
		if t.F != math.Trunc(t.F) || math.IsInf(t.F, 0) {
			return nil, fmt.Errorf("%s is no integer", brief(v))
		}
		n, _ := big.NewFloat(t.F).Int(nil)
		return n, nil
	case Number, Decimal:
		d, err := AsDecimal(v)
		if err != nil {
			return nil, err
		}
		whole, err := d.Rescale(0)
		switch {
		case errors.Is(err, ErrTooBig):
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("%s is no integer", brief(v))
		}
		return whole.Unscaled, nil
	}
	return nil, wantError("an integer", v)
}

// AsFloat gives a float of 32 or 64 bits. A decimal text becomes the nearest float;
// an integer that the float cannot hold exactly, and a number beyond its range, are
// errors. "NaN", "Infinity" and "-Infinity" are read, and nan, inf, -inf.
func AsFloat(v V, bits int) (Float, error) {
	switch t := v.(type) {
	case Float:
		if bits == 32 && float64(float32(t.F)) != t.F && !math.IsNaN(t.F) {
			return Float{}, inexact(v, bits)
		}
		return Float{t.F, uint8(bits)}, nil
	case string:
		switch t {
		case "NaN", "nan":
			return Float{math.NaN(), uint8(bits)}, nil
		case "Infinity", "inf":
			return Float{math.Inf(1), uint8(bits)}, nil
		case "-Infinity", "-inf":
			return Float{math.Inf(-1), uint8(bits)}, nil
		}
	case Number:
		if f, err := strconv.ParseFloat(string(t), bits); err == nil {
			if !strings.ContainsAny(string(t), ".eE") && math.Abs(f) >= exactInts(bits) {
				return floatFromInt(v, bits)
			}
			return Float{f, uint8(bits)}, nil
		}
		return Float{}, fmt.Errorf("%s is beyond a float of %d bits", brief(v), bits)
	case Decimal:
		return AsFloat(Number(AppendDecimal(nil, t)), bits)
	case int64, *big.Int:
		return floatFromInt(v, bits)
	}
	return Float{}, wantError("a number", v)
}

// exactInts is the bound below which a float holds every integer.
func exactInts(bits int) float64 {
	if bits == 32 {
		return 1 << 24
	}
	return 1 << 53
}

func floatFromInt(v V, bits int) (Float, error) {
	n, err := AsBigInt(v)
	if err != nil {
		return Float{}, err
	}
	f, accuracy := new(big.Float).SetInt(n).Float64()
	if bits == 32 {
		if float64(float32(f)) != f {
			accuracy = big.Below
		}
	}
	if accuracy != big.Exact {
		return Float{}, inexact(v, bits)
	}
	return Float{f, uint8(bits)}, nil
}

func inexact(v V, bits int) error {
	return fmt.Errorf("%s does not fit a float of %d bits exactly", brief(v), bits)
}

// AsBool gives true or false.
func AsBool(v V) (bool, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return false, wantError("true or false", v)
}

// AsString gives text without lone surrogates.
func AsString(v V) (string, error) {
	switch t := v.(type) {
	case string:
		return t, nil
	case WTF8:
		return "", errors.New("the text holds lone surrogates")
	}
	return "", wantError("text", v)
}

// AsBytes gives bytes: Bytes as they are, text as base64 (RFC 4648, section 4). The
// result may alias v.
func AsBytes(v V) ([]byte, error) {
	switch t := v.(type) {
	case Bytes:
		return t, nil
	case Tagged:
		if t.Tag == "hex" {
			return readHex(t.V)
		}
	case *Map: // the tags are understood anywhere, lossless or not
		if len(t.Fields) == 1 {
			switch t.Fields[0].Key {
			case "$bytes":
				return readBase64(t.Fields[0].Value)
			case "$hex":
				return readHex(t.Fields[0].Value)
			}
		}
	case string:
		return readBase64(v)
	}
	return nil, wantError("base64 text", v)
}

func readBase64(v V) (Bytes, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wantError("base64 text", v)
	}
	b, err := base64.StdEncoding.Strict().AppendDecode(Bytes{}, []byte(text))
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("not base64")
	}
	return b, nil
}

func readHex(v V) (Bytes, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wantError("hexadecimal text", v)
	}
	b, err := hex.AppendDecode(Bytes{}, []byte(text))
	if err != nil {
		return nil, errors.New("not hexadecimal")
	}
	return b, nil
}

// AsDecimal gives a decimal with the scale of the text or number.
func AsDecimal(v V) (Decimal, error) {
	switch t := v.(type) {
	case Decimal:
		return t, nil
	case string:
		return ParseDecimal(t)
	case Number:
		return ParseDecimal(string(t))
	case int64:
		return Decimal{Unscaled: big.NewInt(t)}, nil
	case *big.Int:
		return Decimal{Unscaled: t}, nil
	case Float:
		if math.IsNaN(t.F) || math.IsInf(t.F, 0) {
			return Decimal{}, errDecimal
		}
		return ParseDecimal(string(AppendFloat(nil, t)))
	case Tagged:
		if t.Tag == "decimal" {
			return AsDecimal(t.V)
		}
	}
	return Decimal{}, wantError("a decimal", v)
}

// AsTime gives an instant, or a wall clock when local, with at most digits digits of a
// second. A number is the raw count in that unit since 1970-01-01T00:00:00.
func AsTime(v V, digits uint8, local bool) (Time, error) {
	switch t := v.(type) {
	case Time:
		if t.Local != local {
			return Time{}, errors.New("a time with a zone is no local time, nor the reverse")
		}
		return t.keep(digits)
	case string:
		parsed, err := ParseTime(t, local)
		if err != nil {
			return Time{}, err
		}
		return parsed.keep(digits)
	case Tagged:
		if t.Tag == "timestamp" || t.Tag == "localtimestamp" || t.Tag == "datetime" {
			return AsTime(t.V, digits, local)
		}
	case int64, Number, *big.Int, Float:
		n, err := AsInt64(v, math.MinInt64, math.MaxInt64)
		if err != nil {
			return Time{}, err
		}
		unit := unitsPerSecond(digits)
		seconds, rest := n/unit, n%unit
		if rest < 0 {
			seconds, rest = seconds-1, rest+unit
		}
		return Time{time.Unix(seconds, rest*(int64(time.Second)/unit)).UTC(), local, digits}, nil
	}
	return Time{}, wantError("a time", v)
}

func unitsPerSecond(digits uint8) int64 {
	unit := int64(1)
	for range min(digits, 9) {
		unit *= 10
	}
	return unit
}

// keep gives t with that many digits, or an error when some would be lost.
func (t Time) keep(digits uint8) (Time, error) {
	if int64(t.T.Nanosecond())%(int64(time.Second)/unitsPerSecond(digits)) != 0 {
		return Time{}, digitsError(digits)
	}
	t.Digits = digits
	return t, nil
}

func digitsError(digits uint8) error {
	return fmt.Errorf("more than %d digits of a second", digits)
}

// Units is t as the raw count in units of its digits since 1970-01-01T00:00:00, or an
// error when that is beyond an int64.
func (t Time) Units() (int64, error) {
	n := t.count()
	if !n.IsInt64() {
		return 0, fmt.Errorf("%s is beyond 64 bits", brief(t))
	}
	return n.Int64(), nil
}

func readTime(v V, local bool) (V, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wantError("the text of a time", v)
	}
	return ParseTime(text, local)
}

// AsDate gives a date; a number counts days since 1970-01-01.
func AsDate(v V) (Date, error) {
	switch t := v.(type) {
	case Date:
		return t, nil
	case string:
		return ParseDate(t)
	case int64, Number, *big.Int, Float:
		n, err := AsInt64(v, math.MinInt64, math.MaxInt64)
		return Date(n), err
	}
	return 0, wantError("a date", v)
}

// AsTimeOfDay gives a time of day with at most digits digits of a second; a number
// counts that unit since midnight.
func AsTimeOfDay(v V, digits uint8) (TimeOfDay, error) {
	var t TimeOfDay
	switch in := v.(type) {
	case TimeOfDay:
		t = in
	case string:
		parsed, err := ParseTimeOfDay(in)
		if err != nil {
			return TimeOfDay{}, err
		}
		t = parsed
	case int64, Number, *big.Int, Float:
		unit := unitsPerSecond(digits)
		n, err := AsInt64(v, 0, 86400*unit-1)
		if err != nil {
			return TimeOfDay{}, err
		}
		t.Nanos = n * (int64(time.Second) / unit)
	default:
		return TimeOfDay{}, wantError("a time of day", v)
	}
	if t.Nanos%(int64(time.Second)/unitsPerSecond(digits)) != 0 {
		return TimeOfDay{}, digitsError(digits)
	}
	t.Digits = digits
	return t, nil
}

func readTimeOfDay(v V) (V, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wantError("the text of a time of day", v)
	}
	return ParseTimeOfDay(text)
}

// AsDuration gives a duration from {"months":1,"days":2,"millis":3}; what is left out
// is zero.
func AsDuration(v V) (Duration, error) {
	if d, ok := v.(Duration); ok {
		return d, nil
	}
	m, ok := v.(*Map)
	if !ok {
		return Duration{}, wantError("a duration", v)
	}
	var d Duration
	for _, f := range m.Fields {
		n, err := AsUint64(f.Value, math.MaxUint32)
		if err != nil {
			return Duration{}, fmt.Errorf("%s: %w", f.Key, err)
		}
		switch f.Key {
		case "months":
			d.Months = uint32(n)
		case "days":
			d.Days = uint32(n)
		case "millis":
			d.Millis = uint32(n)
		default:
			return Duration{}, fmt.Errorf("a duration has no %q", f.Key)
		}
	}
	return d, nil
}

// AsUUID gives a UUID from its text or its 16 bytes.
func AsUUID(v V) (UUID, error) {
	switch t := v.(type) {
	case UUID:
		return t, nil
	case string:
		return ParseUUID(t)
	case Bytes:
		if len(t) == len(UUID{}) {
			return UUID(t), nil
		}
		return UUID{}, fmt.Errorf("a UUID has 16 bytes, not %d", len(t))
	}
	return UUID{}, wantError("a UUID", v)
}
