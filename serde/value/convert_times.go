package value

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"
)

// AsTime returns an instant, or a wall clock when local, with at most digits digits of a
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

// keep returns t with that many digits, or an error when some would be lost.
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

// Units returns t as a count since 1970-01-01T00:00:00, in the unit of its digits, or an
// error if that does not fit into an int64.
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

// AsDate returns a date; a number counts days since 1970-01-01.
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

// AsTimeOfDay returns a time of day with at most digits digits of a second; a number
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

// AsDuration returns a duration from {"months":1,"days":2,"millis":3}; what is left out
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
