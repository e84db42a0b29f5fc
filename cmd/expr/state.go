package expr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/itchyny/gojq"
)

// What streams need: values that are aggregated, times, and expressions over a state.

// Kind is what a Value is.
type Kind uint8

// The kinds of values. A number without a fraction that fits is an Int.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	Other // an array, or an object
)

func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a number", "a string", "an array or object"}[k]
}

// Value is the result of a Scalar. Text is that of a String, and the JSON of Other; it may
// belong to the record.
type Value struct {
	Kind  Kind
	Int   int64 // of a Bool 0 or 1
	Float float64
	Text  []byte
}

// AppendJSON appends the value as compact JSON.
func (v *Value) AppendJSON(dst []byte) []byte {
	switch v.Kind {
	case Bool:
		return strconv.AppendBool(dst, v.Int == 1)
	case Int:
		return strconv.AppendInt(dst, v.Int, 10)
	case Float:
		return AppendFloat(dst, v.Float)
	case String:
		dst, _ = jsontext.AppendQuote(dst, v.Text) // bytes that are no UTF-8 become U+FFFD
		return dst
	case Other:
		return append(dst, v.Text...)
	}
	return append(dst, "null"...)
}

// AppendFloat appends a number as jq writes it.
func AppendFloat(dst []byte, f float64) []byte {
	out, err := gojq.Marshal(f)
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, out...)
}

// Scalar is an expression over the record with one result.
type Scalar struct {
	*program
	direct *direct // nil: gojq does all of it
}

// NewScalar compiles an expression whose results are aggregated, or by which records are
// grouped.
func NewScalar(flag, text string) (*Scalar, error) {
	p, err := compile(flag, text, nil, nil)
	if err != nil {
		return nil, err
	}
	p.need = whole(p.need, p.out)
	return &Scalar{p, newDirect(p.query)}, nil
}

// Apply returns the result. No result and several are errors.
func (s *Scalar) Apply(ctx context.Context, r *Record) (Value, error) {
	if s.direct != nil {
		l := look{r: r, steps: s.direct.steps}
		if v, ok := l.eval(s.direct.root); ok {
			switch v.kind {
			case kindNull:
				return Value{}, nil
			case kindFalse, kindTrue:
				return Value{Kind: Bool, Int: int64(v.kind - kindFalse)}, nil
			case kindInt:
				return Value{Kind: Int, Int: int64(v.int)}, nil
			case kindFloat:
				return Value{Kind: Float, Float: v.float}, nil
			case kindString:
				return Value{Kind: String, Text: v.text}, nil
			}
		}
	}
	v, err := s.one(ctx, r.input(s.need))
	if err != nil {
		return Value{}, err
	}
	return valueOf(v)
}

// valueOf turns what gojq returns into a Value.
func valueOf(v any) (Value, error) {
	switch v := v.(type) {
	case nil:
		return Value{}, nil
	case bool:
		if v {
			return Value{Kind: Bool, Int: 1}, nil
		}
		return Value{Kind: Bool}, nil
	case int:
		return Value{Kind: Int, Int: int64(v)}, nil
	case float64:
		return Value{Kind: Float, Float: v}, nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return Value{Kind: Float, Float: f}, nil
	case json.Number:
		f, err := v.Float64()
		return Value{Kind: Float, Float: f}, err
	case string:
		return Value{Kind: String, Text: []byte(v)}, nil
	}
	text, err := gojq.Marshal(v)
	return Value{Kind: Other, Text: text}, err
}

// Time is a --time-from: the time of a record as an expression.
type Time struct{ *Scalar }

// NewTime compiles an expression over the record.
func NewTime(flag, text string) (*Time, error) {
	s, err := NewScalar(flag, text)
	if err != nil {
		return nil, err
	}
	return &Time{s}, nil
}

// Apply returns milliseconds since the epoch, of a number of them or of a time in RFC 3339.
func (t *Time) Apply(ctx context.Context, r *Record) (int64, error) {
	v, err := t.Scalar.Apply(ctx, r)
	switch {
	case err != nil:
		return 0, err
	case v.Kind == Int:
		return v.Int, nil
	case v.Kind == Float && v.Float == float64(int64(v.Float)):
		return int64(v.Float), nil
	case v.Kind == String:
		at, err := time.Parse(time.RFC3339, string(v.Text))
		if err != nil {
			return 0, fmt.Errorf("%s: %.40q is no time in RFC 3339", t.flag, v.Text)
		}
		return at.UnixMilli(), nil
	}
	return 0, fmt.Errorf("%s: want milliseconds or a time in RFC 3339, not %s", t.flag, v.Kind)
}

// Window is the span of time that a state is of, in milliseconds since the epoch; End is
// not part of it.
type Window struct{ Start, End int64 }

func (w *Window) value() any {
	if w == nil {
		return nil
	}
	return map[string]any{"start": number(w.Start), "end": number(w.End)}
}

// Reduce is a --reduce: the next state of a key, by a record and the state before.
type Reduce struct{ *program }

// NewReduce compiles an expression over the record, which may use $state and $window.
func NewReduce(flag, text string, lookups ...*Lookup) (*Reduce, error) {
	p, err := compile(flag, text, lookups, []string{"$state", "$window"})
	if err != nil {
		return nil, err
	}
	p.need = whole(p.need, p.out)
	return &Reduce{p}, nil
}

// Apply returns the next state as compact JSON, and false when there is no result, which
// leaves the state as it is. A state is nil at first.
func (p *Reduce) Apply(ctx context.Context, r *Record, state []byte, window *Window) (next []byte, changed bool, err error) {
	before, err := decodeState(state)
	if err != nil {
		return nil, false, err
	}
	if len(p.lookups) > 0 {
		defer p.hold()()
	}
	results := p.code.RunWithContext(ctx, r.input(p.need), p.variables(before, window.value())...)
	v, ok := results.Next()
	if !ok {
		return nil, false, nil
	}
	if err, bad := v.(error); bad {
		return nil, false, fmt.Errorf("%s: %w", p.flag, err)
	}
	if more, ok := results.Next(); ok {
		if err, bad := more.(error); bad {
			return nil, false, fmt.Errorf("%s: %w", p.flag, err)
		}
		return nil, false, fmt.Errorf("%s: more than one result", p.flag)
	}
	next, err = gojq.Marshal(v)
	return next, true, err
}

// errState is for a state that is no JSON.
var errState = errors.New("the state is no JSON")

func decodeState(state []byte) (any, error) {
	if state == nil {
		return nil, nil
	}
	v, ok := decodeJSON(state)
	if !ok {
		return nil, errState
	}
	return v, nil
}

// Keyed is what expressions see of a result of a stream: {key, window, state, updated}.
type Keyed struct {
	Key     Field
	Window  *Window // nil without windows
	State   []byte  // JSON
	Updated int64
}

func (k *Keyed) input() (any, error) {
	state, err := decodeState(k.State)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"key":    k.Key.value(k.Key.Decoded || isContainer(k.Key.Data)),
		"window": k.Window.value(), "state": state, "updated": number(k.Updated),
	}, nil
}

// ApplyKeyed is Apply over a result of a stream.
func (m *Map) ApplyKeyed(ctx context.Context, k *Keyed, yield func(json []byte) error) error {
	in, err := k.input()
	if err != nil {
		return err
	}
	return m.each(ctx, in, yield)
}

// ApplyKeyed is Apply over a result of a stream.
func (t *Text) ApplyKeyed(ctx context.Context, k *Keyed) ([]byte, error) {
	in, err := k.input()
	if err != nil {
		return nil, err
	}
	return t.of(ctx, in)
}

// ParseValue reads a value that AppendJSON has written.
func ParseValue(data []byte) (Value, error) {
	v, ok := decodeJSON(data)
	if !ok {
		return Value{}, errState
	}
	return valueOf(v)
}
