package record

import (
	"context"
	"fmt"

	"kstream/cmd/cli"
	"kstream/cmd/input"
	"kstream/serde"
	"kstream/serde/value"

	"github.com/go-json-experiment/json/jsontext"
)

// Encoding is how one part of records is written.
type Encoding struct {
	part     serde.Part
	serde    serde.Serde
	text     serde.TextSerde // the serde, when its values are words
	identity bool            // bytes are written as they are
	json     value.JSONOptions
	topics   *byTopic // the serdes of single topics; nil when one is for all
}

// NewEncoders returns the encodings of keys and of values, in this order.
func NewEncoders(key, val serde.Serde, json value.JSONOptions) [2]Encoding {
	var e [2]Encoding
	for i, s := range []serde.Serde{key, val} {
		e[i] = Encoding{part: serde.Part(i), serde: s, json: json}
		e[i].text, _ = s.(serde.TextSerde)
		e[i].identity = s.Name() == "text" || s.Name() == "bytes"
	}
	return e
}

// Encode returns the bytes of a part, appending what it makes to scratch, and headers to
// be added. Input that names a serde of its own must be given that serde; input that
// gives the bytes themselves needs none.
func (e *Encoding) Encode(ctx context.Context, topic string, f *input.Field, scratch *[]byte) (data []byte, headers []serde.Header, err error) {
	if e.topics != nil {
		s, err := e.topics.of(topic)
		if err != nil {
			return nil, nil, err
		}
		e = &s.encode[e.part]
	}
	switch {
	case f.Bytes == nil:
		return nil, nil, nil
	case f.Encoding != "" && f.Encoding != e.serde.Name():
		return nil, nil, cli.Hint(cli.Usagef("the %s was decoded by %s, and the serde here is %s", e.part, f.Encoding, e.serde.Name()),
			"add --%s-serde %s, with the schema that it needs", e.part, f.Encoding)
	case f.Named && f.Encoding == "" && (e.identity || e.text != nil):
		return nil, nil, fmt.Errorf("encode %s: %w", e.part, input.ErrNamed)
	case f.Exact, e.identity && f.Encoding == "":
		return f.Bytes, nil, nil
	}
	from := len(*scratch)
	if e.text != nil && f.Encoding == "" {
		out, err := e.text.AppendBytes(*scratch, f.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("encode %s: %w", e.part, err)
		}
		*scratch = out
		return out[from:len(out):len(out)], nil, nil
	}
	out, err := serde.EncodeJSON(ctx, *scratch, e.serde, topic, e.part, f.Bytes, e.json)
	if err != nil {
		return nil, nil, fmt.Errorf("encode %s: %w", e.part, err)
	}
	if out.Data == nil {
		return nil, out.Headers, nil
	}
	*scratch = out.Data
	return out.Data[from:len(out.Data):len(out.Data)], out.Headers, nil
}

// EncodeJSON is Encode for a part that is JSON: null is a null, and where bytes are text, a string
// is its text and all else its JSON.
func (e *Encoding) EncodeJSON(ctx context.Context, topic string, json []byte, scratch *[]byte) (data []byte, headers []serde.Header, err error) {
	f, err := e.field(json)
	if err != nil {
		return nil, nil, err
	}
	return e.Encode(ctx, topic, &f, scratch)
}

// field is what Encode takes of a part that is JSON.
func (e *Encoding) field(json []byte) (f input.Field, err error) {
	switch {
	case string(json) == "null":
		return f, nil
	case !e.identity && e.text == nil:
		f.Encoding = e.serde.Name()
	case json[0] == '"':
		f.Bytes, err = jsontext.AppendUnquote([]byte{}, json)
		return f, err
	}
	f.Bytes = json
	return f, nil
}
