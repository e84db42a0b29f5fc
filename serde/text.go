package serde

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"unicode/utf8"

	"kstream/serde/value"
)

var errNotUTF8 = errors.New("not UTF-8")

// utf8At returns the index of the first byte of data that is not UTF-8, or -1.
func utf8At(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// NewText returns the identity in both directions: text is text, all else is Bytes. Its
// JSON is that of the record line: an object or an array stands for itself (Format
// "json"), other text is a string, other bytes are base64 (Format "base64"). A value
// that is neither text nor bytes is written as its JSON.
func NewText(_ Spec, o Options) (Serde, error) { return &text{o: o}, nil }

type text struct{ o Options }

func (*text) Name() string { return "text" }

func (t *text) Decode(_ context.Context, in Input) (Result, error) {
	if utf8.Valid(in.Data) {
		return Result{Value: string(in.Data), Format: "text"}, nil
	}
	return Result{Value: append(value.Bytes{}, in.Data...), Format: "base64"}, nil
}

func (t *text) AppendJSON(_ context.Context, dst []byte, in Input) ([]byte, Result, error) {
	if looksStructured(in.Data) {
		if out, err := value.AppendCompact(dst, in.Data, t.o.Limits.Depth); err == nil {
			return out, Result{Format: "json"}, nil
		}
	}
	if utf8.Valid(in.Data) {
		return value.AppendString(dst, in.Data), Result{Format: "text"}, nil
	}
	out, err := appendBytes(dst, in.Data, t.o.JSON())
	return out, Result{Format: "base64"}, err
}

// looksStructured reports whether data may be a JSON object or array.
func looksStructured(data []byte) bool {
	for _, c := range data {
		switch c {
		case ' ', '\t', '\r', '\n':
		case '{', '[':
			return true
		default:
			return false
		}
	}
	return false
}

func appendBytes(dst, data []byte, o value.JSONOptions) ([]byte, error) {
	if base64.StdEncoding.EncodedLen(len(data)) > o.Bytes {
		return dst, &DecodeError{Format: "base64", Offset: -1, Err: ErrTooBig}
	}
	open, closing := `"`, `"`
	if o.Mode == value.Lossless {
		open, closing = `{"$bytes":"`, `"}`
	}
	dst = append(dst, open...)
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, closing...), nil
}

func (t *text) Encode(_ context.Context, _ string, _ Part, v value.V) (Output, error) {
	switch in := v.(type) {
	case nil:
		return Output{}, nil
	case string:
		return Output{Data: append([]byte{}, in...)}, nil
	case value.Bytes:
		return Output{Data: append([]byte{}, in...)}, nil
	}
	out, err := appendWire([]byte{}, v, t.o)
	if err != nil {
		return Output{}, NewEncodeError("text", err)
	}
	return Output{Data: out}, nil
}

func (*text) AppendText(dst, data []byte) ([]byte, error)  { return append(dst, data...), nil }
func (*text) AppendBytes(dst, text []byte) ([]byte, error) { return append(dst, text...), nil }

// NewString returns the serde for text that must be UTF-8, both ways.
func NewString(Spec, Options) (Serde, error) { return str{}, nil }

type str struct{}

func (str) Name() string { return "string" }

func (str) check(data []byte) error {
	if i := utf8At(data); i >= 0 {
		return &DecodeError{Format: "string", Offset: i, Err: errNotUTF8}
	}
	return nil
}

func (s str) Decode(_ context.Context, in Input) (Result, error) {
	if err := s.check(in.Data); err != nil {
		return Result{}, err
	}
	return Result{Value: string(in.Data), Format: "string"}, nil
}

func (s str) AppendJSON(_ context.Context, dst []byte, in Input) ([]byte, Result, error) {
	if err := s.check(in.Data); err != nil {
		return dst, Result{}, err
	}
	return value.AppendString(dst, in.Data), Result{Format: "string"}, nil
}

func (str) Encode(_ context.Context, _ string, _ Part, v value.V) (Output, error) {
	if v == nil {
		return Output{}, nil
	}
	text, err := value.AsString(v)
	if err != nil {
		return Output{}, NewEncodeError("string", err)
	}
	return Output{Data: append([]byte{}, text...)}, nil
}

func (s str) AppendText(dst, data []byte) ([]byte, error) {
	if err := s.check(data); err != nil {
		return dst, err
	}
	return append(dst, data...), nil
}

func (s str) AppendBytes(dst, text []byte) ([]byte, error) {
	if i := utf8At(text); i >= 0 {
		return dst, &EncodeError{Format: "string", Offset: i, Err: errNotUTF8}
	}
	return append(dst, text...), nil
}

// NewBinary returns a serde for any bytes. Spec.Name says how they look: "bytes" as they
// are in lines and base64 in JSON, "base64" and "hex" so in both.
func NewBinary(s Spec, o Options) (Serde, error) { return &binaryForm{name: s.Name, o: o}, nil }

type binaryForm struct {
	name string
	o    Options
}

func (b *binaryForm) Name() string { return b.name }

func (b *binaryForm) Decode(_ context.Context, in Input) (Result, error) {
	if b.name == "hex" {
		text := hex.EncodeToString(in.Data)
		return Result{Value: value.Tagged{Tag: "hex", V: text, Plain: text}, Format: b.name}, nil
	}
	return Result{Value: append(value.Bytes{}, in.Data...), Format: b.name}, nil
}

func (b *binaryForm) AppendJSON(_ context.Context, dst []byte, in Input) ([]byte, Result, error) {
	o := b.o.JSON()
	if b.name != "hex" {
		out, err := appendBytes(dst, in.Data, o)
		return out, Result{Format: b.name}, err
	}
	if hex.EncodedLen(len(in.Data)) > o.Bytes {
		return dst, Result{}, &DecodeError{Format: b.name, Offset: -1, Err: ErrTooBig}
	}
	open, closing := `"`, `"`
	if o.Mode == value.Lossless {
		open, closing = `{"$hex":"`, `"}`
	}
	dst = hex.AppendEncode(append(dst, open...), in.Data)
	return append(dst, closing...), Result{Format: b.name}, nil
}

func (b *binaryForm) Encode(_ context.Context, _ string, _ Part, v value.V) (Output, error) {
	if v == nil {
		return Output{}, nil
	}
	if text, ok := v.(string); ok && b.name == "hex" {
		v = value.Tagged{Tag: "hex", V: text}
	}
	data, err := value.AsBytes(v)
	if err != nil {
		return Output{}, NewEncodeError(b.name, err)
	}
	return Output{Data: append([]byte{}, data...)}, nil
}

func (b *binaryForm) AppendText(dst, data []byte) ([]byte, error) {
	switch b.name {
	case "hex":
		return hex.AppendEncode(dst, data), nil
	case "base64":
		return base64.StdEncoding.AppendEncode(dst, data), nil
	}
	return append(dst, data...), nil
}

func (b *binaryForm) AppendBytes(dst, text []byte) (out []byte, err error) {
	switch b.name {
	case "hex":
		out, err = hex.AppendDecode(dst, text)
	case "base64":
		out, err = base64.StdEncoding.Strict().AppendDecode(dst, text)
	default:
		return append(dst, text...), nil
	}
	if err != nil {
		return dst, &EncodeError{Format: b.name, Offset: -1, Err: err}
	}
	return out, nil
}
