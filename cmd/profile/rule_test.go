package profile

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/jqpath"
)

func TestParseRule(t *testing.T) {
	tests := map[string]struct {
		text    string
		path    string // "" for none
		than    float64
		wantErr string // from the column on
	}{
		"figure":         {text: "records>=10", than: 10},
		"space":          {text: "  size_p99  <  1e3 ", than: 1000},
		"percent":        {text: "null_rate(key) < 5%", than: 0.05},
		"grouped":        {text: "bytes < 1_000_000", than: 1e6},
		"negative":       {text: "skew != -1.5", than: -1.5},
		"path":           {text: "null_rate( .a.b_1[].c[][] ) == 0", path: ".a.b_1[].c[][]"},
		"quoted":         {text: `presence(."a b)"."\u0063") > 0`, path: `."a b)".c`},
		"root":           {text: "types(.) <= 1", path: ".", than: 1},
		"root elements":  {text: "types(.[].a) <= 1", path: ".[].a", than: 1},
		"jq's form":      {text: "types(.a.[].b) <= 1", path: ".a[].b", than: 1},
		"empty":          {wantErr: "column 1: want one of records bytes rate size_p50 size_p95 size_p99 size_max keys_distinct null_keys null_values undecodable skew disorder schemas partitions, or null_rate(PATH) presence(PATH) types(PATH)"},
		"unknown":        {text: "recods < 1", wantErr: "column 1: want one of records"},
		"a prefix":       {text: "record < 1", wantErr: "column 1: want one of records"},
		"no path":        {text: "presence < 1", wantErr: "column 10: want (PATH) after presence"},
		"empty path":     {text: "presence() < 1", wantErr: "column 10: want a path, such as .email or .items[].price"},
		"no dot":         {text: "presence(email) < 1", wantErr: "column 10: a path starts with a dot"},
		"key":            {text: "presence(key) < 1", wantErr: "column 10: a path starts with a dot"},
		"keys":           {text: "null_rate(keys) < 1", wantErr: "column 14: want )"},
		"two dots":       {text: "presence(.a..b) < 1", wantErr: "column 13: a name is missing"},
		"an index":       {text: "presence(.a[0]) < 1", wantErr: "column 10: want [] in place of an index: figures are about all elements"},
		"digits":         {text: "presence(.1a) < 1", wantErr: "column 11: a name is missing"},
		"open quotes":    {text: `presence(."a) < 1`, wantErr: "column 11: a quote is missing"},
		"open":           {text: "presence(.a < 1", wantErr: "column 13: want )"},
		"no operator":    {text: "records 5", wantErr: "column 9: want < <= > >= == or !="},
		"assignment":     {text: "records = 5", wantErr: "column 9: want < <= > >= == or !="},
		"no number":      {text: "records <", wantErr: "column 10: want a number"},
		"words":          {text: "records < NaN", wantErr: "column 11: want a number"},
		"too large":      {text: "records < 1e999", wantErr: "column 11: want a number"},
		"more":           {text: "records < 5 and skew < 2", wantErr: "column 13: want nothing after the number"},
		"characters":     {text: `presence(."ä") ~ 1`, wantErr: "column 16: want < <= > >= == or !="},
		"a bad sequence": {text: `presence(."\x") > 1`, wantErr: `column 11: "\x" is no quoted name`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := ParseRule(tt.text)
			if tt.wantErr != "" {
				var wrong *RuleError
				if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), tt.text+": "+tt.wantErr) {
					t.Errorf("error %v, want %s", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			path := ""
			if r.path != nil {
				path = r.path.String()
			}
			if path != tt.path || r.than != tt.than {
				t.Errorf("path %s, number %v; want %s, %v", path, r.than, tt.path, tt.than)
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	texts := []string{
		"records == 4", "records != 4", "records < 4", "records <= 4", "records > 4", "records >= 4",
		"size_p50 == 7", "size_p95 == 19", "size_max > 17", "bytes == 38", "keys_distinct == 0", "null_keys == 4", "null_values == 0",
		"undecodable == 0", "disorder == 0", "schemas == 0", "partitions == 1", "skew == 1", "rate > 0",
		"null_rate(key) == 1", "null_rate(value) == 0",
		"null_rate(.a) == 50%", "presence(.a) == 0.5", "types(.a) == 1", "types(.b) == 0",
		"null_rate(.c) >= 0", "types(.c) == 0", "presence(.c) == 0",
	}
	seen := map[string]string{}
	unmet := map[string]bool{}
	for _, v := range reportOf(t, profileOf(t, Options{JSON: true, Rules: rules(t, texts...)}, `{"a":1}`, `{"a":null,"b":null}`, "x", "y2345678901"), "t").Rules {
		seen[v.Rule] = v.Seen
		if !v.Met {
			unmet[v.Rule] = true
		}
		if (v.Value == nil) != strings.Contains("rate > 0, null_rate(.c) >= 0, types(.c) == 0", v.Rule) {
			t.Errorf("%s: value %v", v.Rule, v.Value)
		}
	}
	want := map[string]bool{"records != 4": true, "records < 4": true, "records > 4": true, "rate > 0": true, "null_rate(.c) >= 0": true, "types(.c) == 0": true}
	if diff := cmp.Diff(want, unmet); diff != "" {
		t.Errorf("%s\n%v", diff, seen)
	}
	for rule, want := range map[string]string{
		"records == 4":         "4",
		"rate > 0":             "the records have no times, or all the same",
		"null_rate(key) == 1":  "1 (4 of 4 records)",
		"null_rate(.a) == 50%": "0.5 (1 of 2 occurrences)",
		"presence(.a) == 0.5":  "0.5 (2 of 4 values)",
		"types(.a) == 1":       "1 (integer)",
		"types(.b) == 0":       "0",
		"null_rate(.c) >= 0":   ".c is in none of 4 values",
		"presence(.c) == 0":    "0 (0 of 4 values)",
	} {
		if seen[rule] != want {
			t.Errorf("%s: seen %s, want %s", rule, seen[rule], want)
		}
	}
}

func TestVerdictsWithoutRecords(t *testing.T) {
	for _, v := range reportOf(t, profileOf(t, Options{Rules: rules(t, "records == 0", "skew < 9", "size_p50 < 9", "rate < 9", "null_rate(key) < 9", "presence(.a) < 9")}), "t").Rules {
		if want := v.Rule == "records == 0"; v.Met != want || !v.Met && v.Seen != "there are no records" && v.Seen != "there are no values" {
			t.Errorf("%s: met %v, %s", v.Rule, v.Met, v.Seen)
		}
	}
}

// FuzzParseRule: a rule that is understood says the same when its path is written anew.
func FuzzParseRule(f *testing.F) {
	for _, seed := range []string{"records<1", `null_rate(."a\"b".c[]) == 1%`, "presence(.[][]) != 1e-3", "types(.) > -1", "null_rate(key)<1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text)
		if err != nil {
			var wrong *RuleError
			if !errors.As(err, &wrong) || wrong.Column < 1 || wrong.Column > len(text)+1 {
				t.Errorf("%v", err)
			}
			return
		}
		if r.path == nil {
			return
		}
		again, rest, err := jqpath.Cut(r.path.String() + ")")
		if err != nil || rest != ")" || !cmp.Equal(r.path, again) {
			t.Errorf("%s: %v, %q, %v", r.path, again, rest, err)
		}
	})
}
