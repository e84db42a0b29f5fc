package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"kstream/serde"
)

// What a schema of a registry may refer to, directly or not, and how long all texts
// together may be: more is no schema but an attack on the parser.
const (
	maxReferences     = 1000
	maxReferenceDepth = 64
	maxText           = 16 << 20
)

// What a Source remembers at most. A record can name any id, so what records name must
// not add up without end.
const (
	maxKept      = 10_000
	maxKeptBytes = 2 * maxText
	keptBytes    = 256 // of a schema, beside its texts
)

// Loaded is a schema that is ready for use.
type Loaded[S any] struct {
	Schema S
	Info   serde.SchemaInfo
	Err    error // the text is no schema that can be used; for ever so

	size int // bytes of its text and of what it imports
}

// Import is a schema that another refers to.
type Import struct {
	Name    string // as the reference has it
	Subject string
	Version int
	Text    string
}

// Source gets schemas from a registry. Each is parsed once, by whoever asks first;
// others wait for that. Beyond 10,000 schemas, or 32 MiB of their texts, those that
// came first are forgotten, and parsed again when they are asked for again. What the
// registry itself answers is never kept: it does so. It may be shared by goroutines,
// and must not be copied.
type Source[S any] struct {
	Registry serde.Registry // nil without one
	Type     string         // AVRO, PROTOBUF, JSON; the type of a schema without one is AVRO
	// Parse makes a schema ready. imports holds what it refers to, each after those that
	// it refers to itself. name is that of its record or message.
	Parse func(ctx context.Context, text string, imports []Import) (schema S, name string, err error)

	// newest is what Have gave last: topics have one schema as a rule, and then readers
	// take no lock.
	newest atomic.Pointer[kept[S]]
	mu     sync.RWMutex
	ready  map[key]*kept[S]
	order  []*kept[S] // of ready, as they came
	bytes  int
	busy   map[key]chan struct{} // what is being fetched; closed when that is over
}

// kept is a schema that is remembered; it never changes.
type kept[S any] struct {
	key    key
	loaded *Loaded[S]
}

func (k *kept[S]) size() int { return keptBytes + k.loaded.size }

type key struct {
	id   int
	guid string
}

// Have returns a schema that was asked for before, or nil. It waits for nobody who asks
// the registry.
func (s *Source[S]) Have(f Frame) *Loaded[S] {
	k := f.key()
	if e := s.newest.Load(); e != nil && e.key == k {
		return e.loaded
	}
	s.mu.RLock()
	e := s.ready[k]
	s.mu.RUnlock()
	if e == nil || e.loaded.Err != nil {
		return nil
	}
	s.newest.Store(e)
	return e.loaded
}

// keep remembers a schema and forgets the oldest for it. The caller holds mu.
func (s *Source[S]) keep(k key, l *Loaded[S]) {
	if s.ready == nil {
		s.ready = map[key]*kept[S]{}
	}
	e := &kept[S]{k, l}
	s.ready[k] = e
	s.order = append(s.order, e)
	s.bytes += e.size()
	for len(s.order) > maxKept || s.bytes > maxKeptBytes && len(s.order) > 1 {
		oldest := s.order[0]
		s.order[0] = nil
		s.order = s.order[1:]
		s.bytes -= oldest.size()
		delete(s.ready, oldest.key)
	}
}

func (s *Source[S]) get(ctx context.Context, k key, fetch func(context.Context) (serde.Schema, error)) (*Loaded[S], error) {
	for {
		s.mu.Lock()
		if e := s.ready[k]; e != nil {
			s.mu.Unlock()
			return e.loaded, e.loaded.Err
		}
		other, busy := s.busy[k]
		if !busy {
			break
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	mine := make(chan struct{})
	if s.busy == nil {
		s.busy = map[key]chan struct{}{}
	}
	s.busy[k] = mine
	s.mu.Unlock()

	l, err := s.load(ctx, fetch)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, k)
	close(mine)
	if err != nil {
		return nil, err
	}
	s.keep(k, l)
	return l, l.Err
}

// load fetches and parses a schema. Its error is that of the registry; what is wrong with
// the schema itself is in Loaded.Err.
func (s *Source[S]) load(ctx context.Context, fetch func(context.Context) (serde.Schema, error)) (*Loaded[S], error) {
	raw, err := fetch(ctx)
	if err != nil {
		return nil, err
	}
	l := &Loaded[S]{Info: raw.SchemaInfo, size: len(raw.Text)}
	if l.Info.Type == "" {
		l.Info.Type = "AVRO" // as registries leave it out
	}
	if l.Info.Type != s.Type {
		l.Err = fmt.Errorf("it is of type %s: %w", l.Info.Type, serde.ErrUnsupported)
		return l, nil
	}
	refs := references{ctx: ctx, registry: s.Registry, seen: map[serde.Reference]bool{}, room: maxText - len(raw.Text)}
	if err = refs.add(raw.References, 0); err == nil {
		l.Schema, l.Info.Name, err = s.Parse(ctx, raw.Text, refs.list)
	}
	if errors.Is(err, serde.ErrRegistry) || errors.Is(err, serde.ErrUnknownSchema) || ctx.Err() != nil && err != nil {
		return nil, err
	}
	l.Err, l.size = err, maxText-max(refs.room, 0)
	return l, nil
}

// references collects what a schema refers to, each after those that it refers to
// itself.
type references struct {
	ctx      context.Context
	registry serde.Registry
	seen     map[serde.Reference]bool
	list     []Import
	room     int // bytes of text
}

func (r *references) add(list []serde.Reference, depth int) error {
	if depth > maxReferenceDepth {
		return fmt.Errorf("references: %w", serde.ErrTooDeep)
	}
	for _, ref := range list {
		if r.seen[ref] {
			continue
		}
		r.seen[ref] = true
		if len(r.seen) > maxReferences {
			return fmt.Errorf("references: %w", serde.ErrTooBig)
		}
		schema, err := r.registry.BySubject(r.ctx, ref.Subject, ref.Version)
		if err != nil {
			return fmt.Errorf("reference %s version %d: %w", ref.Subject, ref.Version, err)
		}
		if r.room -= len(schema.Text); r.room < 0 {
			return fmt.Errorf("references: %w", serde.ErrTooBig)
		}
		if err := r.add(schema.References, depth+1); err != nil {
			return err
		}
		r.list = append(r.list, Import{Name: ref.Name, Subject: ref.Subject, Version: ref.Version, Text: schema.Text})
	}
	return nil
}

var errNoRegistry = errors.New("there is no registry to ask for it")

// Framed gets the schema that a frame names; Have has it already, as a rule. subject
// is for a registry that looks for an id there.
func (s *Source[S]) Framed(ctx context.Context, f Frame, subject string) (*Loaded[S], error) {
	if s.Registry == nil {
		return nil, errNoRegistry
	}
	return s.get(ctx, f.key(), func(ctx context.Context) (serde.Schema, error) {
		if f.GUID != "" {
			return s.Registry.ByGUID(ctx, f.GUID)
		}
		return s.Registry.ByID(ctx, f.ID, subject)
	})
}

// Of returns what Have does, else what Framed does. Its errors are *serde.DecodeError of
// format about the frame of a record, or the registry's own.
func (s *Source[S]) Of(ctx context.Context, format string, f Frame, subject string) (*Loaded[S], error) {
	if l := s.Have(f); l != nil {
		return l, nil
	}
	l, err := s.Framed(ctx, f, subject)
	if err == nil {
		return l, nil
	}
	err = fmt.Errorf("%s: %w", f, err)
	if errors.Is(err, serde.ErrRegistry) || ctx.Err() != nil {
		return nil, err
	}
	return nil, &serde.DecodeError{Format: format, Offset: min(f.Body, 1), Err: err}
}

// Versioned gets a version of a subject, -1 being the latest. The registry is asked
// each time, since the latest changes; it keeps answers itself. What it says is parsed
// once per id.
func (s *Source[S]) Versioned(ctx context.Context, subject string, version int) (*Loaded[S], error) {
	if s.Registry == nil {
		return nil, errNoRegistry
	}
	raw, err := s.Registry.BySubject(ctx, subject, version)
	if err != nil {
		return nil, err
	}
	found := func(context.Context) (serde.Schema, error) { return raw, nil }
	if raw.ID == 0 { // nothing to remember it by
		l, err := s.load(ctx, found)
		if err != nil {
			return nil, err
		}
		return l, l.Err
	}
	l, err := s.get(ctx, key{id: raw.ID}, found)
	if err != nil {
		return nil, err
	}
	if l.Info.Subject == raw.Subject && l.Info.Version == raw.Version && (l.Info.GUID == raw.GUID || raw.GUID == "") {
		return l, nil
	}
	same := *l // the same schema under another subject, or with more known about it
	same.Info.Subject, same.Info.Version = raw.Subject, raw.Version
	if raw.GUID != "" {
		same.Info.GUID = raw.GUID
	}
	return &same, nil
}
