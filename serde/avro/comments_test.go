package avro

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchemasAsJavaTakesThem(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"a comment before":      {"// an order\n\"int\"", `"int"`},
		"a comment after":       {`"int" /* the end`, `"int"`},
		"between":               {`{"type": /* {"x" */ "array", // ]` + "\n" + `"items":"long"}`, `{"type":"array","items":"long"}`},
		"in a string":           {`{"type":"record","name":"R","doc":"http://x /* y \" // z","fields":[]}`, `{"name":"R","type":"record","fields":[]}`},
		"the mark of UTF-8":     {"\ufeff\"int\"", `"int"`},
		"a namespace of null":   {`{"type":"record","name":"R","namespace":null,"fields":[]}`, `{"name":"R","type":"record","fields":[]}`},
		"null keeps the outer":  {`{"type":"record","name":"R","namespace":"n","fields":[{"name":"e","type":{"type":"fixed","name":"F","namespace":null,"size":1}}]}`, `{"name":"n.R","type":"record","fields":[{"name":"e","type":{"name":"n.F","type":"fixed","size":1}}]}`},
		"no JSON, in its place": {"/* a */ {]", "schema is no JSON: byte 9: want a key in quotes"},
		"only a comment":        {"/*", "schema is no JSON: byte 2: the bytes end too early"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := ParseSchema(tt.text)
			got := fmt.Sprint(err)
			if err == nil {
				got = s.Canonical()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
