package formats_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/formats"
	"kstream/serde/serdetest"
)

// Every format opens by its name, under which records say what they are encoded in.
func TestList(t *testing.T) {
	seen := map[string]bool{}
	o := serde.Options{
		Files: func(string) ([]byte, error) { return nil, errors.New("not needed") },
		Exec:  func(string) (io.ReadWriteCloser, error) { return nil, errors.New("not needed") },
	}
	for _, f := range formats.List() {
		spec := f.Name
		if f.NeedsArgument {
			spec += ":i"
		}
		s, err := formats.Open(spec, o)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		if diff := cmp.Diff(f.Name, s.Name()); diff != "" {
			t.Errorf("name (-want +got):\n%s", diff)
		}
		if f.Help == "" || strings.Contains(f.Help, "\n") {
			t.Errorf("%s: help must be one line, have %q", f.Name, f.Help)
		}
		if seen[f.Name] {
			t.Errorf("%s is listed twice", f.Name)
		}
		seen[f.Name] = true
	}
}

func TestOpenUnknown(t *testing.T) {
	_, err := formats.Open("mesgpack", serde.Options{})
	var wrong *serde.SpecError
	if !errors.As(err, &wrong) || wrong.Unknown != "mesgpack" || len(wrong.Known) != len(formats.List()) {
		t.Errorf("error %v: %+v", err, wrong)
	}
}

// FuzzAuto feeds auto with all that it can recognise, and a registry with a schema of
// each kind.
func FuzzAuto(f *testing.F) {
	schemas := []serde.Schema{
		{SchemaInfo: serde.SchemaInfo{ID: 1, Type: "AVRO"}, Text: `{"type":"record","name":"R","fields":[{"name":"n","type":["null","R"]},{"name":"a","type":{"type":"array","items":"bytes"}},{"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}}]}`},
		{SchemaInfo: serde.SchemaInfo{ID: 2, Type: "PROTOBUF"}, Text: `syntax = "proto3"; message M { int64 id = 1; map<string, M> m = 2; repeated double d = 3; }`},
		{SchemaInfo: serde.SchemaInfo{ID: 3, Type: "JSON"}, Text: `{"type":"object","required":["id"]}`},
		{SchemaInfo: serde.SchemaInfo{GUID: serdetest.ShelfGUID, Type: "AVRO"}, Text: `"string"`},
	}
	s, err := formats.Open("auto", serde.Options{Registry: &serdetest.Shelf{Schemas: schemas}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		"", `{"a":1}`, "text", "42", "\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x01.", "\xc3\x01", "Obj\x01",
		"\x00\x00\x00\x00\x01\x00\x02\x02a\x00\x02", "\x00\x00\x00\x00\x02\x00\x08\x07", "\x00\x00\x00\x00\x03" + `{"id":1}`,
		"\x01\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x02a", "\x03\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xffx",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !serdetest.Check(t, s, data) {
			t.Errorf("%q: auto takes everything", data)
		}
	})
}
