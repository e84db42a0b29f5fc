package compare

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/diff"
	"kstream/cmd/record"
	"kstream/kafka"
)

func TestDiffIgnoreIsAList(t *testing.T) {
	tests := map[string][]string{
		"a":                        {"a"},
		" a , .b[].c":              {"a", ".b[].c"},
		`."x,y",.["\",z"],headers`: {`."x,y"`, `.["\",z"]`, "headers"},
		"a,":                       {"a", ""},
	}
	for list, want := range tests {
		if diff := cmp.Diff(want, splitOutsideQuotes(list)); diff != "" {
			t.Errorf("%s: %s", list, diff)
		}
	}
}

func TestDifferingPaths(t *testing.T) {
	tests := map[string]struct{ ignore, a, b, want string }{
		"a member":           {a: `{"a":1,"b":2}`, b: `{"b":3,"a":1}`, want: ".b"},
		"inside":             {a: `{"a":{"x y":[1,{"n":1}]}}`, b: `{"a":{"x y":[1,{"n":2}]}}`, want: `.a."x y"[1].n`},
		"missing and extra":  {a: `{"a":1}`, b: `{"b":1}`, want: ".a .b"},
		"null is not absent": {a: `{"a":null}`, b: `{}`, want: ".a"},
		"another length":     {a: `{"a":[1]}`, b: `{"a":[1,2]}`, want: ".a"},
		"an element":         {a: `[1,2]`, b: `[1,3]`, want: ".[1]"},
		"another kind":       {a: `{"a":{"b":1}}`, b: `{"a":[1]}`, want: ".a"},
		"all of it":          {a: `1`, b: `2`, want: "value"},
		"no JSON":            {a: `{"a":1}`, b: `text`, want: "value"},
		"only written so":    {a: `{"a":1}`, b: `{ "a":1 }`, want: "value"},
		"too many":           {a: `{}`, b: `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}`, want: "value"},
		"ignored":            {ignore: ".a", a: `{"a":1,"b":1}`, b: `{"a":2,"b":2}`, want: ".b"},
		"how a number looks": {a: `{"a":1.0}`, b: `{"a":1}`, want: ".a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p diff.Paths
			if tt.ignore != "" {
				if err := p.Add(tt.ignore); err != nil {
					t.Fatal(err)
				}
			}
			got := differingPaths([]byte(tt.a), []byte(tt.b), &diff.Normal{Paths: &p})
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDiffTellsRecordsApart is about records that could be taken for one another when
// their parts are put together carelessly.
func TestDiffTellsRecordsApart(t *testing.T) {
	h := func(pairs ...string) (headers []kafka.Header) {
		for i := 0; i < len(pairs); i += 2 {
			headers = append(headers, kafka.Header{Key: pairs[i], Value: []byte(pairs[i+1])})
		}
		return headers
	}
	records := map[string]kafka.Record{
		"null value":      {Key: []byte("k")},
		"empty value":     {Key: []byte("k"), Value: []byte{}},
		"null":            {Key: []byte("k"), Value: []byte("null")},
		"null key":        {Value: []byte("k")},
		"empty key":       {Key: []byte{}, Value: []byte("k")},
		"shifted":         {Key: []byte("kv"), Value: []byte{}},
		"header":          {Key: []byte("k"), Value: []byte{}, Headers: h("a", "b")},
		"two headers":     {Key: []byte("k"), Value: []byte{}, Headers: h("a", "b", "a", "b")},
		"other order":     {Key: []byte("k"), Value: []byte{}, Headers: h("a", "1", "b", "2")},
		"headers' order":  {Key: []byte("k"), Value: []byte{}, Headers: h("b", "2", "a", "1")},
		"null header":     {Key: []byte("k"), Value: []byte{}, Headers: []kafka.Header{{Key: "a"}}},
		"empty header":    {Key: []byte("k"), Value: []byte{}, Headers: h("a", "")},
		"JSON":            {Key: []byte("k"), Value: []byte(`{"a":1,"b":2}`)},
		"JSON and a mark": {Key: []byte("k"), Value: []byte(`{"a":1,"b":2}` + "\n\x01\x01x\x00")},
		"no JSON":         {Key: []byte("k"), Value: []byte(`{"a":1`)},
	}
	ignore, err := parseIgnored([]string{".at"})
	if err != nil {
		t.Fatal(err)
	}
	for _, ig := range []*ignored{{}, ignore} {
		form := newForm(ig, diff.Auto)
		seen := map[diff.Hash]string{}
		for name, rec := range records {
			var r record.Record
			r.Load(&rec, 0, 0)
			got := form.of(&r, true)
			if other, ok := seen[got.Content]; ok {
				t.Errorf("%s and %s are the same", name, other)
			}
			seen[got.Content] = name
			rec.LeaderEpoch = -1
			if diff := cmp.Diff(&rec, parseRecord("", &diff.Found{Payload: got.Payload})); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}
