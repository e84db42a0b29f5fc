package cmd

import (
	"context"
	"errors"
	"fmt"

	"kstream/output"
)

// verdict turns the end of the watch into the outcome of the command, and tells on
// stderr what came instead.
func (e *expectation) verdict(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errEnough), errors.Is(err, errTooMany), errors.Is(err, errTimeUp), errors.Is(err, errCommandFailed):
	default:
		if cause := stopped(ctx); cause != nil {
			return cause
		}
		return err
	}
	if n, first := e.run.failed.total(); n > 0 {
		how := "were looked at as bytes"
		if !e.failures.keeps() {
			how = "left out"
		}
		e.env.notice("%s and %s; the first: %s", &e.run.failed, how, first)
	}
	if n, first := e.run.unmatched.total(); n > 0 {
		e.env.notice("--filter failed on %s, which do not match; the first: %s", countOf(n, "record"), first)
	}
	if e.child != nil {
		if status := e.child.status(); status != 0 {
			failure := &commandFailure{fmt.Sprintf("%s: exit code %d, after %s; want %s", e.command.words[0], status, countOf(e.matched, "record"), e.wants()), status}
			fmt.Fprintf(e.env.Stderr, "kstream: %s\n", oneLine(failure.text))
			return failure
		}
		if e.child.stopped {
			e.env.notice("%s still ran and was stopped", e.command.words[0])
		}
	}
	met := e.matched <= e.flags.count
	if e.bound != boundMost {
		met = met && e.matched == e.flags.count
	}
	switch lost := e.run.lost.Load(); {
	case met && e.bound != boundLeast && lost > 0:
		return faultf(codePartial, "%s: %s were gone before they were read, and may have matched", e.topic, countOf(lost, "record"))
	case met:
		return nil
	case e.surplus != nil:
		fmt.Fprintf(e.env.Stderr, "one too many:\n%s", e.surplus)
		return faultf(codeUnmet, "%s: more than %s came, want %s", e.topic, countOf(e.flags.count, "record"), e.wants())
	}
	e.misses.print(e.env.Stderr, e.total())
	other := ""
	if n := e.seen - e.matched; n > 0 {
		other = fmt.Sprintf(", and %s that did not match", countOf(n, "other"))
	}
	return faultf(codeUnmet, "%s: %s came within %s%s; want %s", e.topic, countOf(e.matched, "record"), output.Duration(e.flags.within.d), other, e.wants())
}

// commandFailure is the failure of the command, whose exit code becomes ours.
type commandFailure struct {
	text   string
	status int
}

func (c *commandFailure) Error() string { return c.text }

// As makes it an exitError: the code is passed through, and the text was printed.
func (c *commandFailure) As(target any) bool {
	passed, ok := target.(**exitError)
	if ok {
		*passed = &exitError{c.status}
	}
	return ok
}
