// Package serde turns record bytes into values and back.
//
// A Serde is safe for concurrent use, never retains its input, never panics on any input
// and needs memory in proportion to it. The package does no I/O of its own: schemas come
// from Options.Registry and Options.Files.
//
// This package holds what all formats share (interfaces, Options, Limits, errors, the
// grammar of a SPEC) and the formats that need nothing else: text, json, Kafka's own,
// pack, exec, auto. Richer formats are packages of their own that import this one. The
// list of all is kstream/serde/formats, one line a format; its Open takes a SPEC as a
// user writes it ("text", "avro", "pack:>iq", "pickle?protocol=2") and returns a Serde.
// A format's constructor is func(Spec, Options) (Serde, error) and does no I/O but
// reading files by Options.Files.
//
// Render is the way to show bytes as JSON: it uses the short cut of a JSONAppender
// where a format has one. EncodeJSON is the way back.
package serde

import (
	"context"
	"errors"
	"fmt"

	"kstream/serde/value"
)

// Part is the key or the value of a record.
type Part uint8

// The two parts of a record that a serde reads and writes.
const (
	Key Part = iota
	Value
)

func (p Part) String() string {
	if p == Key {
		return "key"
	}
	return "value"
}

// Header is a record header. A nil Value is a null, which differs from an empty value.
type Header struct {
	Key   string
	Value []byte
}

// Input is what a Decoder reads. Data is never nil: a Decoder is not called for a null. It
// must not retain or modify Data.
type Input struct {
	Topic   string
	Part    Part
	Data    []byte
	Headers []Header
}

// SchemaInfo names the schema that a value was written with.
type SchemaInfo struct {
	ID      int    // in the registry; 0 when unknown
	GUID    string // where the header framing carries one
	Subject string
	Version int
	Type    string // AVRO, PROTOBUF, JSON
	Name    string // full name of the record or message
}

// Result is a decoded value.
type Result struct {
	Value   value.V
	Format  string      // the serde that understood the bytes: "avro", also under "auto"
	Schema  *SchemaInfo // nil without one
	Notes   []string    // what a reader should know: "2 unknown fields"
	Skipped Frame       // what was passed over before the value, as the schema is a local one
}

// Decoder turns the bytes of a key or value into a Result. All of the bytes are the
// value: what is left after it is an error, in every format. Its errors are
// *DecodeError, or wrap ErrRegistry when the registry, not the data, is at fault.
type Decoder interface {
	Decode(ctx context.Context, in Input) (Result, error)
}

// Output is what an Encoder wrote. Headers are to be added to the record.
type Output struct {
	Data    []byte
	Headers []Header
}

// Encoder turns a value into the bytes of a key or value of a record of topic.
type Encoder interface {
	Encode(ctx context.Context, topic string, p Part, v value.V) (Output, error)
}

// Serde is a format, both ways. Name is what value_encoding says in a record line.
type Serde interface {
	Name() string
	Decoder
	Encoder
}

// Errors that decoders wrap; test with errors.Is.
var (
	ErrTruncated     = value.ErrTruncated
	ErrNotFramed     = errors.New("no schema id")
	ErrUnknownSchema = errors.New("the registry does not know the schema")
	ErrTooDeep       = value.ErrTooDeep
	ErrTooBig        = value.ErrTooBig
	ErrUnsupported   = errors.New("not supported")
	// ErrRegistry is wrapped by every error of reaching a registry or understanding its
	// answer. It never means that the record is at fault.
	ErrRegistry = errors.New("schema registry")
)

// DecodeError is the error for bytes that are not valid in a format, with the offset at
// which decoding failed. Its text is short and never contains the payload.
type DecodeError struct {
	Format string
	Offset int // bytes from the start of the data; -1 when unknown
	Err    error
}

func (e *DecodeError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%s: %v", e.Format, e.Err)
	}
	return fmt.Sprintf("%s: byte %d: %v", e.Format, e.Offset, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// Frame names a schema before a value. Records of one topic have much the same, so a
// command says once that they were passed over.
type Frame struct {
	Kind FrameKind
	ID   uint32   // of FrameID
	GUID [16]byte // of the others
}

// FrameKind says whose frame it is.
type FrameKind uint8

// The frames that are known.
const (
	NoFrame FrameKind = iota
	FrameID
	FrameGUID
	FrameGlue // of the registry of AWS
)

func (f Frame) String() string {
	switch f.Kind {
	case NoFrame:
		return "no frame"
	case FrameID:
		return fmt.Sprintf("the frame of schema %d", f.ID)
	case FrameGlue:
		return fmt.Sprintf("the frame of AWS Glue, schema version %s", value.AppendUUID(nil, f.GUID))
	}
	return fmt.Sprintf("the frame of schema %s", value.AppendUUID(nil, f.GUID))
}

// AfterValue returns the error of a format for size bytes after a value that ends at
// offset, which is -1 if it is not known.
func AfterValue(format string, offset, size int) error {
	if size == 1 {
		return &DecodeError{Format: format, Offset: offset, Err: errOneAfter}
	}
	return &DecodeError{Format: format, Offset: offset, Err: fmt.Errorf("%d bytes after the value", size)}
}

var errOneAfter = errors.New("1 byte after the value")

// Schema is a schema as a registry stores it.
type Schema struct {
	SchemaInfo
	Text       string
	References []Reference
}

// Reference is a schema that another one imports under Name.
type Reference struct {
	Name    string
	Subject string
	Version int
}

// Registry is what formats need of a schema registry. Implementations cache and are safe
// for concurrent use. Their errors wrap ErrRegistry, or ErrUnknownSchema for an id or
// subject that does not exist.
type Registry interface {
	ByID(ctx context.Context, id int, subject string) (Schema, error)
	ByGUID(ctx context.Context, guid string) (Schema, error)
	// BySubject returns one version of a subject; version -1 is the latest.
	BySubject(ctx context.Context, subject string, version int) (Schema, error)
	Register(ctx context.Context, subject string, s Schema) (Schema, error)
}
