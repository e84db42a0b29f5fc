package protobuf

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

const patchProto = `syntax = "proto3";
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
message M {
  google.protobuf.Timestamp at = 1;
  repeated google.protobuf.Duration took = 2;
  map<int32, google.protobuf.FieldMask> masks = 3;
  google.protobuf.Struct any_of = 4;
  M inner = 5;
  double number = 6;
}`

func openPatched(t *testing.T, o serde.Options) serde.Serde {
	t.Helper()
	o.Files = func(name string) ([]byte, error) {
		if name != "m.proto" {
			return nil, fs.ErrNotExist
		}
		return []byte(patchProto), nil
	}
	s, err := New(serde.Spec{Name: "protobuf", Argument: "m.proto#M"}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWhatIsShownIsTaken writes values that have no text of their own.
func TestWhatIsShownIsTaken(t *testing.T) {
	s := openPatched(t, serde.Options{})
	for name, json := range map[string]string{
		"a timestamp out of range": `{"at":{"seconds":"253402300800","nanos":-1}}`,
		"durations, one too long":  `{"took":["1s",{"seconds":"999999999999"},"2.500s"]}`,
		"a mask of odd paths":      `{"masks":{"-7":{"paths":["A_b","c"]}}}`,
		"within":                   `{"inner":{"inner":{"at":{"seconds":"-99999999999999"}}}}`,
		"a number that is none":    `{"number":"-Infinity"}`,
	} {
		t.Run(name, func(t *testing.T) { serdetest.RoundTrip(t, s, value.Plain, json) })
	}
}

func TestNamedFloats(t *testing.T) {
	tests := map[string]struct{ json, want, wantErr string }{
		"a field":        {`{"number": NaN}`, "31 010000000000f87f", ""},
		"a Struct":       {`{"anyOf":{"x":[Infinity,{"y":-Infinity}]}}`, "", ""},
		"text is text":   {`{"anyOf":{"x":"NaN"}}`, "220c 0a0a 0a0178 1205 1a034e614e", ""},
		"another word":   {`{"number": nan}`, "", "protobuf: input byte 12: want a JSON value"},
		"not a field":    {`{"at":{"x":1}}`, "", `protobuf: input byte 6: unexpected token {`},
		"seconds, half":  {`{"at":{"seconds":1.5}}`, "", `protobuf: input byte 6: unexpected token {`},
		"unknown fields": {`{"nope":1}`, "", `protobuf: input byte 1: unknown field "nope"`},
	}
	s := openPatched(t, serde.Options{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(tt.json), value.JSONOptions{})
			if tt.wantErr == "" {
				tt.wantErr = "<nil>"
			}
			if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := strings.ReplaceAll(tt.want, " ", ""); want != "" && want != hex.EncodeToString(out.Data) {
				t.Errorf("%x, want %s", out.Data, want)
			}
		})
	}
	got, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: encoded(t, s, tests["a Struct"].json)}, value.JSONOptions{})
	if diff := cmp.Diff(`{"anyOf":{"x":["Infinity",{"y":"-Infinity"}]}}`, string(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func encoded(t *testing.T, s serde.Serde, json string) []byte {
	t.Helper()
	out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(json), value.JSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Data
}

func TestIgnoreUnknown(t *testing.T) {
	s := openPatched(t, serde.Options{IgnoreUnknown: true})
	want := "31000000000000f83f"
	if got := hex.EncodeToString(encoded(t, s, `{"nope":{"x":[1]},"number":1.5,"inner":null}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
