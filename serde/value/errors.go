package value

import (
	"errors"
	"fmt"
)

// Errors that reading and writing values wrap; test with errors.Is.
var (
	ErrTruncated = errors.New("the bytes end too early")
	ErrTooDeep   = errors.New("nested too deeply")
	ErrTooBig    = errors.New("too big")
)

// SyntaxError is the error for text that is not JSON. Offset is where in the text, in bytes
// from its start.
type SyntaxError struct {
	Offset int
	Err    error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %v", e.Offset, e.Err) }
func (e *SyntaxError) Unwrap() error { return e.Err }

// TypeName returns what v is called in an error: "text", "a number", "an object".
func TypeName(v V) string {
	switch t := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string, WTF8:
		return "text"
	case Bytes:
		return "bytes"
	case List:
		return "an array"
	case *Map:
		return "an object"
	case *Pairs:
		return "a map"
	case Decimal:
		return "a decimal"
	case Time:
		return "a timestamp"
	case Date:
		return "a date"
	case TimeOfDay:
		return "a time of day"
	case Duration:
		return "a duration"
	case UUID:
		return "a UUID"
	case Tagged:
		return "$" + t.Tag
	}
	return "a number"
}
