package protobuf

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

func add(r *serdetest.Shelf, id int, subject, text string, refs ...serde.Reference) {
	info := serde.SchemaInfo{ID: id, Subject: subject, Version: 1, Type: "PROTOBUF"}
	if id == 7 {
		info.GUID = serdetest.ShelfGUID
	}
	r.Schemas = append(r.Schemas, serde.Schema{SchemaInfo: info, Text: text, References: refs})
}

func source(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// framedCase is a record that Confluent's Python serializer wrote, and its registry.
type framedCase struct {
	Name, Message, Hex string
	Headers            [][2]string
	JSON               json.RawMessage
	Subjects           map[string]struct {
		ID         int
		GUID, Text string
		Version    int
		References []serde.Reference
	}
}

func framedCases(t testing.TB) []framedCase {
	t.Helper()
	var cases []framedCase
	readJSON(t, "testdata/framed.json", &cases)
	return cases
}

func (c framedCase) input(t testing.TB) serde.Input {
	in := serde.Input{Topic: "t", Part: serde.Value, Data: unhex(t, c.Hex)}
	for _, h := range c.Headers {
		in.Headers = append(in.Headers, serde.Header{Key: h[0], Value: unhex(t, h[1])})
	}
	return in
}

func (c framedCase) registry() *serdetest.Shelf {
	r := &serdetest.Shelf{}
	for subject, s := range c.Subjects {
		info := serde.SchemaInfo{ID: s.ID, GUID: s.GUID, Subject: subject, Version: s.Version, Type: "PROTOBUF"}
		r.Schemas = append(r.Schemas, serde.Schema{SchemaInfo: info, Text: s.Text, References: s.References})
	}
	return r
}

// TestConfluentPython reads what Confluent's serializer for Python wrote, and writes
// what it would have written, but for the way to count messages after a map.
func TestConfluentPython(t *testing.T) {
	otherIndexes := map[string]bool{"nested after a map": true, "nested deeper": true, "the last": true, "header": true}
	for _, c := range framedCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			registry := c.registry()
			s := open(t, "", serde.Options{Registry: registry})
			in := c.input(t)
			got, r, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(normal(t, c.JSON), normal(t, got)); diff != "" || r.Schema.Name != c.Message {
				t.Errorf("%v %v (-want +got):\n%s", r.Schema, r.Notes, diff)
			}
			asked := registry.Asked
			if _, _, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{}); err != nil || registry.Asked != asked {
				t.Errorf("asked %d times, then %d: %v", asked, registry.Asked, err)
			}
			cutting := in
			for n := range in.Data {
				cutting.Data = in.Data[:n:n]
				if _, err := s.Decode(t.Context(), cutting); err != nil && len(err.Error()) > 300 {
					t.Errorf("cut at %d: %v", n, err)
				}
			}

			o := serde.Options{Registry: registry, Message: c.Message}
			if len(in.Headers) > 0 {
				o.SchemaIDIn = "header"
			}
			writer := open(t, "", o)
			out, err := serde.EncodeJSON(t.Context(), nil, writer, "t", serde.Value, got, value.JSONOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !otherIndexes[c.Name] {
				if diff := cmp.Diff([]any{c.Hex, in.Headers}, []any{hex.EncodeToString(out.Data), out.Headers}); diff != "" {
					t.Errorf("written (-want +got):\n%s", diff)
				}
			}
			back, r, err := serde.Render(t.Context(), nil, s, serde.Input{Topic: "t", Part: serde.Value, Data: out.Data, Headers: out.Headers}, value.JSONOptions{})
			if diff := cmp.Diff(string(got), string(back)); diff != "" || err != nil || r.Schema.Name != c.Message {
				t.Errorf("read back: %v %v (-want +got):\n%s", r.Schema, err, diff)
			}
		})
	}
}

// TestConfluentPythonWithMessage reads the same records with their message named, with the
// indexes that Confluent's serializer wrote and without: the message decides, and what is
// no list of indexes is the message.
func TestConfluentPythonWithMessage(t *testing.T) {
	const prefix = 5 // magic and id
	for _, c := range framedCases(t) {
		in := c.input(t)
		forms := map[string]serde.Input{"with indexes": in}
		without := in
		if len(in.Headers) > 0 { // the indexes are behind the GUID
			header := in.Headers[0]
			header.Value = header.Value[:17:17]
			without.Headers = []serde.Header{header}
		} else {
			_, size, err := readIndexes(in.Data[prefix:])
			if err != nil {
				t.Fatal(err)
			}
			without.Data = append(in.Data[:prefix:prefix], in.Data[prefix+size:]...)
		}
		forms["without"] = without
		for name, in := range forms {
			t.Run(c.Name+"/"+name, func(t *testing.T) {
				s := open(t, "", serde.Options{Registry: c.registry(), Message: c.Message})
				got, r, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(normal(t, c.JSON), normal(t, got)); diff != "" || r.Schema.Name != c.Message || len(r.Notes) > 0 {
					t.Errorf("%v %v (-want +got):\n%s", r.Schema, r.Notes, diff)
				}
			})
		}
	}
}

func newShelf(t testing.TB) *serdetest.Shelf {
	r := &serdetest.Shelf{}
	add(r, 1, "t-value", source(t, "trap.proto"))
	add(r, 2, "money", source(t, "common/money.proto"))
	add(r, 3, "known-value", source(t, "corpus.proto"), serde.Reference{Name: "common/money.proto", Subject: "money", Version: 1})
	add(r, 4, "broken", "syntax = \"proto3\";\nmessage {")
	add(r, 5, "no reference", source(t, "corpus.proto"))
	add(r, 6, "lost reference", source(t, "corpus.proto"), serde.Reference{Name: "common/money.proto", Subject: "gone", Version: 1})
	add(r, 7, "sole-value", "syntax = \"proto3\"; message Sole { string a = 1; }")
	add(r, 8, "serialized", base64.StdEncoding.EncodeToString([]byte("\n\x01s")))
	add(r, 10, "empty-value", "")
	r.Schemas = append(r.Schemas, serde.Schema{SchemaInfo: serde.SchemaInfo{ID: 9, Type: "AVRO"}, Text: `"int"`})
	return r
}

func TestReadingFrames(t *testing.T) {
	guid := unhex(t, "0100112233445566778899aabbccddeeff")
	tests := map[string]struct {
		hex     string
		headers []serde.Header
		message string // --message
		want    string
		name    string
		notes   []string
		wantErr string
	}{
		"first":                          {hex: "00 00000001 00 0a0161", want: `{"id":"a"}`, name: "trap.First"},
		"first, written long":            {hex: "00 00000001 02 00 0a0161", want: `{"id":"a"}`, name: "trap.First"},
		"first, in too many bytes":       {hex: "00 00000001 8200 8000 0a0161", want: `{"id":"a"}`, name: "trap.First"},
		"second":                         {hex: "00 00000001 02 02", want: `{}`, name: "trap.Outer"},
		"Java's count":                   {hex: "00 00000001 04 02 00 0a0161", want: `{"name":"a"}`, name: "trap.Outer.Inner"},
		"Java's count of the last":       {hex: "00 00000001 04 02 02 1005", want: `{"number":"5"}`, name: "trap.Outer.Last", notes: []string{"the message indexes mean trap.Outer.Last or trap.Outer.Inner, by how they are counted: shown as the first"}},
		"Python's count":                 {hex: "00 00000001 04 02 02 0a0161", want: `{"name":"a"}`, name: "trap.Outer.Inner", notes: []string{"the message indexes mean trap.Outer.Inner or trap.Outer.Last, by how they are counted: shown as the first"}},
		"either count":                   {hex: "00 00000001 04 02 02", want: `{}`, name: "trap.Outer.Last", notes: []string{"the message indexes mean trap.Outer.Last or trap.Outer.Inner, by how they are counted: shown as the first"}},
		"neither count":                  {hex: "00 00000001 04 02 02 2801", want: `{}`, name: "trap.Outer.Last", notes: []string{"the message indexes mean trap.Outer.Last or trap.Outer.Inner, by how they are counted: shown as the first", "fields that the schema lacks: 1"}},
		"Python's count only":            {hex: "00 00000001 04 02 04 1005", want: `{"number":"5"}`, name: "trap.Outer.Last"},
		"the last, as asked":             {hex: "00 00000001 04 02 02 0a0161", message: "trap.Outer.Last", want: `{}`, name: "trap.Outer.Last", notes: []string{"fields that the schema lacks: 1"}},
		"no indexes, as asked":           {hex: "00 00000001 0a0161", message: "trap.First", want: `{"id":"a"}`, name: "trap.First"},
		"nothing, as asked":              {hex: "00 00000001", message: "trap.First", want: `{}`, name: "trap.First"},
		"id of eight bytes":              {hex: "00 0000000000000001 00 0a0161", want: `{"id":"a"}`, name: "trap.First"},
		"asked for what is not there":    {hex: "00 00000001 00", message: "trap.Nope", wantErr: "protobuf: byte 5: no message trap.Nope in the schema; it has trap.First, trap.Outer"},
		"GUID in the header":             {hex: "0a0161", headers: []serde.Header{{Key: "__value_schema_id", Value: append(guid[:17:17], 0)}}, want: `{"a":"a"}`, name: "Sole"},
		"header without indexes":         {hex: "00 0a0161", headers: []serde.Header{{Key: "__value_schema_id", Value: guid}}, want: `{"a":"a"}`, name: "Sole"},
		"references":                     {hex: "00 00000003 02 0c a201050a03455552", want: `{"price":{"currency":"EUR"}}`, name: "corpus.Known"},
		"no such message":                {hex: "00 00000001 02 04", wantErr: "protobuf: byte 5: message indexes [2]: the schema has no such message"},
		"the entry of a map":             {hex: "00 00000001 06 02 00 02", wantErr: "protobuf: byte 5: message indexes [1 0 1]: the schema has no such message"},
		"negative index":                 {hex: "00 00000001 02 01", wantErr: "protobuf: byte 5: message indexes: no list of message indexes"},
		"negative count":                 {hex: "00 00000001 01", wantErr: "protobuf: byte 5: message indexes: no list of message indexes"},
		"1001 indexes":                   {hex: "00 00000001 d20f" + strings.Repeat("00", 1001), wantErr: "protobuf: byte 5: message indexes: no list of message indexes"},
		"1000 indexes":                   {hex: "00 00000001 d00f" + strings.Repeat("00", 1000), wantErr: "protobuf: byte 5: message indexes [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 …]: the schema has no such message"},
		"large index":                    {hex: "00 00000001 02 feffffffffffffffff01", wantErr: "protobuf: byte 5: message indexes: no list of message indexes"},
		"count of 11 bytes":              {hex: "00 00000001 8080808080808080808080", wantErr: "protobuf: byte 5: message indexes: no list of message indexes"},
		"no indexes":                     {hex: "00 00000001", wantErr: "protobuf: byte 5: message indexes: the bytes end too early"},
		"cut indexes":                    {hex: "00 00000001 04 02", wantErr: "protobuf: byte 5: message indexes: the bytes end too early"},
		"no frame":                       {hex: "0a0161", wantErr: "protobuf: byte 0: no schema id: want 00 and 4 bytes, have 0a 01 61"},
		"unknown id":                     {hex: "00 00000063 00", wantErr: "protobuf: byte 1: schema 99: the registry does not know the schema"},
		"not Protobuf":                   {hex: "00 00000009 00", wantErr: "protobuf: byte 1: schema 9: it is of type AVRO: not supported"},
		"no schema after all":            {hex: "00 00000004 00", wantErr: "protobuf: byte 1: schema 4: schema:2:9: syntax error: unexpected '{'"},
		"a reference that is missing":    {hex: "00 00000005 00", wantErr: "protobuf: byte 1: schema 5: schema:5:8: could not resolve path \"common/money.proto\": the schema has no such reference"},
		"a reference that is not there":  {hex: "00 00000006 00", wantErr: "protobuf: byte 1: schema 6: reference gone version 1: the registry does not know the schema"},
		"a serialized file of nothing":   {hex: "00 00000008 00", wantErr: "protobuf: byte 5: message indexes [0]: the schema has no such message"},
		"an empty file":                  {hex: "00 0000000a 00", wantErr: "protobuf: byte 5: message indexes [0]: the schema has no such message"},
		"wrong bytes":                    {hex: "00 00000001 00 0a02 61", wantErr: "protobuf: byte 7: the bytes end too early"},
		"wrong by either count":          {hex: "00 00000001 04 02 02 0a", wantErr: "protobuf: byte 9: the bytes end too early"},
		"wrong by one count":             {hex: "00 00000001 04 02 02 0a01ff", want: `{}`, name: "trap.Outer.Last", notes: []string{"the message indexes mean trap.Outer.Last or trap.Outer.Inner, by how they are counted: shown as the first", "fields that the schema lacks: 1"}},
		"a header that is none":          {hex: "00", headers: []serde.Header{{Key: "__value_schema_id"}}, wantErr: "protobuf: header __value_schema_id: no schema id"},
		"a header with other indexes":    {hex: "0a0161", headers: []serde.Header{{Key: "__value_schema_id", Value: append(guid[:17:17], 1)}}, wantErr: "protobuf: message indexes: no list of message indexes"},
		"a header with too many indexes": {hex: "0a0161", headers: []serde.Header{{Key: "__value_schema_id", Value: append(guid[:17:17], 2, 8)}}, wantErr: "protobuf: message indexes [4]: the schema has no such message"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			registry := newShelf(t)
			s := open(t, "", serde.Options{Registry: registry, Message: tt.message, ProtoPath: []string{}})
			in := serde.Input{Topic: "t", Part: serde.Value, Data: unhex(t, strings.ReplaceAll(tt.hex, " ", "")), Headers: tt.headers}
			if tt.wantErr == "" {
				tt.wantErr = "<nil>"
			}
			for range 2 {
				got, r, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
				if r.Schema == nil {
					r.Schema = &serde.SchemaInfo{}
				}
				if diff := cmp.Diff([]any{tt.want, tt.name, tt.notes, tt.wantErr}, []any{string(got), r.Schema.Name, r.Notes, fmt.Sprint(err)}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestRegistryFails(t *testing.T) {
	registry := newShelf(t)
	registry.Err = fmt.Errorf("%w: down", serde.ErrRegistry)
	s := open(t, "", serde.Options{Registry: registry})
	in := serde.Input{Topic: "t", Part: serde.Value, Data: unhex(t, "0000000001000a0161")}
	if _, err := s.Decode(t.Context(), in); !errors.Is(err, serde.ErrRegistry) {
		t.Errorf("want the registry's error, have %v", err)
	}
	if _, err := s.Encode(t.Context(), "t", serde.Value, nil); !errors.Is(err, serde.ErrRegistry) {
		t.Errorf("want the registry's error, have %v", err)
	}
	registry.Err = nil
	if _, err := s.Decode(t.Context(), in); err != nil {
		t.Errorf("back again: %v", err)
	}
}

func TestWriting(t *testing.T) {
	tests := map[string]struct {
		argument string
		o        serde.Options
		topic    string
		json     string
		want     string
		headers  []serde.Header
		wantErr  string
	}{
		"the latest of the topic":    {topic: "sole", json: `{"a":"x"}`, want: "00 00000007 00 0a0178"},
		"by id":                      {o: serde.Options{SchemaID: "7"}, topic: "t", json: `{}`, want: "00 00000007 00"},
		"by subject and version":     {o: serde.Options{SchemaID: "sole-value:1"}, topic: "t", json: `{}`, want: "00 00000007 00"},
		"a message of several":       {o: serde.Options{Message: "trap.Outer"}, topic: "t", json: `{"labels":{"b":"","a":"1"}}`, want: "00 00000001 02 02 0a06 0a0161 120131 0a05 0a0162 1200"},
		"a nested message":           {argument: "#trap.Outer.Last", topic: "t", json: `{"number":5}`, want: "00 00000001 04 02 02 1005"},
		"the SPEC goes first":        {argument: "#trap.First", o: serde.Options{Message: "trap.Outer"}, topic: "t", json: `{"id":"a"}`, want: "00 00000001 00 0a0161"},
		"in the header":              {o: serde.Options{SchemaIDIn: "header"}, topic: "sole", json: `{"a":"x"}`, want: "0a0178", headers: []serde.Header{{Key: "__value_schema_id", Value: unhex(t, "0100112233445566778899aabbccddeeff00")}}},
		"by record":                  {o: serde.Options{SubjectStrategy: "record", Message: "sole-value"}, topic: "t", json: `{}`, wantErr: "protobuf: no message sole-value in the schema; it has Sole"},
		"by record, without one":     {o: serde.Options{SubjectStrategy: "record"}, topic: "t", json: `{}`, wantErr: "protobuf: a subject by record needs to know it: name the schema's file, id or SUBJECT:VERSION"},
		"one of several":             {topic: "t", json: `{}`, wantErr: "protobuf: name the message; the schema has trap.First, trap.Outer"},
		"of a reference":             {o: serde.Options{Message: "common.Money"}, topic: "known", json: `{}`, wantErr: "protobuf: common.Money is of a reference of the schema, not of its own"},
		"of none":                    {topic: "empty", json: `{}`, wantErr: "protobuf: name the message; the schema has no message"},
		"no such subject":            {topic: "nope", json: `{}`, wantErr: "protobuf: subject nope-value: the registry does not know the schema"},
		"a file, no frame":           {argument: "testdata/trap.proto#trap.First", topic: "t", json: `{"id":"a"}`, want: "0a0161"},
		"registered":                 {argument: "testdata/trap.proto#trap.Outer", o: serde.Options{AutoRegister: true}, topic: "t", json: `{}`, want: "00 0000006e 02 02"},
		"registered with references": {argument: "testdata/corpus.proto#corpus.Tree", o: serde.Options{AutoRegister: true, SubjectStrategy: "record"}, topic: "t", json: `{}`, want: "00 0000006f 02 0a"},
		"a set, registered":          {argument: "testdata/corpus.binpb#corpus.Tree", o: serde.Options{AutoRegister: true, SubjectStrategy: "topic-record"}, topic: "t", json: `{}`, want: "00 0000006f 02 0a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			registry := newShelf(t)
			tt.o.Registry = registry
			s := open(t, tt.argument, tt.o)
			out, err := serde.EncodeJSON(t.Context(), nil, s, tt.topic, serde.Value, []byte(tt.json), value.JSONOptions{})
			if tt.wantErr == "" {
				tt.wantErr = "<nil>"
			}
			want := strings.ReplaceAll(tt.want, " ", "")
			if diff := cmp.Diff([]any{want, tt.headers, tt.wantErr}, []any{hex.EncodeToString(out.Data), out.Headers, fmt.Sprint(err)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err != nil {
				return
			}
			in := serde.Input{Topic: tt.topic, Part: serde.Value, Data: out.Data, Headers: out.Headers}
			if _, _, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{}); err != nil {
				t.Errorf("read back: %v", err)
			}
			asked := registry.Asked
			if _, err := serde.EncodeJSON(t.Context(), nil, s, tt.topic, serde.Value, []byte(tt.json), value.JSONOptions{}); err != nil || tt.o.AutoRegister && registry.Asked != asked {
				t.Errorf("again: %v, asked %d times", err, registry.Asked-asked)
			}
		})
	}
}

// TestRegistered looks at what the registry is given.
func TestRegistered(t *testing.T) {
	for _, argument := range []string{"testdata/corpus.proto#corpus.Known", "testdata/corpus.binpb#corpus.Known"} {
		registry := &serdetest.Shelf{}
		s := open(t, argument, serde.Options{Registry: registry, AutoRegister: true, SubjectStrategy: "topic-record"})
		out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(`{"price":{"units":"5"}}`), value.JSONOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range registry.Schemas {
			got = append(got, s.Subject, fmt.Sprint(s.References))
		}
		want := []string{"common/money.proto", "[]", "t-corpus.Known", "[{common/money.proto common/money.proto 1}]"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", argument, diff)
		}
		reader := open(t, "", serde.Options{Registry: registry})
		text, _, err := serde.Render(t.Context(), nil, reader, serde.Input{Topic: "t", Part: serde.Value, Data: out.Data}, value.JSONOptions{})
		if diff := cmp.Diff(`{"price":{"units":"5"}}`, string(text)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}
