package avro

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"kstream/serde"
	"kstream/serde/value"
	"kstream/serde/wire"
)

// Serde reads and writes records in Avro. It is safe for concurrent use.
type Serde struct {
	style  Style
	ignore bool // fields that the schema lacks, when writing
	json   value.JSONOptions
	limits serde.Limits
	source wire.Source[resolved]
	local  atomic.Pointer[loaded] // the schema of avro:FILE, or nil
	text   string                 // of local
	reader readerSchema
	writer *wire.Writer
}

// resolved is a schema, ready for the reader schema.
type resolved struct {
	*Schema
	reader *resolution // nil without a reader schema
}

type loaded = wire.Loaded[resolved]

// New makes the serde of a SPEC: "avro" takes schemas from the registry by the frame
// of each record, "avro:FILE" is a local schema without a frame. Of o it uses
// Registry, Files, JSONMode, AvroJSON, SchemaID, SubjectStrategy, SchemaIDIn,
// AutoRegister, ReaderSchema and Limits. Without a registry and a file it still reads
// container files, which carry their schema.
func New(spec serde.Spec, o serde.Options) (serde.Serde, error) {
	s := &Serde{json: o.JSON(), limits: o.Limits.OrDefaults(), ignore: o.IgnoreUnknown}
	s.source.Registry, s.source.Type, s.source.Parse = o.Registry, "AVRO", s.parse
	switch o.AvroJSON {
	case "", "plain":
		if o.JSONMode == value.Lossless {
			s.style = lossless
		}
	case "avro":
		s.style = AvroJSON
	default:
		return nil, fmt.Errorf("avro: JSON is plain or avro, not %q", o.AvroJSON)
	}
	if err := s.reader.parse(o); err != nil {
		return nil, err
	}
	if spec.Argument != "" {
		schema, text, err := readSchema(o, spec.Argument)
		if err != nil {
			return nil, err
		}
		s.text = text
		s.local.Store(&loaded{Schema: resolved{Schema: schema}, Info: serde.SchemaInfo{Type: "AVRO", Name: schema.Name}})
		if s.reader.schema.Load() != nil {
			if _, err := s.ready(context.Background()); err != nil {
				return nil, fmt.Errorf("avro: %w", err)
			}
		}
	}
	var err error
	s.writer, err = wire.NewWriter("avro", o, spec.Argument != "")
	return s, err
}

func readSchema(o serde.Options, file string) (*Schema, string, error) {
	if o.Files == nil {
		return nil, "", fmt.Errorf("avro: schema file %s: %w", file, serde.ErrUnsupported)
	}
	text, err := o.Files(file)
	if err != nil {
		return nil, "", fmt.Errorf("avro: %w", err)
	}
	schema, err := ParseSchema(string(text))
	if err != nil {
		return nil, "", fmt.Errorf("avro: %s: %w", file, err)
	}
	return schema, string(text), nil
}

// Name returns "avro".
func (s *Serde) Name() string { return "avro" }

// Decode reads one key or value.
func (s *Serde) Decode(ctx context.Context, in serde.Input) (serde.Result, error) {
	d, err := s.open(ctx, in)
	if err != nil {
		return serde.Result{}, err
	}
	if d.container {
		return s.container(in.Data)
	}
	v, n, err := d.schema.Decode(d.datum, s.style, s.limits)
	if err == nil {
		err = d.whole(n)
	}
	if err != nil {
		return serde.Result{}, shift(err, d.offset)
	}
	return d.result(v), nil
}

// AppendJSON appends the JSON of one key or value, in the style and mode of the
// Options. See serde.JSONAppender.
func (s *Serde) AppendJSON(ctx context.Context, dst []byte, in serde.Input) ([]byte, serde.Result, error) {
	d, err := s.open(ctx, in)
	if err != nil {
		return dst, serde.Result{}, err
	}
	if !d.container && s.json.Mode == value.Plain {
		out, n, err := d.schema.AppendJSON(dst, d.datum, s.style, s.limits)
		if err == nil {
			err = d.whole(n)
		}
		if err != nil {
			return dst, serde.Result{}, shift(err, d.offset)
		}
		return out, d.result(nil), nil
	}
	r, err := s.Decode(ctx, in)
	if err != nil {
		return dst, serde.Result{}, err
	}
	out, err := value.AppendJSON(dst, r.Value, s.json)
	if err != nil {
		return dst, serde.Result{}, fault(-1, err)
	}
	r.Value = nil
	return out, r, nil
}

// datum is a record without its frame.
type datum struct {
	schema    *Schema
	info      *serde.SchemaInfo
	datum     []byte
	offset    int // of the datum in the record, -1 when it was rewritten
	skipped   serde.Frame
	container bool
}

// withLength adds the length to a datum whose schema is bytes: after a frame, Confluent's
// serializers write such bytes without one.
func (d *datum) withLength() {
	if d.schema.root.kind == kindBytes {
		d.datum, d.offset = append(binary.AppendVarint(make([]byte, 0, len(d.datum)+binary.MaxVarintLen64), int64(len(d.datum))), d.datum...), -1
	}
}

// whole returns an error unless a value of size bytes is all of the datum.
func (d *datum) whole(size int) error {
	if left := len(d.datum) - size; left > 0 {
		return serde.AfterValue("avro", size, left)
	}
	return nil
}

func (d *datum) result(v value.V) serde.Result {
	return serde.Result{Value: v, Format: "avro", Schema: d.info, Skipped: d.skipped}
}

// open finds the schema and the datum of a record.
func (s *Serde) open(ctx context.Context, in serde.Input) (datum, error) {
	if s.local.Load() != nil && !s.writer.Registers() {
		return s.openLocal(ctx, in)
	}
	if isContainer(in.Data) {
		return datum{container: true}, nil
	}
	f, err := readFrame(in)
	if err != nil {
		return datum{}, err
	}
	l := s.source.Have(f)
	if l == nil {
		if l, err = s.source.Of(ctx, "avro", f, s.writer.Subject(in.Topic, in.Part, "")); err != nil {
			return datum{}, err
		}
	}
	d := datum{schema: l.Schema.Schema, info: &l.Info, datum: in.Data[f.Body:], offset: f.Body}
	d.withLength()
	return s.rewritten(l, d)
}

// openLocal is open for a local schema. Data is in single-object encoding if it begins
// with the fingerprint of this schema, a container file if it begins with the magic of one
// and is not a datum of the schema, and a datum otherwise.
func (s *Serde) openLocal(ctx context.Context, in serde.Input) (datum, error) {
	l, err := s.ready(ctx)
	if err != nil {
		return datum{}, err
	}
	d := datum{schema: l.Schema.Schema, info: &l.Info, datum: in.Data}
	if d.schema.singleObject(in.Data) {
		d.offset = singleObjectFrame
		d.datum = in.Data[singleObjectFrame:]
	} else if isContainer(in.Data) {
		if !d.schema.takes(in.Data, s.limits) {
			return datum{container: true}, nil
		}
	} else if err := s.skipFrame(&d); err != nil {
		return datum{}, err
	}
	return s.rewritten(l, d)
}

// skipFrame passes over the frame of a registry, where only what follows it is a value
// of the local schema.
func (s *Serde) skipFrame(d *datum) error {
	f, ok := wire.FindSkippable(d.datum, s.limits.Bytes)
	if !ok {
		return nil
	}
	n, err := d.schema.Check(d.datum, s.limits)
	if err == nil {
		err = d.whole(n)
	}
	if err == nil {
		return nil
	}
	framed := *d
	framed.datum, framed.offset, framed.skipped = f.Body, f.Size, f.Frame
	if f.Kind != serde.FrameGlue {
		framed.withLength()
	}
	if d.schema.takes(framed.datum, s.limits) {
		*d = framed
		return nil
	}
	var de *serde.DecodeError
	if errors.As(err, &de) {
		return fault(de.Offset, fmt.Errorf("%w; nor is what follows %s a value of %s", de.Err, f.Frame, d.schema.Name))
	}
	return err
}

// takes reports whether data is a value of the schema, all of it.
func (s *Schema) takes(data []byte, limits serde.Limits) bool {
	n, err := s.Check(data, limits)
	return err == nil && n == len(data)
}

// rewritten returns the datum in the encoding of the reader schema, if there is one.
func (s *Serde) rewritten(l *loaded, d datum) (datum, error) {
	if l.Schema.reader == nil {
		return d, nil
	}
	n, err := d.schema.Check(d.datum, s.limits)
	if err == nil {
		err = d.whole(n)
	}
	if err != nil {
		return datum{}, shift(err, d.offset)
	}
	if d.datum, err = l.Schema.reader.rewrite(d.datum, s.limits); err != nil {
		return datum{}, err
	}
	d.schema, d.offset = l.Schema.reader.reader, -1
	return d, nil
}

// shift converts the offset of a decode error from one in the datum to one in the record.
// by is where the datum begins, or -1 if it was rewritten.
func shift(err error, by int) error {
	var de *serde.DecodeError
	if !errors.As(err, &de) || de.Offset < 0 {
		return err
	}
	at := de.Offset + by
	if by < 0 {
		at = -1
	}
	return fault(at, de.Err)
}

func (s *Serde) container(data []byte) (serde.Result, error) {
	list, schema, err := decodeContainer(data, s.style, s.limits)
	if err != nil {
		return serde.Result{}, err
	}
	return serde.Result{
		Value:  list,
		Format: "avro",
		Schema: &serde.SchemaInfo{Type: "AVRO", Name: schema.Name},
		Notes:  []string{"a container file, values: " + strconv.Itoa(len(list))},
	}, nil
}
