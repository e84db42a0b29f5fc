package avro

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"kstream/serde"
	"kstream/serde/wire"
)

// readerSchema is the schema to resolve to. It comes from a file, or from the registry,
// which is asked when the first record is read.
type readerSchema struct {
	wanted  bool
	subject string
	version int
	id      int
	schema  atomic.Pointer[Schema]
}

func (r *readerSchema) parse(o serde.Options) error {
	if o.ReaderSchema == "" {
		return nil
	}
	r.wanted = true
	if id, err := strconv.ParseUint(o.ReaderSchema, 10, 32); err == nil {
		r.id = int(id)
		return nil
	}
	if subject, version, ok := wire.SplitVersion(o.ReaderSchema); ok {
		r.subject, r.version = subject, version
		return nil
	}
	schema, _, err := readSchema(o, o.ReaderSchema)
	if err != nil {
		return fmt.Errorf("reader schema: %w", err)
	}
	r.schema.Store(schema)
	return nil
}

// ready returns the local schema, resolved to the reader schema if there is one.
func (s *Serde) ready(ctx context.Context) (*loaded, error) {
	l := s.local.Load()
	if !s.reader.wanted || l.Schema.reader != nil || l.Err != nil {
		return l, l.Err
	}
	same := *l
	var err error
	if same.Schema.reader, err = s.resolve(ctx, l.Schema.Schema); err != nil && !errors.Is(err, errReader) {
		same.Err = err
	} else if err != nil {
		return nil, err
	}
	s.local.Store(&same)
	return &same, same.Err
}

// errReader is wrapped by errors of fetching the reader schema, which a later call need not
// meet.
var errReader = errors.New("reader schema")

// parse parses a schema of the registry and resolves it to the reader schema, if any.
func (s *Serde) parse(ctx context.Context, text string, imports []wire.Import) (resolved, string, error) {
	schema, err := parseWith(text, imports)
	if err != nil {
		return resolved{}, "", err
	}
	reader, err := s.resolve(ctx, schema)
	return resolved{schema, reader}, schema.Name, err
}

// parseWith parses a schema and what it refers to: each once, whatever its references
// are called, as the names are in the schemas.
func parseWith(text string, imports []wire.Import) (*Schema, error) {
	type version struct {
		subject string
		version int
	}
	seen := make(map[version]bool, len(imports))
	texts := make([]string, 0, len(imports))
	for _, i := range imports {
		if v := (version{i.Subject, i.Version}); !seen[v] {
			seen[v] = true
			texts = append(texts, i.Text)
		}
	}
	return ParseSchema(text, texts...)
}

// resolve returns the resolution of writer to the reader schema, nil without one.
func (s *Serde) resolve(ctx context.Context, writer *Schema) (*resolution, error) {
	if !s.reader.wanted {
		return nil, nil
	}
	reader := s.reader.schema.Load()
	if reader == nil {
		var err error
		if reader, err = s.fetchReader(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", errReader, err)
		}
		s.reader.schema.Store(reader)
	}
	return resolve(writer, reader)
}

func (s *Serde) fetchReader(ctx context.Context) (*Schema, error) {
	plain := wire.Source[*Schema]{
		Registry: s.source.Registry, Type: "AVRO",
		Parse: func(_ context.Context, text string, imports []wire.Import) (*Schema, string, error) {
			schema, err := parseWith(text, imports)
			return schema, "", err
		},
	}
	var l *wire.Loaded[*Schema]
	var err error
	if s.reader.id > 0 {
		l, err = plain.Framed(ctx, wire.Frame{ID: s.reader.id}, "")
	} else {
		l, err = plain.Versioned(ctx, s.reader.subject, s.reader.version)
	}
	if err != nil {
		return nil, err
	}
	return l.Schema, nil
}
