package serdetest

import (
	"context"
	"sync"

	"kstream/serde"
)

// ShelfGUID is the GUID of every schema that is registered on a Shelf.
const ShelfGUID = "00112233-4455-6677-8899-aabbccddeeff"

// Shelf is a registry in memory. Of schemas that fit a question the last one is the
// answer. It may be asked by goroutines; its fields are for before and after.
type Shelf struct {
	Schemas []serde.Schema
	Asked   int   // questions so far
	Err     error // instead of an answer

	mu sync.Mutex
}

var _ serde.Registry = (*Shelf)(nil)

func (s *Shelf) find(is func(serde.Schema) bool) (serde.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Asked++
	if s.Err != nil {
		return serde.Schema{}, s.Err
	}
	for i := len(s.Schemas) - 1; i >= 0; i-- {
		if is(s.Schemas[i]) {
			return s.Schemas[i], nil
		}
	}
	return serde.Schema{}, serde.ErrUnknownSchema
}

// ByID finds a schema under any subject.
func (s *Shelf) ByID(_ context.Context, id int, _ string) (serde.Schema, error) {
	return s.find(func(known serde.Schema) bool { return known.ID == id })
}

// ByGUID finds a schema by its GUID.
func (s *Shelf) ByGUID(_ context.Context, guid string) (serde.Schema, error) {
	return s.find(func(known serde.Schema) bool { return known.GUID == guid })
}

// BySubject finds a version of a subject, the last one when version is negative.
func (s *Shelf) BySubject(_ context.Context, subject string, version int) (serde.Schema, error) {
	return s.find(func(known serde.Schema) bool {
		return known.Subject == subject && (version < 0 || known.Version == version)
	})
}

// Register adds a schema as version 1, with ids from 100. It answers without the GUID,
// as some registries do.
func (s *Shelf) Register(_ context.Context, subject string, schema serde.Schema) (serde.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Asked++
	schema.ID, schema.Subject, schema.Version, schema.GUID = 100+len(s.Schemas), subject, 1, ShelfGUID
	s.Schemas = append(s.Schemas, schema)
	schema.GUID = ""
	return schema, nil
}
