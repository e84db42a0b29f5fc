package pickle

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

func TestNew(t *testing.T) {
	for _, protocol := range []int{-1, 6} {
		if _, err := New(Options{Protocol: protocol}); err == nil {
			t.Errorf("protocol %d is taken", protocol)
		}
	}
	if got := newSerde(t, Options{}).Name(); got != "pickle" {
		t.Errorf("name %q", got)
	}
}

func TestNotes(t *testing.T) {
	tests := map[string]struct {
		data string
		want []string
	}{
		"plain":          {data: "\x80\x04]\x94."},
		"class":          {data: "cos\nsystem\n(Vid\ntR.", want: []string{`"os.system" is recorded, not run`}},
		"classes":        {data: "(ca\nb\n)Rcc\nd\n)Rt.", want: []string{`"a.b" and 1 more are recorded, not run`}},
		"its own types":  {data: "c__builtin__\nset\n(]tR."},
		"no named class": {data: "\x82\x01)R.", want: []string{`"an object" is recorded, not run`}},
	}
	s := newSerde(t, Options{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := s.Decode(t.Context(), serde.Input{Data: []byte(tt.data)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.Notes); diff != "" {
				t.Errorf("notes %s", diff)
			}
		})
	}
}

func TestBytesAfterThePickle(t *testing.T) {
	s := newSerde(t, Options{})
	for data, want := range map[string]string{
		"N.N.":         "pickle: byte 2: 2 bytes after the value",
		"\x80\x02N.\n": "pickle: byte 4: 1 byte after the value",
	} {
		if _, err := s.Decode(t.Context(), serde.Input{Data: []byte(data)}); fmt.Sprint(err) != want {
			t.Errorf("%q: %v, want %s", data, err, want)
		}
	}
}

func TestSniff(t *testing.T) {
	tests := map[string]struct {
		data string
		want bool
	}{
		"empty":         {"", false},
		"text":          {"hello.", false},
		"JSON":          {`{"a":1}`, false},
		"protocol 0":    {"I1\n.", false},
		"protocol 1":    {"]q\x00.", false},
		"protocol 2":    {"\x80\x02N.", true},
		"protocol 5":    {"\x80\x05\x97\x98.", true},
		"protocol 6":    {"\x80\x06N.", false},
		"rest":          {"\x80\x02N.N.", false},
		"no stop":       {"\x80\x02NN", false},
		"nothing in it": {"\x80\x02..", false},
		"a date in 80s": {"\x80\x03\x01.", false},
	}
	s := newSerde(t, Options{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := s.Sniff([]byte(tt.data)); got != tt.want {
				t.Errorf("have %t", got)
			}
		})
	}
}

// TestJSONOptions: the bounds of the caller hold as well as those of the serde.
func TestJSONOptions(t *testing.T) {
	s := newSerde(t, Options{})
	v := decodeBytes(t, s, []byte("(I9007199254740993\nV\\ud800\n]]]]aaat."))
	tests := map[string]struct {
		o         value.JSONOptions
		want, err string
	}{
		"plain":        {want: `[9007199254740993,"` + "\ufffd" + `",[[[[]]]]]`},
		"ints as text": {o: value.JSONOptions{Ints: value.IntStrings}, want: `["9007199254740993","` + "\ufffd" + `",[[[[]]]]]`},
		"surrogates":   {o: value.JSONOptions{Surrogates: true}, want: `[9007199254740993,"\ud800",[[[[]]]]]`},
		"depth":        {o: value.JSONOptions{Depth: 3}, err: "nested too deeply"},
		"bytes":        {o: value.JSONOptions{Bytes: 10}, err: "too big"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := value.AppendJSON([]byte("x"), v, tt.o)
			if diff := cmp.Diff("x"+tt.want, string(out)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.err, errorText(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPython2Names compares both tables with those of Python.
func TestPython2Names(t *testing.T) {
	const script = `
import _compat_pickle as c, json
forward = [[[m, "some_name"], [n, "some_name"]] for m, n in c.IMPORT_MAPPING.items() if (m, "some_name") not in c.NAME_MAPPING]
forward += [[list(k), list(v)] for k, v in c.NAME_MAPPING.items()]
back = [[list(k), list(v)] for k, v in c.REVERSE_NAME_MAPPING.items()]
back += [[[m, "some_name"], [n, "some_name"]] for m, n in c.REVERSE_IMPORT_MAPPING.items()]
print(json.dumps({"forward": forward, "back": back}))`
	out, err := exec.CommandContext(t.Context(), python(t), "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	var tables struct{ Forward, Back [][2][2]string }
	if err := json.Unmarshal(out, &tables); err != nil {
		t.Fatal(err)
	}
	if len(tables.Forward) < 100 || len(tables.Back) < 100 {
		t.Fatalf("tables of %d and %d names", len(tables.Forward), len(tables.Back))
	}
	for _, row := range tables.Forward {
		module, name := python3Name(row[0][0], row[0][1])
		if diff := cmp.Diff(row[1], [2]string{module, name}); diff != "" {
			t.Errorf("%v: %s", row[0], diff)
		}
	}
	for _, row := range tables.Back {
		if module, name := python3Name(row[1][0], row[1][1]); module != row[0][0] || name != row[0][1] {
			continue // Python itself would not find it again
		}
		module, name := python2Name(row[0][0], row[0][1])
		if diff := cmp.Diff(row[1], [2]string{module, name}); diff != "" {
			t.Errorf("%v: %s", row[0], diff)
		}
	}
}
