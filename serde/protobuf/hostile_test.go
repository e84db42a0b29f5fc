package protobuf

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// appendNested appends a Tree whose left one is data.
func appendNested(dst, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, 2, protowire.BytesType), data)
}

// nested is a Tree in a Tree, and so on.
func nested(levels int) []byte {
	var data []byte
	for range levels {
		data = appendNested(nil, data)
	}
	return data
}

// pieces is nested with each level in two pieces, to be put together.
func pieces(levels int) []byte {
	var data []byte
	for range levels {
		data = appendNested(appendNested(nil, nil), data)
	}
	return data
}

// TestHostile is what a stranger may send.
func TestHostile(t *testing.T) {
	tests := map[string]struct {
		message string
		data    []byte
		want    string
	}{
		"20,000 deep":        {"corpus.Tree", nested(20000), "protobuf: byte 4000: nested too deeply"},
		"999 deep":           {"corpus.Tree", nested(999), "<nil>"},
		"pieces of pieces":   {"corpus.Tree", pieces(900), "protobuf: too many pieces of messages to put together"},
		"20,000 groups":      {"old.Old", []byte(strings.Repeat("\x33", 20000)), "protobuf: byte 100: nested too deeply"},
		"a million elements": {"corpus.Repeated", []byte(strings.Repeat("\x32\x00", 1000000)), "<nil>"},
		"a million entries":  {"corpus.Maps", []byte(strings.Repeat("\x0a\x00", 1000000)), "<nil>"},
		"a million anys":     {"corpus.Known", []byte(strings.Repeat("\x9a\x01\x00", 600000)), "<nil>"},
		"oneofs in turn":     {"corpus.OneOf", []byte(strings.Repeat("\x10\x01\x1a\x00\x0a\x00", 300000)), "<nil>"},
		"fields in turn":     {"corpus.Repeated", []byte(strings.Repeat("\x10\x01\x1a\x00\x08\x01", 300000)), "<nil>"},
		"unknown fields":     {"corpus.Tree", []byte(strings.Repeat("\x20\x01", 1000000)), "<nil>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t, sourceOf(tt.message)+"#"+tt.message, serde.Options{})
			serdetest.Check(t, s, tt.data)
			serdetest.Check(t, open(t, "?", serde.Options{}), tt.data)
			_, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: tt.data}, value.JSONOptions{})
			if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	tests := map[string]struct {
		limits serde.Limits
		want   string
	}{
		"bytes":  {serde.Limits{Bytes: 3}, "protobuf: too big"},
		"output": {serde.Limits{Output: 10}, "protobuf: byte 0: too big"},
		"depth":  {serde.Limits{Depth: 1}, "protobuf: byte 5: nested too deeply"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t, "testdata/corpus.proto#corpus.Tree", serde.Options{Limits: tt.limits})
			_, err := s.Decode(t.Context(), serde.Input{Data: unhex(t, "0a01611208"+"0a0678787878"+"7878")})
			if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestConcurrent uses one serde from many goroutines, with records of all messages.
func TestConcurrent(t *testing.T) {
	s := open(t, "", serde.Options{Registry: newShelf(t)})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, data := range []string{"0000000001000a0161", "0000000003020ca201050a03455552", "000000000700", "0000000001040200"} {
				if _, err := s.Decode(context.Background(), serde.Input{Topic: "t", Part: serde.Value, Data: unhex(t, data)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
