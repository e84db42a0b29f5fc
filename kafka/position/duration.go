package position

import (
	"fmt"
	"math"
	"math/bits"
	"time"
)

const durationForms = "want a number and a unit of ms s m h d w, such as 500ms, 1h30m or 2d"

type unit struct {
	name string
	size time.Duration
}

// units are listed so that a longer name comes before its prefix.
func units() [6]unit {
	return [...]unit{
		{"ms", time.Millisecond},
		{"s", time.Second},
		{"m", time.Minute},
		{"h", time.Hour},
		{"d", 24 * time.Hour},
		{"w", 7 * 24 * time.Hour},
	}
}

// ParseDuration reads a span such as "500ms", "1h30m", "1.5s", "2d" or "0". Units
// are ms s m h d w, each smaller than the one before it; a day is 24 hours. The
// result is never negative, and fits 292 years. Fractions finer than a
// nanosecond are cut off.
func ParseDuration(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	var total time.Duration
	last := time.Duration(math.MaxInt64)
	for rest := text; ; {
		d, u, tail, err := nextSpan(text, rest)
		switch {
		case err != nil:
			return 0, err
		case u.size >= last:
			return 0, fmt.Errorf("%q: %s stands after a unit that is not larger: %s", text, u.name, durationForms)
		case d > math.MaxInt64-total:
			return 0, fmt.Errorf("%q: longer than 292 years", text)
		}
		total, last = total+d, u.size
		if tail == "" {
			return total, nil
		}
		rest = tail
	}
}

// nextSpan reads one number with its unit from the start of rest.
func nextSpan(text, rest string) (time.Duration, unit, string, error) {
	whole, n, tooLong := digitsOf(rest)
	rest = rest[n:]
	var frac, scale uint64 = 0, 1
	f := 0
	if n > 0 && len(rest) > 1 && rest[0] == '.' {
		for f = 1; f < len(rest) && '0' <= rest[f] && rest[f] <= '9'; f++ {
			if scale < 1e15 { // the largest unit is 6.05e14 ns
				frac, scale = frac*10+uint64(rest[f]-'0'), scale*10
			}
		}
		if f == 1 {
			n = 0
		}
		rest = rest[f:]
	}
	if n == 0 {
		return 0, unit{}, "", fmt.Errorf("%q is no duration: %s", text, durationForms)
	}
	for _, u := range units() {
		if len(rest) < len(u.name) || rest[:len(u.name)] != u.name {
			continue
		}
		hi, d := bits.Mul64(whole, uint64(u.size))
		partHi, partLo := bits.Mul64(frac, uint64(u.size))
		part, _ := bits.Div64(partHi, partLo, scale) // less than one unit
		if tooLong || hi != 0 || d > math.MaxInt64-part {
			return 0, unit{}, "", fmt.Errorf("%q: longer than 292 years", text)
		}
		return time.Duration(d + part), u, rest[len(u.name):], nil
	}
	if rest == "" {
		return 0, unit{}, "", fmt.Errorf("%q: a unit is missing: %s", text, durationForms)
	}
	return 0, unit{}, "", fmt.Errorf("%q is no duration: %s", text, durationForms)
}

// digitsOf reads the digits at the start of s: their value, how many there are,
// and whether the value does not fit 64 bits.
func digitsOf(s string) (value uint64, n int, tooLong bool) {
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		hi, lo := bits.Mul64(value, 10)
		sum, carry := bits.Add64(lo, uint64(s[n]-'0'), 0)
		tooLong = tooLong || hi != 0 || carry != 0
		value = sum
		n++
	}
	return value, n, tooLong
}
