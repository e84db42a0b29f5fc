package output

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSONGolden(t *testing.T) {
	golden(t, "json.golden", render(JSON{}))
	golden(t, "json_terminal.golden", render(JSON{Terminal: true}))
}

func TestJSONLines(t *testing.T) {
	for _, f := range []JSON{{}, {Terminal: true}} {
		for i, m := range samples() {
			line := f.Append(nil, &m)
			if !json.Valid(line) || bytes.IndexByte(line, '\n') != len(line)-1 {
				t.Errorf("sample %d, %+v: not one line of JSON: %q", i, f, line)
			}
		}
	}
}

func TestJSONText(t *testing.T) {
	deep := strings.Repeat("[", MaxNesting+1) + strings.Repeat("]", MaxNesting+1)
	tests := map[string]struct{ value, want string }{
		"object":           {`{"a": 1}`, `{"a": 1},"value_encoding":"json"`},
		"array":            {`[]`, `[],"value_encoding":"json"`},
		"two objects":      {`{}{}`, `"{}{}"`},
		"broken object":    {`{"a":}`, `"{\"a\":}"`},
		"number":           {`42`, `"42"`},
		"the word null":    {`null`, `"null"`},
		"quoted":           {`"x"`, `"\"x\""`},
		"line breaks":      {"{\"a\":\r\n [1,  2]}", `{"a":[1,2]},"value_encoding":"json-reflowed"`},
		"break at the end": {"[1, 2]\n", `[1,2],"value_encoding":"json-reflowed"`},
		"blank at the end": {`[1] `, `"[1] "`},
		"blank before":     {"\t[1]", `"\t[1]"`},
		"too deep":         {deep, `"` + deep + `"`},
		"control":          {"a\x01\b\n", `"a\u0001\u0008\n"`},
		"binary":           {"\xc3\x28", `"wyg=","value_encoding":"base64"`},
		"JSON not UTF-8":   {"[\"\xff\"]", `"WyL/Il0=","value_encoding":"base64"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := Message{Value: Field{Bytes: []byte(tt.value)}}
			line := string(JSON{}.Append(nil, &m))
			_, got, _ := strings.Cut(line, `"key":null,"value":`)
			got = strings.TrimSuffix(got, ",\"headers\":[]}\n")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestJSONDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 1<<16)
	for i, m := range samples() {
		for _, f := range []JSON{{}, {Terminal: i != 3}} {
			if n := testing.AllocsPerRun(10, func() { f.Append(dst, &m) }); n != 0 {
				t.Errorf("sample %d, %+v: %v allocations", i, f, n)
			}
		}
	}
}

func BenchmarkJSON(b *testing.B) {
	header := []Header{{Key: "trace", Value: Field{Bytes: []byte("00-4bf92f3577b34da6")}}}
	for name, m := range map[string]Message{
		"object":  {Value: Field{Bytes: []byte(sampleValue)}},
		"text":    {Value: Field{Bytes: []byte(strings.Repeat("plain text, ", 9) + "end..")}},
		"binary":  {Value: Field{Bytes: bytes.Repeat([]byte{0xff}, 113)}},
		"headers": {Value: Field{Bytes: []byte(sampleValue)}, Headers: header},
	} {
		m.Topic, m.Offset, m.Timestamp, m.TimestampType = "orders", 123456, 1795337438558, "create"
		m.Key.Bytes = []byte("user-4217")
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, 0, 1024)
			b.SetBytes(113)
			b.ReportAllocs()
			for b.Loop() {
				dst = JSON{}.Append(dst[:0], &m)
			}
		})
	}
}
