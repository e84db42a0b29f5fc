package protobuf

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// goldenCase is a datum that Google's Python wrote, and what it says of it.
type goldenCase struct {
	Name, Message, Hex string
	JSON               json.RawMessage
	OneWay             bool
}

func goldenCases(t testing.TB) []goldenCase {
	t.Helper()
	var cases []goldenCase
	readJSON(t, "testdata/corpus.json", &cases)
	return cases
}

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

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// open makes the serde of SPEC, from the files of this folder.
func open(t testing.TB, argument string, o serde.Options) serde.Serde {
	t.Helper()
	o.Files = os.ReadFile
	if o.ProtoPath == nil {
		o.ProtoPath = []string{"testdata"}
	}
	s, err := New(serde.Spec{Name: "protobuf", Argument: argument}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sourceOf is the file that a message of the corpus is in.
func sourceOf(message string) string {
	pkg, _, _ := bytes.Cut([]byte(message), []byte("."))
	return "testdata/" + string(pkg) + ".proto"
}

// normal is JSON without its order and the look of its numbers, in which Python and we
// differ: it sorts by field number, and keeps the order of maps.
func normal(t testing.TB, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

func TestCorpus(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			data := unhex(t, c.Hex)
			for _, argument := range []string{sourceOf(c.Message), "testdata/corpus.binpb"} {
				for _, mode := range []value.Mode{value.Plain, value.Lossless} {
					s := open(t, argument+"#"+c.Message, serde.Options{JSONMode: mode})
					in := serde.Input{Topic: "t", Part: serde.Value, Data: data}
					got, r, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{Mode: mode})
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(normal(t, c.JSON), normal(t, got)); diff != "" || len(r.Notes) > 0 || r.Schema.Name != c.Message {
						t.Errorf("%s: %v %v (-want +got):\n%s", argument, r.Schema, r.Notes, diff)
					}
					decoded, err := s.Decode(t.Context(), in)
					again, jsonErr := value.AppendJSON(nil, decoded.Value, value.JSONOptions{Mode: mode})
					if diff := cmp.Diff(string(got), string(again)); diff != "" || err != nil || jsonErr != nil {
						t.Errorf("Decode: %v, %v (-want +got):\n%s", err, jsonErr, diff)
					}
					if c.Name == "proto2: required and missing" {
						continue
					}
					out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, got, value.JSONOptions{Mode: mode})
					if err != nil {
						t.Fatal(err)
					}
					if len(out.Data) != len(data) && !c.OneWay { // the order of fields is free
						t.Errorf("EncodeJSON: want %s, have %x", c.Hex, out.Data)
					}
					back, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: out.Data}, value.JSONOptions{Mode: mode})
					if diff := cmp.Diff(string(got), string(back)); diff != "" || err != nil {
						t.Errorf("read back: %v (-want +got):\n%s", err, diff)
					}
				}
			}
			if len(data) < 600 {
				serdetest.Cuts(t, open(t, sourceOf(c.Message)+"#"+c.Message, serde.Options{}), data)
				serdetest.Cuts(t, open(t, "?", serde.Options{}), data)
			}
		})
	}
}
