package record

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/expr"
	"kstream/kafka"
)

// mask is --mask: it hides what jq paths name, within .key, .value and .header. Types stay
// as they are, so that a schema still fits: strings become "***", numbers 0, booleans
// false, and null stays null. Of a header all that have its name are hidden.
type mask struct{ program *expr.Map }

// NewMask compiles paths; none at all give nil.
func NewMask(paths []string) (*mask, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	for _, path := range paths { // so that an error tells the column in it
		if _, err := expr.NewMap("--mask", path); err != nil {
			return nil, cli.Usagef("%w", err)
		}
	}
	program, err := expr.NewMap("--mask", `
def hide: if type == "string" then "***" elif type == "number" then 0 elif type == "boolean" then false
  elif type == "array" then map(hide) elif type == "object" then map_values(hide) else . end;
. as $record
| [path((`+strings.Join(paths, "\n), (")+`
)) | select(.[0] == "header" or (. as $path | $record | getpath($path) != null))] as $paths
| reduce ($paths[] | select(.[0] != "header")) as $path (.; setpath($path; getpath($path) | hide))
| {parts: ($paths | map(.[0])), headers: [$paths[] | select(.[0] == "header") | .[1]], key, value}`)
	if err != nil {
		return nil, cli.Usagef("%w", err)
	}
	return &mask{program}, nil
}

// masked is what a mask made of a record.
type masked struct {
	key, value []byte    // JSON; nil: as they were
	headers    []*string // names; a nil stands for all
}

// errMaskedPart is the error of a path that leads elsewhere.
var errMaskedPart = errors.New("--mask: want a path within .key, .value or .header")

// apply runs the mask. An error is one of this record, or that of ctx.
func (m *mask) apply(ctx context.Context, r *expr.Record) (masked, error) {
	var out masked
	var result struct {
		Parts      []any
		Headers    []*string
		Key, Value json.RawMessage
	}
	err := m.program.Apply(ctx, r, func(text []byte) error { return json.Unmarshal(text, &result) })
	if err != nil {
		return out, err
	}
	for _, part := range result.Parts {
		switch part {
		case "key":
			out.key = result.Key
		case "value":
			out.value = result.Value
		case "header":
		default:
			return out, errMaskedPart
		}
	}
	out.headers = result.Headers
	return out, nil
}

// hideHeaders replaces the values of the headers that are masked.
func (m *masked) hideHeaders(headers []kafka.Header) {
	for _, name := range m.headers {
		for i := range headers {
			if (name == nil || headers[i].Key == *name) && headers[i].Value != nil {
				headers[i].Value = []byte("***")
			}
		}
	}
}
