package registry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"

	"kstream/serde"
)

// answer is a schema as registries write it. Which members are there depends on the
// question and on the registry.
type answer struct {
	Subject    string               `json:"subject"`
	Version    int                  `json:"version"`
	ID         int64                `json:"id"`
	GUID       string               `json:"guid"`
	Type       string               `json:"schemaType"`
	Schema     *string              `json:"schema"`
	References []sr.SchemaReference `json:"references"`
}

func (a *answer) schema() serde.Schema {
	s := serde.Schema{
		SchemaInfo: serde.SchemaInfo{ID: int(a.ID), GUID: a.GUID, Subject: a.Subject, Version: a.Version, Type: a.Type},
	}
	for _, r := range a.References {
		s.References = append(s.References, serde.Reference(r))
	}
	if s.Type == "" {
		s.Type = "AVRO" // which registries leave out
	}
	if a.Schema != nil {
		s.Text = *a.Schema
	}
	return s
}

// check refuses what is no schema.
func (a *answer) check() error {
	switch {
	case a.Schema == nil:
		return &garbageError{"no schema in it"}
	case a.ID < 0 || a.ID > math.MaxUint32:
		return &garbageError{fmt.Sprintf("a schema id of %d", a.ID)}
	}
	return nil
}

// fetch asks for one schema.
func (c *Client) fetch(ctx context.Context, path string, params ...sr.Param) (serde.Schema, error) {
	var a answer
	err := c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
		a = answer{}
		if err := cl.Do(sr.WithParams(ctx, params...), http.MethodGet, path, nil, &a); err != nil {
			return err
		}
		return a.check()
	})
	if err != nil {
		return serde.Schema{}, err
	}
	return a.schema(), nil
}

// contextOf returns the part of a subject that names its context, ":.name:", or empty.
func contextOf(subject string) string {
	if !strings.HasPrefix(subject, ":.") {
		return ""
	}
	if i := strings.IndexByte(subject[2:], ':'); i >= 0 {
		return subject[:2+i+1]
	}
	return ""
}

// ByID returns the schema of an id. Of the subject only the context matters that it may
// name, as in :.context:subject, since every context has ids of its own; without one the
// context of the URL is used. The result usually has no subject and version.
func (c *Client) ByID(ctx context.Context, id int, subject string) (serde.Schema, error) {
	if id < 0 || int64(id) > math.MaxUint32 {
		return serde.Schema{}, serde.ErrUnknownSchema
	}
	key := cacheKey{kind: byID, number: id, name: contextOf(subject)}
	return c.cache.get(ctx, key, 0, func(ctx context.Context) (serde.Schema, error) {
		var params []sr.Param
		if key.name != "" {
			params = append(params, sr.Subject(subject))
		}
		s, err := c.fetch(ctx, "/schemas/ids/"+strconv.Itoa(id), params...)
		if id > math.MaxInt32 && c.lacks(err) { // of what cannot be an id, registries in Java have no endpoint
			err = serde.ErrUnknownSchema
		}
		s.ID = id
		return s, err
	})
}

// ByGUID returns the schema of a GUID. A registry that has no GUIDs knows none.
func (c *Client) ByGUID(ctx context.Context, guid string) (serde.Schema, error) {
	key := cacheKey{kind: byGUID, name: guid}
	return c.cache.get(ctx, key, 0, func(ctx context.Context) (serde.Schema, error) {
		s, err := c.fetch(ctx, "/schemas/guids/"+url.PathEscape(guid))
		if c.lacks(err) {
			return s, fmt.Errorf("%w: it has no GUIDs", serde.ErrUnknownSchema)
		}
		s.GUID = guid
		return s, err
	})
}

// BySubject returns one version of a subject; version -1 is the latest.
func (c *Client) BySubject(ctx context.Context, subject string, version int) (serde.Schema, error) {
	at, keep := "latest", latestFor
	if version >= 0 {
		at, keep = strconv.Itoa(version), 0
	}
	key := cacheKey{kind: bySubject, number: version, name: subject}
	return c.cache.get(ctx, key, keep, func(ctx context.Context) (serde.Schema, error) {
		path, err := subjectPath(subject)
		if err != nil {
			return serde.Schema{}, err
		}
		return c.fetch(ctx, path+"/versions/"+at)
	})
}

// subjectPath refuses what a URL cannot hold as a name.
func subjectPath(subject string) (string, error) {
	if subject == "" || subject == "." || subject == ".." {
		return "", serde.ErrUnknownSchema
	}
	return "/subjects/" + url.PathEscape(subject), nil
}

// Register adds a schema to a subject, or finds it there. It returns the id and, if the
// registry has them, version and GUID. If the registry refuses, the error wraps
// ErrIncompatible, ErrInvalid or ErrRefused, with its reasons.
func (c *Client) Register(ctx context.Context, subject string, s serde.Schema) (serde.Schema, error) {
	path, err := subjectPath(subject)
	if err != nil {
		return serde.Schema{}, fmt.Errorf("%w: no subject can be called %q", ErrRefused, subject)
	}
	if found, err := c.Find(ctx, subject, s); !errors.Is(err, serde.ErrUnknownSchema) {
		return found, err
	}
	var a answer
	err = c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
		a = answer{}
		if err := cl.Do(ctx, http.MethodPost, path+"/versions", body(s), &a); err != nil {
			return err
		}
		if a.ID <= 0 || a.ID > math.MaxUint32 {
			return &garbageError{"no id in it"}
		}
		return nil
	})
	if err != nil {
		return serde.Schema{}, err
	}
	c.cache.forget(subject)
	s.ID, s.Subject, s.Version, s.GUID = int(a.ID), subject, a.Version, a.GUID
	if s.Version > 0 {
		return s, nil
	}
	found, err := c.Find(ctx, subject, s) // only the id was told
	if err != nil || found.ID != s.ID {
		return s, nil //nolint:nilerr // it is registered; what is missing is a nicety
	}
	return found, nil
}

// Find looks a schema up in a subject. If the subject does not have it, or does not exist,
// the error wraps serde.ErrUnknownSchema.
func (c *Client) Find(ctx context.Context, subject string, s serde.Schema) (serde.Schema, error) {
	path, err := subjectPath(subject)
	if err != nil {
		return serde.Schema{}, err
	}
	var a answer
	err = c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
		a = answer{}
		return cl.Do(ctx, http.MethodPost, path, body(s), &a)
	})
	if err != nil {
		return serde.Schema{}, err
	}
	s.ID, s.Subject, s.Version, s.GUID = int(a.ID), subject, a.Version, a.GUID
	return s, nil
}

// requestBody is a schema as registries read it.
type requestBody struct {
	Schema     string               `json:"schema"`
	Type       string               `json:"schemaType,omitempty"`
	References []sr.SchemaReference `json:"references,omitempty"`
}

func body(s serde.Schema) requestBody {
	b := requestBody{Schema: s.Text, Type: s.Type}
	for _, r := range s.References {
		b.References = append(b.References, sr.SchemaReference(r))
	}
	if b.Type == "AVRO" {
		b.Type = "" // old registries know no other and refuse the word
	}
	return b
}

// lacks reports whether err is the 404 of an endpoint that the registry does not have,
// rather than of a thing.
func (c *Client) lacks(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.missing
}
