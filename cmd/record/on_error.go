package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"kstream/cmd/cli"
	"kstream/output"
)

// OnError is --on-error: what becomes of records that something cannot be done with.
type OnError struct {
	Action string // keep, skip, stop or dlq
	Topic  string // of dlq
	// Lenient is for a --filter that fails on a record while --on-error was not given: it
	// does not match.
	Lenient bool
	looks   bool // records are looked at and not shown
}

// Forgives reports whether a record that it could not do this with just does not match.
func (f OnError) Forgives(what deed) bool { return what == filtered && (f.Lenient || f.Keeps()) }

// Keeps reports whether such records are shown, or looked at, all the same.
func (f OnError) Keeps() bool { return f.Action == "keep" }

// PlanFailures parses --on-error for a command that knows only some actions.
func PlanFailures(text string, actions ...string) (OnError, error) {
	action, topic, _ := strings.Cut(text, ":")
	if slices.Contains(actions, action) && (action == "dlq") == (topic != "") && (topic != "" || text == action) {
		return OnError{Action: action, Topic: topic}, nil
	}
	want := slices.Clone(actions)
	for i, a := range want {
		if a == "dlq" {
			want[i] = "dlq:TOPIC"
		}
	}
	last := len(want) - 1
	return OnError{}, cli.Usagef("--on-error %s: want %s or %s", text, strings.Join(want[:last], ", "), want[last])
}

// Unusable is a record that cannot be decoded, chosen, changed or sent as it was asked:
// --on-error decides about it.
type Unusable struct {
	Err  error
	What deed
}

func (e *Unusable) Error() string { return e.Err.Error() }

func (e *Unusable) Unwrap() error { return e.Err }

// deed is what could not be done with a record.
type deed int

const (
	passedOn deed = iota
	decoded
	filtered
	mapped
	// Answered is what the command of --exec did not do with a record.
	Answered
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

func (f *failureCount) Add(what deed, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.which[what] = true
	if f.count++; f.count == 1 {
		f.first = err.Error()
	}
}

// Total returns the number and the first error.
func (f *failureCount) Total() (int64, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count, f.first
}

// String describes how many records it was, and what could not be done with them.
func (f *failureCount) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for d, was := range f.which[:Answered] {
		if was {
			names = append(names, deed(d).String())
		}
	}
	text := cli.Count(f.count, "record") + " could not be " + cmp.Or(strings.Join(names, " or "), decoded.String())
	if f.which[Answered] {
		text += " or had no answer"
	}
	return text
}

// Skipped is how many records --on-error skip has left out.
func (s *Reading) Skipped() int64 {
	if s.Failures.Action != "skip" {
		return 0
	}
	n, _ := s.Failed.Total()
	return n
}

// Decide lets --on-error decide about a record that a step failed with. Other errors end
// the run. A record that is kept although --filter failed on it does not match.
func (s *Reading) Decide(ctx context.Context, r *Record, failed error) (keep bool, _ error) {
	var bad *Unusable
	if !errors.As(failed, &bad) {
		return false, failed
	}
	if ctx.Err() != nil { // it was cut short: the record is none the worse
		return false, context.Cause(ctx)
	}
	err := fmt.Errorf("%s: %w", PlaceOf(r.Record), bad.Err)
	if s.Failures.Forgives(bad.What) {
		s.Unmatched.Add(bad.What, err)
		return false, nil
	}
	switch s.Failures.Action {
	case "stop":
		return false, cli.Hint(cli.Errorf(cli.CodeBadData, "%w", err), "%s", s.remedyFor(bad.What))
	case "dlq":
		s.Failed.Add(bad.What, err)
		return false, s.Letters.Add(ctx, r, err)
	case "skip":
		s.Failed.Add(bad.What, err)
		return false, nil
	}
	if bad.What == mapped {
		r.Message.Value = output.Field{Bytes: r.Record.Value, Text: s.Value.Rule, Err: cli.OneLine(bad.Error())}
	}
	if !r.failed { // its key, too
		s.Failed.Add(bad.What, err)
	}
	r.failed = true
	return true, nil
}

// remedyFor returns what else --on-error could do.
func (s *Reading) remedyFor(what deed) string {
	switch {
	case what == filtered:
		return "--on-error skip leaves it out, keep takes it as no match"
	case s.Failures.looks:
		return "--on-error keep takes its bytes, skip leaves it out"
	}
	return "--on-error keep shows its bytes, skip leaves it out"
}

// TellFailures prints one notice for each kind of failure that single records had. It
// runs when the printer is done.
func (s *Reading) TellFailures() {
	if n, first := s.Failed.Total(); n > 0 {
		records := s.Failed.String()
		switch action := s.Failures.Action; {
		case action == "dlq":
			s.Env.Notice("%s and went to %s; the first: %s", records, s.Failures.Topic, first)
		case action == "skip":
			s.Env.Notice("%s and left out; the first: %s", records, first)
		case !s.TellsErrors:
			s.Env.Notice("%s and shown as their bytes; the first: %s", records, first)
		}
	}
	s.Unmatched.TellUnmatched(s.Env.Notice)
}

// TellUnmatched is the notice about records that --filter failed on.
func (f *failureCount) TellUnmatched(notice func(format string, args ...any)) {
	if n, first := f.Total(); n > 0 {
		notice(UnmatchedNotice, cli.Count(n, "record"), first)
	}
}

// UnmatchedNotice is the format of the line about records that --filter could not judge:
// how many, and the first error.
const UnmatchedNotice = "--filter failed on %s, left out; the first: %s"
