package pickle

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"kstream/serde/value"
)

var (
	errYear   = errors.New("the years of Python are 1 to 9999")
	errMicros = errors.New("more digits than the microseconds that Python keeps")
	errMonths = errors.New("a timedelta has no months")
	errTime   = errors.New("not a time as Python's isoformat writes it")
)

// packClock appends hours to microseconds as the datetime module packs them.
func packClock(dst []byte, hour, minute, second, micros int) []byte {
	return append(dst, byte(hour), byte(minute), byte(second), byte(micros>>16), byte(micros>>8), byte(micros))
}

func packDate(year, month, day int) []byte {
	return append(make([]byte, 0, 10), byte(year>>8), byte(year), byte(month), byte(day))
}

// datetimeOf records a datetime: an instant in UTC, or a wall clock without a zone.
func datetimeOf(t value.Time) (any, error) {
	utc := t.T.UTC()
	if y := utc.Year(); y < 1 || y > 9999 {
		return nil, errYear
	}
	if utc.Nanosecond()%1000 != 0 {
		return nil, errMicros
	}
	b := packDate(utc.Year(), int(utc.Month()), utc.Day())
	b = packClock(b, utc.Hour(), utc.Minute(), utc.Second(), utc.Nanosecond()/1000)
	if t.Local {
		return callOf("datetime", "datetime", octets(b)), nil
	}
	return callOf("datetime", "datetime", octets(b), zoneOf([3]int64{})), nil
}

func zoneOf(offset [3]int64) *object {
	delta := callOf("datetime", "timedelta", offset[0], offset[1], offset[2])
	return callOf("datetime", "timezone", delta)
}

func dateOf(d value.Date) (any, error) {
	if d < -719162 || d > 2932896 {
		return nil, errYear
	}
	t := time.Unix(int64(d)*86400, 0).UTC()
	return callOf("datetime", "date", octets(packDate(t.Year(), int(t.Month()), t.Day()))), nil
}

func timeOf(t value.TimeOfDay) (any, error) {
	if t.Nanos%1000 != 0 {
		return nil, errMicros
	}
	seconds := int(t.Nanos / int64(time.Second))
	micros := int(t.Nanos % int64(time.Second) / 1000)
	if seconds < 0 || seconds >= 86400 {
		return nil, errTime
	}
	return callOf("datetime", "time", octets(packClock(nil, seconds/3600, seconds/60%60, seconds%60, micros))), nil
}

func timedeltaOf(d value.Duration) (any, error) {
	if d.Months != 0 {
		return nil, errMonths
	}
	days, millis := int64(d.Days)+int64(d.Millis)/86_400_000, int64(d.Millis)%86_400_000
	return callOf("datetime", "timedelta", days, millis/1000, millis%1000*1000), nil
}

// parseTime reads what isoformat of a datetime, date or time writes, and foldMark.
func parseTime(class, s string) (any, error) {
	rest, fold := strings.CutSuffix(s, foldMark)
	p := timeParser{rest: rest}
	var packed []byte
	if class != "time" {
		packed = p.date()
	}
	if class == "datetime" {
		if !p.literal('T') {
			p.literal(' ')
		}
	}
	foldAt := 2
	if class != "date" {
		if class == "time" {
			foldAt = 0
		}
		packed = p.clock(packed)
	}
	args := []any{nil}
	if class != "date" && p.rest != "" {
		offset := p.zone()
		args = append(args, zoneOf(offset))
	}
	if p.bad || p.rest != "" || fold && class == "date" {
		return nil, errTime
	}
	if fold {
		packed[foldAt] |= 128
	}
	args[0] = octets(packed)
	return callOf("datetime", class, args...), nil
}

// timeParser consumes rest; bad says that something was not as it has to be.
type timeParser struct {
	rest string
	bad  bool
}

func (p *timeParser) literal(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *timeParser) want(c byte) {
	p.bad = !p.literal(c) || p.bad
}

// number reads exactly n digits.
func (p *timeParser) number(n int) int {
	if len(p.rest) < n || digits(p.rest[:n]) != n {
		p.bad, p.rest = true, ""
		return 0
	}
	out := 0
	for i := range n {
		out = out*10 + int(p.rest[i]-'0')
	}
	p.rest = p.rest[n:]
	return out
}

func (p *timeParser) date() []byte {
	year := p.number(4)
	p.want('-')
	month := p.number(2)
	p.want('-')
	day := p.number(2)
	p.bad = p.bad || !validDate(year, month, day)
	return packDate(year, month, day)
}

// hms reads HH:MM[:SS[.ffffff]].
func (p *timeParser) hms() (hour, minute, second, micros int) {
	hour = p.number(2)
	p.want(':')
	minute = p.number(2)
	if p.literal(':') {
		second = p.number(2)
		if p.literal('.') {
			n := min(digits(p.rest), 6)
			micros = p.number(n)
			for ; n < 6; n++ {
				micros *= 10
			}
		}
	}
	p.bad = p.bad || hour > 23 || minute > 59 || second > 59
	return hour, minute, second, micros
}

func (p *timeParser) clock(dst []byte) []byte {
	hour, minute, second, micros := p.hms()
	return packClock(dst, hour, minute, second, micros)
}

// zone reads Z or ±HH:MM[:SS[.ffffff]] as a normal timedelta.
func (p *timeParser) zone() (delta [3]int64) {
	if p.literal('Z') {
		return delta
	}
	negative := p.literal('-')
	if !negative {
		p.want('+')
	}
	hour, minute, second, micros := p.hms()
	total := (int64(hour)*3600+int64(minute)*60+int64(second))*1_000_000 + int64(micros)
	if negative && total > 0 {
		total = 86_400_000_000 - total
		delta[0] = -1
	}
	delta[1], delta[2] = total/1_000_000, total%1_000_000
	return delta
}

// describe names a class in the error that refuses it.
func describe(class any) string {
	switch t := class.(type) {
	case *global:
		return fmt.Sprintf("%q", brief(className(t)))
	case *object:
		if name, ok := attribute(t); ok {
			return fmt.Sprintf("%q", brief(name))
		}
	}
	return "an object"
}
