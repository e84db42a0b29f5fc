package formats_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/formats"
	"kstream/serde/value"
)

// What CPython wrote comes back through the shared reader of lossless JSON, as it does
// through decode and encode on a command line.
func TestLosslessPickles(t *testing.T) {
	corpus, err := os.Open("../pickle/testdata/corpus.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer corpus.Close()
	s, err := formats.Open("pickle?protocol=5", serde.Options{JSONMode: value.Lossless, PickleAllowObjects: true})
	if err != nil {
		t.Fatal(err)
	}
	o := value.JSONOptions{Mode: value.Lossless}
	lines := bufio.NewScanner(corpus)
	lines.Buffer(nil, 16<<20)
	read := 0
	for lines.Scan() {
		var c struct {
			Name   string
			Pickle []byte
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		first, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: c.Pickle}, o)
		if err != nil {
			continue // the package's own tests say which must be refused
		}
		read++
		out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, first, o)
		if err != nil {
			t.Errorf("%s: %s: %v", c.Name, first, err)
			continue
		}
		again, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: out.Data}, o)
		if diff := cmp.Diff(string(first), string(again)); diff != "" || err != nil {
			t.Errorf("%s (-want +got): %v\n%s", c.Name, err, diff)
		}
	}
	if err := lines.Err(); err != nil || read < 500 {
		t.Errorf("read %d pickles: %v", read, err)
	}
}
