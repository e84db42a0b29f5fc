package wire

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"kstream/serde"
)

// Writer says which schema to write with, and how records name it. It may be shared by
// goroutines.
type Writer struct {
	format       string
	strategy     string // topic, record, topic-record
	header       bool   // the schema goes into a header, by its GUID
	register     bool   // the local schema is registered, and records are framed
	id           int    // 0: by subject and version
	fixed        string // the subject that was given; empty: by the strategy
	version      int
	registration sync.Map // of subject to serde.SchemaInfo
}

// NewWriter reads SubjectStrategy, SchemaIDIn, AutoRegister and SchemaID of o. hasFile
// says that the SPEC names a schema, which can be registered.
func NewWriter(format string, o serde.Options, hasFile bool) (*Writer, error) {
	w := &Writer{format: format, strategy: o.SubjectStrategy, register: o.AutoRegister, version: -1}
	switch w.strategy {
	case "":
		w.strategy = "topic"
	case "topic", "record", "topic-record":
	default:
		return nil, fmt.Errorf("%s: the subject is by topic, record or topic-record, not %q", format, w.strategy)
	}
	switch o.SchemaIDIn {
	case "", "prefix":
	case "header":
		w.header = true
	default:
		return nil, fmt.Errorf("%s: the schema id is in the prefix or the header, not %q", format, o.SchemaIDIn)
	}
	switch { // then a file is written in a frame, too
	case w.register && !hasFile:
		return nil, fmt.Errorf("%s: auto-register needs the schema to register: %s:FILE", format, format)
	case w.register && o.Registry == nil:
		return nil, fmt.Errorf("%s: auto-register needs a registry", format)
	}
	switch id, err := strconv.ParseUint(o.SchemaID, 10, 32); {
	case o.SchemaID == "" || o.SchemaID == "latest":
	case err == nil && id > 0:
		w.id = int(id)
	default:
		var ok bool
		if w.fixed, w.version, ok = SplitVersion(o.SchemaID); !ok {
			return nil, fmt.Errorf("%s: schema id %q is no N, latest or SUBJECT:VERSION", format, o.SchemaID)
		}
	}
	return w, nil
}

// SplitVersion reads SUBJECT:VERSION, where the version is a number or "latest", which
// is -1.
func SplitVersion(s string) (subject string, version int, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 1 {
		return "", 0, false
	}
	if s[i+1:] == "latest" {
		return s[:i], -1, true
	}
	n, err := strconv.ParseInt(s[i+1:], 10, 32)
	return s[:i], int(n), err == nil && n > 0
}

// Registers reports whether the local schema is registered, and its records framed.
func (w *Writer) Registers() bool { return w.register }

// Subject returns the subject under which the schema of a key or value is registered. name
// is that of its record; without one there is no subject by record, and it is empty.
func (w *Writer) Subject(topic string, p serde.Part, name string) string {
	switch {
	case w.strategy == "topic":
		return topic + "-" + p.String()
	case name == "":
		return ""
	case w.strategy == "record":
		return name
	}
	return topic + "-" + name
}

// Frame appends the frame that the data begins with to dst, or returns the header that
// holds it. tail follows the schema, as with Protobuf.
func (w *Writer) Frame(dst []byte, p serde.Part, info *serde.SchemaInfo, tail []byte) ([]byte, []serde.Header, error) {
	if !w.header {
		dst, err := AppendFrame(dst, info, false)
		return append(dst, tail...), nil, err
	}
	frame, err := AppendFrame(make([]byte, 0, guidFrame+len(tail)), info, true)
	if err != nil {
		return dst, nil, err
	}
	return dst, []serde.Header{{Key: p.SchemaHeader(), Value: append(frame, tail...)}}, nil
}

// Error returns err as an Encoder does: an *serde.EncodeError, unless it is the
// registry's, not the value's.
func (w *Writer) Error(ctx context.Context, err error) error {
	var encode *serde.EncodeError
	if errors.Is(err, serde.ErrRegistry) || ctx.Err() != nil || errors.As(err, &encode) {
		return err
	}
	return serde.NewEncodeError(w.format, err)
}

// Choose gets the schema to write with from the registry. name is that of the record,
// empty where only the schema would say it.
func Choose[S any](ctx context.Context, w *Writer, s *Source[S], topic string, p serde.Part, name string) (*Loaded[S], error) {
	switch {
	case s.Registry == nil:
		return nil, fmt.Errorf("no schema to write with: name a registry, or a file: %s:FILE", w.format)
	case w.id > 0:
		l, err := s.Framed(ctx, Frame{ID: w.id}, w.Subject(topic, p, name))
		if err != nil {
			return nil, fmt.Errorf("schema %d: %w", w.id, err)
		}
		return l, nil
	}
	subject := w.fixed
	if subject == "" {
		subject = w.Subject(topic, p, name)
	}
	if subject == "" {
		return nil, errors.New("a subject by record needs to know it: name the schema's file, id or SUBJECT:VERSION")
	}
	l, err := s.Versioned(ctx, subject, w.version)
	if err != nil {
		return nil, fmt.Errorf("subject %s: %w", subject, err)
	}
	return l, nil
}

// Registered returns what the registry says of a schema after it was registered under
// subject, which happens once for each subject. schema is asked for the text then.
func (w *Writer) Registered(ctx context.Context, r serde.Registry, subject string, schema func(context.Context) (serde.Schema, error)) (serde.SchemaInfo, error) {
	if info, ok := w.registration.Load(subject); ok {
		return info.(serde.SchemaInfo), nil
	}
	local, err := schema(ctx)
	if err != nil {
		return serde.SchemaInfo{}, err
	}
	got, err := r.Register(ctx, subject, local)
	if err != nil {
		return serde.SchemaInfo{}, fmt.Errorf("register %s: %w", subject, err)
	}
	if w.header && got.GUID == "" { // some registries tell it only when asked for the schema
		full, err := r.BySubject(ctx, subject, -1)
		if err != nil {
			return serde.SchemaInfo{}, fmt.Errorf("subject %s: %w", subject, err)
		}
		if full.ID == got.ID {
			got.GUID = full.GUID
		}
	}
	info := got.SchemaInfo
	info.Type, info.Name = local.Type, local.Name
	w.registration.Store(subject, info)
	return info, nil
}
