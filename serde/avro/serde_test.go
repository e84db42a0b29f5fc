package avro

import (
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

func newShelf() *serdetest.Shelf {
	item := `{"type":"record","name":"shop.Item","fields":[{"name":"sku","type":"string"},{"name":"in","type":"Money"}]}`
	money := `{"type":"record","name":"shop.Money","fields":[{"name":"cents","type":"long"}]}`
	add := func(id, version int, subject, text string, refs ...serde.Reference) serde.Schema {
		info := serde.SchemaInfo{ID: id, Subject: subject, Version: version, GUID: serdetest.ShelfGUID, Type: "AVRO"}
		return serde.Schema{SchemaInfo: info, Text: text, References: refs}
	}
	other := add(9, 1, "proto", `syntax = "proto3";`)
	other.Type, other.GUID = "PROTOBUF", ""
	return &serdetest.Shelf{Schemas: []serde.Schema{
		add(1, 1, "money", money),
		add(2, 1, "item", item, serde.Reference{Name: "shop.Money", Subject: "money", Version: 1}),
		add(3, 1, "t-value", `{"type":"record","name":"shop.Order","fields":[{"name":"items","type":{"type":"array","items":"shop.Item"}},{"name":"total","type":"shop.Money"}]}`,
			serde.Reference{Name: "shop.Item", Subject: "item", Version: 1}, serde.Reference{Name: "shop.Money", Subject: "money", Version: 1}),
		add(4, 1, "t-key", `"long"`),
		add(5, 2, "t-key", `"double"`),
		add(6, 1, "broken", `{"type":"record"}`),
		other,
		add(10, 1, "blob-value", `"bytes"`),
		add(1<<31+7, 1, "far", `"int"`),
	}}
}

func part(key bool) serde.Part {
	if key {
		return serde.Key
	}
	return serde.Value
}

func TestReadingFrames(t *testing.T) {
	guid := unhex(t, "01 00112233445566778899aabbccddeeff")
	tests := map[string]struct {
		hex     string
		key     bool
		headers []serde.Header
		want    string
		wantErr string
	}{
		"prefix":               {hex: "00 00000001 54", want: `{"cents":42}`},
		"references":           {hex: "00 00000003 02 02 61 06 00 08", want: `{"items":[{"sku":"a","in":{"cents":3}}],"total":{"cents":4}}`},
		"id over 31 bits":      {hex: "00 80000007 02", want: "1"},
		"guid in the header":   {hex: "02", headers: []serde.Header{{Key: "__value_schema_id", Value: guid}}, want: "1"},
		"guid of the key":      {hex: "02", key: true, headers: []serde.Header{{Key: "__value_schema_id"}, {Key: "__key_schema_id", Value: guid}}, want: "1"},
		"id in the header":     {hex: "54", headers: []serde.Header{{Key: "__value_schema_id", Value: []byte{0, 0, 0, 0, 1}}}, want: `{"cents":42}`},
		"header of the other":  {hex: "00 00000001 54", headers: []serde.Header{{Key: "__key_schema_id", Value: guid}}, want: `{"cents":42}`},
		"guid in the payload":  {hex: "01 00112233445566778899aabbccddeeff 02", want: "1"},
		"bytes after it":       {hex: "00 00000001 54 00 00", wantErr: "avro: byte 6: 2 bytes after the value"},
		"id of eight bytes":    {hex: "00 0000000000000001 54", want: `{"cents":42}`},
		"bytes at the top":     {hex: "00 0000000a 04 0102", want: `"BAEC"`},
		"no bytes at the top":  {hex: "00 0000000a", want: `""`},
		"JSON":                 {hex: "7b 22 69 64 22 3a 31 7d", wantErr: "avro: byte 0: no schema id: want 00 and 4 bytes, have 7b 22 69 64 22"},
		"nothing":              {hex: "", wantErr: "avro: byte 0: no schema id: want 00 and 4 bytes, have "},
		"cut frame":            {hex: "00 00 00", wantErr: "avro: byte 0: no schema id: want 00 and 4 bytes, have 00 00 00"},
		"header of nonsense":   {hex: "00 00000001 54", headers: []serde.Header{{Key: "__value_schema_id", Value: []byte("x")}}, wantErr: "avro: header __value_schema_id: no schema id"},
		"unknown id":           {hex: "00 00000063 54", wantErr: "avro: byte 1: schema 99: the registry does not know the schema"},
		"not Avro":             {hex: "00 00000009 54", wantErr: "avro: byte 1: schema 9: it is of type PROTOBUF: not supported"},
		"no schema after all":  {hex: "00 00000006 54", wantErr: `avro: byte 1: schema 6: schema: record: "name" is missing or no text`},
		"wrong datum":          {hex: "00 00000001 80", wantErr: "avro: byte 6: the bytes end too early"},
		"wrong after a header": {hex: "80", headers: []serde.Header{{Key: "__value_schema_id", Value: guid}}, wantErr: "avro: byte 1: the bytes end too early"},
		"glue":                 {hex: "03 00 00112233445566778899aabbccddeeff 02", wantErr: "avro: byte 0: the frame of AWS Glue: not supported"},
		"single object":        {hex: "c3 01 0102030405060708 02", wantErr: "avro: byte 0: single-object encoding, fingerprint 0807060504030201: the registry does not know the schema; name its file: avro:FILE"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := New(serde.Spec{Name: "avro"}, serde.Options{Registry: newShelf()})
			if err != nil {
				t.Fatal(err)
			}
			in := serde.Input{Topic: "t", Part: part(tt.key), Data: unhex(t, tt.hex), Headers: tt.headers}
			got, _, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
			if tt.wantErr != "" {
				tt.want = ""
			} else {
				tt.wantErr = "<nil>"
			}
			if diff := cmp.Diff([]string{tt.want, tt.wantErr}, []string{string(got), fmt.Sprint(err)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := s.Decode(t.Context(), in); fmt.Sprint(err) != tt.wantErr {
				t.Errorf("Decode: %v", err)
			}
		})
	}
}

// TestFramesBeforeALocalSchema has records of a registry read by a schema of a file.
func TestFramesBeforeALocalSchema(t *testing.T) {
	record := `{"type":"record","name":"R","fields":[{"name":"id","type":"long"},{"name":"name","type":"string"}]}`
	tests := map[string]struct {
		schema  string
		hex     string
		want    string
		skipped string
		wantErr string
	}{
		"no frame":          {hex: "0a 0278", want: `{"id":5,"name":"x"}`},
		"four bytes of id":  {hex: "00 00000007 0a 0278", want: `{"id":5,"name":"x"}`, skipped: "the frame of schema 7"},
		"eight bytes of id": {hex: "00 0000000000000007 0a 0278", want: `{"id":5,"name":"x"}`, skipped: "the frame of schema 7"},
		"a GUID":            {hex: "01 00112233445566778899aabbccddeeff 0a 0278", want: `{"id":5,"name":"x"}`, skipped: "the frame of schema 00112233-4455-6677-8899-aabbccddeeff"},
		"Glue":              {hex: "03 00 00112233445566778899aabbccddeeff 0a 0278", want: `{"id":5,"name":"x"}`, skipped: "the frame of AWS Glue, schema version 00112233-4455-6677-8899-aabbccddeeff"},
		"Glue, compressed":  {hex: "03 05 00112233445566778899aabbccddeeff 789ce362aa0000009d0085", want: `{"id":5,"name":"x"}`, skipped: "the frame of AWS Glue, schema version 00112233-4455-6677-8899-aabbccddeeff"},
		"like a frame":      {hex: "00 06 00 00 07", want: `{"id":0,"name":"\u0000\u0000\u0007"}`},
		"after the frame":   {hex: "00 00000007 0a 0278 00", wantErr: "avro: byte 2: 7 bytes after the value; nor is what follows the frame of schema 7 a value of R"},
		"after the value":   {hex: "0a 0278 00", wantErr: "avro: byte 3: 1 byte after the value"},
		"bytes without one": {schema: `"bytes"`, hex: "00 00000007 04 0102", want: `"BAEC"`, skipped: "the frame of schema 7"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.schema == "" {
				tt.schema = record
			}
			s, err := openFile(tt.schema, serde.Options{})
			if err != nil {
				t.Fatal(err)
			}
			in := serde.Input{Topic: "t", Part: serde.Value, Data: unhex(t, tt.hex)}
			got, r, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
			if tt.wantErr == "" {
				tt.wantErr = "<nil>"
			}
			if tt.skipped == "" {
				tt.skipped = "no frame"
			}
			if diff := cmp.Diff([]string{tt.want, tt.skipped, tt.wantErr}, []string{string(got), r.Skipped.String(), fmt.Sprint(err)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := s.Decode(t.Context(), in); fmt.Sprint(err) != tt.wantErr {
				t.Errorf("Decode: %v", err)
			}
			serdetest.Cuts(t, s, in.Data)
		})
	}
}

func TestSchemaInfo(t *testing.T) {
	s, err := New(serde.Spec{Name: "avro"}, serde.Options{Registry: newShelf()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Decode(t.Context(), serde.Input{Topic: "t", Part: serde.Value, Data: unhex(t, "00 00000001 54")})
	if err != nil {
		t.Fatal(err)
	}
	want := &serde.SchemaInfo{ID: 1, GUID: serdetest.ShelfGUID, Subject: "money", Version: 1, Type: "AVRO", Name: "shop.Money"}
	if diff := cmp.Diff(want, r.Schema); diff != "" || r.Format != "avro" {
		t.Errorf("format %q (-want +got):\n%s", r.Format, diff)
	}
}

// TestSchemasAreAskedForOnce has many readers of two ids at once.
func TestSchemasAreAskedForOnce(t *testing.T) {
	reg := newShelf()
	s, err := New(serde.Spec{Name: "avro"}, serde.Options{Registry: reg})
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for i := range 50 {
		readers.Go(func() {
			data := unhex(t, []string{"00 00000001 54", "00 00000004 54"}[i%2])
			if _, err := s.Decode(t.Context(), serde.Input{Topic: "t", Data: data}); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
	if reg.Asked != 2 {
		t.Errorf("the registry is asked %d times for 2 schemas", reg.Asked)
	}
}

func TestRegistryIsDown(t *testing.T) {
	reg := newShelf()
	reg.Err = fmt.Errorf("%w: connection refused", serde.ErrRegistry)
	s, err := New(serde.Spec{Name: "avro"}, serde.Options{Registry: reg})
	if err != nil {
		t.Fatal(err)
	}
	in := serde.Input{Topic: "t", Part: serde.Value, Data: unhex(t, "00 00000001 54")}
	_, err = s.Decode(t.Context(), in)
	var fault *serde.DecodeError
	if diff := cmp.Diff("schema 1: schema registry: connection refused", fmt.Sprint(err)); diff != "" || errors.As(err, &fault) {
		t.Errorf("a fault of the registry is none of the record (-want +got):\n%s", diff)
	}
	_, err = s.Encode(t.Context(), "t", serde.Value, int64(1))
	if diff := cmp.Diff("subject t-value: schema registry: connection refused", fmt.Sprint(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	reg.Err = nil
	if _, err := s.Decode(t.Context(), in); err != nil {
		t.Errorf("and it is not for ever: %v", err)
	}
}

func TestNoRegistry(t *testing.T) {
	s, err := New(serde.Spec{Name: "avro"}, serde.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Decode(t.Context(), serde.Input{Data: unhex(t, "00 00000001 54")})
	if diff := cmp.Diff("avro: byte 1: schema 1: there is no registry to ask for it", fmt.Sprint(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = s.Encode(t.Context(), "t", serde.Key, int64(1))
	if diff := cmp.Diff("avro: no schema to write with: name a registry, or a file: avro:FILE", fmt.Sprint(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, c := range readCorpus(t).Containers {
		got, r, err := serde.Render(t.Context(), nil, s, serde.Input{Data: unhex(t, c.Hex)}, value.JSONOptions{})
		want := `[{"a":1,"d":"1970-01-01"},{"a":null,"d":"1970-01-02"}]`
		if string(got) != want || err != nil || fmt.Sprint(r.Notes) != "[a container file, values: 2]" {
			t.Errorf("%s: %s, %v, %v", c.Name, got, r.Notes, err)
		}
	}
}

func TestWritingFrames(t *testing.T) {
	order := `{"items":[],"total":{"cents":4}}`
	tests := map[string]struct {
		o       serde.Options
		key     bool
		json    string
		want    string // the data, and a header
		wantErr string
	}{
		"latest of the topic":     {json: order, want: "00000000030008"},
		"latest of the key":       {key: true, json: "1", want: "0000000005000000000000f03f"},
		"by id":                   {o: serde.Options{SchemaID: "4"}, json: "1", want: "000000000402"},
		"id over 31 bits":         {o: serde.Options{SchemaID: "2147483655"}, json: "1", want: "008000000702"},
		"by version":              {o: serde.Options{SchemaID: "t-key:1"}, json: "1", want: "000000000402"},
		"latest of a subject":     {o: serde.Options{SchemaID: "t-key:latest"}, json: "1", want: "0000000005000000000000f03f"},
		"in the header":           {o: serde.Options{SchemaID: "4", SchemaIDIn: "header"}, json: "1", want: "02 __value_schema_id=0100112233445566778899aabbccddeeff"},
		"header of the key":       {o: serde.Options{SchemaID: "4", SchemaIDIn: "header"}, key: true, json: "1", want: "02 __key_schema_id=0100112233445566778899aabbccddeeff"},
		"bytes at the top":        {o: serde.Options{SchemaID: "10"}, json: `"BAEC"`, want: "000000000a040102"},
		"no bytes at the top":     {o: serde.Options{SchemaID: "10"}, json: `""`, want: "000000000a"},
		"unknown id":              {o: serde.Options{SchemaID: "99"}, json: "1", wantErr: "avro: schema 99: the registry does not know the schema"},
		"unknown version":         {o: serde.Options{SchemaID: "t-key:7"}, json: "1", wantErr: "avro: subject t-key: the registry does not know the schema"},
		"a subject by the record": {o: serde.Options{SubjectStrategy: "record"}, json: "1", wantErr: "avro: a subject by record needs to know it: name the schema's file, id or SUBJECT:VERSION"},
		"what does not fit":       {json: `{"items":[]}`, wantErr: "avro: total: missing, and the schema has no default"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.o.Registry = newShelf()
			s, err := New(serde.Spec{Name: "avro"}, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			checkWritten(t, s, part(tt.key), tt.json, tt.want, tt.wantErr)
		})
	}
}

func checkWritten(t *testing.T, s serde.Serde, p serde.Part, json, want, wantErr string) {
	t.Helper()
	out, err := s.Encode(t.Context(), "t", p, parse(t, json))
	got := hex.EncodeToString(out.Data)
	for _, h := range out.Headers {
		got += fmt.Sprintf(" %s=%x", h.Key, h.Value)
	}
	if wantErr == "" {
		wantErr = "<nil>"
	}
	if diff := cmp.Diff([]string{want, wantErr}, []string{got, fmt.Sprint(err)}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
		return
	}
	if err != nil {
		return
	}
	in := serde.Input{Topic: "t", Part: p, Data: out.Data, Headers: out.Headers}
	if _, err := s.Decode(t.Context(), in); err != nil {
		t.Errorf("what was written is not read: %v", err)
	}
}

func TestAutoRegister(t *testing.T) {
	schema := `{"type":"record","name":"a.R","fields":[{"name":"x","type":"int"}]}`
	for strategy, subject := range map[string]string{"": "t-value", "topic": "t-value", "record": "a.R", "topic-record": "t-a.R"} {
		reg := &serdetest.Shelf{}
		s, err := openFile(schema, serde.Options{Registry: reg, AutoRegister: true, SubjectStrategy: strategy})
		if err != nil {
			t.Fatal(err)
		}
		checkWritten(t, s, serde.Value, `{"x":1}`, "000000006402", "")
		checkWritten(t, s, serde.Value, `{"x":2}`, "000000006404", "")
		if len(reg.Schemas) != 1 || reg.Schemas[0].Subject != subject || reg.Schemas[0].Text != schema {
			t.Errorf("%s: registered %+v", strategy, reg.Schemas)
		}
	}
}

func TestAutoRegisterInTheHeader(t *testing.T) {
	s, err := openFile(`"int"`, serde.Options{Registry: &serdetest.Shelf{}, AutoRegister: true, SchemaIDIn: "header"})
	if err != nil {
		t.Fatal(err)
	}
	checkWritten(t, s, serde.Key, "1", "02 __key_schema_id=0100112233445566778899aabbccddeeff", "")
}

func TestLocalFile(t *testing.T) {
	container := readCorpus(t).Containers[0].Hex
	tests := map[string]struct{ schema, hex, want string }{
		"bare":                      {`"int"`, "02", "1"},
		"single object":             {`"int"`, "c301 8f5c393f1ad57572 02", "1"},
		"that only looks like one":  {`{"type":"array","items":"int"}`, "c301 01 02 00", "error"},
		"a long that is c3 01":      {`"long"`, "c301", "-98"},
		"a container file":          {`"int"`, container, `[{"a":1,"d":"1970-01-01"},{"a":null,"d":"1970-01-02"}]`},
		"that only looks like one ": {`{"type":"fixed","name":"F","size":4}`, "4f626a01", `"T2JqAQ=="`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := openFile(tt.schema, serde.Options{Registry: newShelf()})
			if err != nil {
				t.Fatal(err)
			}
			in := serde.Input{Data: unhex(t, tt.hex)}
			got, _, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
			if err != nil {
				got = []byte("error")
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestReaderSchema(t *testing.T) {
	writer := `{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"old","type":"string"}]}`
	reader := `{"type":"record","name":"R","fields":[{"name":"new","type":{"type":"int","logicalType":"date"},"default":1},{"name":"a","type":["null","long"]}]}`
	reg := newShelf()
	add := func(id int, subject, text string) {
		info := serde.SchemaInfo{ID: id, Subject: subject, Version: 1, Type: "AVRO"}
		reg.Schemas = append(reg.Schemas, serde.Schema{SchemaInfo: info, Text: text})
	}
	add(20, "w", writer)
	add(21, "r", reader)
	for _, from := range []string{"reader.avsc", "21", "r:1", "r:latest"} {
		o := serde.Options{Registry: reg, ReaderSchema: from, Files: func(string) ([]byte, error) { return []byte(reader), nil }}
		s, err := New(serde.Spec{Name: "avro"}, o)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: unhex(t, "00 00000014 0a 02 78")}, value.JSONOptions{})
		if string(got) != `{"new":"1970-01-02","a":5}` || err != nil {
			t.Errorf("%s: %s, %v", from, got, err)
		}
		_, err = s.Decode(t.Context(), serde.Input{Data: unhex(t, "00 00000014 0a 02 78 00")})
		if diff := cmp.Diff("avro: byte 8: 1 byte after the value", fmt.Sprint(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", from, diff)
		}
		_, err = s.Decode(t.Context(), serde.Input{Data: unhex(t, "00 00000001 02")})
		if err == nil {
			t.Errorf("%s: a record of another name is read", from)
		}
		_, err = s.Decode(t.Context(), serde.Input{Data: unhex(t, "00 00000014 0a 80")})
		if diff := cmp.Diff("avro: byte 7: the bytes end too early", fmt.Sprint(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", from, diff)
		}
	}
}

// TestReaderSchemaOfTheRegistry resolves a file, once the registry answers.
func TestReaderSchemaOfTheRegistry(t *testing.T) {
	reg := newShelf()
	reg.Err = fmt.Errorf("%w: connection refused", serde.ErrRegistry)
	s, err := openFile(`"int"`, serde.Options{Registry: reg, ReaderSchema: "t-key:latest"})
	if err != nil {
		t.Fatal(err)
	}
	in := serde.Input{Data: []byte{2}}
	_, err = s.Decode(t.Context(), in)
	if diff := cmp.Diff("reader schema: schema registry: connection refused", fmt.Sprint(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	reg.Err = nil
	for range 3 {
		got, _, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
		if string(got) != "1.0" || err != nil {
			t.Errorf("%s, %v", got, err)
		}
	}
	if reg.Asked != 2 {
		t.Errorf("the registry is asked %d times", reg.Asked)
	}
}

func TestOptionErrors(t *testing.T) {
	missing := func(name string) ([]byte, error) { return nil, fmt.Errorf("open %s: no such file", name) }
	tests := map[string]struct {
		file    string
		o       serde.Options
		wantErr string
	}{
		"style":               {o: serde.Options{AvroJSON: "x"}, wantErr: `avro: JSON is plain or avro, not "x"`},
		"strategy":            {o: serde.Options{SubjectStrategy: "x"}, wantErr: `avro: the subject is by topic, record or topic-record, not "x"`},
		"id in":               {o: serde.Options{SchemaIDIn: "x"}, wantErr: `avro: the schema id is in the prefix or the header, not "x"`},
		"id":                  {o: serde.Options{SchemaID: "x"}, wantErr: `avro: schema id "x" is no N, latest or SUBJECT:VERSION`},
		"nothing to register": {o: serde.Options{AutoRegister: true, Registry: newShelf()}, wantErr: "avro: auto-register needs the schema to register: avro:FILE"},
		"nowhere to register": {file: "x.avsc", o: serde.Options{AutoRegister: true, Files: func(string) ([]byte, error) { return []byte(`"int"`), nil }}, wantErr: "avro: auto-register needs a registry"},
		"no files":            {file: "x.avsc", wantErr: "avro: schema file x.avsc: not supported"},
		"no file":             {file: "x.avsc", o: serde.Options{Files: missing}, wantErr: "avro: open x.avsc: no such file"},
		"no reader":           {o: serde.Options{Files: missing, ReaderSchema: "r.avsc"}, wantErr: "reader schema: avro: open r.avsc: no such file"},
		"bad schema":          {file: "x.avsc", o: serde.Options{Files: func(string) ([]byte, error) { return []byte(`"x"`), nil }}, wantErr: `avro: x.avsc: schema: unknown type "x"`},
	}
	for name, tt := range tests {
		_, err := New(serde.Spec{Name: "avro", Argument: tt.file}, tt.o)
		if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
