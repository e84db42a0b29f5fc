package pickle

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

// sample is a line of testdata/corpus.jsonl: bytes that CPython wrote, and what a
// recorder in Python says that they mean.
type sample struct {
	Name     string `json:"name"`
	Proto    int    `json:"proto"`
	Pickle   []byte `json:"pickle"`
	Plain    string `json:"plain"`
	Lossless string `json:"lossless"`
	Load     bool   `json:"load"` // Python can load it for real
}

// corpus reads all samples.
func corpus(t testing.TB) []sample {
	t.Helper()
	f, err := os.Open("testdata/corpus.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []sample
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		if s.Plain == "same" {
			s.Plain = out[len(out)-1].Plain
		}
		if s.Lossless == "same" {
			s.Lossless = out[len(out)-1].Lossless
		}
		out = append(out, s)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func newSerde(t testing.TB, o Options) *Serde {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forms decodes data and gives both forms of JSON.
func forms(t testing.TB, s *Serde, data []byte) (plain, lossless string) {
	t.Helper()
	r, err := s.Decode(t.Context(), serde.Input{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return jsonOf(t, r.Value, value.Plain), jsonOf(t, r.Value, value.Lossless)
}

func jsonOf(t testing.TB, v value.V, mode value.Mode) string {
	t.Helper()
	out, err := v.(*Value).AppendJSON(nil, value.JSONOptions{Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out) {
		t.Fatalf("not JSON: %.200s", out)
	}
	return string(out)
}

func TestDecodesWhatCPythonWrote(t *testing.T) {
	s := newSerde(t, Options{})
	for _, c := range corpus(t) {
		t.Run(c.Name+"/"+string('0'+rune(c.Proto)), func(t *testing.T) {
			plain, lossless := forms(t, s, c.Pickle)
			if diff := cmp.Diff(c.Lossless, lossless); diff != "" {
				t.Errorf("lossless: %s", diff)
			}
			if diff := cmp.Diff(c.Plain, plain); diff != "" {
				t.Errorf("plain: %s", diff)
			}
		})
	}
}
