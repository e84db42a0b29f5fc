package jqpath

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		path    Path
		again   string // as String writes it; "": as it was
		wantErr string
	}{
		".a.b_1":       {path: Path{{Name: "a"}, {Name: "b_1"}}},
		".updated-at":  {path: Path{{Name: "updated-at"}}, again: `."updated-at"`},
		".é x":         {path: Path{{Name: "é x"}}, again: `."é x"`},
		`."a\"\u0062"`: {path: Path{{Name: `a"b`}}, again: `."a\"b"`},
		`.""`:          {path: Path{{}}},
		`.["a"].b`:     {path: Path{{Name: "a"}, {Name: "b"}}, again: ".a.b"},
		`.a["b"]`:      {path: Path{{Name: "a"}, {Name: "b"}}, again: ".a.b"},
		".a[].b[12]":   {path: Path{{Name: "a"}, {Kind: Elements}, {Name: "b"}, {Kind: Element, Index: 12}}},
		".a.[].[0]":    {path: Path{{Name: "a"}, {Kind: Elements}, {Kind: Element}}, again: ".a[][0]"},
		".[]":          {path: Path{{Kind: Elements}}},
		".[3]":         {path: Path{{Kind: Element, Index: 3}}},

		"":              {wantErr: "a path starts with a dot"},
		"a":             {wantErr: "a path starts with a dot"},
		"[0]":           {wantErr: "a path starts with a dot"},
		".":             {wantErr: "a name is missing"},
		".a..b":         {wantErr: "a name is missing"},
		".a.":           {wantErr: "a name is missing"},
		".[":            {wantErr: "] is missing"},
		".[-1]":         {wantErr: "[-1]: want [], an index or a quoted name"},
		".[4294967296]": {wantErr: "[4294967296]: want [], an index or a quoted name"},
		".[0]a":         {wantErr: `"a": want a dot or [`},
		".a]":           {wantErr: `"]": want a dot or [`},
		`."a`:           {wantErr: "a quote is missing"},
		`."a\`:          {wantErr: "a quote is missing"},
		`.["a"`:         {wantErr: "] is missing"},
		`."\q"`:         {wantErr: `"\q" is no quoted name`},
		`.["a]`:         {wantErr: "a quote is missing"},
		`.a["b"c`:       {wantErr: "] is missing"},
	}
	for text, tt := range tests {
		t.Run(text, func(t *testing.T) {
			got, err := Parse(text)
			if tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Errorf("%v, %v, want %s", got, err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.path, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if tt.again == "" {
				tt.again = text
			}
			if got.String() != tt.again {
				t.Errorf("written again: %s, want %s", got, tt.again)
			}
		})
	}
}

func TestCut(t *testing.T) {
	tests := map[string]struct {
		path, rest, wantErr string
	}{
		".a_1[].b) < 1": {path: ".a_1[].b", rest: ") < 1"},
		". ":            {path: ".", rest: " "},
		".)":            {path: ".", rest: ")"},
		".":             {path: ".", rest: ""},
		`."a)"[7]-1`:    {path: `."a)"[7]`, rest: "-1"},
		".a-b":          {path: ".a", rest: "-b"},
		"a":             {rest: "a", wantErr: "a path starts with a dot"},
		".1a)":          {rest: "1a)", wantErr: "a name is missing"},
		".a.)":          {rest: ")", wantErr: "a name is missing"},
		`.a."b)`:        {rest: `"b)`, wantErr: "a quote is missing"},
		".a[x]":         {rest: "x]", wantErr: "[x]: want [], an index or a quoted name"},
	}
	for text, tt := range tests {
		t.Run(text, func(t *testing.T) {
			p, rest, err := Cut(text)
			if rest != tt.rest {
				t.Errorf("rest %q, want %q", rest, tt.rest)
			}
			if tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Errorf("%v, want %s", err, tt.wantErr)
				}
				return
			}
			if err != nil || p == nil || p.String() != tt.path {
				t.Errorf("%s %v, want %s", p, err, tt.path)
			}
		})
	}
}

// FuzzPath: a path that is understood says the same when it is written anew.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{".a.b[]", `."a\"b".c[3]`, `.["x"][][]`, ".updated-at", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := Parse(text); err == nil {
			if again, err := Parse(p.String()); err != nil || len(again) != len(p) || again.String() != p.String() {
				t.Errorf("%q: %s, again %s, %v", text, p, again, err)
			}
		}
		p, rest, err := Cut(text)
		if len(rest) > len(text) || text[len(text)-len(rest):] != rest {
			t.Errorf("%q: rest %q", text, rest)
		}
		if err == nil {
			if again, rest, err := Cut(p.String() + ")"); err != nil || rest != ")" || !cmp.Equal(p, again) {
				t.Errorf("%q: %s, again %s, %q, %v", text, p, again, rest, err)
			}
		}
	})
}
