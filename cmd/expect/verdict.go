package expect

import (
	"context"
	"errors"
	"fmt"

	"kstream/cmd/cli"
	"kstream/output"
)

// verdict turns the end of the watch into the outcome of the command, and tells on
// stderr what came instead.
func (e *expectation) verdict(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, cli.ErrEnough), errors.Is(err, cli.ErrTooMany), errors.Is(err, cli.ErrTimeUp), errors.Is(err, errCommandFailed):
	default:
		if cause := cli.Stopped(ctx); cause != nil {
			return cause
		}
		return err
	}
	e.run.TellFailures()
	if e.child != nil {
		if status := e.child.status(); status != 0 {
			failure := &commandFailure{fmt.Sprintf("%s: exit code %d, after %s; want %s", e.command.words[0], status, cli.Count(e.matched, "record"), e.wants()), status}
			fmt.Fprintf(e.env.Stderr, "kstream: %s\n", cli.OneLine(failure.text))
			return failure
		}
		if e.child.stopped {
			e.env.Notice("%s still ran and was stopped", e.command.words[0])
		}
	}
	met := e.matched <= e.count
	if e.bound != boundMost {
		met = met && e.matched == e.count
	}
	switch lost := e.run.Lost.Load(); {
	case met && e.bound != boundLeast && lost > 0:
		return cli.Errorf(cli.CodePartial, "%s: %s were gone before they were read, and may have matched", e.topic, cli.Count(lost, "record"))
	case met:
		return nil
	case e.surplus != nil:
		fmt.Fprintf(e.env.Stderr, "one too many:\n%s", e.surplus)
		return cli.Errorf(cli.CodeUnmet, "%s: more than %s came, want %s", e.topic, cli.Count(e.count, "record"), e.wants())
	}
	e.misses.print(e.env.Stderr, e.total())
	other := ""
	if n := e.seen - e.matched; n > 0 {
		other = fmt.Sprintf(", and %s that did not match", cli.Count(n, "other"))
	}
	return cli.Errorf(cli.CodeUnmet, "%s: %s came within %s%s; want %s", e.topic, cli.Count(e.matched, "record"), output.Duration(e.within), other, e.wants())
}

// commandFailure is the failure of the command, whose exit code becomes ours.
type commandFailure struct {
	text   string
	status int
}

func (c *commandFailure) Error() string { return c.text }

// As makes it an exitError: the code is passed through, and the text was printed.
func (c *commandFailure) As(target any) bool {
	passed, ok := target.(**cli.ExitError)
	if ok {
		*passed = &cli.ExitError{Status: c.status}
	}
	return ok
}
