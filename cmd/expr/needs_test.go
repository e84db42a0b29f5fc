package expr

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNeeds(t *testing.T) {
	tests := map[string]struct {
		expr string
		want part
	}{
		"one":           {`.partition == 3`, partPartition},
		"two":           {`.partition == 3 and .topic != "x"`, partPartition | partTopic},
		"pipe":          {`.topic | test("a")`, partTopic},
		"identity":      {`. | .key`, partKey},
		"quoted":        {`."key"`, partKey},
		"brackets":      {`.["key"]`, partAll},
		"select":        {`select(.partition == 3) | .offset`, partPartition | partOffset},
		"condition":     {`if .key then .value else .offset end`, partKey | partValue | partOffset},
		"no else":       {`if .key then false end`, partKey},
		"index's index": {`.value[.partition]`, partValue | partPartition},
		"string":        {`"\(.key)" == "a"`, partKey},
		"array":         {`[.key, .topic] == []`, partKey | partTopic},
		"unary":         {`-.offset < 0`, partOffset},
		"constant":      {`true`, 0},
		"unknown field": {`.nothing`, 0},
		"length":        {`length`, partAll},
		"compare whole": {`. == {}`, partAll},
		"computed":      {`.["k" + "ey"]`, partAll},
		"interpolated":  {`."\("key")"`, partAll},
		"iterate":       {`.[]`, partAll},
		"recurse":       {`.. == 1`, partAll},
		"variable":      {`. as $x | $x.key`, partAll},
		"of a part":     {`.value.id as $x | $x > 3 and .partition == $x`, partValue | partPartition},
		"of several":    {`.value as [$x] | $x > 3`, partAll},
		"definition":    {`def f: .key; f`, partAll},
		"try":           {`try .key`, partAll},
		"object":        {`{key} == {}`, partAll},
		"assignment":    {`.key = 1 | .value`, partAll},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := NewFilter("--filter", tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			if f.need != tt.want {
				t.Errorf("got %b, want %b", f.need, tt.want)
			}
		})
	}
}

// FuzzNeeds holds an expression over the parts it is said to need against the same
// one over everything.
func FuzzNeeds(f *testing.F) {
	for _, s := range []string{
		`.partition == 3`, `select(.key) | .value.id`, `if .header.try then .topic end`, `.value.tags[.partition - 3]`,
		`.value.id as $x | .key == $x, ($x | .[0]?), ([$x, .] | .[0])`, `.headers[0].value, "\(.key)" | . as $x | $x`, `try error catch .`, `.value | .. | numbers`, `-.offset // (.key, .)`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := NewMap("--map", text)
		if err != nil {
			return
		}
		y, err := NewFilter("--filter", text)
		if err != nil {
			t.Fatal(err)
		}
		x.direct, y.direct = nil, nil
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer stop()
		run := func(need part) (results []string, match bool, failed bool) {
			x.need, y.need = need, need
			err := x.Apply(ctx, order(), func(json []byte) error {
				if results = append(results, string(json)); len(results) > 100 {
					return context.Canceled
				}
				return nil
			})
			match, matchErr := y.Match(ctx, order())
			return results, match, err != nil || matchErr != nil
		}
		mapNeed, filterNeed := x.need, y.need
		all, match, failed := run(partAll)
		some, _, someFailed := run(mapNeed)
		_, someMatch, _ := run(filterNeed)
		if ctx.Err() != nil || failed && someFailed {
			return
		}
		if diff := cmp.Diff(all, some); diff != "" || failed != someFailed || match != someMatch {
			t.Fatalf("%q: match %t or %t, failed %t or %t\n%s", text, match, someMatch, failed, someFailed, diff)
		}
	})
}

// FuzzValue puts any bytes through an expression that hands them on.
func FuzzValue(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.50,"x",null,true]}`, "text", "\xff", `"\ud800"`, `1e-999999`, `-0`} {
		f.Add([]byte(s))
	}
	m, err := NewMap("--map", ".value, (.value | tojson | fromjson), (.key | @text | length), ([.value, .headers] | sort | unique)")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &Record{Key: Field{b, true}, Value: Field{b, false}, Headers: []Header{{string(b), b}}}
		var got [][]byte
		err := m.Apply(t.Context(), r, func(json []byte) error {
			got = append(got, json)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := decodeJSON(got[0]); !ok {
			t.Fatalf("%q became %q", b, got[0])
		}
	})
}
