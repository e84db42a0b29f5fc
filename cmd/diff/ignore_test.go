package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNormal(t *testing.T) {
	const order = ` {"id": 7, "b":{"updated_at":1,"x":[{"p":1,"q":2},{"p":3,"q":[ ]}]}, "a":1.10, "é.\"":"A\n"} `
	tests := map[string]struct {
		paths, text, want string
	}{
		"members are sorted":    {text: order, want: `{"a":1.10,"b":{"updated_at":1,"x":[{"p":1,"q":2},{"p":3,"q":[]}]},"id":7,"é.\"":"A\n"}`},
		"numbers stay":          {text: `[1.0,1,1e400,9007199254740993]`, want: `[1.0,1,1e400,9007199254740993]`},
		"a member":              {paths: ".b", text: order, want: `{"a":1.10,"id":7,"é.\"":"A\n"}`},
		"a member inside":       {paths: ".b.updated_at", text: order, want: `{"a":1.10,"b":{"x":[{"p":1,"q":2},{"p":3,"q":[]}]},"id":7,"é.\"":"A\n"}`},
		"of each element":       {paths: ".b.x[].q .b.updated_at .id .a", text: order, want: `{"b":{"x":[{"p":1},{"p":3}]},"é.\"":"A\n"}`},
		"of one element":        {paths: ".b.x[1].p .b.x[].q .b.updated_at .id .a", text: order, want: `{"b":{"x":[{"p":1},{}]},"é.\"":"A\n"}`},
		"an element":            {paths: ".b.x[0] .b.updated_at .id .a", text: order, want: `{"b":{"x":[{"p":3,"q":[]}]},"é.\"":"A\n"}`},
		"every element":         {paths: ".b.x[]", text: order, want: `{"a":1.10,"b":{"updated_at":1,"x":[]},"id":7,"é.\"":"A\n"}`},
		"a quoted name":         {paths: `."é.\"" .["a"] .b`, text: order, want: `{"id":7}`},
		"an escaped name":       {paths: `.a`, text: `{"\u0061":1,"b":2}`, want: `{"b":2}`},
		"the first of all":      {paths: ".[0]", text: `[1,2]`, want: `[2]`},
		"not there":             {paths: ".a.b.c[3]", text: `{"a":[1],"z":2}`, want: `{"a":[1],"z":2}`},
		"not an object":         {paths: ".a", text: `"text"`, want: `"text"`},
		"both of a double name": {paths: ".a", text: `{"a":1,"b":2,"a":3}`, want: `{"b":2}`},
		"a path and its parent": {paths: ".a.b .a", text: `{"a":{"b":1,"c":2}}`, want: `{}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p Paths
			for _, path := range strings.Fields(tt.paths) {
				if err := p.Add(path); err != nil {
					t.Fatal(err)
				}
			}
			n := Normal{Paths: &p}
			for range 2 {
				got, ok := n.Append([]byte("before "), []byte(tt.text))
				if diff := cmp.Diff("before "+tt.want, string(got)); !ok || diff != "" {
					t.Errorf("%v: %s", ok, diff)
				}
			}
		})
	}
}

func TestNormalOfWhatIsNotJSON(t *testing.T) {
	var none, some Paths
	if err := some.Add(".a"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Paths{&none, &some} {
		n := Normal{Paths: p}
		for _, text := range []string{
			"", "text", `{"a":1`, `{"a":1}}`, `{"a":1} 2`, `{"b":"` + "\xff" + `"}`,
			strings.Repeat("[", 1<<20), strings.Repeat("[", 1025) + strings.Repeat("]", 1025),
		} {
			if got, ok := n.Append([]byte("x"), []byte(text)); ok || string(got) != "x" {
				t.Errorf("%.20q: %v %q", text, ok, got)
			}
		}
		for _, text := range []string{`{"b":1}`, strings.Repeat("[", 1024) + strings.Repeat("]", 1024), `"` + strings.Repeat(`[\"`, 2000) + `"`} {
			if got, ok := n.Append(nil, []byte(text)); !ok || string(got) != text {
				t.Errorf("%.20q afterwards: %v %.20q", text, ok, got)
			}
		}
	}
}

func TestAddRefuses(t *testing.T) {
	var p Paths
	for path, want := range map[string]string{
		"a":     "a: a path starts with a dot",
		".a[x]": ".a[x]: [x]: want [], an index or a quoted name",
	} {
		if err := p.Add(path); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if p.Any() {
		t.Error("a path that is refused counts")
	}
}

func FuzzNormal(f *testing.F) {
	f.Add(".b.x[].q", `{"b":{"x":[{"q":1}]}}`)
	f.Add(`.["a\n"][3]."x"`, `[1,{"a":2,"a":3}]`)
	f.Fuzz(func(t *testing.T, path, text string) {
		var p Paths
		if p.Add(path) != nil {
			return
		}
		n := Normal{Paths: &p}
		got, ok := n.Append(nil, []byte(text))
		if !ok {
			return
		}
		again, ok := n.Append(nil, got)
		if !json.Valid(got) || !ok || string(again) != string(got) && !strings.ContainsAny(path, "0123456789") {
			t.Errorf("%q of %q: %q, again %q", path, text, got, again)
		}
	})
}
