package jsonschema

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

const order = `{"title":"Order","type":"object","properties":{"id":{"type":"string","pattern":"^[a-z]+$","maxLength":5},` +
	`"n":{"type":"integer","minimum":3},"at":{"type":"string","format":"date"},"of":{"anyOf":[{"type":"null"},{"const":1}]}},"required":["id"]}`

func newShelf() *shelf {
	add := func(id int, subject, kind, text string, refs ...serde.Reference) serde.Schema {
		info := serde.SchemaInfo{ID: id, Subject: subject, Version: 1, Type: kind}
		return serde.Schema{SchemaInfo: info, Text: text, References: refs}
	}
	s := &shelf{schemas: []serde.Schema{
		add(1, "t-value", "JSON", order),
		add(2, "item", "JSON", `{"type":"integer"}`),
		add(3, "relative-value", "JSON", `{"$id":"http://example.com/dir/list.json","items":{"$ref":"item.json"}}`, serde.Reference{Name: "item.json", Subject: "item", Version: 1}),
		add(4, "absolute-value", "JSON", `{"items":{"$ref":"http://example.com/item.json"}}`, serde.Reference{Name: "http://example.com/item.json", Subject: "item", Version: 1}),
		add(5, "file-value", "JSON", `{"items":{"$ref":"file:///etc/passwd"}}`),
		add(6, "http-value", "JSON", `{"$ref":"http://127.0.0.1:1/x.json"}`),
		add(7, "broken-value", "JSON", `{"type":`),
		add(8, "wrong-value", "JSON", `{"type":"nothing"}`),
		add(9, "avro-value", "AVRO", `"int"`),
		add(10, "text-value", "JSON", `"text"`),
	}}
	s.schemas[0].GUID = "00112233-4455-6677-8899-aabbccddeeff"
	return s
}

func TestReading(t *testing.T) {
	guid := []serde.Header{{Key: "__value_schema_id", Value: []byte("\x01\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff")}}
	tests := map[string]struct {
		data     string
		headers  []serde.Header
		validate bool
		want     string
		notes    []string
		wantErr  string
	}{
		"numbers and order":   {data: "\x00\x00\x00\x00\x01{ \"n\": 9007199254740993, \"id\":\"a\", \"n\":1.10}", want: `{"n":9007199254740993,"id":"a","n":1.10}`},
		"valid":               {data: "\x00\x00\x00\x00\x01{\"id\":\"a\"}", validate: true, want: `{"id":"a"}`},
		"invalid, not asked":  {data: "\x00\x00\x00\x00\x01{\"id\":1}", want: `{"id":1}`},
		"invalid":             {data: "\x00\x00\x00\x00\x01{\"id\":1}", validate: true, wantErr: "jsonschema: /id: got number, want string"},
		"the last one counts": {data: "\x00\x00\x00\x00\x01{\"id\":1,\"id\":\"a\"}", validate: true, want: `{"id":1,"id":"a"}`},
		"GUID in the header":  {data: `{"id":2}`, headers: guid, validate: true, wantErr: "jsonschema: /id: got number, want string"},
		"relative reference":  {data: "\x00\x00\x00\x00\x03[1,\"x\"]", validate: true, wantErr: "jsonschema: /1: got string, want integer"},
		"absolute reference":  {data: "\x00\x00\x00\x00\x04[1,\"x\"]", validate: true, wantErr: "jsonschema: /1: got string, want integer"},
		"a file":              {data: "\x00\x00\x00\x00\x05[1]", validate: true, wantErr: "jsonschema: schema: file:///etc/passwd: it is not among the references, and nothing else is opened"},
		"a URL":               {data: "\x00\x00\x00\x00\x06[1]", validate: true, wantErr: "jsonschema: schema: http://127.0.0.1:1/x.json: it is not among the references, and nothing else is opened"},
		"a file, not asked":   {data: "\x00\x00\x00\x00\x05[1]", want: `[1]`},
		"no JSON":             {data: "\x00\x00\x00\x00\x01{", wantErr: "jsonschema: byte 6: the bytes end too early"},
		"no JSON, checked":    {data: "\x00\x00\x00\x00\x01{", validate: true, wantErr: "jsonschema: byte 6: the bytes end too early"},
		"nothing":             {data: "\x00\x00\x00\x00\x01", wantErr: "jsonschema: byte 5: the bytes end too early"},
		"no frame":            {data: `{"id":1}`, wantErr: `jsonschema: byte 0: no schema id: want 00 and 4 bytes, have 7b 22 69 64 22`},
		"unknown id":          {data: "\x00\x00\x00\x00\x63{}", want: `{}`, notes: []string{"schema 99: the registry does not know the schema"}},
		"unknown id, checked": {data: "\x00\x00\x00\x00\x63{}", validate: true, wantErr: "jsonschema: byte 1: schema 99: the registry does not know the schema"},
		"not JSON Schema":     {data: "\x00\x00\x00\x00\x09{}", wantErr: "jsonschema: byte 1: schema 9: it is of type AVRO: not supported"},
		"a broken schema":     {data: "\x00\x00\x00\x00\x07{}", wantErr: "jsonschema: byte 1: schema 7: schema: byte 8: the bytes end too early"},
		"a schema of text":    {data: "\x00\x00\x00\x00\x0a{}", wantErr: "jsonschema: byte 1: schema 10: schema: want an object, have text"},
		"a wrong schema":      {data: "\x00\x00\x00\x00\x08{}", validate: true, wantErr: "jsonschema: schema: /type: value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'; /type: got string, want array"},
		"a huge number":       {data: "\x00\x00\x00\x00\x01{\"id\":1e999999999}", validate: true, wantErr: "jsonschema: a number too big to be checked"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t, "", serde.Options{Registry: newShelf(), Validate: tt.validate})
			in := serde.Input{Topic: "t", Part: serde.Value, Data: []byte(tt.data), Headers: tt.headers}
			if tt.wantErr == "" {
				tt.wantErr = "<nil>"
			}
			for range 2 {
				got, r, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
				if diff := cmp.Diff([]any{tt.want, tt.notes, tt.wantErr}, []any{string(got), r.Notes, fmt.Sprint(err)}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestWithoutRegistry(t *testing.T) {
	in := serde.Input{Topic: "t", Part: serde.Value, Data: []byte("\x00\x00\x00\x00\x07{}")}
	got, r, err := serde.Render(t.Context(), nil, open(t, "", serde.Options{}), in, value.JSONOptions{})
	if diff := cmp.Diff([]any{`{}`, 7}, []any{string(got), r.Schema.ID}); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	got, r, err = serde.Render(t.Context(), nil, open(t, "s.json", fileOptions(`{"type":"object"}`)), in, value.JSONOptions{})
	if diff := cmp.Diff([]any{`{}`, "the frame of schema 7"}, []any{string(got), r.Skipped.String()}); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	down := newShelf()
	down.err = fmt.Errorf("%w: down", serde.ErrRegistry)
	if _, err := open(t, "", serde.Options{Registry: down}).Decode(t.Context(), in); !errors.Is(err, serde.ErrRegistry) {
		t.Errorf("want the registry's error, have %v", err)
	}
}

func TestReasons(t *testing.T) {
	s := open(t, "s.json", fileOptions(order))
	long := strings.Repeat("k", 400)
	tests := map[string]struct{ json, want string }{
		"missing":     {`{}`, "/: missing property 'id'"},
		"the whole":   {`[]`, "/: got array, want object"},
		"pattern":     {`{"id":"SECRET"}`, `/id: maxLength: got 6, want 5; /id: does not match pattern "^[a-z]+$"`},
		"several":     {`{"id":"a","n":1,"of":2}`, "/n: is 1, want at least 3; /of: got number, want null; /of: value must be 1"},
		"not integer": {`{"id":"a","n":3.5}`, "/n: got number, want integer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := s.Decode(t.Context(), serde.Input{Data: []byte(tt.json)})
			if diff := cmp.Diff("jsonschema: "+tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			_, err = serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(tt.json), value.JSONOptions{})
			if diff := cmp.Diff("jsonschema: "+tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
		})
	}
	closed := open(t, "s.json", fileOptions(`{"additionalProperties":{"type":"null"},"propertyNames":{"maxLength":3}}`))
	_, err := closed.Decode(t.Context(), serde.Input{Data: []byte(`{"` + long + `":1,"b/~\n":2}`)})
	want := "jsonschema: /" + strings.Repeat("k", 57) + "…" + strings.Repeat("k", 33) + ": got number, want null; "
	if !strings.HasPrefix(fmt.Sprint(err), "jsonschema: ") || len(err.Error()) > 600 || strings.Contains(err.Error(), "\n") {
		t.Errorf("want like %s, have %v", want, err)
	}
}

func TestWriting(t *testing.T) {
	tests := map[string]struct {
		argument string
		o        serde.Options
		topic    string
		json     string
		want     string
		wantErr  string
	}{
		"as it stands":    {topic: "t", json: ` {"n": 9007199254740993, "id":"a"} `, want: "\x00\x00\x00\x00\x01{\"n\": 9007199254740993, \"id\":\"a\"}"},
		"invalid":         {topic: "t", json: `{"id":1}`, wantErr: "jsonschema: /id: got number, want string"},
		"no JSON":         {topic: "t", json: `{"id":`, wantErr: "jsonschema: input byte 6: the bytes end too early"},
		"by id":           {o: serde.Options{SchemaID: "2"}, topic: "x", json: `5`, want: "\x00\x00\x00\x00\x025"},
		"a file":          {argument: "s.json", topic: "x", json: `{"id":"a"}`, want: `{"id":"a"}`},
		"registered":      {argument: "s.json", o: serde.Options{AutoRegister: true, SubjectStrategy: "record"}, topic: "x", json: `{"id":"a"}`, want: "\x00\x00\x00\x00\x64{\"id\":\"a\"}"},
		"no such subject": {topic: "x", json: `{}`, wantErr: "jsonschema: subject x-value: the registry does not know the schema"},
		"no GUID":         {o: serde.Options{SchemaIDIn: "header", SchemaID: "2"}, topic: "x", json: `5`, wantErr: "jsonschema: schema 2: the registry gives the schema no GUID, which the header would carry"},
		"a wrong schema":  {topic: "file", json: `[1]`, wantErr: "jsonschema: schema: file:///etc/passwd: it is not among the references, and nothing else is opened"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.o.Registry, tt.o.Files = newShelf(), fileOptions(order).Files
			s := open(t, tt.argument, tt.o)
			if tt.wantErr == "" {
				tt.wantErr = "<nil>"
			}
			out, err := serde.EncodeJSON(t.Context(), nil, s, tt.topic, serde.Value, []byte(tt.json), value.JSONOptions{})
			if diff := cmp.Diff([]string{tt.want, tt.wantErr}, []string{string(out.Data), fmt.Sprint(err)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			v, err := value.ParseJSON([]byte(tt.json), false, 0)
			if err != nil {
				return
			}
			out, err = s.Encode(t.Context(), tt.topic, serde.Value, v)
			if fmt.Sprint(err) != tt.wantErr || err == nil && len(out.Data) == 0 {
				t.Errorf("Encode: %s %v", hex.EncodeToString(out.Data), err)
			}
		})
	}
}

func TestNewErrors(t *testing.T) {
	tests := map[string]struct {
		file string
		o    serde.Options
		want string
	}{
		"no JSON":           {file: `{`, want: "jsonschema: s.json: schema: byte 1: the bytes end too early"},
		"no schema":         {file: `[]`, want: "jsonschema: s.json: schema: want an object, have an array"},
		"wrong":             {file: `{"minLength":-1}`, want: "jsonschema: s.json: schema: /minLength: is -1, want at least 0"},
		"a bad pattern":     {file: `{"pattern":"("}`, want: `jsonschema: s.json: schema: /pattern: is no valid regex`},
		"another file":      {file: `{"$ref":"other.json"}`, want: "jsonschema: s.json: schema: kstream:///other.json: it is not among the references, and nothing else is opened"},
		"a number too big":  {file: `{"minimum":1e99999}`, want: "jsonschema: s.json: schema: a number too big to be checked"},
		"unknown draft":     {file: `{"$schema":"http://example.com/mine"}`, want: "jsonschema: s.json: schema: http://example.com/mine: it is not among the references, and nothing else is opened"},
		"nested too deeply": {file: strings.Repeat(`{"not":`, 20000), want: "jsonschema: s.json: schema: byte 7000: nested too deeply"},
		"too much work":     {file: doubling(40), want: "jsonschema: s.json: schema: too many ways through its references: too big"},
		"nothing to check":  {o: serde.Options{Validate: true}, want: "jsonschema: to validate, name a registry, or a file: jsonschema:FILE"},
		"no registry":       {file: `{}`, o: serde.Options{AutoRegister: true}, want: "jsonschema: auto-register needs a registry"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			argument := ""
			if tt.file != "" {
				argument, tt.o.Files = "s.json", fileOptions(tt.file).Files
			}
			_, err := New(serde.Spec{Name: "jsonschema", Argument: argument}, tt.o)
			if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// doubling is a chain of definitions, each of which names the next one twice.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/definitions/0","definitions":{`)
	for i := range n {
		fmt.Fprintf(&b, `"%d":{"allOf":[{"$ref":"#/definitions/%d"},{"$ref":"#/definitions/%d"}]},`, i, i+1, i+1)
	}
	fmt.Fprintf(&b, `"%d":{"type":"integer"}}}`, n)
	return b.String()
}

// TestExactNumbers is what floating point would say otherwise.
func TestExactNumbers(t *testing.T) {
	s := open(t, "s.json", fileOptions(`{"multipleOf":0.01,"maximum":9007199254740993}`))
	for text, want := range map[string]string{
		"0.07": "<nil>", "4.02": "<nil>", "9007199254740993": "<nil>", "1e-2": "<nil>",
		"0.001":            "jsonschema: /: is 0.001, want a multiple of 0.01",
		"9007199254740994": "jsonschema: /: is 9007199254740994, want at most 9007199254740993",
	} {
		if _, err := s.Decode(t.Context(), serde.Input{Data: []byte(text)}); fmt.Sprint(err) != want {
			t.Errorf("%s: want %s, have %v", text, want, err)
		}
	}
}

func TestPatterns(t *testing.T) {
	tests := map[string]struct {
		pattern string
		linear  string // what Go matches; empty: by backtracking
		yes, no []string
	}{
		"plain":               {`^[a-z]+$`, `^[a-z]+$`, []string{"abc"}, []string{"", "a1"}},
		"dot":                 {`^.$`, `^[^\n\r\x{2028}\x{2029}]$`, []string{"a", "é"}, []string{"\n", "\r", "\u2028"}},
		"space":               {`^\s$`, `^[` + spaces + `]$`, []string{" ", "\u00a0", "\ufeff", "\v"}, []string{"x", "\u200b"}},
		"space in a class":    {`^[\s,]+$`, `^[` + spaces + `,]+$`, []string{" ,"}, []string{"x"}},
		"no space":            {`^\S+$`, `^[^` + spaces + `]+$`, []string{"x"}, []string{" ", "\u00a0"}},
		"bracket in a class":  {`^[[:alpha:]+$`, `^[\[:alpha:]+$`, []string{"[a"}, []string{"z"}},
		"escapes":             {`^\u0041\x42\/\.\-$`, `^\x{0041}\x42\/\.\-$`, []string{"AB/.-"}, []string{"AB/x-"}},
		"group":               {`^(?:a|b)(c)$`, `^(?:a|b)(c)$`, []string{"ac"}, []string{"cc"}},
		"negated":             {`^[^a]$`, `^[^a]$`, []string{"b", "\n"}, []string{"a"}},
		"evil but linear":     {`^(a+)+$`, `^(a+)+$`, []string{"aa"}, []string{strings.Repeat("a", 50000) + "b"}},
		"look ahead":          {`^(?=a).+$`, ``, []string{"ab"}, []string{"b"}},
		"back reference":      {`^(a|b)\1$`, ``, []string{"aa"}, []string{"ab"}},
		"control":             {`^\cc$`, ``, []string{"\x03"}, []string{"c"}},
		"empty class":         {`^[^]$`, ``, []string{"\n"}, []string{""}},
		"not space, in class": {`^[\S]$`, ``, []string{"x"}, []string{" "}},
		"no end of line":      {`a$`, `a$`, []string{"ba"}, []string{"a\n"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := linear(tt.pattern)
			if diff := cmp.Diff(tt.linear, got); diff != "" || ok != (tt.linear != "") {
				t.Errorf("%v (-want +got):\n%s", ok, diff)
			}
			b := budget{left: patternTime}
			re, err := b.compile(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range tt.yes {
				if !re.MatchString(s) {
					t.Errorf("%q does not match", s)
				}
			}
			for _, s := range tt.no {
				if re.MatchString(s) {
					t.Errorf("%q matches", s)
				}
			}
			if b.exceeded || b.needed == ok {
				t.Errorf("exceeded %v, needed %v", b.exceeded, b.needed)
			}
		})
	}
}

// TestHostile is what a stranger may send.
func TestHostile(t *testing.T) {
	tests := map[string]struct {
		schema, data string
		want         string
	}{
		"20,000 deep":    {`{}`, strings.Repeat("[", 20000), "jsonschema: byte 1000: nested too deeply"},
		"1,000 deep":     {`{"items":{"$ref":"#"}}`, strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "<nil>"},
		"a slow pattern": {`{"items":{"pattern":"^(?=a)(a+)+$"}}`, `["` + strings.Repeat("a", 40) + `b"` + strings.Repeat(`,"`+strings.Repeat("a", 40)+`b"`, 1000) + `]`, "jsonschema: a pattern of the schema takes too long"},
		"huge exponents": {`{"items":{"minimum":0}}`, `[1` + strings.Repeat(",1e999999", 10000) + `]`, "jsonschema: a number too big to be checked"},
		"huge numbers":   {`{"minimum":0}`, strings.Repeat("9", 1000000), "jsonschema: a number too big to be checked"},
		"many numbers":   {`{"items":{"multipleOf":0.01}}`, `[1` + strings.Repeat(",1e999", 10000) + `]`, "jsonschema: a number too big to be checked"},
		"unique": {`{"uniqueItems":true}`, `[[0]` + func() string {
			var b strings.Builder
			for i := range 20000 {
				fmt.Fprintf(&b, ",[%d]", i+1)
			}
			return b.String()
		}() + `]`, "<nil>"},
		"a reference to itself": {`{"$ref":"#"}`, `1`, "jsonschema: /: the schema refers to itself"},
		"wrong in all items":    {`{"items":{"type":"string"}}`, `[1` + strings.Repeat(",1234", 100000) + `]`, "jsonschema: /0: got number, want string; /1: got number, want string; /2: got number, want string; /3: got number, want string; and 996 more"},
		"too many values":       {`{"items":{"type":"string"}}`, `[1` + strings.Repeat(",1", 1<<20) + `]`, "jsonschema: too many values to be checked"},
		"a tree of choices":     {doubling(9), `"x"`, "jsonschema: /: got string, want integer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			s := open(t, "s.json", fileOptions(tt.schema))
			serdetest.Check(t, s, []byte(tt.data))
			_, err := s.Decode(t.Context(), serde.Input{Data: []byte(tt.data)})
			if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("takes %v", took)
			}
		})
	}
}

// TestConcurrent checks with a schema whose patterns need time from many goroutines.
func TestConcurrent(t *testing.T) {
	s := open(t, "s.json", fileOptions(`{"pattern":"^(?=a)"}`))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := s.Decode(t.Context(), serde.Input{Data: []byte(`"abc"`)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func fuzzOpen(o serde.Options) (serde.Serde, error) {
	o.Files = fileOptions(`{"properties":{"id":{"type":"string","pattern":"^(?=a)"},"n":{"multipleOf":0.5},"next":{"$ref":"#"}},"items":{"$ref":"#"}}`).Files
	return New(serde.Spec{Name: "jsonschema", Argument: "s.json"}, o)
}

func FuzzJSON(f *testing.F) {
	serdetest.Fuzz(f, fuzzOpen, []byte(`{"id":"ab","n":1.5,"next":{"next":[1,"x",null]}}`), []byte(`[{"id":"b"},1e400]`), []byte("\x00\x00\x00\x00\x01{}"))
}

// FuzzSchema compiles any text, and checks with it what it says.
func FuzzSchema(f *testing.F) {
	f.Add(order, `{"id":"a"}`)
	f.Add(`{"$ref":"#/definitions/a","definitions":{"a":{"pattern":"^(a+)+$"}}}`, `"aaa"`)
	f.Add(doubling(3), `1`)
	f.Fuzz(func(t *testing.T, schema, data string) {
		s, err := New(serde.Spec{Name: "jsonschema", Argument: "s.json"}, fileOptions(schema))
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("long: %v", err)
			}
			return
		}
		serdetest.Check(t, s, []byte(data))
	})
}

func BenchmarkJSON(b *testing.B) {
	open := func(o serde.Options) (serde.Serde, error) {
		o.Files = fileOptions(order).Files
		return New(serde.Spec{Name: "jsonschema", Argument: "s.json"}, o)
	}
	serdetest.Benchmark(b, open, []byte(`{"id":"abc","n":5,"at":"2024-02-29","of":null}`))
}
