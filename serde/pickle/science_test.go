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
	text, err := os.ReadFile("testdata/science.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Plain string
		Pickle      []byte
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 50 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	s := newSerde(t, Options{AllowObjects: true, Lossless: true})
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
		"empty and large":  {array("4611686018427387904,0", `{"$bytes":""}`), ""},
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
