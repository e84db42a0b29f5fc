package output

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

func TestScanJSON(t *testing.T) {
	tests := map[string]struct {
		in     string
		end    int
		broken bool
		ok     bool
	}{
		"object":             {in: `{"a": [1, 2.5e-3, "x\u00e9\n", null, true, {}]} `, end: 47, ok: true},
		"line break":         {in: "{\n\"a\":1}", end: 8, broken: true, ok: true},
		"carriage return":    {in: "[1,\r2]", end: 6, broken: true, ok: true},
		"only the first":     {in: "[]{}", end: 2, ok: true},
		"break in a string":  {in: "[\"a\nb\"]", end: 3},
		"leading zero":       {in: "[01]", end: 2},
		"bare minus":         {in: "[-]", end: 2},
		"no fraction":        {in: "[1.]", end: 3},
		"no exponent":        {in: "[1e+]", end: 4},
		"trailing comma":     {in: `{"a":1,}`, end: 7},
		"comma in an array":  {in: `[1,]`, end: 3},
		"mismatched":         {in: `{"a":1]`, end: 6},
		"no value":           {in: `{"a"}`, end: 4},
		"form feed":          {in: "[\f]", end: 1},
		"bad escape":         {in: `["\x"]`, end: 2},
		"short escape":       {in: `["\u12"]`, end: 2},
		"unpaired surrogate": {in: `["\ud800"]`, end: 10, ok: true},
		"invalid UTF-8":      {in: "[\"\xff\"]", end: 2},
		"encoded surrogate":  {in: "[\"\xed\xa0\x80\"]", end: 2},
		"open":               {in: `[[]`, end: 3},
		"empty":              {in: ``, end: 0},
		"misspelt":           {in: `[nul]`, end: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			end, broken, ok := scanJSON([]byte(tt.in), 0, 0, false)
			if end != tt.end || broken != tt.broken || ok != tt.ok {
				t.Errorf("scanJSON(%q) = %d, %v, %v; want %d, %v, %v", tt.in, end, broken, ok, tt.end, tt.broken, tt.ok)
			}
		})
	}
}

func TestScanJSONNesting(t *testing.T) {
	for _, pair := range []string{"[]", `{"":}`} {
		for _, depth := range []int{63, 64, 65, MaxNesting, MaxNesting + 1} {
			head, tail := pair[:len(pair)-1], pair[len(pair)-1:]
			text := strings.Repeat(head, depth) + "1" + strings.Repeat(tail, depth)
			_, _, ok := scanJSON([]byte(text), 0, 0, false)
			if want := depth <= MaxNesting; ok != want {
				t.Errorf("%d levels of %s: ok = %v, want %v", depth, pair, ok, want)
			}
		}
	}
}

// wholeJSON reports whether data is one JSON value with white space around it at most.
func wholeJSON(data []byte) bool {
	end, _, ok := scanJSON(data, 0, 0, false)
	end, _ = skipSpace(data, end, false)
	return ok && end == len(data)
}

// deepest counts brackets inside and outside of strings: never less than the nesting.
func deepest(data []byte) int {
	return bytes.Count(data, []byte("[")) + bytes.Count(data, []byte("{"))
}

func FuzzScanJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-0.5e+10,"\u00e9\"\\/"],"b":null}`, "[\n1\t,\r2 ]", `"é`, "[\"\xed\xa0\x80\"]", `[true,false,nul]`, `{"a":{}}{}`,
		`{"name":"abcdefghijklmnop","favourite":"qrstuvwx"}`, "[\"\x7f\u0085\u2028\"]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := wholeJSON(data)
		if deepest(data) > MaxNesting {
			return
		}
		if want := json.Valid(data) && utf8.Valid(data); got != want {
			t.Fatalf("scanJSON(%q) = %v, encoding/json says %v", data, got, want)
		}
		if want := jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true)); want && !got {
			t.Fatalf("scanJSON(%q) = false, jsontext says true", data)
		}
		if !got {
			return
		}
		var want bytes.Buffer
		if err := json.Compact(&want, data); err != nil {
			t.Fatal(err)
		}
		if compact := AppendTokens(nil, data); !bytes.Equal(compact, want.Bytes()) {
			t.Fatalf("AppendTokens(%q) = %q, want %q", data, compact, want.Bytes())
		}
	})
}

func BenchmarkScanJSON(b *testing.B) {
	data := []byte(sampleValue)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, _, ok := scanJSON(data, 0, 0, false); !ok {
			b.Fatal("not valid")
		}
	}
}

// sampleValue is 113 bytes of JSON as applications write it.
const sampleValue = `{"name":"user-000004217","favorite_color":"blue","favorite_number":4217,"email":"user4217@example.com","on":true}`
