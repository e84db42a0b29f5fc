package wire

import (
	"context"
	"strings"
	"sync"
	"testing"

	"kstream/serde"
)

// endless is a registry that has a schema for any id.
type endless struct {
	serde.Registry
	text string
}

func (e endless) ByID(_ context.Context, id int, _ string) (serde.Schema, error) {
	return serde.Schema{SchemaInfo: serde.SchemaInfo{ID: id, Type: "TEST"}, Text: e.text}, nil
}

// TestKept names more schemas than a source remembers.
func TestKept(t *testing.T) {
	tests := map[string]struct {
		text  string
		names int
		want  int // that are remembered at the end
	}{
		"few":        {text: "x", names: 10, want: 10},
		"many":       {text: "x", names: maxKept + 10, want: maxKept},
		"much text":  {text: strings.Repeat("x", maxText/4), names: 20, want: 7},
		"one of all": {text: strings.Repeat("x", maxText), names: 3, want: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			parsed := 0
			s := &Source[int]{Registry: endless{text: tt.text}, Type: "TEST", Parse: func(context.Context, string, []Import) (int, string, error) {
				parsed++
				return parsed, "", nil
			}}
			for id := 1; id <= tt.names; id++ {
				if _, err := s.Framed(t.Context(), Frame{ID: id}, ""); err != nil {
					t.Fatal(err)
				}
			}
			have := 0
			for id := 1; id <= tt.names; id++ {
				if l := s.Have(Frame{ID: id}); l != nil {
					have++
					if l.Schema != id {
						t.Errorf("schema %d is that of %d", id, l.Schema)
					}
				}
			}
			if have != tt.want || len(s.ready) != tt.want || len(s.order) != tt.want {
				t.Errorf("%d are remembered, %d and %d are kept, want %d", have, len(s.ready), len(s.order), tt.want)
			}
			if s.bytes > maxKeptBytes {
				t.Errorf("%d bytes are kept", s.bytes)
			}
			if _, err := s.Framed(t.Context(), Frame{ID: 1}, ""); err != nil || s.Have(Frame{ID: 1}) == nil {
				t.Errorf("the first is not back: %v", err)
			}
		})
	}
}

// TestHaveBesideGet reads from many goroutines while schemas come.
func TestHaveBesideGet(t *testing.T) {
	s := &Source[string]{Registry: endless{text: "x"}, Type: "TEST", Parse: func(_ context.Context, text string, _ []Import) (string, string, error) {
		return text, "", nil
	}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for id := 1; id <= 500; id++ {
				if l, err := s.Of(t.Context(), "test", Frame{ID: id}, ""); err != nil || l.Info.ID != id {
					t.Errorf("schema %d: %v", id, err)
				}
			}
		})
	}
	wg.Wait()
}
