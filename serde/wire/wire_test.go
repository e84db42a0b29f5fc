package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
)

// chain is a registry of schemas that each refer to the next, in a circle.
type chain struct {
	mu    sync.Mutex
	asked int
	size  int // of the circle
	text  string
	err   error
}

func (c *chain) schema(n int) (serde.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	next := fmt.Sprint((n + 1) % c.size)
	return serde.Schema{
		SchemaInfo: serde.SchemaInfo{ID: n, Version: 1, Type: "TEST"}, Text: c.text,
		References: []serde.Reference{{Name: next, Subject: next, Version: 1}},
	}, c.err
}

func (c *chain) ByID(_ context.Context, id int, _ string) (serde.Schema, error) { return c.schema(id) }

func (c *chain) ByGUID(context.Context, string) (serde.Schema, error) { return c.schema(0) }

func (c *chain) BySubject(_ context.Context, subject string, _ int) (serde.Schema, error) {
	var n int
	_, err := fmt.Sscan(subject, &n)
	if err != nil {
		return serde.Schema{}, serde.ErrUnknownSchema
	}
	return c.schema(n)
}

func (c *chain) Register(context.Context, string, serde.Schema) (serde.Schema, error) {
	return serde.Schema{}, serde.ErrUnsupported
}

func newSource(r serde.Registry) *Source[int] {
	return &Source[int]{Registry: r, Type: "TEST", Parse: func(_ context.Context, _ string, imports []Import) (int, string, error) {
		return len(imports), "name", nil
	}}
}

func TestReferences(t *testing.T) {
	tests := map[string]struct {
		size    int
		text    string
		want    int
		wantErr string
	}{
		"to itself":       {size: 1, want: 1, wantErr: "<nil>"},
		"in a circle":     {size: 10, want: 10, wantErr: "<nil>"},
		"too deep":        {size: 100, wantErr: "test: byte 1: schema 5: references: nested too deeply"},
		"too much to say": {size: 50, text: string(make([]byte, 1<<20)), wantErr: "test: byte 1: schema 5: references: too big"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := &chain{size: tt.size, text: tt.text}
			s := newSource(r)
			l, err := s.Of(t.Context(), "test", Frame{ID: 5, Body: 5}, "")
			if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err == nil && (l.Schema != tt.want || l.Info.Name != "name") {
				t.Errorf("%d imports of %s, want %d", l.Schema, l.Info.Name, tt.want)
			}
			asked := r.asked
			if _, again := s.Of(t.Context(), "test", Frame{ID: 5, Body: 5}, ""); fmt.Sprint(again) != tt.wantErr || r.asked != asked {
				t.Errorf("again: %v, asked %d times", again, r.asked-asked)
			}
		})
	}
}

// TestFailuresAreNotKept asks a registry again that did not answer.
func TestFailuresAreNotKept(t *testing.T) {
	r := &chain{size: 1, err: fmt.Errorf("%w: down", serde.ErrRegistry)}
	s := newSource(r)
	if _, err := s.Of(t.Context(), "test", Frame{ID: 1}, ""); !errors.Is(err, serde.ErrRegistry) {
		t.Errorf("want the registry's error, have %v", err)
	}
	r.err = nil
	if _, err := s.Of(t.Context(), "test", Frame{ID: 1}, ""); err != nil {
		t.Error(err)
	}
	if _, err := s.Versioned(t.Context(), "gone", 1); !errors.Is(err, serde.ErrUnknownSchema) {
		t.Errorf("want an unknown schema, have %v", err)
	}
}

// TestAskedOnce has many goroutines want one schema.
func TestAskedOnce(t *testing.T) {
	r := &chain{size: 3}
	s := newSource(r)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.Of(t.Context(), "test", Frame{ID: 1}, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if r.asked != 4 { // the schema, and the circle
		t.Errorf("asked %d times, want 4", r.asked)
	}
}

func TestSubjects(t *testing.T) {
	tests := map[string]struct{ strategy, name, want string }{
		"topic":                   {"topic", "ns.Name", "t-value"},
		"default":                 {"", "", "t-value"},
		"record":                  {"record", "ns.Name", "ns.Name"},
		"topic and record":        {"topic-record", "ns.Name", "t-ns.Name"},
		"record that has no name": {"topic-record", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, err := NewWriter("test", serde.Options{SubjectStrategy: tt.strategy}, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, w.Subject("t", serde.Value, tt.name)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x01x"), []byte(nil), true)
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x07x"), []byte(nil), true)
	f.Add([]byte("x"), []byte("\x01\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x00"), true)
	f.Fuzz(func(t *testing.T, data, header []byte, tail bool) {
		in := serde.Input{Part: serde.Value, Data: data}
		if header != nil {
			in.Headers = []serde.Header{{Key: "__value_schema_id", Value: header}}
		}
		frame, err := ReadFrame("test", in, tail)
		if err != nil {
			return
		}
		info := &serde.SchemaInfo{ID: frame.ID, GUID: frame.GUID}
		written, err := AppendFrame(nil, info, frame.GUID != "")
		if err != nil {
			t.Fatal(err)
		}
		want := data[:frame.Body]
		if frame.Header {
			want = header[:len(header)-len(frame.Tail)]
		}
		if len(want) == 9 { // eight bytes of an id are read, and written as four
			want = want[4:]
		}
		if !bytes.Equal(want, written) {
			t.Errorf("%x: written as %x", want, written)
		}
	})
}
