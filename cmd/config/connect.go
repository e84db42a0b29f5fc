package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"kstream/kafka/oauth"
)

// Connection is an Effective with every secret looked up: what clients are made
// from. It must not be printed.
type Connection struct {
	// Properties are librdkafka's, bootstrap.servers included.
	Properties map[string]string
	// Registry is as in Effective.
	Registry map[string]string
	// Tokens are those of OAUTHBEARER, the same for all connections that an Effective makes.
	// It is nil when librdkafka needs none or gets them by itself.
	Tokens *oauth.Tokens
	// Credentials looks user and password up anew. It is nil where they cannot change.
	Credentials func(context.Context) (user, password string, err error)
	// Scrub takes the secrets of this connection out of a text.
	Scrub func(text string) string
}

// Connect looks secrets up, each reference once, and checks that certificate files
// exist. Errors are *Error and name the setting and its origin.
func (e *Effective) Connect(ctx context.Context, secrets Secrets) (*Connection, error) {
	secrets.withheld = e.Variables()
	known := map[string]string{}
	var hide []string
	lookup := func(name string, s Setting) (string, error) {
		if v, ok := known[s.Value]; ok {
			return v, nil
		}
		v, err := secrets.Lookup(ctx, s.Value)
		if err != nil {
			return "", secretError(name, s.Origin, err)
		}
		if strings.HasSuffix(name, ".location") {
			v = expandHome(v, os.Getenv)
		}
		if strings.HasSuffix(name, ".pem") {
			v = wrapPEM(v)
		}
		if known[s.Value] = v; IsReference(s.Value) || IsSecret(name) {
			hide = append(hide, v)
		}
		return v, nil
	}
	c := &Connection{Properties: map[string]string{}, Registry: map[string]string{}}
	for name, s := range e.Properties {
		v, err := lookup(name, s)
		if err != nil {
			return nil, err
		}
		c.Properties[name] = v
		if (strings.HasPrefix(name, "ssl.") || strings.HasPrefix(name, "https.")) && strings.HasSuffix(name, ".location") && name != "ssl.engine.location" && v != "probe" {
			if err := exists(name, v, s.Origin); err != nil {
				return nil, err
			}
		}
	}
	if err := e.convertStores(c.Properties); err != nil {
		return nil, err
	}
	for name, s := range e.Registry {
		v, err := lookup("schema.registry."+name, s)
		if err != nil {
			return nil, err
		}
		c.Registry[name] = v
		if name == "ca" || name == "cert" || name == "key" {
			if err := exists("schema.registry."+name, v, s.Origin); err != nil {
				return nil, err
			}
		}
	}
	if err := e.convertRegistryStores(c.Registry); err != nil {
		return nil, err
	}
	c.Properties["bootstrap.servers"] = strings.Join(e.Brokers, ",")
	if !IsReference(e.Token.Value) && e.Token.Value != "" {
		hide = append(hide, e.Token.Value)
	}
	if err := e.login(c, secrets); err != nil {
		return nil, err
	}
	c.Scrub = NewScrubber(hide).Scrub
	return c, nil
}

func exists(name, path string, origin Origin) error {
	if _, err := os.Stat(path); err != nil {
		e := usagef("%s (%s): %s: %v", name, origin, shownPath(path), causeOf(err))
		if e.Cause = err; errors.Is(err, fs.ErrNotExist) {
			e.Kind = NoSuchFile
		}
		return e
	}
	return nil
}
