package serde

import (
	"errors"
	"fmt"

	"kstream/serde/value"
)

// EncodeError is the error for a value that cannot be written in a format. Offset is the
// byte offset at which the text is not valid JSON, or -1 if the value itself is at fault;
// Path is then the place in it ("items[2].price"), if known.
type EncodeError struct {
	Format string
	Offset int
	Path   string
	Err    error
}

func (e *EncodeError) Error() string {
	switch {
	case e.Offset >= 0:
		return fmt.Sprintf("%s: input byte %d: %v", e.Format, e.Offset, e.Err)
	case e.Path != "":
		return fmt.Sprintf("%s: %s: %v", e.Format, e.Path, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Format, e.Err)
}

func (e *EncodeError) Unwrap() error { return e.Err }

// NewEncodeError returns an EncodeError about the value itself.
func NewEncodeError(format string, err error) error {
	return &EncodeError{Format: format, Offset: -1, Err: err}
}

// inputError returns err as an error about the JSON that a value was to be read from.
func inputError(format string, err error) error {
	var syntax *value.SyntaxError
	if errors.As(err, &syntax) {
		return &EncodeError{Format: format, Offset: syntax.Offset, Err: syntax.Err}
	}
	return NewEncodeError(format, err)
}

// jsonError returns err as an error about JSON that is the data of a record.
func jsonError(format string, err error) error {
	var syntax *value.SyntaxError
	if errors.As(err, &syntax) {
		return &DecodeError{Format: format, Offset: syntax.Offset, Err: syntax.Err}
	}
	return &DecodeError{Format: format, Offset: -1, Err: err}
}
