package expr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/itchyny/gojq"
)

// Filter is a --filter.
type Filter struct {
	*program
	direct *direct // nil: gojq does all of it
}

// NewFilter compiles an expression that decides about records. Errors are *Error.
func NewFilter(flag, text string, lookups ...*Lookup) (*Filter, error) {
	p, err := compile(flag, text, lookups, nil)
	if err != nil {
		return nil, err
	}
	return &Filter{p, newDirect(p.query)}, nil
}

// Match reports whether any result of the expression is neither false nor null, as
// in jq's select. An expression without results does not match. An error is one of
// this record (a string has no fields, …) and means no match, unless it is the
// error of ctx.
func (f *Filter) Match(ctx context.Context, r *Record) (bool, error) {
	if f.direct != nil {
		if match, ok := f.direct.match(r); ok {
			return match, nil
		}
	}
	if len(f.lookups) > 0 {
		defer f.hold()()
	}
	results := f.code.RunWithContext(ctx, r.input(f.need), f.variables()...)
	for {
		v, ok := results.Next()
		if !ok {
			return false, nil
		}
		if err, bad := v.(error); bad {
			return false, fmt.Errorf("%s: %w", f.flag, err)
		}
		if v != nil && v != false {
			return true, nil
		}
	}
}

// Map is a --map.
type Map struct {
	*program
	direct *direct // nil: gojq does all of it
}

// NewMap compiles an expression that makes new values. Errors are *Error.
func NewMap(flag, text string, lookups ...*Lookup) (*Map, error) {
	p, err := compile(flag, text, lookups, nil)
	if err != nil {
		return nil, err
	}
	p.need = whole(p.need, p.out)
	return &Map{p, newDirect(p.query)}, nil
}

// Apply hands each result to yield as compact JSON, in order: none, one or many.
// The slice belongs to yield. Apply ends with the first error, of the expression,
// of ctx or of yield; results before it were yielded already.
func (m *Map) Apply(ctx context.Context, r *Record, yield func(json []byte) error) error {
	if m.direct != nil {
		v, has, certain := m.direct.result(r)
		switch {
		case certain && has:
			return m.hand(v, yield)
		case certain:
			return nil
		}
	}
	return m.each(ctx, r.input(m.need), yield)
}

// each hands on the results over an input.
func (m *Map) each(ctx context.Context, in any, yield func(json []byte) error) error {
	if len(m.lookups) > 0 {
		defer m.hold()()
	}
	results := m.code.RunWithContext(ctx, in, m.variables()...)
	for {
		v, ok := results.Next()
		if !ok {
			return nil
		}
		if err, bad := v.(error); bad {
			return fmt.Errorf("%s: %w", m.flag, err)
		}
		if err := m.hand(v, yield); err != nil {
			return err
		}
	}
}

func (m *Map) hand(v any, yield func(json []byte) error) error {
	out, err := gojq.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", m.flag, err)
	}
	return yield(out)
}

// Text is an expression with one result that is used as text: a key, the name of a
// topic.
type Text struct {
	*program
	direct  *direct // nil: gojq does all of it
	ofValue bool
}

// NewText compiles an expression over the record (--route).
func NewText(flag, text string) (*Text, error) {
	p, err := compile(flag, text, nil, nil)
	if err != nil {
		return nil, err
	}
	p.need = whole(p.need, p.out)
	return &Text{program: p, direct: newDirect(p.query)}, nil
}

// NewValueText compiles an expression whose input is the record's value alone
// (--key-from .user.id).
func NewValueText(flag, text string) (*Text, error) {
	t, err := NewText(flag, text)
	if err != nil {
		return nil, err
	}
	t.ofValue, t.direct = true, newDirectOfValue(t.query)
	return t, nil
}

// Apply returns the result: the bytes of a string, nil for null, the compact JSON
// of anything else. No result and several are errors.
func (t *Text) Apply(ctx context.Context, r *Record) ([]byte, error) {
	if t.direct != nil {
		if v, has, certain := t.direct.result(r); certain && has { // none is an error, which is gojq's
			return asText(v)
		}
	}
	if t.ofValue {
		return t.of(ctx, r.Value.value(true))
	}
	return t.of(ctx, r.input(t.need))
}

// of returns the result over an input.
func (t *Text) of(ctx context.Context, in any) ([]byte, error) {
	v, err := t.one(ctx, in)
	if err != nil {
		return nil, err
	}
	return asText(v)
}

func asText(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(v), nil
	default:
		return gojq.Marshal(v)
	}
}

// one runs the program for exactly one result.
func (p *program) one(ctx context.Context, in any, variables ...any) (any, error) {
	results := p.code.RunWithContext(ctx, in, variables...)
	v, ok := results.Next()
	if !ok {
		return nil, fmt.Errorf("%s: no result", p.flag)
	}
	if err, bad := v.(error); bad {
		return nil, fmt.Errorf("%s: %w", p.flag, err)
	}
	next, more := results.Next()
	if err, bad := next.(error); bad {
		return nil, fmt.Errorf("%s: %w", p.flag, err)
	}
	if more {
		return nil, fmt.Errorf("%s: more than one result", p.flag)
	}
	return v, nil
}

// Partition is a --partition-by: the partition of each record as an expression.
type Partition struct{ *program }

// NewPartition compiles an expression over the record. It may use $partitions,
// their number, and murmur2, the hash of a string as a number from 0 to 2^31-1, so
// that ".value.user | murmur2 % $partitions" is where Java's producer would put
// that user as a key.
func NewPartition(flag, text string) (*Partition, error) {
	p, err := compile(flag, text, nil, []string{"$partitions"},
		gojq.WithFunction("murmur2", 0, 0, func(v any, _ []any) any {
			s, ok := v.(string)
			if !ok {
				return errors.New("murmur2 needs a string, not " + gojq.TypeOf(v))
			}
			return int(positive(Murmur2([]byte(s))))
		}))
	if err != nil {
		return nil, err
	}
	p.need = whole(p.need, p.out)
	return &Partition{p}, nil
}

// Apply returns the record's partition, from 0 to partitions-1. A result that is
// no such integer is an error.
func (p *Partition) Apply(ctx context.Context, r *Record, partitions int32) (int32, error) {
	v, err := p.one(ctx, r.input(p.need), int(partitions))
	if err != nil {
		return 0, err
	}
	n := -1
	switch v := v.(type) {
	case int:
		n = v
	case float64:
		if v == float64(int32(v)) {
			n = int(int32(v))
		}
	case json.Number:
		if i, err := v.Int64(); err == nil && i == int64(int(i)) {
			n = int(i)
		}
	case *big.Int: // out of range in any case
	default:
		return 0, fmt.Errorf("%s: the result must be a number, not %s", p.flag, gojq.TypeOf(v))
	}
	if n < 0 || n >= int(partitions) {
		return 0, fmt.Errorf("%s: %s is no partition of %d: end the expression with %% $partitions", p.flag, gojq.Preview(v), partitions)
	}
	return int32(n), nil
}
