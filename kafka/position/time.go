package position

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const timeForms = "2026-11-22T10:00:00Z, 2026-11-22, \"2026-11-22 10:00\", @ and 10 or 13 digits, now, today, yesterday, -1h or \"1h ago\""

// ParseTime reads a point in time, with or without a leading @.
//
//	2026-11-22T10:00:00.5+01:00           RFC 3339, any fraction, space for T too
//	2026-11-22, 2026-11-22 10:00[:05.5]   in now's location; a date is its midnight
//	@1795337438, @1795337438558           seconds, milliseconds since the epoch
//	now, today, yesterday, yesterday 14:00
//	-1h30m, 1h30m ago                     before now; units ms s m h d w, d is 24 h
//
// The result keeps the zone that was written, or now's location.
func ParseTime(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	body, at := strings.CutPrefix(text, "@")
	switch {
	case body == "":
		return time.Time{}, fmt.Errorf("%q is no time: want %s", text, timeForms)
	case isDigits(body):
		return parseUnix(text, body, at, now.Location())
	case strings.EqualFold(body, "now"):
		return now, nil
	}
	if past, ok := cutAgo(body); ok {
		d, err := ParseDuration(past)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is no time: %w", text, err)
		}
		return now.Add(-d), nil
	}
	if day, ok := cutDay(body); ok {
		return parseDay(text, day, now)
	}
	return parseDate(text, body, now.Location())
}

func parseUnix(text, digits string, at bool, zone *time.Location) (time.Time, error) {
	if !at || len(digits) != 10 && len(digits) != 13 {
		return time.Time{}, fmt.Errorf("%q: a time in digits is @ and 10 (seconds) or 13 (milliseconds) of them", text)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q: %w", text, err)
	}
	if len(digits) == 10 {
		n *= 1000
	}
	return time.UnixMilli(n).In(zone), nil
}

// cutAgo returns the duration of "-1h" and "1h ago".
func cutAgo(s string) (string, bool) {
	if d, ok := strings.CutPrefix(s, "-"); ok {
		return d, true
	}
	if d, ok := strings.CutSuffix(s, "ago"); ok && strings.HasSuffix(d, " ") {
		return strings.TrimSpace(d), true
	}
	return "", false
}

type dayTime struct {
	before int    // days before today
	clock  string // "14:00", or empty for midnight
}

func cutDay(s string) (dayTime, bool) {
	word, clock, _ := strings.Cut(s, " ")
	clock = strings.TrimSpace(clock)
	switch strings.ToLower(word) {
	case "today":
		return dayTime{0, clock}, true
	case "yesterday":
		return dayTime{1, clock}, true
	}
	return dayTime{}, false
}

func parseDay(text string, day dayTime, now time.Time) (time.Time, error) {
	var clock time.Time
	if day.clock != "" {
		var err error
		if clock, err = parseAny(day.clock, time.UTC, "15:04", "15:04:05"); err != nil {
			return time.Time{}, fmt.Errorf("%q: the time of day must be like 14:00 or 14:00:05", text)
		}
	}
	y, m, d := now.Date()
	return time.Date(y, m, d-day.before, clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), now.Location()), nil
}

func parseDate(text, body string, zone *time.Location) (time.Time, error) {
	t, err := parseAny(body, zone,
		time.RFC3339, "2006-01-02 15:04:05Z07:00",
		"2006-01-02T15:04:05", "2006-01-02 15:04:05",
		"2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00",
		"2006-01-02T15:04", "2006-01-02 15:04",
		time.DateOnly)
	if err == nil {
		return t, nil
	}
	if _, durErr := ParseDuration(body); durErr == nil {
		return time.Time{}, fmt.Errorf("%q is a duration: for a time write -%s or %q", text, body, body+" ago")
	}
	if reason := (*time.ParseError)(nil); errors.As(err, &reason) && strings.HasSuffix(reason.Message, "out of range") {
		return time.Time{}, fmt.Errorf("%q is no time%s", text, reason.Message)
	}
	return time.Time{}, fmt.Errorf("%q is no time: want %s", text, timeForms)
}

// parseAny tries the layouts in turn. Its error is one that names a field out of
// range, if any layout got so far, since only that one tells the reader more.
func parseAny(s string, zone *time.Location, layouts ...string) (time.Time, error) {
	var told error
	for _, layout := range layouts {
		t, err := time.ParseInLocation(layout, s, zone)
		if err == nil {
			return t, nil
		}
		if told == nil || strings.HasSuffix(err.Error(), "out of range") {
			told = err
		}
	}
	return time.Time{}, told
}
