package output

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscaped(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"plain":         {"hello, 日本 🎉", "hello, 日本 🎉"},
		"empty":         {"", ""},
		"clear screen":  {"a\x1b[2Jb", `a\x1b[2Jb`},
		"line breaks":   {"a\r\nb\tc", `a\r\nb\tc`},
		"nul and del":   {"\x00\x7f", `\x00\x7f`},
		"late del":      {"0123456\x7f", `0123456\x7f`},
		"C1":            {"\u0085\u009b31m", `\u0085\u009b31m`},
		"raw C1":        {"\x9b31m", `\x9b31m`},
		"not UTF-8":     {"é\xff\xc3", `é\xff\xc3`},
		"real U+FFFD":   {"\ufffd", "\ufffd"},
		"bidi":          {"\u202eabc\u2066\u200f\u061c", `\u202eabc\u2066\u200f\u061c`},
		"separators":    {"\u2028\u2029", `\u2028\u2029`},
		"invisible":     {"\ufeff\u200b\u2060", `\ufeff\u200b\u2060`},
		"tags":          {"\U000e0041", `\U000e0041`},
		"emoji joiners": {"👩\u200d💻", "👩\u200d💻"},
		"no-break":      {"\u00a0", "\u00a0"},
		"backslash":     {`C:\new`, `C:\new`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Escaped(tt.in); got != tt.want {
				t.Errorf("Escaped(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if got := string(AppendEscaped([]byte("x"), []byte(tt.in))); got != "x"+tt.want {
				t.Errorf("AppendEscaped(x, %q) = %q, want %q", tt.in, got, "x"+tt.want)
			}
		})
	}
}

// harmless fails if text holds anything that a terminal would act on.
func harmless(t *testing.T, text []byte) {
	t.Helper()
	if !utf8.Valid(text) {
		t.Fatalf("not UTF-8: %q", text)
	}
	if i := strings.IndexFunc(string(text), unsafeRune); i >= 0 {
		t.Fatalf("unsafe character at %d: %q", i, text)
	}
}

func FuzzEscaped(f *testing.F) {
	for _, s := range []string{"a\x1b[2J", "\u202e\xff", "0123456789\u2028", "\U000e0041é"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := AppendEscaped(nil, data)
		harmless(t, got)
		if clean := Escaped(string(got)); clean != string(got) {
			t.Fatalf("escaping %q twice changes it to %q", got, clean)
		}
		for _, format := range []Format{JSON{Terminal: true}} {
			m := Message{
				Topic: string(data), TimestampType: "create", Key: Field{Bytes: data}, Value: Field{Bytes: data},
				Headers: []Header{{Key: string(data), Value: Field{Bytes: data, Err: string(data)}}},
			}
			line := format.Append(nil, &m)
			harmless(t, line[:len(line)-1])
		}
	})
}

func BenchmarkEscaped(b *testing.B) {
	data, dst := []byte(sampleValue), make([]byte, 0, 1024)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		dst = AppendEscaped(dst[:0], data)
	}
}
