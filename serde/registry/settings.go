package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/twmb/franz-go/pkg/sr"

	"kstream/serde"
)

// Setting is something that a registry has for each subject: its own, or else that of all.
type Setting struct {
	path   string
	asked  string // its member in what the registry answers
	member string // and in what it is told
}

// Compatibility is the level that a new version of a subject must meet: BACKWARD, FULL, ….
func Compatibility() Setting { return Setting{"/config", "compatibilityLevel", "compatibility"} }

// Mode is what may be done with a subject: READWRITE, READONLY, or IMPORT.
func Mode() Setting { return Setting{"/mode", "mode", "mode"} }

// of is where the setting of a subject is; that of all with an empty one.
func (s Setting) of(subject string) (string, error) {
	if subject == "" {
		return s.path, nil
	}
	if _, err := subjectPath(subject); err != nil {
		return "", fmt.Errorf("%w: no subject can be called %q", ErrRefused, subject)
	}
	return s.path + "/" + url.PathEscape(subject), nil
}

// Get returns what holds for a subject, and whether that is the subject's own. The empty
// subject stands for all that have none.
func (c *Client) Get(ctx context.Context, s Setting, subject string) (value string, own bool, err error) {
	path, err := s.of(subject)
	if err != nil {
		return "", false, err
	}
	ask := func(path string, params ...sr.Param) error {
		return c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
			answer := map[string]any{}
			if err := cl.Do(sr.WithParams(ctx, params...), http.MethodGet, path, nil, &answer); err != nil {
				return err
			}
			text, ok := answer[s.asked].(string)
			if !ok || text == "" {
				return &garbageError{"no " + s.asked + " in it"}
			}
			value = c.short(text)
			return nil
		})
	}
	if subject == "" {
		err = ask(path)
		return value, true, err
	}
	err = ask(path, sr.RawParams(url.Values{"defaultToGlobal": {"false"}}))
	if err == nil {
		return value, true, nil
	}
	if errors.Is(err, serde.ErrUnknownSchema) {
		err = ask(path, sr.DefaultToGlobal) // that of its context, where it has one
	}
	if errors.Is(err, serde.ErrUnknownSchema) {
		err = ask(s.path)
	}
	return value, false, err
}

// Set changes the setting of a subject, or with an empty one that of all that have none.
func (c *Client) Set(ctx context.Context, s Setting, subject, value string) error {
	path, err := s.of(subject)
	if err != nil {
		return err
	}
	return c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
		return cl.Do(ctx, http.MethodPut, path, map[string]string{s.member: value}, nil)
	})
}

// Unset takes the setting of a subject away, so that the one for all holds. If it has none,
// the error wraps serde.ErrUnknownSchema.
func (c *Client) Unset(ctx context.Context, s Setting, subject string) error {
	path, err := s.of(subject)
	if err != nil {
		return err
	}
	return c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
		return cl.Do(ctx, http.MethodDelete, path, nil, nil)
	})
}

// ModeOf returns the mode that holds for a subject, which need not exist. A registry
// without modes can be read and written.
func (c *Client) ModeOf(ctx context.Context, subject string) (string, error) {
	mode, _, err := c.Get(ctx, Mode(), subject)
	if c.lacks(err) {
		return "READWRITE", nil
	}
	return mode, err
}

// Import adds a schema to a subject in the mode IMPORT, as the version and with the id that
// it has already.
func (c *Client) Import(ctx context.Context, subject string, s serde.Schema) error {
	path, err := subjectPath(subject)
	if err != nil {
		return fmt.Errorf("%w: no subject can be called %q", ErrRefused, subject)
	}
	defer c.cache.forget(subject)
	var a answer
	return c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
		a = answer{}
		if err := cl.Do(ctx, http.MethodPost, path+"/versions", importBody{body(s), s.ID, s.Version}, &a); err != nil {
			return err
		}
		if int(a.ID) != s.ID {
			return &garbageError{fmt.Sprintf("id %d, in place of %d", a.ID, s.ID)}
		}
		return nil
	})
}

// importBody is a schema with its id and version as registries read it.
type importBody struct {
	requestBody
	ID      int `json:"id"`
	Version int `json:"version"`
}
