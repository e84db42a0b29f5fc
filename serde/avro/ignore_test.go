package avro

import (
	"encoding/hex"
	"testing"

	"kstream/serde"
	"kstream/serde/value"
)

// TestIgnoreUnknown leaves out fields that the schema lacks, and only those.
func TestIgnoreUnknown(t *testing.T) {
	s, err := openFile(`{"type":"record","name":"R","fields":[{"name":"a","type":"double"},{"name":"in","type":["null","R"],"default":null}]}`, serde.Options{IgnoreUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		`{"a":1.5,"b":{"x":[1]}}`:            "000000000000f83f00",
		`{"z":0,"a":NaN,"in":{"a":1,"b":2}}`: "000000000000f87f02000000000000f03f00",
		`{"a":-Infinity,"in":{"R":{"a":1}}}`: "000000000000f0ff02000000000000f03f00",
		`{"b":1}`:                            "",
		`{"a":"x"}`:                          "",
		`{"a":NaN1}`:                         "",
	}
	for json, want := range tests {
		out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(json), value.JSONOptions{})
		if got := hex.EncodeToString(out.Data); got != want || (want == "") != (err != nil) {
			t.Errorf("%s: %s, %v, want %s", json, got, err, want)
		}
	}
}
