package serde_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

func newAuto(_ serde.Spec, o serde.Options) (serde.Serde, error) {
	return serde.NewAuto(o, serde.AutoFormats{}), nil
}

// registryStub knows schema 7 (AVRO), 8 (PROTOBUF) and one GUID; id 500 breaks it.
type registryStub struct{ serde.Registry }

func (registryStub) ByID(_ context.Context, id int, _ string) (serde.Schema, error) {
	switch id {
	case 7:
		return serde.Schema{SchemaInfo: serde.SchemaInfo{ID: 7}}, nil
	case 8:
		return serde.Schema{SchemaInfo: serde.SchemaInfo{ID: 8, Type: "PROTOBUF"}}, nil
	case 500:
		return serde.Schema{}, fmt.Errorf("%w: refused", serde.ErrRegistry)
	}
	return serde.Schema{}, serde.ErrUnknownSchema
}

func (registryStub) ByGUID(_ context.Context, guid string) (serde.Schema, error) {
	if guid == "01020304-0506-0708-090a-0b0c0d0e0f10" {
		return serde.Schema{SchemaInfo: serde.SchemaInfo{GUID: guid, Type: "AVRO"}}, nil
	}
	return serde.Schema{}, serde.ErrUnknownSchema
}

// decoderStub reads everything but data that ends in "!".
type decoderStub string

func (d decoderStub) Decode(_ context.Context, in serde.Input) (serde.Result, error) {
	last := in.Data[len(in.Data)-1]
	if last == '!' {
		return serde.Result{}, &serde.DecodeError{Format: string(d), Err: errors.New("broken")}
	}
	return serde.Result{Value: string(d), Format: string(d)}, nil
}

func TestAuto(t *testing.T) {
	all := serde.AutoFormats{
		BySchema:  map[string]serde.Decoder{"AVRO": decoderStub("avro"), "PROTOBUF": decoderStub("protobuf")},
		Container: decoderStub("container"), SingleObject: decoderStub("single"), Pickle: decoderStub("pickle"),
	}
	guid := "\x01\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
	tests := map[string]struct {
		data    string
		header  string // of the value's schema id
		offline bool   // no registry
		format  string
		json    string
		notes   []string
		wantErr string
	}{
		"prefix":               {data: "\x00\x00\x00\x00\x07x", format: "avro", json: `"avro"`},
		"another type":         {data: "\x00\x00\x00\x00\x08x", format: "protobuf", json: `"protobuf"`},
		"header":               {data: "plain", header: guid, format: "avro", json: `"avro"`},
		"unknown header":       {data: "plain", header: "\x01\xff" + guid[2:], format: "string", json: `"plain"`},
		"unknown id":           {data: "\x00\x00\x00\x00\x09x", format: "base64", json: `"AAAAAAl4"`},
		"id 0":                 {data: "\x00\x00\x00\x00\x00x", format: "base64", json: `"AAAAAAB4"`},
		"does not decode":      {data: "\x00\x00\x00\x00\x07!", format: "base64", json: `"AAAAAAch"`},
		"id of eight bytes":    {data: "\x00\x00\x00\x00\x00\x00\x00\x00\x07x", format: "avro", json: `"avro"`},
		"no registry":          {data: "\x00\x00\x00\x00\x07x", offline: true, format: "base64", json: `"AAAAAAd4"`},
		"registry down":        {data: "\x00\x00\x00\x01\xf4x", wantErr: "schema registry: refused"},
		"Avro file":            {data: "Obj\x01x", format: "container", json: `"container"`},
		"Avro single object":   {data: "\xc3\x01x", format: "single", json: `"single"`},
		"Glue":                 {data: "\x03\x00" + guid[1:] + "x", format: "base64", json: `"AwABAgMEBQYHCAkKCwwNDg8QeA=="`, notes: []string{"looks like an AWS Glue frame, schema version 0102030405060708090a0b0c0d0e0f10"}},
		"JSON":                 {data: " {\"a\": 1.10}\n", format: "json", json: `{"a":1.10}`},
		"a number":             {data: "42", format: "json", json: "42"},
		"text":                 {data: "tab\tand line\n", format: "string", json: `"tab\tand line\n"`},
		"empty":                {data: "", format: "string", json: `""`},
		"control characters":   {data: "a\x1b[1m", format: "base64", json: `"YRtbMW0="`},
		"C1 control":           {data: "a\u009b", format: "base64", json: `"YcKb"`},
		"pickle":               {data: "\x80\x04K\x01.", format: "pickle", json: `"pickle"`},
		"pickle of protocol 1": {data: "\x80\x01K\x01.", format: "base64", json: `"gAFLAS4="`},
		"long":                 {data: "\x00\x00\x00\x00\x00\x00\x00\x2a", format: "base64", json: `"AAAAAAAAACo="`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := serde.Options{Registry: registryStub{}}
			if tt.offline {
				o.Registry = nil
			}
			s := serde.NewAuto(o, all)
			in := serde.Input{Part: serde.Value, Data: []byte(tt.data)}
			if tt.header != "" {
				in.Headers = []serde.Header{{Key: "__key_schema_id", Value: nil}, {Key: "__value_schema_id", Value: []byte(tt.header)}}
			}
			decoded, decodeErr := s.Decode(t.Context(), in)
			line, rendered, renderErr := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
			for way, err := range map[string]error{"Decode": decodeErr, "Render": renderErr} {
				got := ""
				if err != nil {
					got = err.Error()
				}
				if diff := cmp.Diff(tt.wantErr, got); diff != "" {
					t.Errorf("%s: error (-want +got):\n%s", way, diff)
				}
			}
			if tt.wantErr != "" {
				return
			}
			fromValue, err := value.AppendJSON(nil, decoded.Value, value.JSONOptions{})
			if diff := cmp.Diff([]string{tt.format, tt.json}, []string{decoded.Format, string(fromValue)}); diff != "" || err != nil {
				t.Errorf("Decode (-want +got): %v\n%s", err, diff)
			}
			if diff := cmp.Diff([]string{tt.format, tt.json}, []string{rendered.Format, string(line)}); diff != "" {
				t.Errorf("Render (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([][]string{tt.notes, tt.notes}, [][]string{decoded.Notes, rendered.Notes}); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzAuto(f *testing.F) {
	s := serde.NewAuto(serde.Options{}, serde.AutoFormats{})
	for _, seed := range []string{`{"a":1}`, "text", "\x00\x00\x00\x00\x07x", "\x80\x04K\x01.", "\xc2\x9b", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !serdetest.Check(t, s, data) {
			t.Errorf("%q: auto takes everything", data)
		}
	})
}

func BenchmarkAuto(b *testing.B) {
	s := serde.NewAuto(serde.Options{}, serde.AutoFormats{})
	in := serde.Input{Data: []byte(`{"id":123456,"customer":"Grace Hopper","paid":true}`)}
	dst := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := serde.Render(b.Context(), dst, s, in, value.JSONOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
