package pickle

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

func FuzzDecode(f *testing.F) {
	var seeds [][]byte
	for _, c := range corpus(f) {
		if len(c.Pickle) < 2000 {
			seeds = append(seeds, c.Pickle)
		}
	}
	open := func(o serde.Options) (serde.Serde, error) {
		return New(Options{
			Protocol: DefaultProtocol, AllowObjects: true,
			Lossless: o.JSONMode == value.Lossless, Limits: serde.Limits{Output: 1 << 20},
		})
	}
	serdetest.Fuzz(f, open, seeds...)
}

// FuzzEncode wants what is written to be read, and to be written again the same.
func FuzzEncode(f *testing.F) {
	for _, c := range corpus(f) {
		if len(c.Lossless) < 2000 {
			f.Add([]byte(c.Lossless), byte(c.Proto), true)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, protocol byte, objects bool) {
		s := newSerde(t, Options{
			Protocol: int(protocol % 6), AllowObjects: objects, Lossless: true,
			Limits: serde.Limits{Output: 1 << 20},
		})
		out, err := s.EncodeJSON(t.Context(), nil, "t", serde.Value, text)
		if err != nil {
			var place *serde.EncodeError
			if !errors.As(err, &place) || len(err.Error()) > 1000 {
				t.Fatalf("error %v", err)
			}
			return
		}
		first, err := lossless(t, s, out.Data)
		if errors.Is(err, serde.ErrTooBig) || errors.Is(err, serde.ErrTooDeep) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", out.Data, err)
		}
		again, err := s.EncodeJSON(t.Context(), nil, "t", serde.Value, first)
		if errors.Is(err, serde.ErrTooBig) || errors.Is(err, serde.ErrTooDeep) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		second, err := lossless(t, s, again.Data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Fatalf("%q: %s", out.Data, diff)
		}
	})
}

func lossless(t *testing.T, s *Serde, data []byte) ([]byte, error) {
	t.Helper()
	r, err := s.Decode(t.Context(), serde.Input{Data: data})
	if err != nil {
		return nil, err
	}
	out, err := value.AppendJSON(nil, r.Value, value.JSONOptions{Mode: value.Lossless})
	if err == nil && !json.Valid(out) {
		t.Fatalf("not JSON: %.200s", out)
	}
	return out, err
}
