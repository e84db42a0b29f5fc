package pickle

import (
	"math"

	"kstream/serde/value"
)

// unitDigits returns how many digits of a second a unit has, or how many seconds it is.
func unitDigits(unit string) (digits uint8, seconds int64, ok bool) {
	switch unit {
	case "D":
		return 0, 86400, true
	case "h":
		return 0, 3600, true
	case "m":
		return 0, 60, true
	case "s":
		return 0, 1, true
	case "ms":
		return 3, 1, true
	case "us":
		return 6, 1, true
	case "ns":
		return 9, 1, true
	}
	return 0, 0, false
}

// calendar returns a count of units since 1970 as a time without a zone, a count of days
// as a date. NaT, which is no time, is null; a unit of months or years, and a year
// beyond 9999, stay the count.
func calendar(n int64, unit string) (any, bool) {
	digits, seconds, ok := unitDigits(unit)
	switch {
	case n == math.MinInt64:
		return nil, true
	case !ok || n > math.MaxInt64/seconds || n < math.MinInt64/seconds:
		return n, true
	}
	if unit == "D" {
		if n > math.MaxInt32 || n < math.MinInt32 {
			return n, true
		}
		text, ok := value.AppendDate(nil, value.Date(n))
		if !ok {
			return n, true
		}
		return string(text), true
	}
	t, err := value.AsTime(n*seconds, digits, true)
	if err != nil {
		return n, true
	}
	text, ok := value.AppendTime(nil, t)
	if !ok {
		return n, true
	}
	return string(text), true
}

// elapsed returns a count of units as seconds.
func elapsed(n int64, unit string) (any, bool) {
	digits, seconds, ok := unitDigits(unit)
	switch {
	case n == math.MinInt64:
		return nil, true
	case !ok:
		return n, true
	}
	f := float64(n) * float64(seconds)
	for range digits {
		f /= 10
	}
	if digits > 0 { // rounded once
		f = float64(n) / math.Pow10(int(digits))
	}
	return f, true
}

// pandasUnit returns the resolution that newer versions of pandas write, as NumPy counts it.
func pandasUnit(args []any, at int) string {
	if len(args) <= at {
		return "ns"
	}
	switch args[at] {
	case any(int64(7)):
		return "s"
	case any(int64(8)):
		return "ms"
	case any(int64(9)):
		return "us"
	case any(int64(10)):
		return "ns"
	}
	return ""
}

// pandasTime reads (count, frequency, zone, resolution). The count is of UTC where there
// is a zone, which is then named as in RFC 9557.
func pandasTime(args []any) (any, bool) {
	if len(args) < 3 || len(args) > 4 {
		return nil, false
	}
	n, ok := args[0].(int64)
	unit := pandasUnit(args, 3)
	if !ok || unit == "" {
		return nil, false
	}
	v, _ := calendar(n, unit)
	text, ok := v.(string)
	if !ok || args[2] == nil {
		return v, true
	}
	return text + "Z" + zoneSuffix(args[2]), true
}

// zoneSuffix names a zone, if that is known.
func zoneSuffix(zone any) string {
	if name, ok := zoneName(zone); ok && name != "UTC" {
		return "[" + name + "]"
	}
	return ""
}

func pandasDelta(args []any) (any, bool) {
	if len(args) < 1 || len(args) > 2 {
		return nil, false
	}
	n, ok := args[0].(int64)
	unit := pandasUnit(args, 1)
	if !ok || unit == "" {
		return nil, false
	}
	return elapsed(n, unit)
}

// indexOf reads (class, {"data": …, "name": …}).
func indexOf(args []any) (any, bool) {
	if len(args) != 2 {
		return nil, false
	}
	of, ok := textKeys(args[1])
	if !ok {
		return nil, false
	}
	return valuesOf(of["data"]) // never an index: what leads back to here would never end
}
