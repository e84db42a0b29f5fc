package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFile(t *testing.T) {
	tests := map[string]struct {
		text, wantErr, hint string
		want                *File
	}{
		"empty":         {text: "", want: &File{}},
		"only comments": {text: "# nothing\n", want: &File{}},
		"one broker":    {text: "contexts: {a: {brokers: 'x:1, y:2'}}", want: &File{Contexts: map[string]Context{"a": {Brokers: List{"x:1", "y:2"}}}}},
		"in braces":     {text: "{contexts: {a: {brokers: [x:1, 'y:2', z, '[::1]:9092']}}}", want: &File{Contexts: map[string]Context{"a": {Brokers: List{"x:1", "y:2", "z", "[::1]:9092"}}}}},
		"null tls":      {text: "contexts: {a: {tls: }}", want: &File{Contexts: map[string]Context{"a": {TLS: &TLS{}}}}},
		"empty tls":     {text: "contexts: {a: {tls: {}}}", want: &File{Contexts: map[string]Context{"a": {TLS: &TLS{}}}}},
		"numeric secret": {
			text: "contexts: {a: {auth: {password: 0123}}}",
			want: &File{Contexts: map[string]Context{"a": {Auth: &Auth{Password: "0123"}}}},
		},
		"scalars": {
			text: "contexts: {a: {librdkafka: {a: 1, b: true, c: x, d: 0.5, e: -1}}}",
			want: &File{Contexts: map[string]Context{"a": {Librdkafka: map[string]Scalar{"a": "1", "b": "true", "c": "x", "d": "0.5", "e": "-1"}}}},
		},
		"unknown key": {
			text: "contexts:\n  a:\n    brokrs: [x]\n", wantErr: `c.yaml:3: unknown key "brokrs" in contexts.a`, hint: "did you mean brokers? known here: auth, brokers, defaults, librdkafka, readonly, schema-registry, timeout, tls, topics",
		},
		"unknown key below": {text: "contexts: {a: {tls: {cafile: x}}}", wantErr: `c.yaml:1: unknown key *** in contexts.a.tls`},
		"list for a scalar": {text: "contexts:\n  a:\n    librdkafka: {a: [1]}\n", wantErr: "c.yaml:3: want one value, not a list or a mapping"},
		"newer":             {text: "version: 2", wantErr: "c.yaml: version 2 is not known; this kstream reads version 1"},
		"not YAML":          {text: "a: b: c", wantErr: "c.yaml:1: mapping value is not allowed in this context"},
		"duplicate":         {text: "current: a\ncurrent: b\n", wantErr: `c.yaml:2: mapping key "current" already defined at [1:1]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse("c.yaml", []byte(tt.text))
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.hint != "" {
				if diff := cmp.Diff(tt.hint, hintOf(err)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// The YAML library would take seconds to minutes for each of these.
func TestParseFileIsBounded(t *testing.T) {
	bomb := "a: &a [x, x]\nb: &b [" + strings.Repeat("*a,", 20) + "]\n"
	for name, tt := range map[string]struct{ text, want string }{
		"brackets": {strings.Repeat("[", 20_000), "c.yaml: nested too deeply"},
		"braces":   {strings.Repeat("{a: ", 20_000), "c.yaml: nested too deeply"},
		"dashes":   {strings.Repeat("- ", 20_000), "c.yaml: nested too deeply"},
		"aliases":  {bomb, "c.yaml: more than 16 aliases"},
		"large":    {strings.Repeat("# a comment\n", 20_000), "c.yaml: larger than 128 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("c.yaml", []byte(tt.text))
			if diff := cmp.Diff(tt.want, errText(err)); diff != "" {
				t.Error(diff)
			}
			_, err = Import("c.yaml", []byte(tt.text))
			if diff := cmp.Diff(tt.want, errText(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDefaultPath(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"home":         {map[string]string{"HOME": "/h"}, "/h/.config/kstream/config.yaml"},
		"xdg":          {map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/kstream/config.yaml"},
		"relative xdg": {map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "x"}, "/h/.config/kstream/config.yaml"},
		"named":        {map[string]string{"KSTREAM_CONFIG": "c"}, "c"},
		"nothing":      {nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, DefaultPath(func(n string) string { return tt.env[n] })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNames(t *testing.T) {
	x := newIndex()
	if len(x.variable) != len(x.all) {
		t.Errorf("%d names make %d variables: two differ only in dots and underscores", len(x.all), len(x.variable))
	}
	all := properties()
	for i, p := range all {
		if i > 0 && all[i-1].name >= p.name {
			t.Errorf("%s is out of order", p.name)
		}
		if p.alias != "" && !x.known[p.alias] {
			t.Errorf("%s is an alias of %s, which is not listed", p.name, p.alias)
		}
		if got := x.canonical(x.canonical(p.name)); got != x.canonical(p.name) {
			t.Errorf("%s has the canonical name %s, which has %s", p.name, x.canonical(p.name), got)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add(commented)
	f.Add("contexts: {a: &x {brokers: [b]}, b: *x}")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("c.yaml", []byte(text))
		if (file == nil) == (err == nil) {
			t.Fatalf("%v and %v", file, err)
		}
	})
}
