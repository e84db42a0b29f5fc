package profile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"kstream/cmd/jqpath"
	"kstream/serde/value"
)

func TestFields(t *testing.T) {
	one := func(path, kind string) FieldCount {
		return FieldCount{Path: path, Types: map[string]int64{kind: 1}, Presence: 1}
	}
	tests := map[string]struct {
		values []string
		want   []FieldCount
	}{
		"kinds": {
			[]string{`{"i":-1,"f":1.5,"e":1e3,"s":"a","t":true,"u":false,"n":null,"o":{},"a":[]}`},
			[]FieldCount{
				one(".", "object"), one(".i", "integer"), one(".f", "number"), one(".e", "number"), one(".s", "string"), one(".t", "boolean"),
				one(".u", "boolean"),
				{Path: ".n", Types: map[string]int64{"null": 1}, Presence: 1, NullRate: 1},
				one(".o", "object"), one(".a", "array"),
			},
		},
		"arrays count each element, and the value once": {
			[]string{`[{"a":1},{"a":null},3]`, `[]`},
			[]FieldCount{
				{Path: ".", Types: map[string]int64{"array": 2}, Presence: 1},
				{Path: ".[]", Types: map[string]int64{"object": 2, "integer": 1}, Presence: 0.5},
				{Path: ".[].a", Types: map[string]int64{"integer": 1, "null": 1}, Presence: 0.5, NullRate: 0.5},
			},
		},
		"another order": {
			[]string{`{"a":1,"b":2,"c":3}`, `{"c":3,"a":1,"b":2}`, `{"b":2}`, `{"d":0,"a":1}`},
			[]FieldCount{
				{Path: ".", Types: map[string]int64{"object": 4}, Presence: 1},
				{Path: ".a", Types: map[string]int64{"integer": 3}, Presence: 0.75},
				{Path: ".b", Types: map[string]int64{"integer": 3}, Presence: 0.75},
				{Path: ".c", Types: map[string]int64{"integer": 2}, Presence: 0.5},
				{Path: ".d", Types: map[string]int64{"integer": 1}, Presence: 0.25},
			},
		},
		"a name twice": {
			[]string{`{"a":1,"a":null}`},
			[]FieldCount{one(".", "object"), {Path: ".a", Types: map[string]int64{"integer": 1, "null": 1}, Presence: 1, NullRate: 0.5}},
		},
		"escapes": {
			[]string{`{"a\u0062":"\\\"","ab":"}","":1,"\n":2,"ä":[[1]],"\ud800":"\\"}`},
			[]FieldCount{
				one(".", "object"),
				{Path: ".ab", Types: map[string]int64{"string": 2}, Presence: 1},
				one(`.""`, "integer"), one(`."\n"`, "integer"),
				one(`."ä"`, "array"), one(`."ä"[]`, "array"), one(`."ä"[][]`, "integer"), one(`."�"`, "string"),
			},
		},
		"white space": {
			[]string{" {\n\"a\" :\t[ 1 , 2 ] , \"b\" : { } }\r\n"},
			[]FieldCount{one(".", "object"), one(".a", "array"), {Path: ".a[]", Types: map[string]int64{"integer": 2}, Presence: 1}, one(".b", "object")},
		},
		"no object, no array, no JSON": {[]string{`1`, `"a"`, `{"a":}`, `{"a":1} x`, "", "text"}, []FieldCount{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := profileOf(t, Options{JSON: true}, tt.values...)
			if diff := cmp.Diff(tt.want, reportOf(t, p, "t").Fields); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFieldLimits(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500)
	var wide strings.Builder
	for i := range 400 {
		fmt.Fprintf(&wide, `%c"m%d":{"x":"}]\"","y":[1,{}]}`, ",{"[map[bool]int{true: 1}[i == 0]], i)
	}
	wide.WriteString("}")
	tests := map[string]struct {
		value   string
		rules   []string
		options Options
		fields  int
		omitted bool
	}{
		"deep":             {value: deep, fields: maxLevels + 1, omitted: true},
		"wide":             {value: wide.String(), options: Options{MaxFields: 10_000}, fields: 1 + maxMembers*4, omitted: true},
		"all together":     {value: wide.String(), fields: 1 + defaultFields, omitted: true},
		"a long name":      {value: `{"` + strings.Repeat("a", maxName+1) + `":1,"b":2}`, fields: 2, omitted: true},
		"within":           {value: `{"` + strings.Repeat("a", maxName) + `":1,"b":2}`, fields: 3},
		"what a rule asks": {value: wide.String(), options: Options{MaxFields: 3}, rules: []string{"presence(.m399.y[]) == 1"}, fields: 1 + 3, omitted: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.options.JSON, tt.options.Rules = true, rules(t, tt.rules...)
			r := reportOf(t, profileOf(t, tt.options, tt.value), "t")
			if len(r.Fields) != tt.fields || r.FieldsOmitted != tt.omitted {
				t.Errorf("%d fields, omitted %v; want %d, %v", len(r.Fields), r.FieldsOmitted, tt.fields, tt.omitted)
			}
			for _, v := range r.Rules {
				if !v.Met {
					t.Errorf("%s: %s", v.Rule, v.Seen)
				}
			}
		})
	}
}

// FuzzFields compares with a count that another reader of JSON makes, token by token.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}],"c\u0064":"\\\""}`, `[[],[[1.5]]]`, `{"":{"":"","":1}}`, `{`, `["\\\\"]`, `{"a b":tru}`, `[1e5,-0]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := profileOf(t, Options{JSON: true, MaxFields: 1 << 20}, text)
		got := map[string]int64{}
		for _, c := range reportOf(t, p, "t").Fields {
			for kind, n := range c.Types {
				got[c.Path+" "+kind] += n
			}
		}
		want := map[string]int64{}
		d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true))
		err := countTokens(d, want, nil)
		if err == nil {
			if _, err = d.ReadToken(); errors.Is(err, io.EOF) {
				err = nil
			} else {
				err = errors.New("more than a value")
			}
		}
		switch open := strings.TrimLeft(text, " \t\r\n"); {
		case err != nil && value.CheckJSON([]byte(text), 0) == nil, p.fields.full:
			return // a lone surrogate, which the other reader refuses
		case err != nil, open[0] != '{' && open[0] != '[':
			want = map[string]int64{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	})
}

// countTokens counts the next value and what is in it.
func countTokens(d *jsontext.Decoder, counts map[string]int64, path jqpath.Path) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	kind := map[jsontext.Kind]string{'n': "null", 't': "boolean", 'f': "boolean", '"': "string", '0': "integer", '{': "object", '[': "array"}[token.Kind()]
	if kind == "integer" && strings.ContainsAny(token.String(), ".eE") {
		kind = "number"
	}
	counts[path.String()+" "+kind]++
	for (kind == "object" || kind == "array") && d.PeekKind() != '}' && d.PeekKind() != ']' {
		step := jqpath.Step{Kind: jqpath.Elements}
		if kind == "object" {
			if token, err = d.ReadToken(); err != nil {
				return err
			}
			step = jqpath.Step{Name: token.String()}
		}
		if err := countTokens(d, counts, append(path[:len(path):len(path)], step)); err != nil {
			return err
		}
	}
	if kind == "object" || kind == "array" {
		_, err = d.ReadToken()
	}
	return err
}
