package pickle

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// viewDatetime recognises the packed forms of the datetime module.
func viewDatetime(name string, args []any) view {
	if name == "timedelta" {
		d, ok := timedelta(args)
		if !ok {
			return view{}
		}
		return view{sort: aTimedelta, delta: d}
	}
	var packed octets
	ok := len(args) == 1 || len(args) == 2 && name != "date"
	if ok {
		packed, ok = packedTime(args[0])
	}
	if !ok {
		return view{}
	}
	v := view{}
	b := []byte(packed)
	var out []byte
	fold := false
	switch {
	case name == "date" && len(b) == 4:
		v.sort = aDate
		out, ok = appendDate(out, b)
	case name == "datetime" && len(b) == 10:
		v.sort = aDatetime
		fold, b[2] = b[2] > 127, b[2]&127
		if out, ok = appendDate(out, b); ok {
			out, ok = appendClock(append(out, 'T'), b[4:])
		}
	case name == "time" && len(b) == 6:
		v.sort = aTime
		fold, b[0] = b[0] > 127, b[0]&127
		out, ok = appendClock(out, b)
	default:
		ok = false
	}
	if !ok {
		return view{}
	}
	if len(args) == 2 {
		if z, ok := appendZone(out, args[1]); ok {
			out = z
		} else {
			v.zone = args[1]
		}
	}
	if fold {
		out = append(out, foldMark...)
	}
	v.text = string(out)
	return v
}

// foldMark follows a time that a clock showed twice, when it is the second (PEP 495).
const foldMark = "[fold=1]"

// packedTime returns the bytes of a time; Python 2 wrote them as a str.
func packedTime(v any) (octets, bool) {
	const longest = 20 // ten characters in UTF-8
	switch t := v.(type) {
	case string:
		if len(t) <= longest {
			return latin1(t)
		}
	case octets:
		return t, len(t) <= longest
	case *object:
		if t.shape().sort != someBytes {
			return "", false
		}
		if args, _ := t.arguments(); len(args) > 0 && len(args[0].(string)) > longest {
			return "", false
		}
		return t.content()
	}
	return "", false
}

func appendDate(dst, b []byte) ([]byte, bool) {
	year, month, day := int(b[0])<<8|int(b[1]), int(b[2]), int(b[3])
	if !validDate(year, month, day) {
		return dst, false
	}
	return fmt.Appendf(dst, "%04d-%02d-%02d", year, month, day), true
}

func validDate(year, month, day int) bool {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func appendClock(dst, b []byte) ([]byte, bool) {
	micros := int(b[3])<<16 | int(b[4])<<8 | int(b[5])
	if b[0] > 23 || b[1] > 59 || b[2] > 59 || micros > 999999 {
		return dst, false
	}
	dst = fmt.Appendf(dst, "%02d:%02d:%02d", b[0], b[1], b[2])
	if micros > 0 {
		dst = fmt.Appendf(dst, ".%06d", micros)
	}
	return dst, true
}

// appendZone appends the offset of a datetime.timezone without a name: +02:00, and
// seconds where it has some.
func appendZone(dst []byte, v any) ([]byte, bool) {
	o, ok := v.(*object)
	if !ok || o.how != call || !isGlobal(o.class, "datetime", "timezone") || !o.untouched() {
		return dst, false
	}
	args, ok := o.arguments()
	if !ok || len(args) != 1 {
		return dst, false
	}
	offset, ok := args[0].(*object)
	if !ok {
		return dst, false
	}
	w := offset.view()
	days, seconds, micros := w.delta[0], w.delta[1], w.delta[2]
	if w.sort != aTimedelta || days < -1 || days > 0 || days == -1 && seconds == 0 && micros == 0 {
		return dst, false
	}
	sign := byte('+')
	if days < 0 {
		sign = '-'
		seconds = 86400 - seconds
		if micros > 0 {
			seconds, micros = seconds-1, 1_000_000-micros
		}
	}
	dst = fmt.Appendf(append(dst, sign), "%02d:%02d", seconds/3600, seconds/60%60)
	if seconds%60 > 0 || micros > 0 {
		dst = fmt.Appendf(dst, ":%02d", seconds%60)
	}
	if micros > 0 {
		dst = fmt.Appendf(dst, ".%06d", micros)
	}
	return dst, true
}

// timedelta returns days, seconds and microseconds if they are normal.
func timedelta(args []any) (d [3]int64, ok bool) {
	if len(args) != 3 {
		return d, false
	}
	for i, a := range args {
		if d[i], ok = a.(int64); !ok {
			return d, false
		}
	}
	return d, validDelta(d)
}

func validDelta(d [3]int64) bool {
	return d[0] >= -999999999 && d[0] <= 999999999 &&
		d[1] >= 0 && d[1] < 86400 && d[2] >= 0 && d[2] < 1_000_000
}

// appendSeconds appends a timedelta as seconds, exactly.
func appendSeconds(dst []byte, d [3]int64) []byte {
	seconds, micros := d[0]*86400+d[1], d[2]
	if seconds < 0 {
		dst = append(dst, '-')
		seconds = -seconds
		if micros > 0 {
			seconds, micros = seconds-1, 1_000_000-micros
		}
	}
	dst = append(strconv.AppendInt(dst, seconds, 10), '.')
	if micros == 0 {
		return append(dst, '0')
	}
	return append(dst, strings.TrimRight(fmt.Sprintf("%06d", micros), "0")...)
}
