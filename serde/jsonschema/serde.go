package jsonschema

import (
	"context"
	"errors"
	"fmt"

	"kstream/serde"
	"kstream/serde/value"
	"kstream/serde/wire"
)

const format = "jsonschema"

// Serde reads and writes records in JSON with a schema. It is safe for concurrent use.
type Serde struct {
	json     jsonSerde
	limits   serde.Limits
	validate bool // when reading
	source   wire.Source[*schema]
	writer   *wire.Writer
	local    *wire.Loaded[*schema] // of jsonschema:FILE, or nil
}

// jsonSerde is what serde.NewJSON makes.
type jsonSerde interface {
	serde.Serde
	serde.JSONAppender
	serde.JSONEncoder
}

// New makes the serde of a SPEC: "jsonschema" takes schemas from the registry by the
// frame of each record, "jsonschema:FILE" is a local schema without a frame. What is
// written is checked; what is read is checked with a FILE, or with Validate. Without
// a registry and a file it reads framed JSON unchecked. Of o it uses Registry, Files,
// Validate, JSONMode, JSONInts, SchemaID, SubjectStrategy, SchemaIDIn, AutoRegister and
// Limits.
func New(spec serde.Spec, o serde.Options) (serde.Serde, error) {
	s := &Serde{limits: o.Limits.OrDefaults(), validate: o.Validate || spec.Argument != ""}
	plain, err := serde.NewJSON(spec, o)
	if err != nil {
		return nil, err
	}
	s.json = plain.(jsonSerde)
	s.source.Registry, s.source.Type = o.Registry, "JSON"
	s.source.Parse = func(_ context.Context, text string, imports []wire.Import) (*schema, string, error) {
		return newSchema(text, imports, s.limits.Depth)
	}
	if spec.Argument != "" {
		if s.local, err = s.load(spec.Argument, o); err != nil {
			return nil, fmt.Errorf("%s: %w", format, err)
		}
	} else if o.Validate && o.Registry == nil {
		return nil, fmt.Errorf("%s: to validate, name a registry, or a file: %s:FILE", format, format)
	}
	s.writer, err = wire.NewWriter(format, o, spec.Argument != "")
	return s, err
}

func (s *Serde) load(file string, o serde.Options) (*wire.Loaded[*schema], error) {
	if o.Files == nil {
		return nil, fmt.Errorf("schema file %s: %w", file, serde.ErrUnsupported)
	}
	text, err := o.Files(file)
	if err != nil {
		return nil, err
	}
	sc, title, err := newSchema(string(text), nil, s.limits.Depth)
	if err == nil {
		var c *checker
		if c, err = sc.take(); err == nil {
			sc.give(c)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &wire.Loaded[*schema]{Schema: sc, Info: serde.SchemaInfo{Type: "JSON", Name: title}}, nil
}

// Name is "jsonschema".
func (s *Serde) Name() string { return format }

func fault(at int, err error) error { return &serde.DecodeError{Format: format, Offset: at, Err: err} }

// Decode reads one key or value.
func (s *Serde) Decode(ctx context.Context, in serde.Input) (serde.Result, error) {
	r, body, err := s.open(ctx, &in)
	if err != nil {
		return serde.Result{}, err
	}
	plain, err := s.json.Decode(ctx, in)
	if err != nil {
		return serde.Result{}, shift(err, body)
	}
	r.Value = plain.Value
	return r, nil
}

// AppendJSON appends the JSON of one key or value. See serde.JSONAppender.
func (s *Serde) AppendJSON(ctx context.Context, dst []byte, in serde.Input) ([]byte, serde.Result, error) {
	r, body, err := s.open(ctx, &in)
	if err != nil {
		return dst, serde.Result{}, err
	}
	out, _, err := s.json.AppendJSON(ctx, dst, in)
	if err != nil {
		return dst, serde.Result{}, shift(err, body)
	}
	return out, r, nil
}

// shift makes an error about the JSON one about the record.
func shift(err error, by int) error {
	var de *serde.DecodeError
	var syntax *value.SyntaxError
	switch {
	case errors.As(err, &de) && de.Offset >= 0 && by >= 0:
		return fault(de.Offset+by, de.Err)
	case errors.As(err, &de):
		return fault(-1, de.Err)
	case errors.As(err, &syntax) && by < 0:
		return fault(-1, syntax.Err)
	case errors.As(err, &syntax):
		return fault(syntax.Offset+by, syntax.Err)
	}
	return fault(-1, err)
}

// open finds the schema of a record, and makes the JSON the data of in; it checks that
// where this is asked for. The JSON began at body, -1 where it was compressed.
func (s *Serde) open(ctx context.Context, in *serde.Input) (r serde.Result, body int, err error) {
	if len(in.Data) > s.limits.Bytes {
		return r, 0, fault(-1, serde.ErrTooBig)
	}
	r.Format = format
	l := s.local
	switch {
	case l != nil && !s.writer.Registers():
		if f, ok := wire.FindSkippable(in.Data, s.limits.Bytes); ok { // no JSON begins so
			in.Data, body, r.Skipped = f.Body, f.Size, f.Frame
		}
	default:
		if l, body, r.Notes, err = s.framed(ctx, *in); err != nil {
			return r, 0, err
		}
		in.Data = in.Data[body:]
	}
	r.Schema = &l.Info
	if !s.validate {
		return r, body, nil
	}
	if err := l.Schema.check(in.Data, s.limits.Depth); err != nil {
		return r, 0, shift(err, body)
	}
	return r, body, nil
}

// framed gets the schema that the frame of a record names. JSON can be read without;
// then a note tells what is wrong.
func (s *Serde) framed(ctx context.Context, in serde.Input) (l *wire.Loaded[*schema], body int, notes []string, err error) {
	f, err := wire.ReadFrame(format, in, false)
	if err != nil {
		return nil, 0, nil, err
	}
	unread := &wire.Loaded[*schema]{Info: serde.SchemaInfo{ID: f.ID, GUID: f.GUID, Type: "JSON"}}
	if s.source.Registry == nil && !s.validate {
		return unread, f.Body, nil, nil
	}
	if l = s.source.Have(f); l != nil {
		return l, f.Body, nil, nil
	}
	l, err = s.source.Of(ctx, format, f, s.writer.Subject(in.Topic, in.Part, ""))
	if errors.Is(err, serde.ErrUnknownSchema) && !s.validate {
		return unread, f.Body, []string{fmt.Sprintf("%s: %v", f, serde.ErrUnknownSchema)}, nil
	}
	return l, f.Body, nil, err
}

// Encode writes v as JSON, if its schema takes it. Errors are *serde.EncodeError, or
// wrap serde.ErrRegistry.
func (s *Serde) Encode(ctx context.Context, topic string, p serde.Part, v value.V) (serde.Output, error) {
	return s.encode(ctx, []byte{}, topic, p, func(dst []byte) (serde.Output, error) {
		out, err := s.json.Encode(ctx, topic, p, v)
		out.Data = append(dst, out.Data...)
		return out, err
	})
}

// EncodeJSON appends JSON as it stands, if its schema takes it. See serde.JSONEncoder.
func (s *Serde) EncodeJSON(ctx context.Context, dst []byte, topic string, p serde.Part, json []byte) (serde.Output, error) {
	return s.encode(ctx, dst, topic, p, func(dst []byte) (serde.Output, error) {
		return s.json.EncodeJSON(ctx, dst, topic, p, json)
	})
}

func (s *Serde) encode(ctx context.Context, dst []byte, topic string, p serde.Part, write func([]byte) (serde.Output, error)) (serde.Output, error) {
	sc, info, framed, err := s.choose(ctx, topic, p)
	if err != nil {
		return serde.Output{}, s.writer.Error(ctx, err)
	}
	var headers []serde.Header
	if framed {
		if dst, headers, err = s.writer.Frame(dst, p, info, nil); err != nil {
			return serde.Output{}, serde.NewEncodeError(format, err)
		}
	}
	out, err := write(dst)
	var wrong *serde.EncodeError
	if errors.As(err, &wrong) {
		return serde.Output{}, &serde.EncodeError{Format: format, Offset: wrong.Offset, Path: wrong.Path, Err: wrong.Err}
	}
	if err != nil {
		return serde.Output{}, err
	}
	if err := sc.check(out.Data[len(dst):], s.limits.Depth); err != nil {
		return serde.Output{}, serde.NewEncodeError(format, err)
	}
	out.Headers = headers
	return out, nil
}

// choose gets the schema to write with.
func (s *Serde) choose(ctx context.Context, topic string, p serde.Part) (sc *schema, info *serde.SchemaInfo, framed bool, err error) {
	switch {
	case s.local == nil:
		l, err := wire.Choose(ctx, s.writer, &s.source, topic, p, "")
		if err != nil {
			return nil, nil, false, err
		}
		return l.Schema, &l.Info, true, nil
	case !s.writer.Registers():
		return s.local.Schema, &s.local.Info, false, nil
	}
	subject := s.writer.Subject(topic, p, s.local.Info.Name)
	if subject == "" {
		return nil, nil, false, errors.New("a subject by record needs a title in the schema")
	}
	registered, err := s.writer.Registered(ctx, s.source.Registry, subject, func(context.Context) (serde.Schema, error) {
		return serde.Schema{SchemaInfo: s.local.Info, Text: s.local.Schema.text}, nil
	})
	return s.local.Schema, &registered, true, err
}
