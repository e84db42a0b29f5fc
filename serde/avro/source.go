package avro

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"kstream/serde"
)

// What a schema of a registry may refer to, directly or not.
const (
	maxReferences     = 1000
	maxReferenceDepth = 64
)

// loaded is a schema that is ready for use.
type loaded struct {
	schema *Schema
	info   serde.SchemaInfo
	reader *resolution // nil without a reader schema
	err    error       // the text is no schema that can be used; for ever so
}

// source gets schemas from a registry. Each is parsed once, by whoever asks first;
// others wait for that. Only failures of the registry are asked about again.
type source struct {
	registry serde.Registry
	finish   func(context.Context, *loaded) error

	ready atomic.Pointer[map[key]*loaded] // replaced, never changed: readers take no lock
	mu    sync.Mutex
	busy  map[key]chan struct{} // what is being fetched; closed when that is over
}

type key struct {
	id   int
	guid string
}

// have gives a schema that was asked for before, or nil.
func (s *source) have(k key) *loaded {
	if m := s.ready.Load(); m != nil {
		return (*m)[k]
	}
	return nil
}

func (s *source) get(ctx context.Context, k key, fetch func(context.Context) (serde.Schema, error)) (*loaded, error) {
	for {
		s.mu.Lock()
		if l := s.have(k); l != nil {
			s.mu.Unlock()
			return l, l.err
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
	next := map[key]*loaded{k: l}
	if m := s.ready.Load(); m != nil {
		maps.Copy(next, *m)
	}
	s.ready.Store(&next)
	return l, l.err
}

func (s *source) load(ctx context.Context, fetch func(context.Context) (serde.Schema, error)) (*loaded, error) {
	raw, err := fetch(ctx)
	if err != nil {
		return nil, err
	}
	l := &loaded{info: raw.SchemaInfo}
	if l.info.Type != "" && l.info.Type != "AVRO" {
		l.err = fmt.Errorf("it is of type %s: %w", l.info.Type, serde.ErrUnsupported)
		return l, nil
	}
	l.info.Type = "AVRO"
	refs := references{ctx: ctx, registry: s.registry, seen: map[serde.Reference]bool{}}
	if err := refs.add(raw.References, 0); err != nil {
		return nil, err
	}
	if l.schema, l.err = ParseSchema(raw.Text, refs.texts...); l.err != nil {
		return l, nil
	}
	l.info.Name = l.schema.Name
	if s.finish != nil {
		err = s.finish(ctx, l)
	}
	return l, err
}

// references collects the texts of what a schema refers to, each after those that it
// refers to itself.
type references struct {
	ctx      context.Context
	registry serde.Registry
	seen     map[serde.Reference]bool
	texts    []string
}

func (r *references) add(list []serde.Reference, depth int) error {
	if depth > maxReferenceDepth {
		return fmt.Errorf("references: %w", serde.ErrTooDeep)
	}
	for _, ref := range list {
		ref.Name = ""
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
		if err := r.add(schema.References, depth+1); err != nil {
			return err
		}
		r.texts = append(r.texts, schema.Text)
	}
	return nil
}

var errNoRegistry = errors.New("there is no registry to ask for it")

// framed gets the schema that a frame names; have has it already, as a rule. subject
// is for a registry that looks for an id there.
func (s *source) framed(ctx context.Context, f frame, subject string) (*loaded, error) {
	if s.registry == nil {
		return nil, errNoRegistry
	}
	return s.get(ctx, f.key(), func(ctx context.Context) (serde.Schema, error) {
		if f.guid != "" {
			return s.registry.ByGUID(ctx, f.guid)
		}
		return s.registry.ByID(ctx, f.id, subject)
	})
}

// versioned gets a version of a subject. The registry is asked each time, since the
// latest changes; it keeps answers itself. What it says is parsed once per id.
func (s *source) versioned(ctx context.Context, subject string, version int) (*loaded, error) {
	if s.registry == nil {
		return nil, errNoRegistry
	}
	raw, err := s.registry.BySubject(ctx, subject, version)
	if err != nil {
		return nil, err
	}
	found := func(context.Context) (serde.Schema, error) { return raw, nil }
	if raw.ID == 0 { // nothing to remember it by
		l, err := s.load(ctx, found)
		if err != nil {
			return nil, err
		}
		return l, l.err
	}
	l, err := s.get(ctx, key{id: raw.ID}, found)
	if err != nil {
		return nil, err
	}
	if l.info.Subject == raw.Subject && l.info.Version == raw.Version && (l.info.GUID == raw.GUID || raw.GUID == "") {
		return l, nil
	}
	same := *l // the same schema under another subject, or with more known about it
	same.info.Subject, same.info.Version = raw.Subject, raw.Version
	if raw.GUID != "" {
		same.info.GUID = raw.GUID
	}
	return &same, nil
}
