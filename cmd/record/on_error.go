package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/kafka"
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

// leftOut is what becomes of records that --on-error skip is for.
const leftOut = "left out"

// Became is what --on-error makes of such records, or what a command makes of those it keeps.
func (f OnError) Became(kept string) string {
	switch f.Action {
	case "dlq":
		return "went to " + f.Topic
	case "skip":
		return leftOut
	}
	return kept
}

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
)

func (d deed) String() string {
	return [...]string{"could not be passed on", "could not be decoded", "could not be filtered", "could not be mapped", "had no answer"}[d]
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
	if s.Forgive(s.Failures, r.Record, bad) {
		return false, nil
	}
	err := fmt.Errorf("%s: %w", PlaceOf(r.Record), bad.Err)
	switch s.Failures.Action {
	case "stop":
		return false, cli.Hint(cli.Errorf(cli.CodeBadData, "%w", err), "%s", s.remedyFor(bad.What))
	case "dlq":
		s.Fail(r.Record, bad)
		return false, s.Letters.Add(ctx, r, err)
	case "skip":
		s.Fail(r.Record, bad)
		return false, nil
	}
	if bad.What == mapped {
		r.Message.Value = output.Field{Bytes: r.Record.Value, Text: s.Value.Rule, Err: cli.OneLine(bad.Error())}
	}
	if !r.failed { // its key, too
		s.Fail(r.Record, bad)
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

// Forgive counts a record that --filter failed on and that just does not match, and reports
// whether it is one under how.
func (s *Reading) Forgive(how OnError, r *kafka.Record, bad *Unusable) bool {
	if !how.Forgives(bad.What) {
		return false
	}
	s.news(s.Unmatched.Add(bad.What, PlaceOf(r), bad.Err))
	return true
}

// Fail counts a record that --on-error decides about.
func (s *Reading) Fail(r *kafka.Record, bad *Unusable) {
	if news := s.Failed.Add(bad.What, PlaceOf(r), bad.Err); !s.Failures.Keeps() || s.Kept != "" {
		s.news(news)
	}
}

// news tells somebody who watches, or who would wait for ever for the end, of a failure with
// a new cause.
func (s *Reading) news(line string) {
	switch {
	case line == "" || !s.Endless && !s.Env.StderrTerminal:
	case s.Tell != nil:
		s.Tell(line)
	default:
		s.Env.Notice("%s", line)
	}
}

// TellFailures prints one notice for each cause that single records failed for. It runs when
// the printer is done.
func (s *Reading) TellFailures() { s.TellFailuresOf(s.Failures) }

// TellFailuresOf is TellFailures when how has decided about them.
func (s *Reading) TellFailuresOf(how OnError) {
	notice := s.Env.Notice
	if s.Name != "" {
		notice = func(format string, args ...any) { s.Env.Notice("%s: "+format, append([]any{s.Name}, args...)...) }
	}
	if became := how.Became(s.Kept); became != "" {
		s.Failed.Tell(notice, became)
	}
	s.Unmatched.TellUnmatched(notice, cmp.Or(s.Missed, leftOut))
}
