package expr

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/output"
)

// The fuzz target and the tests hold direct to what gojq says.

// agrees reports whether direct decided. It fails the test when gojq says otherwise.
func agrees(t *testing.T, f *Filter, r *Record) bool {
	t.Helper()
	if f.direct == nil {
		return false
	}
	agreesOnResult(t, f.query.String(), r)
	got, certain := f.direct.match(r)
	if !certain {
		return false
	}
	whole := Filter{program: f.program}
	want, err := whole.Match(t.Context(), r)
	if err != nil {
		t.Fatalf("%s\nvalue %q key %q\n got %t, gojq fails: %v", f.query, r.Value.Data, r.Key.Data, got, err)
	}
	if got != want {
		t.Fatalf("%s\nvalue %q key %q\n got %t, gojq says %t", f.query, r.Value.Data, r.Key.Data, got, want)
	}
	return true
}

// agreesOnResult holds what direct makes of a record against what gojq does, for --map and, about
// the value alone, for --key-from.
func agreesOnResult(t *testing.T, text string, r *Record) {
	t.Helper()
	m, err := NewMap("--map", text)
	if err != nil {
		return
	}
	ofRecord := func(m *Map) (results []string, err error) {
		err = m.Apply(t.Context(), r, func(json []byte) error {
			results = append(results, string(json))
			return nil
		})
		return results, err
	}
	got, err := ofRecord(m)
	want, wantErr := ofRecord(&Map{program: m.program})
	if d := cmp.Diff(want, got); d != "" || errText(err) != errText(wantErr) {
		t.Fatalf("%s\nvalue %q key %q: error %v, gojq's %v\n%s", text, r.Value.Data, r.Key.Data, err, wantErr, d)
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, ".value.", "."), ".value", ".")
	k, err := NewValueText("--key-from", text)
	if err != nil {
		return
	}
	key, err := k.Apply(t.Context(), r)
	wantKey, wantErr := (&Text{program: k.program, ofValue: true}).Apply(t.Context(), r)
	if (key == nil) != (wantKey == nil) || string(key) != string(wantKey) || errText(err) != errText(wantErr) {
		t.Fatalf("%s\nvalue %q: %q, %v; gojq: %q, %v", text, r.Value.Data, key, err, wantKey, wantErr)
	}
}

func TestDirect(t *testing.T) {
	const person = `{"n":991,"f":9.5,"s":"ann","e":"a\"b\u00e9","t":true,"z":null,"o":{"a":{"b":[1,"x"]}},"big":123456789012345678901,"exp":1e2}`
	r := &Record{Topic: "orders", Partition: 3, Offset: 42, Timestamp: 1795337438558, Key: data("k1"), Value: data(person), Headers: []Header{{"try", []byte("1")}, {"try", []byte("2")}, {"none", nil}}}
	tests := map[string]struct {
		want, gojq bool // gojq: left to it
	}{
		`.value.n>990`:                       {want: true},
		`.value.n > 991`:                     {},
		`990 < .value.n`:                     {want: true},
		`.value.f == 9.50`:                   {want: true},
		`.value.exp == 100`:                  {want: true},
		`.value.n >= -1`:                     {want: true},
		`.value.s == "ann"`:                  {want: true},
		`.value.s > 5`:                       {want: true},
		`.value.o > 5`:                       {want: true},
		`.value["e"] == "a\"bé"`:             {want: true},
		`.value.t`:                           {want: true},
		`.value.z`:                           {},
		`.value.z == null`:                   {want: true},
		`.value.no == null`:                  {want: true},
		`.value.no.way == null`:              {want: true},
		`.value.no.way != null`:              {},
		`.value.o.a.b[1] == "x"`:             {want: true},
		`.value.o.a.b[7] == null`:            {want: true},
		`.value.t and .value.n > 990`:        {want: true},
		`.value.z or (.value.n > 990 | not)`: {},
		`.value.n % 10 == 1`:                 {want: true},
		`.value.n * 2 + 1 > 60 * 33`:         {want: true},
		`.value.n / 2 == 495.5`:              {want: true},
		`.value.s | test("^A"; "i")`:         {want: true},
		`.value.s | startswith("an")`:        {want: true},
		`.value.s | endswith("nn") | not`:    {},
		`.value.s | contains("x")`:           {},
		`.value | has("z")`:                  {want: true},
		`.value.o.a | has("z")`:              {},
		`.header | has("none")`:              {want: true},
		`.header.try == "2"`:                 {want: true},
		`.header.none == null`:               {want: true},
		`.topic == "orders"`:                 {want: true},
		`.partition == 3 and .offset <= 42`:  {want: true},
		`.timestamp > 1795337438000`:         {want: true},
		`.key == "k1"`:                       {want: true},
		`select(.value.n > 990)`:             {want: true},
		`select(.value.n > 991)`:             {},
		`.value | select(.n > 990) | .f < 9`: {},
		`.value | .n > 990 and .s == "ann"`:  {want: true},
		`.value.no // 5 == 5`:                {want: true},
		`(.value.no // 5) == 5`:              {want: true},
		`.value?.n? > 1`:                     {want: true},
		`.value.s.first == null`:             {gojq: true}, // its error
		`.value.n | test("9")`:               {gojq: true},
		`.value.big > 1`:                     {want: true, gojq: true},
		`.value.n / 0 == 1`:                  {gojq: true},
		`.value.o == {"a":{"b":[1,"x"]}}`:    {want: true, gojq: true},
		`[.value.o.a.b[] | . == 1] | any`:    {want: true, gojq: true},
		`.value.o == .value.o`:               {want: true, gojq: true},
	}
	for text, tt := range tests {
		t.Run(text, func(t *testing.T) {
			f, err := NewFilter("--filter", text)
			if err != nil {
				t.Fatal(err)
			}
			if agrees(t, f, r) == tt.gojq {
				t.Errorf("left to gojq: %t", !tt.gojq)
			}
			if got, _ := f.Match(t.Context(), r); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// choices turns bytes into decisions, so that the fuzzer writes expressions and JSON.
type choices []byte

func (c *choices) of(n int) int {
	if len(*c) == 0 {
		return 0
	}
	b := int((*c)[0]) % n
	*c = (*c)[1:]
	return b
}

func (c *choices) pick(from []string) string { return from[c.of(len(from))] }

var (
	someNames   = []string{"a", "b", "c", "", "é", `x y`, `q\"t`, "value"}
	someNumbers = []string{
		"0", "1", "-1", "2", "990", "1.0", "-0", "-0.0", "0.5", "1e2", "100", "1E-3", "9007199254740993", "9007199254740992",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "123456789012345678901234567890", "1e999", "-1e999",
		"1e308", "5e-324", "0.1", "3",
	}
	someStrings = []string{
		`""`, `"a"`, `"ab"`, `"b"`, `"é"`, `"\u00e9"`, `"\ud83d\ude00"`, `"😀"`, `"\\"`, `"a\nb"`, `"1"`, `"null"`, `"\""`,
	}
	someWords = []string{"null", "true", "false"}
	someRegex = []string{`"a"`, `"^a"`, `"b$"`, `"."`, `"("`, `"A"`, `"a.b"`, `"\\d"`}
)

func (c *choices) scalar() string {
	return c.pick([][]string{someNumbers, someStrings, someWords, someNumbers}[c.of(4)])
}

func (c *choices) path() string {
	var b strings.Builder
	b.WriteString([]string{".value", ".value", ".value", ".key", ".header", ".topic", ".partition", ".offset", ".timestamp", ""}[c.of(10)])
	for n := c.of(4); n > 0; n-- {
		switch c.of(6) {
		case 0:
			fmt.Fprintf(&b, "[%d]", c.of(3))
		case 1:
			fmt.Fprintf(&b, `["%s"]`, c.pick(someNames))
		default:
			b.WriteString("." + c.pick(someNames[:3]))
		}
		if c.of(9) == 8 {
			b.WriteByte('?')
		}
	}
	if s := b.String(); s != "" && s[0] == '[' || s == "" {
		return "." + s
	}
	return b.String()
}

func (c *choices) operand() string {
	switch c.of(8) {
	case 0, 1, 2:
		return c.path()
	case 3, 4:
		return c.scalar()
	case 5:
		return "(" + c.operand() + c.pick([]string{" + ", " - ", " * ", " / ", " % ", " // "}) + c.operand() + ")"
	case 6:
		return "(" + c.query() + ")"
	default:
		return "(" + c.path() + " | " + c.path() + ")"
	}
}

func (c *choices) query() string {
	switch c.of(14) {
	case 0, 1, 2, 3:
		return c.operand() + c.pick([]string{" == ", " != ", " < ", " <= ", " > ", " >= "}) + c.operand()
	case 4:
		return "(" + c.query() + ") and (" + c.query() + ")"
	case 5:
		return c.query() + " or " + c.query()
	case 6:
		return c.operand() + " | not"
	case 7:
		return c.operand() + " | " + c.pick([]string{"startswith", "endswith", "contains", "has"}) + "(" + c.pick(someStrings) + ")"
	case 8:
		return c.operand() + " | test(" + c.pick(someRegex) + c.pick([]string{"", `; "i"`, `; null`, `; "gm"`, `; "z"`}) + ")"
	case 9:
		return "select(" + c.query() + ")"
	case 10:
		return c.path() + " | select(" + c.query() + ")"
	case 11:
		return c.path() + " | select(" + c.query() + ") | " + c.query()
	case 12:
		return c.operand() + " // " + c.operand()
	default:
		return c.path()
	}
}

func (c *choices) json(depth int) string {
	space := c.pick([]string{"", "", "", " ", "\n\t"})
	if depth == 0 {
		return space + c.scalar()
	}
	var parts []string
	switch c.of(4) {
	case 0:
		return space + c.scalar()
	case 1:
		for n := c.of(4); n > 0; n-- {
			parts = append(parts, c.json(depth-1))
		}
		return space + "[" + strings.Join(parts, ",") + space + "]"
	default:
		for n := c.of(6); n > 0; n-- {
			name := c.pick([]string{"a", "a", "b", "c", `\u0061`, `\u0062`, "", "é", `\ud800`, `q\"t`, "x y", "value"})
			parts = append(parts, space+`"`+name+`"`+space+":"+c.json(depth-1))
		}
		return space + "{" + strings.Join(parts, ",") + space + "}"
	}
}

func FuzzDirect(f *testing.F) {
	for _, v := range []string{
		`{"a":1,"b":{"a":"x"}}`, `{"a":{"b":1},"a":{"c":2}}`, `{"a":{"b":1},"a":2}`, `{"\u0061":5}`, `{"a":"\ud800"}`, `{"\ud800":1,"a":1}`,
		`[1,[2],{"a":3}]`, `"text"`, `text`, ``, `{"a":1`, `{"a":1}}`, `{"a":01}`, `{"a":1e999}`, `{"a":-0}`, "{\"a\":\"\xff\"}", "\xff", "\ufeff{}", ` {"a" : 1 , "b":[ ] } `,
		`{"a":"a\tb"}`, "{\"a\":\"a\tb\"}", `{"a":tru}`, `{"a":1,}`, `{a:1}`, `[1,2,`, `{"a":[{"b":1},{"b":2}]}`, `null`, `12`, `{"a":9223372036854775808}`,
	} {
		for i := range byte(8) {
			f.Add([]byte{i * 3, i, 0, i, 1, i, 2, 1, 4, i, 0, 2}, []byte(v), []byte("k"), "a", []byte("1"))
		}
	}
	f.Add([]byte{0, 0, 0, 1, 3}, []byte(`{"a":1}`), []byte(`{"a":1}`), "\xff", []byte("\xff"))
	f.Fuzz(func(t *testing.T, expression, value, key []byte, header string, headerValue []byte) {
		c := choices(expression)
		text := c.query()
		filter, err := NewFilter("--filter", text)
		if err != nil {
			return
		}
		r := &Record{Topic: "t", Partition: 1, Offset: 990, Timestamp: 100, Key: Field{Data: key}, Value: Field{Data: value}, Headers: []Header{{header, headerValue}, {"b", nil}}}
		agrees(t, filter, r)
		if len(c) > 0 { // and the JSON that the rest of the bytes writes
			r.Key.Decoded = c.of(2) == 1
			r.Value.Data = []byte(c.json(4))
			agrees(t, filter, r)
		}
	})
}

// It must decide, not only agree: most of what the generators write is of the kind that
// direct knows.
func TestDirectAgreesOnMany(t *testing.T) {
	random := rand.New(rand.NewPCG(14, 2))
	direct, decided, n := 0, 0, 30_000
	for range n {
		c := make(choices, 120)
		for i := range c {
			c[i] = byte(random.Uint32())
		}
		f, err := NewFilter("--filter", c.query())
		if err != nil {
			continue
		}
		if f.direct != nil {
			direct++
		}
		r := &Record{Topic: "a", Partition: 1, Offset: 990, Timestamp: 100, Key: data(c.json(2)), Value: data(c.json(4)), Headers: []Header{{"a", []byte("a")}, {"b", nil}, {"a", []byte("b")}}}
		if agrees(t, f, r) {
			decided++
		}
	}
	t.Logf("%d of %d direct, %d decided", direct, n, decided)
	if decided < n/8 {
		t.Errorf("direct decided %d of %d", decided, n)
	}
}

func TestDirectNesting(t *testing.T) {
	f, err := NewFilter("--filter", `.value.a.b == 1 or (.value | test("b"))`)
	if err != nil {
		t.Fatal(err)
	}
	for _, depth := range []int{output.MaxNesting - 2, output.MaxNesting - 1, output.MaxNesting} {
		deep := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		for _, value := range []string{`{"x":` + deep + `}`, `{"a":{"x":` + deep + `}}`, `{"a":{"b":` + deep + `}}`, deep} {
			agrees(t, f, &Record{Value: data(value)})
		}
	}
}

func BenchmarkFilterDirect(b *testing.B) {
	r := &Record{Topic: "t", Value: data(`{"id":123456,"name":"user-0123456","favorite_color":"green","favorite_number":456,"note":"0123456789012345678901"}`)}
	for name, text := range map[string]string{
		"one":   `.value.favorite_number>990`,
		"five":  `.value.favorite_number>99 and .value.id<1000000 and .value.favorite_color=="green" and (.value.name|startswith("user")) and .partition==0`,
		"other": `[.value.favorite_number]|add>990`,
	} {
		f, err := NewFilter("--filter", text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Match(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/gojq", func(b *testing.B) {
			whole := Filter{program: f.program}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := whole.Match(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
