package expr

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func data(s string) Field { return Field{Data: []byte(s)} }

func order() *Record {
	return &Record{
		Topic: "orders", Partition: 3, Offset: 1<<62 + 1, Timestamp: 1795337438558,
		Key:   data("42"),
		Value: data(`{"id":9007199254740993,"price":12.50,"big":123456789012345678901234567890,"user":{"name":"ann"},"tags":["a","b"]}`),
		Headers: []Header{
			{"try", []byte("1")},
			{"try", []byte("2")},
			{"none", nil},
			{"bin", []byte{0xff}},
		},
	}
}

func TestFilter(t *testing.T) {
	tests := map[string]struct {
		expr    string
		want    bool
		wantErr string
	}{
		"field":               {expr: `.partition == 3`, want: true},
		"topic":               {expr: `.topic | test("^ord")`, want: true},
		"offset is exact":     {expr: `.offset == 4611686018427387905`, want: true},
		"offset is not near":  {expr: `.offset == 4611686018427387904`},
		"integer is exact":    {expr: `.value.id == 9007199254740993`, want: true},
		"integer is not near": {expr: `.value.id == 9007199254740992`},
		"big integer":         {expr: `.value.big == 123456789012345678901234567890`, want: true},
		"big arithmetic":      {expr: `.value.big + 1 == 123456789012345678901234567891`, want: true},
		"decimal":             {expr: `.value.price > 12.4 and .value.price == 12.5`, want: true},
		"key is a string":     {expr: `.key == "42"`, want: true},
		"last header":         {expr: `.header.try == "2"`, want: true},
		"headers":             {expr: `[.headers[] | select(.key == "try").value] == ["1", "2"]`, want: true},
		"null header":         {expr: `.header.none == null and (.header | has("none"))`, want: true},
		"binary header":       {expr: `.header.bin | @base64d | length == 1`, want: true},
		"absent":              {expr: `.value.nothing.at.all`},
		"any result":          {expr: `false, .partition`, want: true},
		"no result":           {expr: `empty`},
		"null":                {expr: `null`},
		"zero is something":   {expr: `0`, want: true},
		"whole input":         {expr: `keys == ["header","headers","key","offset","partition","timestamp","topic","value"]`, want: true},
		"select":              {expr: `select(.partition == 3) | .value.user.name == "ann"`, want: true},
		"select whole":        {expr: `select(.partition == 3) | length == 8`, want: true},
		"time":                {expr: `.timestamp < now * 1000 + 1e15`, want: true},
		"wrong type":          {expr: `.value.tags.name`, wantErr: `--filter: expected an object but got: array (["a","b"])`},
		"halt":                {expr: `halt`, wantErr: "--filter: halt error: null"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := NewFilter("--filter", tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Match(t.Context(), order())
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func TestFieldValues(t *testing.T) {
	deep := strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	tests := map[string]struct {
		key, value Field
		want       string
	}{
		"null":           {want: `[null,null]`},
		"empty":          {key: data(""), value: data(""), want: `["",""]`},
		"text":           {key: data("k1"), value: data("hello"), want: `["k1","hello"]`},
		"number":         {key: data("42"), value: data("42"), want: `["42",42]`},
		"decoded number": {key: Field{[]byte("42"), true}, value: Field{[]byte(`"42"`), true}, want: `[42,"42"]`},
		"container":      {key: data(`{"a":1}`), value: data(" [1, 2]\n"), want: `[{"a":1},[1,2]]`},
		"digits":         {value: data(`[1.50,1e400,-0.0,18446744073709551616]`), want: `[null,[1.50,1e400,-0.0,18446744073709551616]]`},
		"two values":     {value: data(`1 2`), want: `[null,"1 2"]`},
		"broken":         {value: data(`{"a":`), want: `[null,"{\"a\":"]`},
		"duplicates":     {value: data(`{"a":1,"a":2}`), want: `[null,{"a":2}]`},
		"not UTF-8":      {key: data("\xff\xfe"), value: data("\"\xff\""), want: `["//4=","Iv8i"]`},
		"too deep":       {value: data(deep), want: `[null,"` + deep + `"]`},
	}
	m, err := NewMap("--map", "[.key, .value]")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got string
			err := m.Apply(t.Context(), &Record{Key: tt.key, Value: tt.value}, func(json []byte) error {
				got += string(json)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMap(t *testing.T) {
	full := errors.New("full")
	tests := map[string]struct {
		expr    string
		want    []string
		wantErr string
	}{
		"path":          {expr: `.value.user`, want: []string{`{"name":"ann"}`}},
		"passed on":     {expr: `.value.id, .value.price, .value.big`, want: []string{"9007199254740993", "12.50", "123456789012345678901234567890"}},
		"none":          {expr: `empty`},
		"new":           {expr: `{topic, o: .offset}`, want: []string{`{"o":4611686018427387905,"topic":"orders"}`}},
		"error later":   {expr: `1, error("no")`, want: []string{"1"}, wantErr: "--map: error: no"},
		"yield's error": {expr: `"stop", 2`, wantErr: "full"},
		"null":          {expr: `.value.nope`, want: []string{"null"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := NewMap("--map", tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			err = m.Apply(t.Context(), order(), func(json []byte) error {
				if string(json) == `"stop"` {
					return full
				}
				got = append(got, string(json))
				return nil
			})
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	tests := map[string]struct{ expr, want string }{
		"token":         {`.value }`, `--filter: column 8: unexpected token "}"`},
		"characters":    {`"ä" }`, `--filter: column 5: unexpected token "}"`},
		"unterminated":  {`.value | "x`, `--filter: column 12: unterminated string literal`},
		"end":           {`.value |`, `--filter: column 9: the expression ends too early`},
		"empty":         {"  ", `--filter: the expression is empty`},
		"unknown":       {`.value | foo(1)`, `--filter: column 10: function not defined: foo/1`},
		"variable":      {`.value == $x`, `--filter: column 11: variable not defined: $x`},
		"twice":         {`foo, foo`, `--filter: function not defined: foo/0`},
		"environment":   {`$ENV.HOME`, `--filter: column 1: the environment is not available to expressions`},
		"env":           {`.a | [env]`, `--filter: column 7: the environment is not available to expressions`},
		"input":         {`input`, `--filter: column 1: an expression sees one record, not further input`},
		"inputs nested": {`reduce inputs as $x (0; . + 1)`, `--filter: column 8: an expression sees one record, not further input`},
		"file name":     {`input_filename`, `--filter: column 1: an expression sees one record, not further input`},
		"debug":         {`.value | debug`, `--filter: column 10: debug is not available: expressions write nothing`},
		"import":        {`import "a" as a; .`, `--filter: column 1: modules are not available`},
		"modulemeta":    {`"a" | modulemeta`, `--filter: column 7: modules are not available`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewFilter("--filter", tt.expr)
			if diff := cmp.Diff(tt.want, errText(err)); diff != "" {
				t.Error(diff)
			}
			if wrong := (*Error)(nil); !errors.As(err, &wrong) {
				t.Errorf("got a %T, want an *Error", err)
			}
		})
	}
}

func TestRunawayStops(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	for _, expr := range []string{`def f: f; f`, `last(repeat(1))`, `[limit(1e12; repeat(empty))]`} {
		f, err := NewFilter("--filter", expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = f.Match(ctx, order()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want the end of the context", expr, err)
		}
	}
}

func TestText(t *testing.T) {
	tests := map[string]struct {
		expr    string
		ofValue bool
		want    []byte
		wantErr string
	}{
		"string":  {expr: `.topic + "-eu"`, want: []byte("orders-eu")},
		"value":   {expr: `.user.name`, ofValue: true, want: []byte("ann")},
		"number":  {expr: `.id`, ofValue: true, want: []byte("9007199254740993")},
		"object":  {expr: `.user`, ofValue: true, want: []byte(`{"name":"ann"}`)},
		"null":    {expr: `.nope`, ofValue: true},
		"empty":   {expr: `""`, want: []byte{}},
		"none":    {expr: `empty`, wantErr: "--key-from: no result"},
		"several": {expr: `1, 2`, wantErr: "--key-from: more than one result"},
		"error":   {expr: `.user.name.first`, ofValue: true, wantErr: `--key-from: expected an object but got: string ("ann")`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			compile := NewText
			if tt.ofValue {
				compile = NewValueText
			}
			x, err := compile("--key-from", tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			got, err := x.Apply(t.Context(), order())
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPartition(t *testing.T) {
	const end = ": end the expression with % $partitions"
	tests := map[string]struct {
		expr    string
		want    int32
		wantErr string
	}{
		"constant": {expr: `5`, want: 5},
		"hash":     {expr: `"21" | murmur2 % $partitions`, want: (-973932308 & 0x7fffffff) % 6},
		"float":    {expr: `.value.id / 9007199254740993`, want: 1},
		"literal":  {expr: `1.0`, want: 1},
		"large":    {expr: `.offset`, wantErr: "--partition-by: 4611686018427387905 is no partition of 6" + end},
		"negative": {expr: `-1`, wantErr: "--partition-by: -1 is no partition of 6" + end},
		"half":     {expr: `.value.price`, wantErr: "--partition-by: 12.50 is no partition of 6" + end},
		"big":      {expr: `.value.big + 0`, wantErr: "--partition-by: 123456789012345678901234567890 is no partition of 6" + end},
		"a string": {expr: `"1"`, wantErr: "--partition-by: the result must be a number, not string"},
		"no key":   {expr: `null | murmur2`, wantErr: "--partition-by: murmur2 needs a string, not null"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := NewPartition("--partition-by", tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Apply(t.Context(), order(), 6)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
