package output

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// samples are records of every kind, named for the tests that want one of them.
func samples() []Message {
	at := func(offset int64, m Message) Message {
		m.Topic, m.Partition, m.Offset = "orders", 3, offset
		if m.TimestampType == "" {
			m.Timestamp, m.TimestampType = 1795337438558, "create"
		}
		return m
	}
	b := func(s string) Field { return Field{Bytes: []byte(s)} }
	none := at(11, Message{Key: b("k"), Value: b("no timestamp")})
	none.Timestamp, none.TimestampType = -1, ""
	return []Message{
		at(0, Message{Key: b("k1"), Value: b(`{"a": 1}`), Headers: []Header{{Key: "h", Value: b("v")}}}),
		at(1, Message{Key: b(""), Value: b("")}),
		at(2, Message{}),
		at(3, Message{Key: b("42"), Value: b("{\n  \"b\": [1, 2],\n  \"a\": \"x\\ny\"\n}\n")}),
		at(4, Message{Key: b(`["k"]`), Value: b("\x00\xff\xfe")}),
		at(5, Message{Key: b("tab\there"), Value: b("\x1b[2J\x1b]0;pwned\x07 caf\u00e9 \u202egpj.exe\u2066 \u0085\u2028 \"q\" \\ \x7f"), Headers: []Header{
			{Key: "dup", Value: b("1")}, {Key: "dup", Value: b("2")}, {Key: "null"}, {Key: "\xff\x1b", Value: b("\xff")}, {Key: "json", Value: b(`{"x":1}`)},
		}}),
		at(6, Message{Key: b("=cmd|' /C calc'!A0"), Value: Field{Bytes: []byte("\x00\x00\x00\x00\x07\x02"), JSON: []byte(`{"id":1,"name":"a\u0000b"}`), Encoding: "avro", Schema: "7"}}),
		at(7, Message{Key: b("bad"), Value: Field{Bytes: []byte("\x00\x00\x00\x00\x09"), Err: "schema 9: not found"}}),
		at(8, Message{Key: Field{Bytes: []byte("ab"), Text: TextHex}, Value: Field{Bytes: []byte(`{"a":1}`), Text: TextString}}),
		at(9, Message{Key: Field{Bytes: []byte("ab"), Text: TextBase64}, Value: Field{JSON: []byte("null"), Bytes: []byte("null"), Encoding: "json"}}),
		at(10, Message{Key: b("日本"), Value: b(`{"a":1} `), Timestamp: 0, TimestampType: "log_append"}),
		none,
		at(12, Message{Key: b("c"), Value: b("{\"esc\":\"\x7f\u009b31m\u202e\"}")}),
	}
}

// render appends every sample in one format.
func render(f Format) []byte {
	var dst []byte
	for _, m := range samples() {
		dst = f.Append(dst, &m)
	}
	return dst
}
