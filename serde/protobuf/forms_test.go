package protobuf

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// TestForms are values that protojson has no JSON for, or another, and what is wrong
// with bytes.
func TestForms(t *testing.T) {
	group := strings.Repeat("0b", 101) + strings.Repeat("0c", 101)
	tests := map[string]struct {
		message, hex string
		want         string
		notes        []string
		skipped      string
		wantErr      string
	}{
		"timestamp beyond the calendar": {message: "corpus.Known", hex: "0a0a 08 ffffffffffffffff7f", want: `{"timestamp":{"seconds":"9223372036854775807"}}`},
		"negative nanoseconds":          {message: "corpus.Known", hex: "0a0b 10 ffffffffffffffffff01", want: `{"timestamp":{"nanos":-1}}`},
		"duration of two signs":         {message: "corpus.Known", hex: "120d 0801 10 ffffffffffffffffff01", want: `{"duration":{"seconds":"1","nanos":-1}}`},
		"field mask not in snake case":  {message: "corpus.Known", hex: "1a05 0a03 614262", want: `{"mask":{"paths":["aBb"]}}`},
		"value of no kind":              {message: "corpus.Known", hex: "2a00", want: `{"value":null}`},
		"value that is no number":       {message: "corpus.Known", hex: "2a09 11 000000000000f87f", want: `{"value":"NaN"}`},
		"any of an unknown type":        {message: "corpus.Known", hex: "3a08 0a03 782f79 1201 ff", want: `{"any":{"@type":"x/y","$bytes":"/w=="}}`, notes: []string{"Any of an unknown type, shown as bytes: 1"}},
		"any without bytes":             {message: "corpus.Known", hex: "3a05 0a03 782f79", want: `{"any":{"@type":"x/y","$bytes":""}}`, notes: []string{"Any of an unknown type, shown as bytes: 1"}},
		"any of other bytes":            {message: "corpus.Known", hex: "3a12 0a0d 782f636f727075732e54726565 1201 ff", want: `{"any":{"@type":"x/corpus.Tree","$bytes":"/w=="}}`, notes: []string{"Any of an unknown type, shown as bytes: 1"}},
		"any with an unknown field":     {message: "corpus.Known", hex: "3a13 0a0d 782f636f727075732e54726565 1202 2001", want: `{"any":{"@type":"x/corpus.Tree"}}`, notes: []string{"fields that the schema lacks: 1"}},
		"empty any":                     {message: "corpus.Known", hex: "3a00", want: `{"any":{}}`},
		"any of Empty":                  {message: "corpus.Known", hex: "3a19 0a17 782f676f6f676c652e70726f746f6275662e456d707479", want: `{"any":{"@type":"x/google.protobuf.Empty","value":{}}}`},
		"null that is not zero":         {message: "corpus.Known", hex: "a80105", want: `{"nothing":null}`},
		"unknown fields":                {message: "corpus.Tree", hex: "0a0161 2001 2a00 1202 3001 3b 0104 3c", wantErr: "protobuf: byte 12: no field can begin so"},
		"fields the schema lacks":       {message: "corpus.Tree", hex: "0a0161 2001 2a00 1202 3001 3b 0801 3c", want: `{"name":"a","left":{}}`, notes: []string{"fields that the schema lacks: 4"}},
		"another wire type":             {message: "corpus.Tree", hex: "0801", want: `{}`, notes: []string{"fields that the schema lacks: 1"}},
		"text of proto2 that is none":   {message: "old.Old", hex: "0a01ff", want: `{"id":"` + "\uFFFD" + `"}`, notes: []string{"strings that are no UTF-8: 1"}},
		"text of proto3 that is none":   {message: "corpus.Tree", hex: "0a02 61ff", wantErr: "protobuf: byte 1: a string that is no UTF-8"},
		"key that is no text":           {message: "corpus.Maps", hex: "0a03 0a01ff", wantErr: "protobuf: byte 4: a string that is no UTF-8"},
		"wrong in a message in pieces":  {message: "corpus.Tree", hex: "1200 1203 0a01ff", wantErr: "protobuf: a string that is no UTF-8"},
		"field 0":                       {message: "corpus.Tree", hex: "0001", wantErr: "protobuf: byte 0: no field can begin so"},
		"wire type 7":                   {message: "corpus.Tree", hex: "0f", wantErr: "protobuf: byte 1: no field can begin so"},
		"end of no group":               {message: "corpus.Tree", hex: "0c", wantErr: "protobuf: byte 1: no field can begin so"},
		"end of another group":          {message: "corpus.Tree", hex: "2b 34", wantErr: "protobuf: byte 1: the end of another group"},
		"group without an end":          {message: "corpus.Tree", hex: "2b 0801", wantErr: "protobuf: byte 3: the bytes end too early"},
		"groups too deep":               {message: "corpus.Presence", hex: group, wantErr: "protobuf: byte 100: nested too deeply"},
		"integer of 11 bytes":           {message: "corpus.Scalars", hex: "18 8080808080808080808001", wantErr: "protobuf: byte 1: an integer of more than 10 bytes"},
		"length of 2^63":                {message: "corpus.Tree", hex: "0a ffffffffffffffff7f", wantErr: "protobuf: byte 1: the bytes end too early"},
		"length of one too many":        {message: "corpus.Tree", hex: "0a 02 61", wantErr: "protobuf: byte 1: the bytes end too early"},
		"packed and cut":                {message: "corpus.Repeated", hex: "0a02 0180", wantErr: "protobuf: byte 3: the bytes end too early"},
		"packed doubles and cut":        {message: "corpus.Repeated", hex: "3a03 010203", wantErr: "protobuf: byte 2: the bytes end too early"},
		"a frame in front":              {message: "corpus.Tree", hex: "00 00000007 00 0a0161", want: `{"name":"a"}`, skipped: "the frame of schema 7"},
		"a frame without indexes":       {message: "corpus.Tree", hex: "00 00000007 0a0161", want: `{"name":"a"}`, skipped: "the frame of schema 7"},
		"a frame of an empty message":   {message: "corpus.Tree", hex: "00 00000007", want: `{}`, skipped: "the frame of schema 7"},
		"indexes in more bytes":         {message: "corpus.Tree", hex: "00 00000007 02 00 0a0161", want: `{"name":"a"}`, skipped: "the frame of schema 7"},
		"an id of eight bytes":          {message: "corpus.Tree", hex: "00 0000000000000007 0a0161", want: `{"name":"a"}`, skipped: "the frame of schema 7"},
		"a frame with a GUID":           {message: "corpus.Tree", hex: "01 00112233445566778899aabbccddeeff 00 0a0161", want: `{"name":"a"}`, skipped: "the frame of schema 00112233-4455-6677-8899-aabbccddeeff"},
		"a frame of Glue":               {message: "corpus.Tree", hex: "03 00 00112233445566778899aabbccddeeff 00 0a0161", want: `{"name":"a"}`, skipped: "the frame of AWS Glue, schema version 00112233-4455-6677-8899-aabbccddeeff"},
		"a compressed frame of Glue":    {message: "corpus.Tree", hex: "03 05 00112233445566778899aabbccddeeff 789c63e0624c04000085006d", want: `{"name":"a"}`, skipped: "the frame of AWS Glue, schema version 00112233-4455-6677-8899-aabbccddeeff"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			data := unhex(t, strings.ReplaceAll(tt.hex, " ", ""))
			s := open(t, sourceOf(tt.message)+"#"+tt.message, serde.Options{})
			got, r, err := serde.Render(t.Context(), nil, s, serde.Input{Data: data}, value.JSONOptions{})
			if tt.wantErr == "" {
				tt.wantErr = "<nil>"
			}
			if diff := cmp.Diff([]string{tt.want, tt.wantErr}, []string{string(got), fmt.Sprint(err)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.notes, r.Notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			if tt.skipped == "" {
				tt.skipped = "no frame"
			}
			if diff := cmp.Diff(tt.skipped, r.Skipped.String()); diff != "" && err == nil {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
			serdetest.Cuts(t, s, data)
		})
	}
}

// TestUnknownAny writes back what an Any of an unknown type is shown as, also within an
// Any of a known one.
func TestUnknownAny(t *testing.T) {
	s := open(t, "testdata/corpus.proto#corpus.Known", serde.Options{})
	lossless := open(t, "testdata/corpus.proto#corpus.Known", serde.Options{JSONMode: value.Lossless})
	for name, text := range map[string]string{
		"one":    `{"any":{"@type":"x/y","$bytes":"/w=="}}`,
		"empty":  `{"any":{"@type":"x/y","$bytes":""}}`,
		"list":   `{"anys":[{"@type":"x/corpus.Tree","name":"n"},{"@type":"x/y","$bytes":"AQI="}]}`,
		"nested": `{"any":{"@type":"x/corpus.Known","any":{"@type":"x/z","$bytes":"AQ=="}}}`,
		"double": `{"any":{"@type":"x/google.protobuf.Any","value":{"@type":"x/z","$bytes":"AQ=="}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			serdetest.RoundTrip(t, s, value.Plain, text)
			out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(text), value.JSONOptions{})
			if err != nil {
				t.Fatal(err)
			}
			serdetest.Stable(t, lossless, out.Data)
		})
	}
}

func TestParameters(t *testing.T) {
	spec := func(text string) (serde.Serde, error) {
		list := []serde.Factory{{Name: "protobuf", Argument: "FILE", Params: Params(), New: New}}
		return serde.OpenFrom(list, text, serde.Options{Files: os.ReadFile, ProtoPath: []string{"testdata"}})
	}
	tests := map[string]struct{ spec, hex, want, wantErr string }{
		"numbers":        {spec: "protobuf:testdata/corpus.proto#corpus.Scalars?ints=number", hex: "20ffffffffffffffffff01 30ffffffffffffffffff01", want: `{"anInt64":-1,"aUint64":18446744073709551615}`},
		"names":          {spec: "protobuf:testdata/corpus.proto#corpus.Scalars?names=proto", hex: "2001 8a010178", want: `{"an_int64":"1","renamed_field":"x"}`},
		"names of JSON":  {spec: "protobuf:testdata/corpus.proto#corpus.Scalars?names=json&ints=string", hex: "2001 8a010178", want: `{"anInt64":"1","@renamed":"x"}`},
		"other names":    {spec: "protobuf:testdata/corpus.proto#corpus.Tree?names=go", wantErr: `serde "protobuf:testdata/corpus.proto#corpus.Tree?names=go": names=go: want json or proto`},
		"other integers": {spec: "protobuf:?ints=hex", wantErr: `serde "protobuf:?ints=hex": ints=hex: want string or number`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := spec(tt.spec)
			if tt.wantErr != "" {
				if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: unhex(t, strings.ReplaceAll(tt.hex, " ", ""))}, value.JSONOptions{})
			if diff := cmp.Diff(tt.want, string(got)); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			serdetest.RoundTrip(t, s, value.Plain, tt.want)
		})
	}
}

func TestDump(t *testing.T) {
	s := open(t, "?", serde.Options{})
	serdetest.Corpus(t, func(o serde.Options) (serde.Serde, error) {
		return New(serde.Spec{Name: "protobuf", Argument: "?"}, o)
	}, map[string]serdetest.Case{
		"kinds":        {Hex: "08 9601 15 0000803f 19 000000000000f03f 22 02 6869", Plain: `{"1":150,"2":"0x3f800000","3":"0x3ff0000000000000","4":"hi"}`, ReadOnly: true},
		"repeated":     {Hex: "0801 1203616263 0802", Plain: `{"1":[1,2],"2":"abc"}`, ReadOnly: true},
		"message":      {Hex: "0a04 0801 1001", Plain: `{"1":{"1":1,"2":1}}`, ReadOnly: true},
		"bytes":        {Hex: "0a02 01ff", Plain: `{"1":"Af8="}`, ReadOnly: true},
		"group":        {Hex: "0b 1001 1b 2001 1c 0c", Plain: `{"1":{"2":1,"3":{"4":1}}}`, ReadOnly: true},
		"large":        {Hex: "08 ffffffffffffffffff01", Plain: `{"1":18446744073709551615}`, ReadOnly: true},
		"empty":        {Hex: "", Plain: `{}`, ReadOnly: true},
		"empty text":   {Hex: "0a00", Plain: `{"1":""}`, ReadOnly: true},
		"framed":       {Hex: "00 00000001 02 00 0801", Plain: `{"1":1}`, ReadOnly: true},
		"no message":   {Hex: "08", Err: "protobuf: byte 1: the bytes end too early"},
		"end of group": {Hex: "0c", Err: "protobuf: byte 1: no field can begin so"},
	})
	_, err := s.Encode(t.Context(), "t", serde.Value, nil)
	if diff := cmp.Diff("protobuf: writing without a schema is not supported", fmt.Sprint(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWritingErrors(t *testing.T) {
	tests := map[string]struct{ message, json, want string }{
		"unknown field":       {"corpus.Tree", `{"name":"a","nope":1}`, `protobuf: input byte 12: unknown field "nope"`},
		"after other letters": {"corpus.Tree", "{\"name\":\"é€😀\",\n \"nope\":1}", `protobuf: input byte 22: unknown field "nope"`},
		"wrong type":          {"corpus.Tree", `{"name":1}`, `protobuf: input byte 8: invalid value for string field name: 1`},
		"no JSON":             {"corpus.Tree", `{"name":}`, `protobuf: input byte 8: want a JSON value`},
		"too big":             {"corpus.Scalars", `{"anInt32":2147483648}`, `protobuf: input byte 11: invalid value for int32 field anInt32: 2147483648`},
		"half an integer":     {"corpus.Scalars", `{"anInt32":1.5}`, `protobuf: input byte 11: invalid value for int32 field anInt32: 1.5`},
		"twice":               {"corpus.Tree", `{"name":"a","name":"b"}`, `protobuf: input byte 12: duplicate field "name"`},
		"two of a oneof":      {"corpus.OneOf", `{"number":1,"text":"b"}`, `protobuf: input byte 12: error parsing "text", oneof corpus.OneOf.kind is already set`},
		"required":            {"old.Old", `{}`, `protobuf: required field old.Old.id not set`},
		"any without a type":  {"corpus.Known", `{"any":{"name":1}}`, `protobuf: input byte 7: missing "@type" field`},
		"any of what":         {"corpus.Known", `{"any":{"@type":"x/y","name":1}}`, `protobuf: input byte 22: unknown field "name": the schema has no message x/y, only its $bytes can be given`},
		"null":                {"corpus.Tree", `null`, `protobuf: input byte 0: unexpected token null`},
		"too deep":            {"corpus.Tree", strings.Repeat(`{"left":`, 1001), `protobuf: input byte 8000: nested too deeply`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t, sourceOf(tt.message)+"#"+tt.message, serde.Options{})
			out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(tt.json), value.JSONOptions{})
			if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("%x (-want +got):\n%s", out.Data, diff)
			}
		})
	}
}
