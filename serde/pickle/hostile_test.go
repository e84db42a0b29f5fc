package pickle

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

func TestDecodeErrors(t *testing.T) {
	limits := serde.Limits{Bytes: 1 << 20, Depth: 50, Items: 1000}
	deep := strings.Repeat("]", 60) + strings.Repeat("a", 59) + "."
	tests := map[string]struct{ data, want string }{
		"empty":                    {"", "pickle: byte 0: the bytes end too early"},
		"no stop":                  {"N", "pickle: byte 1: the bytes end too early"},
		"stop on nothing":          {".", "pickle: byte 0: STOP: the stack is empty"},
		"stop below a mark":        {"N(.", "pickle: byte 2: STOP: the stack is empty"},
		"no opcode":                {"\xff", "pickle: byte 0: 0xff is no opcode"},
		"no opcode 0x99":           {"N\x99", "pickle: byte 1: 0x99 is no opcode"},
		"text":                     {"hello", "pickle: byte 0: BINGET: 101: nothing is stored there"},
		"JSON":                     {`{"a":1}`, "pickle: byte 0: 0x7b is no opcode"},
		"protocol 6":               {"\x80\x06N.", "pickle: byte 0: PROTO: protocol 6: not supported"},
		"frame beyond the end":     {"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", "pickle: byte 2: FRAME: 18446744073709551615 bytes announced, 2 left: the bytes end too early"},
		"bytes of 2^62":            {"\x8e\x00\x00\x00\x00\x00\x00\x00\x40.", "pickle: byte 0: BINBYTES8: 4611686018427387904 bytes announced, 1 left: the bytes end too early"},
		"bytearray of 2^64-1":      {"\x96\xff\xff\xff\xff\xff\xff\xff\xff.", "pickle: byte 0: BYTEARRAY8: 18446744073709551615 bytes announced, 1 left: the bytes end too early"},
		"text of 4 GiB":            {"X\xff\xff\xff\xff.", "pickle: byte 0: BINUNICODE: 4294967295 bytes announced, 1 left: the bytes end too early"},
		"long of 2 GiB":            {"\x8b\xff\xff\xff\x7f.", "pickle: byte 0: LONG4: 2147483647 bytes announced, 1 left: the bytes end too early"},
		"long of negative length":  {"\x8b\xff\xff\xff\xff.", "pickle: byte 0: LONG4: negative length -1"},
		"str of negative length":   {"T\x00\x00\x00\x80.", "pickle: byte 0: BINSTRING: negative length -2147483648"},
		"length cut":               {"X\x01\x00", "pickle: byte 0: BINUNICODE: the bytes end too early"},
		"line without end":         {"I42", "pickle: byte 0: INT: the bytes end too early"},
		"int that is none":         {"Iforty\n.", "pickle: byte 0: INT: not an integer"},
		"long that is none":        {"L\n.", "pickle: byte 0: LONG: not an integer"},
		"int of 5001 digits":       {"I" + strings.Repeat("9", 5001) + "\n.", "pickle: byte 0: INT: an integer of 5001 digits: too big"},
		"float that is none":       {"F1.2.3\n.", "pickle: byte 0: FLOAT: not a number"},
		"float in Go's notation":   {"F0x1p3\n.", "pickle: byte 0: FLOAT: not a number"},
		"float beyond":             {"F1e999\n.", "pickle: byte 0: FLOAT: not a number"},
		"str without quotes":       {"Sabc\n.", "pickle: byte 0: STRING: text without its quotes"},
		"str with one quote":       {"S'\n.", "pickle: byte 0: STRING: text without its quotes"},
		"str with two kinds":       {"S'a\"\n.", "pickle: byte 0: STRING: text without its quotes"},
		"str escape cut":           {"S'\\x4'\n.", "pickle: byte 0: STRING: bad escape"},
		"str escape at the end":    {"S'a\\'\n.", "pickle: byte 0: STRING: bad escape"},
		"unicode escape cut":       {"V\\u12\n.", "pickle: byte 0: UNICODE: bad escape"},
		"unicode escape no hex":    {"V\\u12g4\n.", "pickle: byte 0: UNICODE: bad escape"},
		"unicode escape beyond":    {"V\\U00110000\n.", "pickle: byte 0: UNICODE: bad escape"},
		"text not UTF-8":           {"\x8c\x02\xc3(.", "pickle: byte 0: SHORT_BINUNICODE: text that is not UTF-8"},
		"text overlong":            {"\x8c\x02\xc0\x80.", "pickle: byte 0: SHORT_BINUNICODE: text that is not UTF-8"},
		"text half a surrogate":    {"\x8c\x02\xed\xa0.", "pickle: byte 0: SHORT_BINUNICODE: text that is not UTF-8"},
		"class not UTF-8":          {"c\xff\nx\n.", "pickle: byte 0: GLOBAL: text that is not UTF-8"},
		"class without name":       {"cos\n.", "pickle: byte 0: GLOBAL: the bytes end too early"},
		"class of no text":         {"\x80\x04K\x01K\x02\x93.", "pickle: byte 6: STACK_GLOBAL: the name of a class is not text"},
		"mark for tuple missing":   {"t.", "pickle: byte 0: TUPLE: no mark on the stack"},
		"mark for appends missing": {"]e.", "pickle: byte 1: APPENDS: no mark on the stack"},
		"appends on nothing":       {"(e.", "pickle: byte 1: APPENDS: the stack is empty"},
		"append on nothing":        {"Na.", "pickle: byte 1: APPEND: the stack is empty"},
		"append across a mark":     {"](Na.", "pickle: byte 3: APPEND: the stack is empty"},
		"append to a tuple":        {")Na.", "pickle: byte 2: APPEND: a tuple cannot be added to"},
		"append to a dict":         {"}Na.", "pickle: byte 2: APPEND: a dict cannot be added to"},
		"append to a number":       {"K\x01Na.", "pickle: byte 3: APPEND: a plain value cannot be added to"},
		"item of a list":           {"]NNs.", "pickle: byte 3: SETITEM: a list cannot be added to"},
		"element of a list":        {"](N\x90.", "pickle: byte 3: ADDITEMS: a list cannot be added to"},
		"element of a class":       {"ca\nb\n(N\x90.", "pickle: byte 7: ADDITEMS: what is no set cannot be added to"},
		"state of a list":          {"]}b.", "pickle: byte 2: BUILD: a list cannot be added to"},
		"state of nothing":         {"}b.", "pickle: byte 1: BUILD: the stack is empty"},
		"odd dict":                 {"(Nd.", "pickle: byte 2: DICT: a key without a value"},
		"odd items":                {"}(NNNu.", "pickle: byte 5: SETITEMS: a key without a value"},
		"tuple of too few":         {"NN\x87.", "pickle: byte 2: TUPLE3: the stack is empty"},
		"reduce of one":            {")R.", "pickle: byte 1: REDUCE: the stack is empty"},
		"obj without class":        {"(o.", "pickle: byte 1: OBJ: the stack is empty"},
		"keywords that are none":   {"ca\nb\n)]\x92.", "pickle: byte 7: NEWOBJ_EX: the keyword arguments are no dict"},
		"dup of nothing":           {"2.", "pickle: byte 0: DUP: the stack is empty"},
		"pop of nothing":           {"0.", "pickle: byte 0: POP: the stack is empty"},
		"pop of a mark missing":    {"1.", "pickle: byte 0: POP_MARK: no mark on the stack"},
		"put of nothing":           {"q\x00.", "pickle: byte 0: BINPUT: the stack is empty"},
		"put at no number":         {"Npx\n.", "pickle: byte 1: PUT: the index is no number"},
		"put at a negative number": {"Np-1\n.", "pickle: byte 1: PUT: the index is no number"},
		"get of nothing":           {"h\x00.", "pickle: byte 0: BINGET: 0: nothing is stored there"},
		"get of a gap":             {"Nq\x02h\x00.", "pickle: byte 3: BINGET: 0: nothing is stored there"},
		"long get":                 {"j\xff\xff\xff\xff.", "pickle: byte 0: LONG_BINGET: 4294967295: nothing is stored there"},
		"extension 0":              {"\x82\x00.", "pickle: byte 0: EXT1: 0 is no extension code"},
		"extension negative":       {"\x84\xff\xff\xff\xff.", "pickle: byte 0: EXT4: -1 is no extension code"},
		"readonly of no buffer":    {"\x80\x05N\x98.", "pickle: byte 3: READONLY_BUFFER: no buffer on the stack"},
		"persistent id of nothing": {"Q.", "pickle: byte 0: BINPERSID: the stack is empty"},
		"nested too deeply":        {deep, "pickle: more than 50 levels: nested too deeply"},
		"persistent too deeply":    {"N" + strings.Repeat("Q", 60) + ".", "pickle: more than 50 levels: nested too deeply"},
		"too many values":          {"(" + strings.Repeat("N", 1001) + "l.", "pickle: byte 1001: NONE: more than 1000 values: too big"},
		"too many bytes":           {strings.Repeat("N", 1<<20+1), "pickle: byte 0: 1048577 bytes, at most 1048576 are read: too big"},
	}
	s := newSerde(t, Options{Limits: limits})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := s.Decode(t.Context(), serde.Input{Data: []byte(tt.data)})
			var place *serde.DecodeError
			if !errors.As(err, &place) {
				t.Fatalf("error %v is no *serde.DecodeError", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if len(err.Error()) > 300 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	s := newSerde(t, Options{})
	cut := 0
	for _, c := range corpus(t) {
		if !slices.Contains([]string{"message/0", "message/2", "message/5", "cycle objects/4", "getnewargs_ex/3"},
			fmt.Sprintf("%s/%d", c.Name, c.Proto)) {
			continue
		}
		cut++
		for n := range c.Pickle {
			_, err := s.Decode(t.Context(), serde.Input{Data: c.Pickle[:n]})
			if !errors.Is(err, serde.ErrTruncated) {
				t.Errorf("%s at protocol %d, cut at %d of %d: error %v", c.Name, c.Proto, n, len(c.Pickle), err)
			}
		}
	}
	if cut != 5 {
		t.Errorf("%d pickles were cut", cut)
	}
}

// bomb is a pickle of levels lists, or tuples, each of which holds the one before twice.
func bomb(levels int, wrap string) []byte {
	var b bytes.Buffer
	b.WriteString("\x80\x04)\x94")
	for i := range levels {
		fmt.Fprintf(&b, "h%ch%c%s\x94", i, i, wrap)
	}
	b.WriteByte('.')
	return b.Bytes()
}

func TestSharingDoesNotExplode(t *testing.T) {
	tuples := bomb(64, "\x86")
	calls := append([]byte("\x80\x04\x8c\x01a\x8c\x01b\x93\x94"), bomb(64, "\x86")[2:]...) // memo 0 is the class
	lists := []byte("\x80\x04]\x94")
	for i := range 64 {
		lists = fmt.Appendf(lists, "](h%ch%ce\x94", i, i)
	}
	lists = append(lists, '.')
	tests := map[string]struct {
		data         []byte
		lossless, up string // errors, "" for none
	}{
		"tuples": {data: tuples, lossless: "too big"},
		"calls":  {data: calls, lossless: "too big"},
		"lists":  {data: lists},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSerde(t, Options{AllowObjects: true, Protocol: 4, Limits: serde.Limits{Output: 100000}})
			r, err := s.Decode(t.Context(), serde.Input{Data: tt.data})
			if err != nil {
				t.Fatal(err)
			}
			v := r.Value.(*Value)
			if _, err := v.AppendJSON(nil, value.JSONOptions{}); !errors.Is(err, serde.ErrTooBig) {
				t.Errorf("plain: error %v", err)
			}
			_, err = v.AppendJSON(nil, value.JSONOptions{Mode: value.Lossless})
			if got := errorText(err); got != tt.lossless {
				t.Errorf("lossless: error %q, want %q", got, tt.lossless)
			}
			out, err := s.Append(nil, v) // the memo keeps it small again
			if err != nil || len(out) > 3*len(tt.data) {
				t.Errorf("%d bytes became %d, error %v", len(tt.data), len(out), err)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestTimeIsInProportion feeds pickles that cost a careless reader the square of their
// length, or more; with one the test would run into its time limit.
func TestTimeIsInProportion(t *testing.T) {
	const n = 300000
	big := "]q\x00(" + strings.Repeat("K\x01", n) + "e0"                     // a long list, in the memo only
	long := "X" + string([]byte{0, 0, 0x20, 0}) + strings.Repeat("x", 2<<20) // text of 2 MiB
	often := func(s string) string { return strings.Repeat(s, n/10) }
	stored := "(" + long + "q\x000U\x06latin1q\x010" // indexes 0 and 1
	tests := map[string]string{
		"bytes of one text":     stored + often("c_codecs\nencode\nh\x00h\x01\x86R") + "l.",
		"bytearrays of one":     stored + "c_codecs\nencode\nh\x00h\x01\x86Rq\x020" + often("c__builtin__\nbytearray\nh\x02\x85R") + "l.",
		"dates of one text":     stored + often("cdatetime\ndate\nh\x00\x85R") + "l.",
		"dates of one bytes":    stored + "c_codecs\nencode\nh\x00h\x01\x86Rq\x020" + often("cdatetime\ndate\nh\x02\x85R") + "l.",
		"decimals of one text":  stored + often("cdecimal\nDecimal\nh\x00\x85R") + "l.",
		"one key":               stored + "}(" + often("h\x00N") + "ul.",
		"one key of bytes":      stored + "B" + long[1:] + "q\x030}(" + often("h\x03N") + "ul.",
		"one object":            stored + "c_codecs\nencode\nh\x00h\x01\x86Rq\x02" + often("h\x02") + "l.",
		"attributes of one":     stored + "N" + strings.Repeat("q\x020c__builtin__\ngetattr\nh\x02h\x00\x86R", 400) + "l.",
		"classes of one":        stored + often("\x80\x02h\x00h\x00\x93") + "l.",
		"persistent ids of one": stored + often("h\x00Q") + "l.",
		"marks":                 strings.Repeat("(", n) + strings.Repeat("1", n) + "N.",
		"sets of one list":      "(" + big + strings.Repeat("c__builtin__\nset\nh\x00\x85R", n/10) + "l.",
		"calls with one tuple":  "(" + strings.Replace(big, "]q\x00(", "(", 1)[:2*n+1] + "tq\x000" + strings.Repeat("ca\nb\nh\x00R", n/10) + "l.",
		"memo with holes":       "N" + strings.Repeat("r\x00\x00\x00\x70r\x01\x00\x00\x60", n/10) + ".",
		"a list grown by one":   "]" + strings.Repeat("K\x01a", n) + ".",
		"empty appends":         big[:4] + strings.Repeat("K\x01", n) + "e" + strings.Repeat("(e", n) + ".",
		"large dicts, one copy": "](" + strings.Repeat("}", n/10) + "e.",
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSerde(t, Options{Protocol: 4, AllowObjects: true, Limits: serde.Limits{Output: 16 << 20}})
			r, err := s.Decode(t.Context(), serde.Input{Data: []byte(data)})
			if err != nil {
				t.Fatal(err)
			}
			for _, mode := range []value.Mode{value.Plain, value.Lossless} {
				if _, err := r.Value.(*Value).AppendJSON(nil, value.JSONOptions{Mode: mode}); err != nil && !errors.Is(err, serde.ErrTooBig) {
					t.Error(err)
				}
			}
			if _, err := r.Value.(*Value).Model(); err != nil && !errors.Is(err, serde.ErrTooBig) {
				t.Error(err)
			}
			if _, err := s.Append(nil, r.Value); err != nil && !errors.Is(err, serde.ErrTooBig) {
				t.Error(err)
			}
		})
	}
}

func TestDecodeKeepsNothingOfTheInput(t *testing.T) {
	s := newSerde(t, Options{})
	data := []byte("\x80\x04\x8c\x05hello\x94C\x03abc\x86.")
	r, err := s.Decode(t.Context(), serde.Input{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if got, want := jsonOf(t, r.Value, value.Plain), `["hello","YWJj"]`; got != want {
		t.Errorf("have %s, want %s", got, want)
	}
}
