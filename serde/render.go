package serde

import (
	"context"

	"kstream/serde/value"
)

// JSONAppender is a Decoder that can write a value's JSON without building the value.
// AppendJSON appends one compact line in the mode of the Options that the serde was
// made with; the Value of its Result is nil. Its errors are those of Decode, and then
// dst is returned as it was.
type JSONAppender interface {
	AppendJSON(ctx context.Context, dst []byte, in Input) ([]byte, Result, error)
}

// JSONEncoder is an Encoder that can take a value's JSON as it stands. It appends the
// bytes for a record to dst.
type JSONEncoder interface {
	EncodeJSON(ctx context.Context, dst []byte, topic string, p Part, json []byte) (Output, error)
}

// TextSerde is a Serde whose values are words rather than JSON: string, hex, uuid.
// Formats that print and read lines use these forms, without quotes.
type TextSerde interface {
	Serde
	// AppendText appends how data is shown.
	AppendText(dst, data []byte) ([]byte, error)
	// AppendBytes appends the bytes that the text stands for.
	AppendBytes(dst, text []byte) ([]byte, error)
}

// Render appends the JSON of in to dst, by the short cut where s has one. o must agree
// with the Options that s was made with. Bad data leaves dst as it was.
func Render(ctx context.Context, dst []byte, s Decoder, in Input, o value.JSONOptions) ([]byte, Result, error) {
	if a, ok := s.(JSONAppender); ok {
		return a.AppendJSON(ctx, dst, in)
	}
	r, err := s.Decode(ctx, in)
	if err != nil {
		return dst, Result{}, err
	}
	out, err := value.AppendJSON(dst, r.Value, o)
	if err != nil {
		return dst, Result{}, &DecodeError{Format: r.Format, Offset: -1, Err: err}
	}
	r.Value = nil
	return out, r, nil
}

// EncodeJSON turns JSON into the bytes of a record, by the short cut where s has one;
// the data of the Output is appended to dst. Text that is not JSON is an EncodeError
// with its offset.
func EncodeJSON(ctx context.Context, dst []byte, s Serde, topic string, p Part, json []byte, o value.JSONOptions) (Output, error) {
	if dst == nil {
		dst = []byte{} // no bytes are an empty value, nil is a null
	}
	if e, ok := s.(JSONEncoder); ok {
		return e.EncodeJSON(ctx, dst, topic, p, json)
	}
	v, err := value.ParseInput(json, o.Mode == value.Lossless, o.Depth)
	if err != nil {
		return Output{}, inputError(s.Name(), err)
	}
	out, err := s.Encode(ctx, topic, p, v)
	if err != nil {
		return Output{}, err
	}
	if out.Data != nil {
		out.Data = append(dst, out.Data...)
	}
	return out, nil
}
