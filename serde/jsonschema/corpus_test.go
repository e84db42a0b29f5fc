package jsonschema

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

func readJSON(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fileOptions give the serde one file, whatever its name.
func fileOptions(schema string) serde.Options {
	return serde.Options{Files: func(string) ([]byte, error) { return []byte(schema), nil }}
}

func open(t testing.TB, argument string, o serde.Options) serde.Serde {
	t.Helper()
	s, err := New(serde.Spec{Name: "jsonschema", Argument: argument}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWitness says what Python's jsonschema says.
func TestWitness(t *testing.T) {
	var cases []struct {
		Name, Schema, Value string
		Valid               bool
	}
	readJSON(t, "testdata/corpus.json", &cases)
	for _, c := range cases {
		t.Run(c.Name+" "+c.Value, func(t *testing.T) {
			s := open(t, "s.json", fileOptions(c.Schema))
			data := []byte(c.Value)
			got, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: data}, value.JSONOptions{})
			if (err == nil) != c.Valid {
				t.Errorf("%s: want %v, have %v", c.Schema, c.Valid, err)
			}
			out, encodeErr := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, data, value.JSONOptions{})
			if (encodeErr == nil) != c.Valid || err == nil && string(out.Data) != c.Value {
				t.Errorf("written: %s %v", out.Data, encodeErr)
			}
			if r, err := s.Decode(t.Context(), serde.Input{Data: data}); c.Valid {
				again, jsonErr := value.AppendJSON(nil, r.Value, value.JSONOptions{})
				if diff := cmp.Diff(string(got), string(again)); diff != "" || err != nil || jsonErr != nil {
					t.Errorf("%v, %v: Render and Decode (-want +got):\n%s", err, jsonErr, diff)
				}
			}
			serdetest.Cuts(t, s, data)
		})
	}
}

// shelf is a registry in memory.
type shelf struct {
	mu      sync.Mutex
	schemas []serde.Schema
	err     error // instead of an answer
}

func (r *shelf) find(is func(serde.Schema) bool) (serde.Schema, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return serde.Schema{}, r.err
	}
	for _, s := range r.schemas {
		if is(s) {
			return s, nil
		}
	}
	return serde.Schema{}, serde.ErrUnknownSchema
}

func (r *shelf) ByID(_ context.Context, id int, _ string) (serde.Schema, error) {
	return r.find(func(s serde.Schema) bool { return s.ID == id })
}

func (r *shelf) ByGUID(_ context.Context, guid string) (serde.Schema, error) {
	return r.find(func(s serde.Schema) bool { return s.GUID == guid })
}

func (r *shelf) BySubject(_ context.Context, subject string, version int) (serde.Schema, error) {
	return r.find(func(s serde.Schema) bool { return s.Subject == subject && (version < 0 || s.Version == version) })
}

func (r *shelf) Register(_ context.Context, subject string, s serde.Schema) (serde.Schema, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.ID, s.Subject, s.Version = 100, subject, 1
	r.schemas = append(r.schemas, s)
	return s, nil
}

// TestConfluentPython reads and writes what Confluent's serializer for Python writes.
func TestConfluentPython(t *testing.T) {
	var cases []struct {
		Name, Hex string
		Headers   [][2]string
		Value     json.RawMessage
		Subjects  map[string]struct {
			ID         int
			GUID, Text string
			Version    int
			References []serde.Reference
		}
	}
	readJSON(t, "testdata/framed.json", &cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			registry := &shelf{}
			for subject, s := range c.Subjects {
				info := serde.SchemaInfo{ID: s.ID, GUID: s.GUID, Subject: subject, Version: s.Version, Type: "JSON"}
				registry.schemas = append(registry.schemas, serde.Schema{SchemaInfo: info, Text: s.Text, References: s.References})
			}
			data, err := hex.DecodeString(c.Hex)
			if err != nil {
				t.Fatal(err)
			}
			in := serde.Input{Topic: "t", Part: serde.Value, Data: data}
			o := serde.Options{Registry: registry, Validate: true}
			for _, h := range c.Headers {
				id, err := hex.DecodeString(h[1])
				if err != nil {
					t.Fatal(err)
				}
				in.Headers = append(in.Headers, serde.Header{Key: h[0], Value: id})
				o.SchemaIDIn = "header"
			}
			s := open(t, "", o)
			got, r, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var want, have any
			if err := json.Unmarshal(c.Value, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(got, &have); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, have); diff != "" || r.Schema.Name == "" {
				t.Errorf("%v (-want +got):\n%s", r.Schema, diff)
			}
			body := data
			if len(in.Headers) == 0 {
				body = data[5:]
			}
			out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, body, value.JSONOptions{})
			if diff := cmp.Diff([]any{c.Hex, in.Headers}, []any{hex.EncodeToString(out.Data), out.Headers}); diff != "" || err != nil {
				t.Errorf("written: %v (-want +got):\n%s", err, diff)
			}
			for n := range data {
				in.Data = data[:n:n]
				if _, err := s.Decode(t.Context(), in); err == nil {
					t.Errorf("cut at %d: no error", n)
				} else if len(err.Error()) > 300 {
					t.Error(fmt.Sprint("long: ", err))
				}
			}
		})
	}
}
