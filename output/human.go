package output

import (
	"math"
	"strconv"
	"time"
)

// Bytes returns a size in bytes with units of 1000: 512 B, 12.3 MB.
func Bytes(n int64) string {
	if -1000 < n && n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return scaled(float64(n), " ", "B")
}

// scaled writes v with three digits or so and the prefix of SI that fits.
func scaled(v float64, space, unit string) string {
	prefixes := []string{"", "k", "M", "G", "T", "P", "E"}
	i := 0
	for i < len(prefixes)-1 && math.Abs(v) >= 999.5 {
		v /= 1000
		i++
	}
	if i == 0 || math.Abs(v) >= 99.95 {
		return strconv.FormatFloat(v, 'f', 0, 64) + space + prefixes[i] + unit
	}
	return trimmed(v) + space + prefixes[i] + unit
}

// trimmed writes v with at most one decimal.
func trimmed(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// Duration returns a time span rounded to its two largest units: 350ms, 4.2s, 1m23s, 3h5m,
// 2d4h.
func Duration(d time.Duration) string {
	if d < 0 {
		if d == math.MinInt64 {
			d++
		}
		return "-" + Duration(-d)
	}
	const day = 24 * time.Hour
	pair := func(large, small time.Duration, l, s string) string {
		d = d.Round(small)
		text := strconv.FormatInt(int64(d/large), 10) + l
		if rest := d % large / small; rest > 0 {
			text += strconv.FormatInt(int64(rest), 10) + s
		}
		return text
	}
	switch {
	case d == 0:
		return "0s"
	case d < time.Microsecond:
		return d.String()
	case d < time.Millisecond:
		return strconv.FormatInt(d.Microseconds(), 10) + "µs"
	case d.Round(time.Millisecond) < time.Second:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + "ms"
	case d.Round(100*time.Millisecond) < time.Minute:
		return trimmed(d.Seconds()) + "s"
	case d.Round(time.Second) < time.Hour:
		return pair(time.Minute, time.Second, "m", "s")
	case d.Round(time.Minute) < day:
		return pair(time.Hour, time.Minute, "h", "m")
	}
	return pair(day, time.Hour, "d", "h")
}
