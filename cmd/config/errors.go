package config

import "fmt"

// Kind is how a command that meets an Error ends.
type Kind uint8

// The kinds of Error.
const (
	Usage          Kind = iota // a flag, variable or file is wrong (exit code 2)
	UnknownContext             // there is no such context (3)
	NoSuchFile                 // a file that was named is not there (3)
	Exists                     // a context is there already (8)
)

// Error is what this package returns: one line that says where first, and a remedy
// when there is one.
type Error struct {
	Kind    Kind
	Message string
	Hint    string // empty without a remedy
	Cause   error  // may be nil
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func usagef(format string, args ...any) *Error {
	return &Error{Kind: Usage, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) hint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

func didYouMean(nearest string) string {
	if nearest == "" {
		return ""
	}
	return "did you mean " + nearest + "?"
}
