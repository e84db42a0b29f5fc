package pickle

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // what a time means must not depend on the machine that reads it
)

// zoned returns a time in a zone that has a name, as RFC 9557 writes it:
// 2024-01-01T00:00:00+01:00[Europe/Berlin]. A time of day has no offset.
func zoned(v view) (text string, ok bool) {
	name, ok := zoneName(v.zone)
	if !ok {
		return "", false
	}
	clock, fold := strings.CutSuffix(v.text, foldMark)
	if v.sort == aDatetime {
		if offset, ok := offsetOf(v.zone, name, clock, fold); ok {
			return clock + offset + "[" + name + "]", true
		}
	}
	return v.text + "[" + name + "]", true
}

// offsetOf returns the offset of a time on the clocks of a zone. pytz has written it,
// other zones are looked up. It is what Python says: of the two offsets when a clock shows a
// time twice or never, fold takes the one behind the change (PEP 495).
func offsetOf(zone any, name, clock string, fold bool) (string, bool) {
	if o, ok := zone.(*object); ok && isGlobal(o.class, "pytz", "_p") {
		if args, _ := o.arguments(); len(args) == 4 {
			seconds, ok := args[1].(int64)
			return offsetText(int(seconds)), ok && -86400 < seconds && seconds < 86400
		}
	}
	location, ok := locationOf(name)
	if !ok {
		return "", false
	}
	utc, err := time.Parse("2006-01-02T15:04:05", clock) // with a fraction, if there is one
	if err != nil {
		return "", false
	}
	before, after := offsetAt(location, utc.Add(-24*time.Hour)), offsetAt(location, utc.Add(24*time.Hour))
	first := offsetAt(location, utc.Add(-seconds(before))) == before
	second := offsetAt(location, utc.Add(-seconds(after))) == after
	if first && !second || first == second && !fold {
		return offsetText(before), true
	}
	return offsetText(after), true
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func offsetAt(location *time.Location, t time.Time) int {
	_, offset := t.In(location).Zone()
	return offset
}

// offsetText returns the offset as isoformat of a datetime writes it.
func offsetText(offset int) string {
	text := time.Time{}.In(time.FixedZone("", offset)).Format("-07:00:00")
	return strings.TrimSuffix(text, ":00")
}

// locations are the zones that were looked up and exist, by name. There are some 600.
var locations sync.Map

func locationOf(name string) (*time.Location, bool) {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location), true
	}
	if name == "" || name == "Local" {
		return nil, false
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	locations.Store(name, location)
	return location, true
}
