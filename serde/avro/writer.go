package avro

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"kstream/serde"
	"kstream/serde/value"
)

// writerSchema says which schema to write with.
type writerSchema struct {
	strategy     string // topic, record, topic-record
	header       bool   // the schema goes into a header, by its GUID
	register     bool   // the local schema is registered, and records are framed
	id           int    // 0: by subject and version
	fixed        string // the subject that was given; empty: by the strategy
	version      int
	registration sync.Map // of subject to serde.SchemaInfo
}

func (w *writerSchema) parse(o serde.Options, hasFile bool) error {
	switch w.strategy = o.SubjectStrategy; w.strategy {
	case "":
		w.strategy = "topic"
	case "topic", "record", "topic-record":
	default:
		return fmt.Errorf("avro: the subject is by topic, record or topic-record, not %q", w.strategy)
	}
	switch o.SchemaIDIn {
	case "", "prefix":
	case "header":
		w.header = true
	default:
		return fmt.Errorf("avro: the schema id is in the prefix or the header, not %q", o.SchemaIDIn)
	}
	switch w.register = o.AutoRegister; { // then a file is written in a frame, too
	case w.register && !hasFile:
		return errors.New("avro: auto-register needs the schema to register: avro:FILE")
	case w.register && o.Registry == nil:
		return errors.New("avro: auto-register needs a registry")
	}
	w.version = -1
	switch id, err := strconv.ParseUint(o.SchemaID, 10, 32); {
	case o.SchemaID == "" || o.SchemaID == "latest":
	case err == nil && id > 0:
		w.id = int(id)
	default:
		var ok bool
		if w.fixed, w.version, ok = splitVersion(o.SchemaID); !ok {
			return fmt.Errorf("avro: schema id %q is no N, latest or SUBJECT:VERSION", o.SchemaID)
		}
	}
	return nil
}

// subject is where the schema of a key or value is registered. name is that of its
// record; without one there is no subject by record, and it is empty.
func (w *writerSchema) subject(topic string, p serde.Part, name string) string {
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

// Encode writes v with the schema of the SPEC and the Options. Errors are
// *serde.EncodeError, or wrap serde.ErrRegistry.
func (s *Serde) Encode(ctx context.Context, topic string, p serde.Part, v value.V) (serde.Output, error) {
	l, err := s.choose(ctx, topic, p)
	if err != nil {
		if errors.Is(err, serde.ErrRegistry) || ctx.Err() != nil {
			return serde.Output{}, err
		}
		return serde.Output{}, serde.NewEncodeError("avro", err)
	}
	var out serde.Output
	prefix := make([]byte, 0, 64)
	switch framed := s.local.Load() == nil || s.writer.register; {
	case framed && s.writer.header:
		id, err := guidHeader(l.info.GUID)
		if err != nil {
			return serde.Output{}, serde.NewEncodeError("avro", fmt.Errorf("schema %d: %w", l.info.ID, err))
		}
		out.Headers = []serde.Header{{Key: schemaHeader(p), Value: id}}
	case framed:
		prefix = binary.BigEndian.AppendUint32(append(prefix, magicID), uint32(l.info.ID))
	}
	out.Data, err = l.schema.Append(prefix, v, s.style, s.limits)
	if err != nil {
		return serde.Output{}, err
	}
	return out, nil
}

// choose gets the schema to write with.
func (s *Serde) choose(ctx context.Context, topic string, p serde.Part) (*loaded, error) {
	w, local := &s.writer, s.local.Load()
	switch {
	case local != nil && !w.register:
		return local, nil
	case local != nil:
		return s.registered(ctx, *local, w.subject(topic, p, local.schema.Name))
	case s.source.registry == nil:
		return nil, errors.New("no schema to write with: name a registry, or a file: avro:FILE")
	case w.id > 0:
		l, err := s.source.framed(ctx, frame{id: w.id}, w.subject(topic, p, ""))
		if err != nil {
			return nil, fmt.Errorf("schema %d: %w", w.id, err)
		}
		return l, nil
	}
	subject := w.fixed
	if subject == "" {
		subject = w.subject(topic, p, "")
	}
	if subject == "" {
		return nil, errors.New("a subject by record needs to know it: name the schema's file, id or SUBJECT:VERSION")
	}
	l, err := s.source.versioned(ctx, subject, w.version)
	if err != nil {
		return nil, fmt.Errorf("subject %s: %w", subject, err)
	}
	return l, nil
}

// registered is the local schema with the id that the registry gives it, once for
// each subject.
func (s *Serde) registered(ctx context.Context, l loaded, subject string) (*loaded, error) {
	if info, ok := s.writer.registration.Load(subject); ok {
		l.info = info.(serde.SchemaInfo)
		return &l, nil
	}
	got, err := s.source.registry.Register(ctx, subject, serde.Schema{SchemaInfo: serde.SchemaInfo{Type: "AVRO"}, Text: s.text})
	if err != nil {
		return nil, fmt.Errorf("register %s: %w", subject, err)
	}
	if s.writer.header && got.GUID == "" { // some registries tell it only when asked for the schema
		full, err := s.source.registry.BySubject(ctx, subject, -1)
		if err != nil {
			return nil, fmt.Errorf("subject %s: %w", subject, err)
		}
		if full.ID == got.ID {
			got.GUID = full.GUID
		}
	}
	got.SchemaInfo.Name = l.schema.Name
	s.writer.registration.Store(subject, got.SchemaInfo)
	l.info = got.SchemaInfo
	return &l, nil
}
