package protobuf

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// withoutNames is a file as Confluent's client for Python registers it: the descriptor,
// without the names of fields in JSON, and without what such clients have themselves.
const withoutNames = "CgliNjQucHJvdG8SA3JlZxoXZ29vZ2xlL3R5cGUvbW9uZXkucHJvdG8aFGNvbmZsdWVudC9tZXRhLnByb3RvGhxjb25mbHVl" +
	"bnQvdHlwZS9kZWNpbWFsLnByb3RvIqgCCgVPcmRlchIQCghvcmRlcl9pZBgBIAEoCRISCgpsaW5lX2NvdW50GAIgASgFEjAKCnVuaXRfcHJpY2UYAyAB" +
	"KAsyEi5nb29nbGUudHlwZS5Nb25leUIIgkQFCgNuZXQSKgoJZXhhY3Rfc3VtGAQgASgLMhcuY29uZmx1ZW50LnR5cGUuRGVjaW1hbBIhCghzdWJfcGFy" +
	"dBgFIAEoCzIPLnJlZy5PcmRlci5TdWJfGngKBFN1Yl8SEwoLb25lX190d28zX3gYASABKAkSLAoHYnlfbmFtZRgCIAMoCzIbLnJlZy5PcmRlci5TdWJf" +
	"LkJ5TmFtZUVudHJ5Gi0KC0J5TmFtZUVudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoBToCOAFiBnByb3RvMw=="

// TestRegisteredByOthers reads and writes by schemas that lack what others take for
// granted.
func TestRegisteredByOthers(t *testing.T) {
	order := `{"orderId":"a","lineCount":2,"unitPrice":{"currencyCode":"EUR","units":"3"},"exactSum":{"value":"AQ==","scale":2},"subPart":{"oneTwo3X":"b","byName":{"c":4}}}`
	own := `syntax = "proto3"; import "mine/part.proto"; message Own { mine.Part part = 1; }`
	tests := map[string]struct {
		text, subject, json string
		message             string
		path                []string
		wantErr             string
	}{
		"a descriptor without names": {text: withoutNames, message: "reg.Order", json: order},
		"standard files as text":     {text: `syntax = "proto3"; import "google/type/datetime.proto"; message T { google.type.DateTime at = 1; }`, message: "T", json: `{"at":{"year":2024,"timeZone":{"id":"CET"}}}`},
		"the older name of Decimal":  {text: `syntax = "proto3"; import "confluent/types/decimal.proto"; message T { confluent.type.Decimal d = 1; }`, message: "T", json: `{"d":{"scale":1}}`},
		"an import of --proto-path":  {text: own, message: "Own", path: []string{"protos"}, json: `{"part":{"a":1}}`},
		"an import from nowhere":     {text: own, message: "Own", wantErr: `protobuf: schema:1:27: could not resolve path "mine/part.proto": the schema has no such reference`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := &serdetest.Shelf{}
			add(r, 1, "t-value", tt.text)
			s, err := New(serde.Spec{Name: "protobuf"}, serde.Options{Registry: r, Message: tt.message, ProtoPath: tt.path, Files: func(name string) ([]byte, error) {
				if name == "protos/mine/part.proto" {
					return []byte(`syntax = "proto3"; package mine; message Part { int32 a = 1; }`), nil
				}
				return nil, fs.ErrNotExist
			}})
			if err != nil {
				t.Fatal(err)
			}
			if tt.wantErr != "" {
				_, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(`{}`), value.JSONOptions{})
				if diff := cmp.Diff(tt.wantErr, strings.ReplaceAll(fmt.Sprint(err), "subject t-value: ", "")); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				return
			}
			serdetest.RoundTrip(t, s, value.Plain, tt.json)
		})
	}
}

// TestShippedFiles compiles each, and finds it for a descriptor set that lacks it.
func TestShippedFiles(t *testing.T) {
	count := 0
	err := fs.WalkDir(include, "include", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		count++
		name := strings.TrimPrefix(path, "include/")
		file, err := standardFile(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if file.Path() != name {
			t.Errorf("%s calls itself %s", name, file.Path())
		}
		set, err := readSet([]byte(tagged(1, tagged(1, "a.proto")+tagged(3, name))))
		if err != nil || len(set.File) < 2 {
			t.Errorf("%s: %d files, %v", name, len(set.GetFile()), err)
		}
		return nil
	})
	if err != nil || count < 20 {
		t.Errorf("%d files, %v", count, err)
	}
}

func tagged(number int, content string) string {
	return string([]byte{byte(number<<3 | 2), byte(len(content))}) + content
}
