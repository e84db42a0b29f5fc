package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"kstream/output"
)

// failures is --on-error: what becomes of records that something cannot be done with.
type failures struct {
	action string // keep, skip, stop or dlq
	topic  string // of dlq
	// lenient is for a --filter that fails on a record while --on-error was not given: it
	// does not match.
	lenient bool
	looks   bool // records are looked at and not shown
}

// forgives says whether a record that it could not do this with just does not match.
func (f failures) forgives(what deed) bool { return what == filtered && (f.lenient || f.keeps()) }

// keeps says whether such records are shown, or looked at, all the same.
func (f failures) keeps() bool { return f.action == "keep" }

// lookingFlags is --on-error of a command that looks at records and shows none.
type lookingFlags struct{ onError string }

func (f *lookingFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.onError, "on-error", "keep", "records that cannot be decoded or filtered: `keep|skip|stop`; keep takes their bytes, and what cannot be filtered as no match")
}

func (f *lookingFlags) plan() (failures, error) {
	p, err := planFailures(f.onError, "keep", "skip", "stop")
	p.looks = true
	return p, err
}

// planFailures gives --on-error its meaning for a command that knows only some actions.
func planFailures(text string, actions ...string) (failures, error) {
	action, topic, _ := strings.Cut(text, ":")
	if slices.Contains(actions, action) && (action == "dlq") == (topic != "") && (topic != "" || text == action) {
		return failures{action: action, topic: topic}, nil
	}
	want := slices.Clone(actions)
	for i, a := range want {
		if a == "dlq" {
			want[i] = "dlq:TOPIC"
		}
	}
	last := len(want) - 1
	return failures{}, usagef("--on-error %s: want %s or %s", text, strings.Join(want[:last], ", "), want[last])
}

// unusable is a record that cannot be decoded, chosen, changed or sent as it was asked:
// --on-error decides about it.
type unusable struct {
	err  error
	what deed
}

func (e *unusable) Error() string { return e.err.Error() }
func (e *unusable) Unwrap() error { return e.err }

// deed is what could not be done with a record.
type deed int

const (
	passedOn deed = iota
	decoded
	filtered
	mapped
	answered // by the command of --exec
	deeds
)

func (d deed) String() string {
	return [...]string{"passed on", "decoded", "filtered", "mapped"}[d]
}

// failureCount counts what went wrong with single records, for one line at the end.
type failureCount struct {
	mu    sync.Mutex
	count int64
	first string
	which [deeds]bool
}

func (f *failureCount) add(what deed, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.which[what] = true
	if f.count++; f.count == 1 {
		f.first = err.Error()
	}
}

// total gives the number and the first error.
func (f *failureCount) total() (int64, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count, f.first
}

// String says how many records it was, and what could not be done with them.
func (f *failureCount) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for d, was := range f.which[:answered] {
		if was {
			names = append(names, deed(d).String())
		}
	}
	text := countOf(f.count, "record") + " could not be " + cmp.Or(strings.Join(names, " or "), decoded.String())
	if f.which[answered] {
		text += " or had no answer"
	}
	return text
}

// skipped is how many records --on-error skip has left out.
func (s *selected) skipped() int64 {
	if s.failures.action != "skip" {
		return 0
	}
	n, _ := s.failed.total()
	return n
}

// decide lets --on-error decide about a record that a step failed with. Other errors end
// the run. A record that is kept although --filter failed on it does not match.
func (s *selected) decide(ctx context.Context, r *record, failed error) (keep bool, _ error) {
	var bad *unusable
	if !errors.As(failed, &bad) {
		return false, failed
	}
	if ctx.Err() != nil { // it was cut short: the record is none the worse
		return false, context.Cause(ctx)
	}
	err := fmt.Errorf("%s: %w", placeOf(r.Record), bad.err)
	if s.failures.forgives(bad.what) {
		s.unmatched.add(bad.what, err)
		return false, nil
	}
	switch s.failures.action {
	case "stop":
		return false, hint(faultf(codeBadData, "%w", err), "%s", s.remedyFor(bad.what))
	case "dlq":
		s.failed.add(bad.what, err)
		return false, s.letters.add(ctx, r, err)
	case "skip":
		s.failed.add(bad.what, err)
		return false, nil
	}
	if bad.what == mapped {
		r.Message.Value = output.Field{Bytes: r.Record.Value, Text: s.value.rule, Err: oneLine(bad.Error())}
	}
	if !r.failed { // its key, too
		s.failed.add(bad.what, err)
	}
	r.failed = true
	return true, nil
}

// remedyFor tells what else --on-error could do.
func (s *selected) remedyFor(what deed) string {
	switch {
	case what == filtered:
		return "--on-error skip leaves it out, keep takes it as no match"
	case s.failures.looks:
		return "--on-error keep takes its bytes, skip leaves it out"
	}
	return "--on-error keep shows its bytes, skip leaves it out"
}

// tellFailures gives one notice for each kind of failure that single records had. It
// runs when the printer is done.
func (s *selected) tellFailures() {
	if n, first := s.failed.total(); n > 0 {
		records := s.failed.String()
		switch action := s.failures.action; {
		case action == "dlq":
			s.env.notice("%s and went to %s; the first: %s", records, s.failures.topic, first)
		case action == "skip":
			s.env.notice("%s and left out; the first: %s", records, first)
		case !s.tellsErrors:
			s.env.notice("%s and shown as their bytes; the first: %s", records, first)
		}
	}
	s.unmatched.tellUnmatched(s.env.notice)
}

// tellUnmatched is the notice about records that --filter failed on.
func (f *failureCount) tellUnmatched(notice func(format string, args ...any)) {
	if n, first := f.total(); n > 0 {
		notice(unmatchedNotice, countOf(n, "record"), first)
	}
}

const unmatchedNotice = "--filter failed on %s, left out; the first: %s"

// countOf gives "1 record", "2 records".
func countOf(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

// groupedCountOf is countOf with the digits of large numbers in groups.
func groupedCountOf(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return output.Count(n) + " " + what + "s"
}
