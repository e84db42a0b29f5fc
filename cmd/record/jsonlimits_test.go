package record

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"kstream/cmd/expr"
	"kstream/cmd/input"
	"kstream/output"
	"kstream/serde/value"
)

// Whoever reads JSON takes the same texts: what -o json shows as JSON is JSON to -s json,
// to -i values and json, and to expressions. The two inputs let NaN pass for formats that
// have it, and know that it is not JSON.
func TestOneJSON(t *testing.T) {
	scanners := map[string]func([]byte) bool{
		"serde, check":   func(data []byte) bool { return value.CheckJSON(data, 0) == nil },
		"serde, parse":   func(data []byte) bool { _, err := value.ParseJSON(data, false, 0); return err == nil },
		"serde, compact": func(data []byte) bool { _, err := value.AppendCompact(nil, data, 0); return err == nil },
		"output":         func(data []byte) bool { _, err := output.AppendCompactJSON(nil, data); return err == nil },
		"-o json": func(data []byte) bool {
			field := output.Field{Bytes: data}
			_, encoding := field.AppendJSON(nil, false)
			return encoding == "json" || encoding == "json-reflowed"
		},
		"-i json": func(data []byte) bool {
			line := append(append([]byte(`{"value":`), data...), `,"value_encoding":"json"}`...)
			parsed, err := new(output.Decoder).Decode(line)
			return err == nil && !parsed.Value.Named
		},
		"-i values": func(data []byte) bool {
			r, err := input.Open(t.Context(), input.Config{Format: "values", Stdin: bytes.NewReader(data)})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			batch := input.NewBatch()
			for n := 0; ; {
				err := r.ReadBatch(batch)
				for i := range batch.Records {
					if !batch.Records[i].Value.Named {
						n++
					}
				}
				if err != nil {
					return err == io.EOF && n == 1
				}
			}
		},
		"expressions": func(data []byte) bool { return exprTakes(t, data) },
	}
	nested := func(head, middle, tail string, depth int) string {
		return strings.Repeat(head, depth) + middle + strings.Repeat(tail, depth)
	}
	type test struct {
		text string
		want bool
	}
	tests := map[string]test{
		"blanks around":         {" \t[1 , 2]\n", true},
		"scalars":               {`[0,-0,1.5e-3,true,false,null,"",1E+5]`, true},
		"duplicate names":       {`{"a":1,"a":2}`, true},
		"a lone surrogate":      {`["\ud800"]`, true},
		"a big number":          {"[123456789012345678901234567890.5e999]", true},
		"delete":                {"[\"\x7f\u0085\u2028\"]", true},
		"nothing":               {"", false},
		"two values":            {"[] []", false},
		"open":                  {"[[]", false},
		"mismatched":            {`{"a":1]`, false},
		"closed too often":      {"[]]", false},
		"not UTF-8":             {"[\"\xff\"]", false},
		"a surrogate in UTF-8":  {"[\"\xed\xa0\x80\"]", false},
		"a leading zero":        {"[01]", false},
		"no fraction":           {"[1.]", false},
		"no exponent":           {"[1e]", false},
		"a plus":                {"[+1]", false},
		"a point":               {"[.5]", false},
		"NaN":                   {"[NaN]", false},
		"a comma at the end":    {"[1,]", false},
		"no name":               {`{1:2}`, false},
		"no colon":              {`{"a"}`, false},
		"single quotes":         {"['a']", false},
		"a tab in a string":     {"[\"a\tb\"]", false},
		"a break in a string":   {"[\"a\nb\"]", false},
		"an escape of its own":  {`["\x"]`, false},
		"a short escape":        {`["\u12"]`, false},
		"a word too long":       {"[nulls]", false},
		"a comment":             {"[1 /* */]", false},
		"a no-break space":      {"[1,\u00a02]", false},
		"a form feed":           {"[1,\f2]", false},
		"a zero byte":           {"[1]\x00", false},
		"brackets in a string":  {`["` + strings.Repeat("[{", 2000) + `"]`, true},
		"wide":                  {"[" + strings.Repeat("[],", 5000) + "{}]", true},
		"very deep":             {nested("[", "", "]", 100_000), false},
		"very deep and open":    {strings.Repeat(`{"a":`, 100_000), false},
		"deep inside an object": {`{"a":` + nested("[", "1", "]", output.MaxNesting-1) + "}", true},
	}
	for _, depth := range []int{output.MaxNesting - 1, output.MaxNesting, output.MaxNesting + 1} {
		name, want := "one less", depth <= output.MaxNesting
		switch depth {
		case output.MaxNesting:
			name = "as deep as may be"
		case output.MaxNesting + 1:
			name = "one more"
		}
		tests[name+": arrays"] = test{nested("[", "", "]", depth), want}
		tests[name+": arrays of a number"] = test{nested("[", "1", "]", depth), want}
		tests[name+": objects"] = test{nested(`{"a":`, `"x"`, "}", depth), want}
		tests[name+": both"] = test{nested(`[{"":`, "[]", "}]", (depth-1)/2), (depth-1)/2*2+1 <= output.MaxNesting}
	}
	if value.DefaultDepth != output.MaxNesting {
		t.Errorf("the limit is %d in serde and %d in output", value.DefaultDepth, output.MaxNesting)
	}
	for name, tt := range tests {
		for who, takes := range scanners {
			if got := takes([]byte(tt.text)); got != tt.want {
				t.Errorf("%s: %s takes it: %v, want %v", name, who, got, tt.want)
			}
		}
	}
}

// exprTakes reports whether data is JSON to jq expressions, rather than a string.
func exprTakes(t *testing.T, data []byte) bool {
	t.Helper()
	filter, err := expr.NewFilter("--filter", `.value | type != "string"`)
	if err != nil {
		t.Fatal(err)
	}
	ok, err := filter.Match(t.Context(), &expr.Record{Value: expr.Field{Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	return ok
}
