package serde

import (
	"bytes"
	"context"

	"kstream/serde/value"
)

// NewJSON returns the serde for JSON (RFC 8259), checked both ways: numbers, the order of
// keys, duplicate keys and escapes of lone surrogates pass as they are. Encoding from JSON
// text keeps it byte for byte but for the space around it.
func NewJSON(_ Spec, o Options) (Serde, error) { return &jsonFormat{o}, nil }

type jsonFormat struct{ o Options }

func (*jsonFormat) Name() string { return "json" }

func (f *jsonFormat) Decode(_ context.Context, in Input) (Result, error) {
	v, err := value.ParseJSON(in.Data, false, f.o.Limits.Depth)
	if err != nil {
		return Result{}, jsonError("json", err)
	}
	return Result{Value: v, Format: "json"}, nil
}

// AppendJSON copies. Only in lossless mode must data that may look like a tag become a
// value first, and so must all data whose integers are to be text.
func (f *jsonFormat) AppendJSON(ctx context.Context, dst []byte, in Input) ([]byte, Result, error) {
	if f.o.JSONInts != value.IntNumbers || f.o.JSONMode == value.Lossless && mayHoldTags(in.Data) {
		r, err := f.Decode(ctx, in)
		if err != nil {
			return dst, Result{}, err
		}
		out, err := value.AppendJSON(dst, r.Value, f.o.JSON())
		if err != nil {
			return dst, Result{}, jsonError("json", err)
		}
		return out, Result{Format: "json"}, nil
	}
	out, err := value.AppendCompact(dst, in.Data, f.o.Limits.Depth)
	if err != nil {
		return dst, Result{}, jsonError("json", err)
	}
	return out, Result{Format: "json"}, nil
}

// mayHoldTags reports true for every JSON text with a key that starts with $, or with lone
// surrogates.
func mayHoldTags(json []byte) bool {
	return bytes.Contains(json, []byte(`"$`)) || bytes.Contains(json, []byte(`\u`))
}

func (f *jsonFormat) Encode(_ context.Context, _ string, _ Part, v value.V) (Output, error) {
	out, err := appendWire([]byte{}, v, f.o)
	if err != nil {
		return Output{}, NewEncodeError("json", err)
	}
	return Output{Data: out}, nil
}

func (f *jsonFormat) EncodeJSON(ctx context.Context, dst []byte, topic string, p Part, json []byte) (Output, error) {
	if f.o.JSONMode == value.Lossless && mayHoldTags(json) {
		v, err := value.ParseJSON(json, true, f.o.Limits.Depth)
		if err != nil {
			return Output{}, inputError("json", err)
		}
		out, err := appendWire(dst, v, f.o)
		if err != nil {
			return Output{}, NewEncodeError("json", err)
		}
		return Output{Data: out}, nil
	}
	if err := value.CheckJSON(json, f.o.Limits.Depth); err != nil {
		return Output{}, inputError("json", err)
	}
	return Output{Data: append(dst, bytes.Trim(json, " \t\r\n")...)}, nil
}

// appendWire appends v as the plain JSON that goes into a record.
func appendWire(dst []byte, v value.V, o Options) ([]byte, error) {
	j := o.JSON()
	j.Mode, j.Ints, j.Surrogates = value.Plain, value.IntNumbers, true
	return value.AppendJSON(dst, v, j)
}
