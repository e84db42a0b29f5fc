package record

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"kstream/cmd/cli"
)

// The same cause again and again is one line, with a count and the first places. So many
// places are named, and so many causes told apart; further ones are counted together.
const (
	namedPlaces = 3
	namedCauses = 10
)

// Failures counts what went wrong with single records, by its cause. One goroutine owns
// it.
type Failures struct {
	count  int64
	causes []*Cause
	more   int64 // records with further causes
}

// Cause is what went wrong with some records.
type Cause struct {
	Err    error // of the first record, without its place
	what   deed
	text   string // of Err
	form   string // its formOf
	places []string
	count  int64
}

// Add counts one more record, at place, that was not passed on. It returns its cause, nil
// beyond those that are told apart, and reports whether that is new.
func (f *Failures) Add(place string, err error) (c *Cause, first bool) {
	return f.AddUnusable(place, &Unusable{Err: err})
}

// AddUnusable is Add for a record that something else may not have been done with.
func (f *Failures) AddUnusable(place string, bad *Unusable) (c *Cause, first bool) {
	what, err := bad.What, bad.Err
	f.count++
	text := err.Error()
	if c = f.find(what, text); c == nil && len(f.causes) < namedCauses {
		c, first = &Cause{Err: err, what: what, text: text, form: formOf(text)}, true
		f.causes = append(f.causes, c)
	}
	if c == nil {
		f.more++
		return nil, false
	}
	c.count++
	if place != "" && len(c.places) < namedPlaces {
		c.places = append(c.places, place)
	}
	return c, first
}

// find returns the cause with a text, or nil.
func (f *Failures) find(what deed, text string) *Cause {
	for _, c := range f.causes {
		if c.what == what && c.text == text {
			return c
		}
	}
	form := formOf(text)
	for _, c := range f.causes {
		if c.what == what && c.form == form {
			return c
		}
	}
	return nil
}

// particular is what differs between records with the same cause: numbers, and what is quoted
// or stands in parentheses.
var particular = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\(.*\)|[0-9]+`)

// formOf is text without what is particular to a record.
func formOf(text string) string { return particular.ReplaceAllLiteralString(text, "…") }

// Take moves what other has counted into f.
func (f *Failures) Take(other *Failures) {
	f.count += other.count
	f.more += other.more
	for _, c := range other.causes {
		mine := f.find(c.what, c.text)
		switch {
		case mine != nil:
			mine.count += c.count
			mine.places = append(mine.places, c.places[:min(len(c.places), namedPlaces-len(mine.places))]...)
		case len(f.causes) < namedCauses:
			f.causes = append(f.causes, c)
		default:
			f.more += c.count
		}
	}
	*other = Failures{}
}

// Tell prints a line for each cause: what became of its records, where the first are, and why.
func (f *Failures) Tell(notice func(format string, args ...any), became string) {
	for _, c := range f.causes {
		notice("%s %s and %s; the first: %s", cli.Count(c.count, "record"), c.what, inSentence(c.count, became), c.first())
	}
	f.tellMore(notice, became)
}

// inSentence is what became of n records, behind an "and".
func inSentence(n int64, became string) string {
	switch {
	case became != leftOut:
		return became
	case n == 1:
		return "was " + leftOut
	}
	return "were " + leftOut
}

// TellUnmatched does the same for records that --filter failed on.
func (f *Failures) TellUnmatched(notice func(format string, args ...any), became string) {
	for _, c := range f.causes {
		notice("--filter failed on %s, %s; the first: %s", cli.Count(c.count, "record"), became, c.first())
	}
	f.tellMore(notice, became)
}

// TellPlain prints a line for each cause but one: where its records are, and why.
func (f *Failures) TellPlain(notice func(format string, args ...any), but *Cause) {
	for _, c := range f.causes {
		if c != but {
			notice("%v", c.Error())
		}
	}
	if f.more > 0 {
		notice("%s failed for other reasons", cli.Count(f.more, "further record"))
	}
}

// TellAgain prints a line for each cause of what happened more than once.
func (f *Failures) TellAgain(notice func(format string, args ...any), what string) {
	for _, c := range f.causes {
		if c.count > 1 {
			notice("%d times %s: %s", c.count, what, c.text)
		}
	}
}

func (f *Failures) tellMore(notice func(format string, args ...any), became string) {
	if f.more > 0 {
		notice("%s %s, for other reasons", cli.Count(f.more, "further record"), became)
	}
}

// first names the first places, and the cause.
func (c *Cause) first() string {
	if len(c.places) == 0 {
		return c.text
	}
	return strings.Join(c.places, ", ") + ": " + c.text
}

// Error is the error of all its records: their first places, how many more there are, and
// the cause.
func (c *Cause) Error() error {
	places := strings.Join(c.places, ", ")
	if more := c.count - int64(len(c.places)); more > 0 {
		places = fmt.Sprintf("%s and %d more", places, more)
	}
	return fmt.Errorf("%s: %w", places, c.Err)
}

// sharedFailures are Failures that goroutines share.
type sharedFailures struct {
	mu sync.Mutex
	Failures
}

// Add counts one more record, and returns the line for somebody who watches, when its cause is
// new.
func (f *sharedFailures) Add(what deed, place string, err error) (news string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, first := f.AddUnusable(place, &Unusable{Err: err, What: what})
	if !first {
		return ""
	}
	return c.first()
}

// Total returns the number of records, and the first error.
func (f *sharedFailures) Total() (int64, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == 0 {
		return 0, ""
	}
	return f.count, f.causes[0].first()
}

// Tell is that of Failures.
func (f *sharedFailures) Tell(notice func(format string, args ...any), became string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Failures.Tell(notice, became)
}

// TellUnmatched is that of Failures.
func (f *sharedFailures) TellUnmatched(notice func(format string, args ...any), became string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Failures.TellUnmatched(notice, became)
}
