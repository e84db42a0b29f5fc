package output

import (
	"encoding/csv"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFormatsGolden(t *testing.T) {
	line := []byte("\n")
	golden(t, "value.golden", render(Value{Delimiter: line}))
	golden(t, "value_terminal.golden", render(Value{KeySeparator: []byte(" => "), Delimiter: line, Null: []byte("NULL"), Terminal: true}))
	golden(t, "raw.golden", render(Value{}))
	golden(t, "csv.golden", slices.Concat([]byte(CSV{}.Header()), render(CSV{})))
	golden(t, "csv_safe.golden", render(CSV{Safe: true, Terminal: true, Null: []byte(`\N`)}))
	golden(t, "pretty.golden", render(Pretty{}))
	golden(t, "pretty_colour.golden", render(Pretty{Width: 16, Palette: Colours(), Zone: time.FixedZone("", 3600)}))
	if got := render(None{}); len(got) != 0 {
		t.Errorf("None wrote %q", got)
	}
}

func TestValueIsExact(t *testing.T) {
	m := Message{Key: Field{Bytes: []byte("k\xff")}, Value: Field{Bytes: []byte("\x1b\x00\xff")}}
	if diff := cmp.Diff("k\xff\t\x1b\x00\xff\x00", string(Value{KeySeparator: []byte("\t"), Delimiter: []byte{0}}.Append(nil, &m))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCSVReadsBack(t *testing.T) {
	for _, cell := range []string{``, `a`, `a,b`, `"`, `""`, `a"b"`, "a\nb", "\r", ` a `, `\N`, "é,\x00"} {
		m := Message{Topic: "t", Key: Field{Bytes: []byte(cell)}, Headers: []Header{{Key: cell}}}
		row := string(CSV{Null: []byte(`\N`)}.Append([]byte("x"), &m))[1:]
		got, err := csv.NewReader(strings.NewReader(row)).Read()
		if err != nil {
			t.Fatalf("%q: %v", row, err)
		}
		headers, err := json.Marshal([]map[string]any{{"key": cell, "value": nil}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"t", "0", "0", `\N`, cell, `\N`}, got[:6]); diff != "" {
			t.Errorf("%q: -want +got:\n%s", row, diff)
		}
		if unescape(t, got[6]) != unescape(t, string(headers)) {
			t.Errorf("headers %s, want %s", got[6], headers)
		}
	}
}

// unescape gives equal JSON one spelling.
func unescape(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFormatsDoNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 1<<16)
	for _, f := range []Format{Value{Delimiter: []byte("\n"), Terminal: true}, CSV{Safe: true}, Pretty{Palette: Colours()}} {
		m := samples()[0]
		if n := testing.AllocsPerRun(10, func() { f.Append(dst, &m) }); n != 0 {
			t.Errorf("%T: %v allocations", f, n)
		}
	}
}

// TestColours proves that the palette uses nothing but the 16 ANSI colours.
func TestColours(t *testing.T) {
	text := string(render(Pretty{Palette: Colours()}))
	for _, code := range regexp.MustCompile("\x1b[^m]*m").FindAllString(text, -1) {
		if !regexp.MustCompile(`^\x1b\[(0|[12]|(1;)?3[0-7])?m$`).MatchString(code) {
			t.Errorf("unexpected escape sequence %q", code)
		}
	}
	if !strings.Contains(text, "\x1b[") {
		t.Error("no colour at all")
	}
}

func TestPrettyIsBounded(t *testing.T) {
	value := strings.Repeat("[", MaxNesting) + "1" + strings.Repeat(",1", 1000) + strings.Repeat("]", MaxNesting)
	m := Message{Value: Field{Bytes: []byte(value)}}
	if n := len(Pretty{}.Append(nil, &m)); n > 64*len(value) {
		t.Errorf("%d bytes of JSON became %d", len(value), n)
	}
}

func FuzzPretty(f *testing.F) {
	for _, m := range samples() {
		f.Add(m.Value.Bytes, uint8(20))
	}
	f.Fuzz(func(t *testing.T, data []byte, width uint8) {
		field := Field{Bytes: data}
		m := Message{Topic: string(data), Key: field, Value: field, Headers: []Header{{Key: string(data), Value: field}}}
		text := Pretty{Width: int(width)}.Append(nil, &m)
		for _, line := range strings.Split(string(text), "\n") {
			harmless(t, []byte(line))
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			if i > 0 && !strings.HasPrefix(line, "  ") {
				t.Fatalf("line %d of %q is not indented", i, text)
			}
		}
		if whole, _ := structured(data); whole {
			_, block, _ := strings.Cut(string(text), "\n")
			if got := string(AppendTokens(nil, []byte(block))); got != string(AppendTokens(nil, AppendEscapedJSON(nil, data))) {
				t.Fatalf("%q shows as %q", data, got)
			}
		}
		harmless(t, Value{KeySeparator: data[:0], Terminal: true}.Append(nil, &m))
		row := CSV{Terminal: true}.Append(nil, &m)
		harmless(t, row[:len(row)-1])
	})
}
