package registry

import (
	"context"
	"errors"
	"sync"
	"time"

	"kstream/serde"
)

// How long an answer counts. A schema by id, GUID or version never changes.
const (
	latestFor  = time.Minute
	unknownFor = 30 * time.Second
)

// What a cache holds at most. A schema over the limit is not kept.
const (
	maxEntries = 20_000
	maxBytes   = 64 << 20
	entryBytes = 256 // of an entry, beside the text
)

type keyKind uint8

const (
	byID keyKind = iota
	byGUID
	bySubject
)

// cacheKey is a question: an id in the context of a subject, a GUID, a version of a
// subject.
type cacheKey struct {
	kind   keyKind
	number int
	name   string
}

// entry is an answer: a schema, or that there is none.
type entry struct {
	schema  serde.Schema
	err     error     // serde.ErrUnknownSchema, or nil
	expires time.Time // zero: never
}

func (e *entry) size() int {
	n := entryBytes + len(e.schema.Text)
	for _, r := range e.schema.References {
		n += entryBytes + len(r.Name) + len(r.Subject)
	}
	return n
}

// cache remembers answers. When it is full the oldest go first.
type cache struct {
	now func() time.Time

	mu      sync.RWMutex
	entries map[cacheKey]*entry
	order   []cacheKey // as they were added; what was forgotten may still stand here
	bytes   int
	busy    map[cacheKey]chan struct{} // what is being asked; closed when that is over
}

func newCache(now func() time.Time) *cache {
	if now == nil {
		now = time.Now
	}
	return &cache{now: now, entries: map[cacheKey]*entry{}, busy: map[cacheKey]chan struct{}{}}
}

// have returns what is known. The caller holds mu.
func (c *cache) have(k cacheKey) *entry {
	e := c.entries[k]
	if e == nil || !e.expires.IsZero() && !c.now().Before(e.expires) {
		return nil
	}
	return e
}

// get returns an answer: a known one, that of a caller who is asking the same already, or
// by asking. A failure of the registry is not remembered.
func (c *cache) get(ctx context.Context, k cacheKey, keep time.Duration, ask func(context.Context) (serde.Schema, error)) (serde.Schema, error) {
	c.mu.RLock()
	e := c.have(k)
	c.mu.RUnlock()
	for e == nil {
		c.mu.Lock()
		if e = c.have(k); e != nil {
			c.mu.Unlock()
			break
		}
		other, asking := c.busy[k]
		if !asking {
			mine := make(chan struct{})
			c.busy[k] = mine
			c.mu.Unlock()
			return c.fill(ctx, k, keep, mine, ask)
		}
		c.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return serde.Schema{}, context.Cause(ctx)
		}
	}
	return e.schema, e.err
}

// fill asks, and lets those go on who wait for the answer. After a failure each of them
// asks in turn, for it may have been this caller's own.
func (c *cache) fill(ctx context.Context, k cacheKey, keep time.Duration, mine chan struct{}, ask func(context.Context) (serde.Schema, error)) (serde.Schema, error) {
	s, err := ask(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, k)
	close(mine)
	e := &entry{schema: s}
	switch {
	case errors.Is(err, serde.ErrUnknownSchema):
		e.err, e.expires = err, c.now().Add(unknownFor)
	case err != nil:
		return serde.Schema{}, err
	case keep > 0:
		e.expires = c.now().Add(keep)
	}
	c.add(k, e)
	return s, err
}

// add remembers an answer. The caller holds mu.
func (c *cache) add(k cacheKey, e *entry) {
	if e.size() > maxBytes/4 {
		return
	}
	if old := c.entries[k]; old != nil {
		c.bytes -= old.size()
	} else {
		c.order = append(c.order, k)
	}
	c.entries[k] = e
	c.bytes += e.size()
	for len(c.order) > maxEntries || c.bytes > maxBytes {
		oldest := c.order[0]
		c.order = c.order[1:]
		c.drop(oldest)
	}
}

func (c *cache) drop(k cacheKey) {
	if e := c.entries[k]; e != nil {
		c.bytes -= e.size()
		delete(c.entries, k)
	}
}

// forget drops what is known about a subject, which has changed.
func (c *cache) forget(subject string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.entries {
		if k.kind == bySubject && k.name == subject {
			c.drop(k)
		}
	}
	for k, e := range c.entries { // an id that was unknown may exist now
		if e.err != nil {
			c.drop(k)
		}
	}
}
