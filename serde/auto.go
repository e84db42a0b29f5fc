package serde

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode/utf8"

	"kstream/serde/value"
)

// AutoFormats are the formats that auto can recognise beside JSON, text and bytes; nil
// fields are left out.
type AutoFormats struct {
	// BySchema reads data with a schema id, by the Type of the schema: AVRO, PROTOBUF,
	// JSON.
	BySchema     map[string]Decoder
	Container    Decoder // Avro object container files
	SingleObject Decoder // Avro single object encoding
	Pickle       Decoder
}

// NewAuto recognises what data is, in a strict order, and never guesses: a schema id in
// the headers; a prefix 0 and an id that the registry knows, when the whole data decodes
// with that schema; the marks of Avro files and single objects; JSON when all of it is;
// text without control characters; a pickle of protocol 2 to 5 when all of it is one;
// else base64. A number or a MessagePack cannot be told from other bytes and must be
// named. The Format of the Result is what was recognised. A registry that is down is an
// error, not a reason to go on. It does not encode.
func NewAuto(o Options, formats AutoFormats) Serde { return &auto{o, formats} }

type auto struct {
	o       Options
	formats AutoFormats
}

func (*auto) Name() string { return "auto" }

func (*auto) Encode(context.Context, string, Part, value.V) (Output, error) {
	return Output{}, NewEncodeError("auto", fmt.Errorf("writing is %w: name a format", ErrUnsupported))
}

// Decode returns no errors other than those of the registry.
func (a *auto) Decode(ctx context.Context, in Input) (Result, error) {
	for _, d := range a.marked(ctx, in) {
		if d.err != nil {
			return Result{}, d.err
		}
		r, err := d.Decode(ctx, in)
		if err == nil || errors.Is(err, ErrRegistry) {
			return r, err
		}
	}
	if v, err := value.ParseJSON(in.Data, false, a.o.Limits.Depth); err == nil {
		return Result{Value: v, Format: "json"}, nil
	}
	if isText(in.Data) {
		return Result{Value: string(in.Data), Format: "string"}, nil
	}
	if a.maybePickle(in.Data) {
		if r, err := a.formats.Pickle.Decode(ctx, in); err == nil {
			return r, nil
		}
	}
	return Result{Value: append(value.Bytes{}, in.Data...), Format: "base64", Notes: glueNote(in.Data)}, nil
}

// AppendJSON uses the AppendJSON of the format that it recognises, if that has one.
func (a *auto) AppendJSON(ctx context.Context, dst []byte, in Input) ([]byte, Result, error) {
	o := a.o.JSON()
	for _, d := range a.marked(ctx, in) {
		if d.err != nil {
			return dst, Result{}, d.err
		}
		out, r, err := Render(ctx, dst, d, in, o)
		if err == nil || errors.Is(err, ErrRegistry) {
			return out, r, err
		}
	}
	if out, r, err := (&jsonFormat{a.o}).AppendJSON(ctx, dst, in); err == nil {
		return out, r, nil
	}
	if isText(in.Data) {
		return value.AppendString(dst, in.Data), Result{Format: "string"}, nil
	}
	if a.maybePickle(in.Data) {
		if out, r, err := Render(ctx, dst, a.formats.Pickle, in, o); err == nil {
			return out, r, nil
		}
	}
	out, err := appendBytes(dst, in.Data, o)
	return out, Result{Format: "base64", Notes: glueNote(in.Data)}, err
}

// candidate is a decoder for data that carries the mark of its format, or the error
// of the registry that was asked which format that is.
type candidate struct {
	Decoder
	err error
}

// marked returns the formats whose mark the headers or the first bytes carry.
func (a *auto) marked(ctx context.Context, in Input) []candidate {
	if a.o.Registry != nil {
		s, found, err := a.schema(ctx, in)
		if err != nil {
			return []candidate{{err: err}}
		}
		if d := a.formats.BySchema[s.Type]; found && d != nil {
			return []candidate{{Decoder: d}}
		}
	}
	switch {
	case bytes.HasPrefix(in.Data, []byte("Obj\x01")) && a.formats.Container != nil:
		return []candidate{{Decoder: a.formats.Container}}
	case bytes.HasPrefix(in.Data, []byte{0xc3, 0x01}) && a.formats.SingleObject != nil:
		return []candidate{{Decoder: a.formats.SingleObject}}
	}
	return nil
}

// schema asks the registry for the schema that a header or the prefix names. Only a
// registry that cannot answer is an error.
func (a *auto) schema(ctx context.Context, in Input) (s Schema, found bool, err error) {
	frame := in.Data
	for _, h := range in.Headers {
		if h.Key == in.Part.SchemaHeader() {
			frame = h.Value
		}
	}
	switch {
	case len(frame) >= 5 && frame[0] == 0:
		id := binary.BigEndian.Uint32(frame[1:])
		if id == 0 && len(frame) >= 9 { // eight bytes of an id, as clients of Apicurio write it
			id = binary.BigEndian.Uint32(frame[5:])
		}
		if id == 0 {
			return Schema{}, false, nil
		}
		s, err = a.o.Registry.ByID(ctx, int(id), "")
	case len(frame) >= 17 && frame[0] == 1:
		s, err = a.o.Registry.ByGUID(ctx, string(value.AppendUUID(nil, value.UUID(frame[1:17]))))
	default:
		return Schema{}, false, nil
	}
	switch {
	case err == nil:
		if s.Type == "" {
			s.Type = "AVRO" // as registries leave it out
		}
		return s, true, nil
	case errors.Is(err, ErrUnknownSchema):
		return Schema{}, false, nil
	}
	return Schema{}, false, err
}

// SchemaHeader returns the name of the record header that carries the id of the schema of p,
// as Confluent's clients of version 8 write it.
func (p Part) SchemaHeader() string {
	if p == Key {
		return "__key_schema_id"
	}
	return "__value_schema_id"
}

// isText reports whether data is UTF-8 without control characters but tab, line feed and
// carriage return.
func isText(data []byte) bool {
	for _, c := range data {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return false
		}
	}
	for i := 0; i+1 < len(data); i++ {
		if data[i] == 0xc2 && data[i+1] < 0xa0 { // C1
			return false
		}
	}
	return utf8.Valid(data)
}

func (a *auto) maybePickle(data []byte) bool {
	return a.formats.Pickle != nil && len(data) > 3 &&
		data[0] == 0x80 && data[1] >= 2 && data[1] <= 5 && data[len(data)-1] == '.'
}

// glueNote names the frame of the AWS Glue registry: 03, 00 or 05 (zlib), a UUID.
func glueNote(data []byte) []string {
	if len(data) < 18 || data[0] != 3 || data[1] != 0 && data[1] != 5 {
		return nil
	}
	return []string{"looks like an AWS Glue frame, schema version " + hex.EncodeToString(data[2:18])}
}
