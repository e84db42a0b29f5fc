package avro

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// TestLossless wants the bytes back from lossless JSON, and plain JSON as it always is.
func TestLossless(t *testing.T) {
	union := `["null","int","long","float",{"type":"record","name":"R","fields":[{"name":"a","type":["null","string"]}]},{"type":"map","values":"long"}]`
	cents := `{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`
	tests := map[string]struct{ schema, hex, plain, lossless string }{
		"null of a union":         {union, "00", "null", "null"},
		"int of a union":          {union, "02 0a", "5", `{"$union":"int","value":5}`},
		"long of a union":         {union, "04 0a", "5", `{"$union":"long","value":5}`},
		"float of a union":        {union, "06 cdcccc3d", "0.1", `{"$union":"float","value":0.1}`},
		"record of a union":       {union, "08 02 0278", `{"a":"x"}`, `{"$union":"R","value":{"a":"x"}}`},
		"map of a union":          {union, "0a 02 0261 02 00", `{"a":1}`, `{"$union":"map","value":{"a":1}}`},
		"one branch beside null":  {`["null","float"]`, "02 cdcccc3d", "0.1", "0.1"},
		"two branches, no null":   {`["long","int"]`, "02 0a", "5", `{"$union":"int","value":5}`},
		"nan of 32 bits":          {`"float"`, "0000c07f", `"NaN"`, `{"$float32":"nan"}`},
		"another nan of 32 bits":  {`"float"`, "0100a07f", `"NaN"`, `{"$float32":"nan:7fa00001"}`},
		"nan":                     {`"double"`, "000000000000f87f", `"NaN"`, `{"$float":"nan"}`},
		"another nan":             {`"double"`, "010000000000f8ff", `"NaN"`, `{"$float":"nan:fff8000000000001"}`},
		"string that is no UTF-8": {`"string"`, "06 61 ff 62", `"a` + "\uFFFD" + `b"`, `{"$text":"Yf9i"}`},
		"string with surrogates":  {`"string"`, "06 ed a0 80", `"` + "\uFFFD\uFFFD\uFFFD" + `"`, `{"$text":"7aCA"}`},
		"key that is no UTF-8":    {`{"type":"map","values":"int"}`, "04 02 ff 02 02 61 04 00", `{"` + "\uFFFD" + `":1,"a":2}`, `{"$dict":[[{"$text":"/w=="},1],["a",2]]}`},
		"key that is there twice": {`{"type":"map","values":"int"}`, "04 02 61 02 02 61 04 00", `{"a":1,"a":2}`, `{"a":1,"a":2}`},
		"decimal":                 {cents, "04 01c2", `"4.50"`, `{"$decimal":"4.50"}`},
		"decimal in more bytes":   {cents, "06 0001c2", `"4.50"`, `{"$bytes":"AAHC"}`},
		"decimal of no bytes":     {cents, "00", `"0.00"`, `{"$bytes":""}`},
		"decimal of more digits":  {cents, "08 7fffffff", `"21474836.47"`, `{"$bytes":"f////w=="}`},
		"bytes":                   {`"bytes"`, "04 0102", `"AQI="`, `{"$bytes":"AQI="}`},
		"uuid that is none":       {`{"type":"string","logicalType":"uuid"}`, "02 78", `"x"`, `"x"`},
		"time beyond the day":     {`{"type":"int","logicalType":"time-millis"}`, "01", "-1", "-1"},
		"time beyond the years":   {`{"type":"long","logicalType":"timestamp-millis"}`, "ffffffffffffffffff01", "-9223372036854775808", "-9223372036854775808"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkMode(t, tt.schema, tt.hex, tt.plain, value.Plain)
			s, out := checkMode(t, tt.schema, tt.hex, tt.lossless, value.Lossless)
			if diff := cmp.Diff(hex.EncodeToString(unhex(t, tt.hex)), hex.EncodeToString(out)); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
			serdetest.Stable(t, s, unhex(t, tt.hex))
		})
	}
}

// checkMode reads a datum and gives what its JSON is written as.
func checkMode(t *testing.T, schema, datum, want string, m value.Mode) (serde.Serde, []byte) {
	t.Helper()
	o := serde.Options{JSONMode: m}
	s, err := openFile(schema, o)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: unhex(t, datum)}, o.JSON())
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("%s: %v (-want +got):\n%s", m, err, diff)
	}
	out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, got, o.JSON())
	if err != nil && m == value.Lossless {
		t.Errorf("%s: EncodeJSON: %v", m, err)
	}
	return s, out.Data
}

// TestCorpusIsLossless takes what fastavro wrote through lossless JSON, byte for byte.
// Arrays and maps that were written in blocks are the same value in another one.
func TestCorpusIsLossless(t *testing.T) {
	for _, c := range readCorpus(t).Data {
		t.Run(c.Name, func(t *testing.T) {
			s, err := openFile(string(c.Schema), serde.Options{JSONMode: value.Lossless})
			if err != nil {
				t.Fatal(err)
			}
			o := value.JSONOptions{Mode: value.Lossless}
			json, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: unhex(t, c.Hex)}, o)
			if err != nil {
				t.Fatal(err)
			}
			out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, json, o)
			if diff := cmp.Diff(c.Hex, hex.EncodeToString(out.Data)); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", json, err, diff)
			}
		})
	}
}
