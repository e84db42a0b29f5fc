package columns

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func shapeText(t *testing.T, s *Shape) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFromAvro(t *testing.T) {
	tests := map[string]struct{ schema, want, name string }{
		"record": {
			schema: `{"type":"record","name":"Order","namespace":"shop","fields":[
				{"name":"id","type":"int"},{"name":"at","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},
				{"name":"day","type":{"type":"int","logicalType":"date"}},{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
				{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"n","type":"double"}]}}},
				{"name":"last","type":["null","Line"]},{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A"]}},
				{"name":"tags","type":{"type":"map","values":"string"}},{"name":"any","type":["string","long"]}]}`,
			want: `{"type":"struct","fields":[{"name":"id","shape":{"type":"int"}},{"name":"at","shape":{"type":"timestamp"}},{"name":"day","shape":{"type":"date"}},{"name":"price","shape":{}},` +
				`{"name":"lines","shape":{"type":"list","elem":{"type":"struct","fields":[{"name":"n","shape":{"type":"double"}}]}}},` +
				`{"name":"last","shape":{"type":"struct","fields":[{"name":"n","shape":{"type":"double"}}]}},{"name":"kind","shape":{"type":"string"}},` +
				`{"name":"tags","shape":{"type":"json"}},{"name":"any","shape":{"type":"json"}}]}`,
			name: "shop.Order",
		},
		"in itself": {
			schema: `{"type":"record","name":"N","fields":[{"name":"v","type":"boolean"},{"name":"next","type":["null","N"]}]}`,
			want:   `{"type":"struct","fields":[{"name":"v","shape":{"type":"bool"}},{"name":"next","shape":{"type":"json"}}]}`,
			name:   "N",
		},
		"scalar":  {schema: `"long"`, want: `{"type":"int"}`},
		"no JSON": {schema: `{`, want: `null`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, record := FromAvro([]byte(test.schema))
			if diff := cmp.Diff(test.want, shapeText(t, s)); diff != "" || record != test.name {
				t.Errorf("%s: -want +got:\n%s", record, diff)
			}
		})
	}
}

func TestFromJSONSchema(t *testing.T) {
	got := FromJSONSchema([]byte(`{"type":"object","properties":{"b":{"type":["null","number"]},"a":{"type":"integer"},"c":{"type":["string","integer"]},
		"d":{"type":"array","items":{"type":"object","properties":{"e":{"type":"boolean"}}}},"f":{"$ref":"#/x"}}}`))
	want := `{"type":"struct","fields":[{"name":"a","shape":{"type":"int"}},{"name":"b","shape":{"type":"double"}},{"name":"c","shape":{}},` +
		`{"name":"d","shape":{"type":"list","elem":{"type":"struct","fields":[{"name":"e","shape":{"type":"bool"}}]}}},{"name":"f","shape":{}}]}`
	if diff := cmp.Diff(want, shapeText(t, got)); diff != "" {
		t.Error(diff)
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]Type{
		"0": Int, "-0": Double, "9223372036854775807": Int, "-9223372036854775808": Int, "9223372036854775808": JSON, "12345678901234567890": JSON,
		"1.0": Double, "1e3": Double, "0.1": Double, "0.10000000000000000000": Double, "0.1000000000000000055": JSON, "1e400": JSON, "1E-400": JSON, "123456789.123456789": JSON,
		"0.0": Double, "0e99999999999": JSON, "5e-324": Double,
	} {
		if got := typeOf(&node{kind: isNumber, text: []byte(text)}); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	tests := map[string]struct{ values, want string }{
		"one":         {`{"a":1}`, `{"type":"struct","fields":[{"name":"a","shape":{"type":"int"}}]}`},
		"wider":       {`{"a":1} {"a":2.5,"b":"x"} {"a":null}`, `{"type":"struct","fields":[{"name":"a","shape":{"type":"double"}},{"name":"b","shape":{"type":"string"}}]}`},
		"mixed":       {`{"a":1} {"a":"x"} {"a":2}`, `{"type":"struct","fields":[{"name":"a","shape":{"type":"json"}}]}`},
		"lists":       {`[] [null] [1] [2.5]`, `{"type":"list","elem":{"type":"double"}}`},
		"lists mixed": {`[1] ["x"]`, `{"type":"list","elem":{"type":"json"}}`},
		"never":       {`{"a":null}`, `{"type":"struct","fields":[{"name":"a","shape":{}}]}`},
		"other":       {`{"a":1} [1]`, `{"type":"json"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			whole, joined := &Shape{}, &Shape{}
			for dec := json.NewDecoder(strings.NewReader(test.values)); ; {
				var value json.RawMessage
				if dec.Decode(&value) != nil {
					break
				}
				var tr tree
				if !tr.parse(value) {
					t.Fatal("too deep")
				}
				whole.widen(tr.nodes, 0)
				one := &Shape{}
				one.widen(tr.nodes, 0)
				joined.join(one)
			}
			if diff := cmp.Diff(test.want, shapeText(t, whole)); diff != "" {
				t.Errorf("rows: %s", diff)
			}
			if diff := cmp.Diff(test.want, shapeText(t, joined)); diff != "" {
				t.Errorf("shapes: %s", diff)
			}
		})
	}
}
