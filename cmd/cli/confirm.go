package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"kstream/output"
)

// Confirmation stand between a command and what it cannot take back.
type Confirmation struct {
	Yes, DryRun bool
}

// Plan refuses both at once.
func (f *Confirmation) Plan() error {
	if f.Yes && f.DryRun {
		return Usagef("--yes and --dry-run: want one of them")
	}
	return nil
}

// Ask decides whether to go on: with --yes it does; otherwise it shows the plan, on
// stderr because stdout belongs to the result, and asks. Without a terminal to ask on it
// refuses. It must not be called under --dry-run. The action is such as "delete group a".
func (f *Confirmation) Ask(ctx context.Context, env *Env, plan *output.Table, action string) error {
	if f.Yes {
		return nil
	}
	if !env.StdinTerminal || !env.StderrTerminal {
		return Hint(Errorf(CodeNeedsYes, "%s: needs a yes, and there is no terminal to ask on", action),
			"--yes answers, --dry-run shows what would be done")
	}
	o := output.TableOptions{Terminal: true, Width: env.Width}
	if env.ColorFor(env.StderrTerminal) {
		o.Palette = output.Colours()
	}
	text := plan.Append(nil, o)
	text = append(append(text, OneLine(strings.ToUpper(action[:1])+action[1:])...), "? [y/N] "...)
	if _, err := env.Stderr.Write(text); err != nil {
		return err
	}
	answer, err := readAnswer(ctx, env.Stdin)
	if err != nil {
		return err
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return Errorf(CodeNeedsYes, "%s: not confirmed, nothing was changed", action)
	}
	return nil
}

// readAnswer reads one line, or ends with ctx; the read itself then ends with the
// process.
func readAnswer(ctx context.Context, stdin io.Reader) (string, error) {
	text, err := Within(ctx, func() ([]byte, error) { return bufio.NewReader(stdin).ReadBytes('\n') })
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return string(text), err
}

// ItemError is how one of several items went wrong, for the document and for severalErrors.
type ItemError struct {
	Error string `json:"error,omitempty"`
	Cause error  `json:"-"`
}

// Fail keeps the first error; nil is none.
func (m *ItemError) Fail(err error) {
	if err != nil && m.Cause == nil {
		m.Cause, m.Error = err, OneLine(err.Error())
	}
}

func (m *ItemError) why() error { return m.Cause }

// CausesIn returns what went wrong with each item.
func CausesIn[T interface{ why() error }](items []T) []error {
	causes := make([]error, len(items))
	for i, item := range items {
		causes[i] = item.why()
	}
	return causes
}

// SeveralErrors is the error of a command that tries all of its items: a nil for each
// that went well. Of one item it is that item's; of several the first cause under the
// number that failed, with the cause's code when all of them failed with it and else
// as a failure.
func SeveralErrors(what string, causes []error) error {
	var first error
	failed, same := 0, true
	for _, err := range causes {
		if err == nil {
			continue
		}
		if first == nil {
			first = err
		}
		same = same && CodeOf(err) == CodeOf(first)
		failed++
	}
	switch {
	case failed == 0:
		return nil
	case len(causes) == 1:
		return first
	case failed == len(causes) && same:
		return &CodedError{CodeOf(first), fmt.Errorf("none of %d %s: %w", len(causes), what, first)}
	}
	return &CodedError{CodePartial, fmt.Errorf("%d of %d %s: %w", failed, len(causes), what, first)}
}
