package pickle

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

// TestScience reads what NumPy and pandas wrote, see testdata/make_science.py: in plain
// JSON as values and lists, in lossless JSON as the calls that they are.
func TestScience(t *testing.T) {
	type test struct {
		Name, Plain string
		Pickle      []byte
	}
	var cases []test
	for _, name := range []string{"science.json", "science2.json"} { // pandas 3 and 2
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var more []test
		if err := json.Unmarshal(text, &more); err != nil || len(more) < 150 {
			t.Fatalf("%s: %d cases, %v", name, len(more), err)
		}
		for i := range more {
			more[i].Name += "/" + strings.TrimSuffix(name, ".json")
		}
		cases = append(cases, more...)
	}
	s := newSerde(t, Options{Protocol: 4, AllowObjects: true, Lossless: true})
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			plain, lossless := forms(t, s, c.Pickle)
			if diff := cmp.Diff(c.Plain, plain); diff != "" {
				t.Errorf("plain (-want +got):\n%s", diff)
			}
			model, err := decodeBytes(t, s, c.Pickle).(*Value).Model()
			if err != nil {
				t.Fatal(err)
			}
			if out, err := value.AppendJSON(nil, model, value.JSONOptions{}); string(out) != c.Plain || err != nil {
				t.Errorf("the model is %s, %v", out, err)
			}
			back, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(lossless), value.JSONOptions{Mode: value.Lossless})
			if err != nil {
				t.Fatal(err)
			}
			if _, again := forms(t, s, back.Data); again != lossless {
				t.Errorf("lossless JSON comes back as %s, want %s", again, lossless)
			}
		})
	}
}

// TestScienceIsBounded has calls that promise more than there is, or lead back to
// themselves: they stay objects.
func TestScienceIsBounded(t *testing.T) {
	dtype := `{"$object":"numpy.dtype","how":"call","args":["f8",false,true],"state":{"$tuple":[3,"<",null,null,null,-1,-1,0]}}`
	array := func(shape, data string) string {
		return `{"$object":"numpy.core.multiarray._reconstruct","how":"call","args":[1],"state":{"$tuple":[1,{"$tuple":[` + shape + `]},` + dtype + `,false,` + data + `]}}`
	}
	eight := `{"$bytes":"AAAAAAAA8D8="}`
	tests := map[string]struct{ json, want string }{
		"one":              {array("1", eight), "[1.0]"},
		"too large":        {array("4611686018427387904", eight), ""},
		"a product beyond": {array("1,4294967296,4294967296", eight), ""},
		"below zero":       {array("-1", eight), ""},
		"a wrong shape":    {array("2", eight), ""},
		"33 dimensions":    {array(strings.TrimSuffix(strings.Repeat("1,", 33), ","), eight), ""},
		"cut":              {array("1", `{"$bytes":"AAA="}`), ""},
		"empty and large":  {array("4611686018427387904,0", `{"$bytes":""}`), "[]"},
	}
	s := newSerde(t, Options{AllowObjects: true, Lossless: true})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(tt.json), value.JSONOptions{Mode: value.Lossless})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			plain, _ := forms(t, s, out.Data)
			if tt.want != "" && plain != tt.want || tt.want == "" && !strings.HasPrefix(plain, `{"py/class":"numpy.core.multiarray._reconstruct"`) {
				t.Errorf("%s", plain)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it takes %v", took)
			}
		})
	}
	// data of an index that is the index itself
	loop := `{"$id":1,"$object":"pandas.core.indexes.base._new_Index","how":"call","args":[1,{"data":{"$ref":1}}]}`
	out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(loop), value.JSONOptions{Mode: value.Lossless})
	if err == nil {
		forms(t, s, out.Data)
	}
}

// TestFramesAreBounded has frames and arrays that contain themselves, do not fit together,
// or take much time for few bytes: they stay objects, or are read once.
func TestFramesAreBounded(t *testing.T) {
	const backed = `"$object":"pandas._libs.arrays.__pyx_unpickle_NDArrayBacked","how":"call"`
	const eight = `{"$object":"numpy.core.multiarray._reconstruct","how":"call","args":[1],"state":{"$tuple":[1,{"$tuple":[1,1]},` +
		`{"$object":"numpy.dtype","how":"call","args":["f8",false,true],"state":{"$tuple":[3,"<",null,null,null,-1,-1,0]}},false,{"$bytes":"AAAAAAAA8D8="}]}}`
	slice := func(from, to string) string {
		return `{"$object":"builtins.slice","how":"call","args":[` + from + `,` + to + `,1]}`
	}
	index := func(n string) string {
		return `{"$object":"pandas.core.indexes.base._new_Index","how":"call","args":[{"$global":"pandas.RangeIndex"},{"name":null,"start":0,"stop":` + n + `,"step":1}]}`
	}
	frame := func(columns string, blocks ...string) string {
		return `{"$object":"pandas.DataFrame","how":"new","args":[],"state":{"_mgr":{"$object":"pandas.core.internals.managers.BlockManager","how":"call","args":[{"$tuple":[` +
			strings.Join(blocks, ",") + `]},[` + columns + `,` + index("1") + `]]}}}`
	}
	block := func(values, columns string) string {
		return `{"$object":"pandas._libs.internals._unpickle_block","how":"call","args":[` + values + `,` + columns + `,2]}`
	}
	wide := strings.Replace(eight, `[1,1]`, `[65536,0]`, 1)
	wide = strings.Replace(wide, `"AAAAAAAA8D8="`, `""`, 1)
	arrow := func(kind, length, offset string, buffers ...string) string {
		for i, b := range buffers {
			if b != "null" {
				buffers[i] = `{"$object":"pyarrow.lib.py_buffer","how":"call","args":[{"$bytes":"` + b + `"}]}`
			}
		}
		return `{"$object":"pandas.arrays.ArrowExtensionArray","how":"new","args":[],"state":{"_pa_array":{"$object":"pyarrow.lib._restore_array","how":"call","args":[{"$tuple":[` +
			`{"$object":"pyarrow.lib.type_for_alias","how":"call","args":["` + kind + `"]},` + length + `,0,` + offset + `,[` + strings.Join(buffers, ",") + `],[],null]}]}}}`
	}
	tests := map[string]struct{ json, want string }{
		"Arrow":                      {arrow("int8", "1", "1", "null", "AQI="), "[2]"},
		"Arrow, huge":                {arrow("bool", "4611686018427387904", "0", "null", "AQ=="), ""},
		"Arrow, too long":            {arrow("int8", "3", "0", "null", "AQI="), ""},
		"Arrow, far out":             {arrow("int8", "1", "4611686018427387904", "null", "AQI="), ""},
		"Arrow, below zero":          {arrow("int8", "1", "-1", "null", "AQI="), ""},
		"Arrow, few bits":            {arrow("bool", "9", "0", "AQ==", "AQE="), ""},
		"Arrow, text behind the end": {arrow("string", "1", "0", "null", "AAAAAAUAAAA=", "YWI="), ""},
		"Arrow, text backwards":      {arrow("string", "1", "0", "null", "AgAAAAEAAAA=", "YWI="), ""},
		"Arrow, text without end":    {arrow("string", "1", "0", "null", "AAAAAA==", "YWI="), ""},
		"Arrow, no text":             {arrow("string", "1", "0", "null", "AAAAAAEAAAA=", "/w=="), ""},
		"Arrow, no data":             {arrow("string", "1", "0", "null", "", "YWI="), ""},
		"a frame":                    {frame(index("1"), block(eight, slice("0", "1"))), `[{"0":1.0}]`},
		"a column too many":          {frame(index("2"), block(eight, slice("0", "1"))), ""},
		"one column twice":           {frame(index("1"), block(eight, slice("0", "1")), block(eight, slice("0", "1"))), ""},
		"a column is left out":       {frame(index("2"), block(eight, slice("1", "2"))), ""},
		"a block too wide":           {frame(index("2"), block(eight, slice("0", "2"))), ""},
		"columns far out":            {frame(index("1"), block(eight, slice("4611686018427387903", "4611686018427387904"))), ""},
		"below zero":                 {frame(index("1"), block(eight, slice("-1", "0"))), ""},
		"an array of itself":         {`{"$id":1,` + backed + `,"args":[{"$global":"pandas.arrays.StringArray"},1,null],"state":{"$tuple":[null,{"$ref":1}]}}`, ""},
		"a frame of itself":          {strings.Replace(frame(index("1"), block(`{"$ref":1}`, slice("0", "1"))), `{`, `{"$id":1,`, 1), ""},
		"a mask of itself":           {`{"$id":1,"$object":"pandas.arrays.IntegerArray","how":"new","args":[],"state":{"_data":{"$ref":1},"_mask":{"$ref":1}}}`, ""},
		"wide, and many times":       {`[{"$id":1,` + frame(index("65536"), block(wide, slice("0", "65536")))[1:] + strings.Repeat(`,{"$ref":1}`, 200_000) + `]`, "[" + strings.Repeat("[],", 200_000) + "[]]"},
	}
	s := newSerde(t, Options{Protocol: 4, AllowObjects: true, Lossless: true})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(tt.json), value.JSONOptions{Mode: value.Lossless})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			plain, _ := forms(t, s, out.Data)
			if tt.want != "" && plain != tt.want || tt.want == "" && !strings.HasPrefix(plain, `{"py/class":"pandas.`) {
				t.Errorf("%.300s", plain)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it takes %v", took)
			}
		})
	}
}
