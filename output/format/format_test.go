package format

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/output"
)

func message() *output.Message {
	return &output.Message{
		Topic: "orders", Partition: 3, Offset: 258, Timestamp: 1795337438558, TimestampType: "create",
		Key: output.Field{Bytes: []byte("k1")}, Value: output.Field{Bytes: []byte(`{"a": 1}`)},
		Headers:     []output.Header{{Key: "h", Value: output.Field{Bytes: []byte("v")}}, {Key: "n"}},
		LeaderEpoch: 7,
	}
}

func TestFormat(t *testing.T) {
	null := &output.Message{Topic: "t"}
	binary := &output.Message{Key: output.Field{Bytes: []byte{1, 0xff, 0, 2, 'x', 'y'}}, Value: output.Field{Bytes: []byte("\x1b[2J\n")}}
	avro := &output.Message{Value: output.Field{Bytes: []byte{0, 0}, JSON: []byte(`{"id":1}`), Encoding: "avro"}}
	tests := map[string]struct {
		spec string
		m    *output.Message
		opts Options
		want string
	}{
		"all":                {spec: `%t %p %o %k %v %d\n`, want: "orders 3 258 k1 {\"a\": 1} 1795337438558\n"},
		"lengths":            {spec: `%T %K %V %H`, want: "6 2 8 2"},
		"headers":            {spec: `%h{%k(%K)=%v(%V);}`, want: "h(1)=v(1);n(1)=(0);"},
		"header braces":      {spec: `%h{{%k{hex}}%%%{%}}`, want: "{68}%{}{6e}%{}"},
		"escapes":            {spec: `\t\r\0\\\x41\xfF%%%{%}{}`, want: "\t\r\x00\\A\xff%{}{}"},
		"not ASCII":          {spec: `→%k`, want: "→k1"},
		"hex":                {spec: `%v{hex} %t{hex}`, want: "7b2261223a20317d 6f7264657273"},
		"base64":             {spec: `%k{base64} %k{base64raw}`, want: "azE= azE"},
		"json":               {spec: `%k{json} %v{json} %h{%v{json}}`, want: `"k1" {"a": 1} "v"null`},
		"json of nothing":    {spec: `%k{json} %v{json} %t{json}`, m: null, want: `null null "t"`},
		"null":               {spec: `%k|%v|%K|%d|%d{go[2006]}`, m: null, opts: Options{Null: []byte("NULL")}, want: "NULL|NULL|0|-1|NULL"},
		"numbers":            {spec: `%o{ascii} %o{number} %o{hex} %o{hex4} %o{hex8} %o{hex16} %o{hex32} %o{hex64} %o{bool} %p{}`, want: "258 258 102 2 02 0102 00000102 0000000000000102 true 3"},
		"big endian":         {spec: `%o{big8}%o{byte}%o{big16}%o{big32}%o{big64}`, want: "\x02\x02\x01\x02\x00\x00\x01\x02\x00\x00\x00\x00\x00\x00\x01\x02"},
		"little endian":      {spec: `%o{little8}%o{little16}%o{little32}%o{little64}`, want: "\x02\x02\x01\x02\x01\x00\x00\x02\x01\x00\x00\x00\x00\x00\x00"},
		"strftime":           {spec: `%d{strftime[%F %T]} %d{strftime##%Y}]##}`, want: "2026-11-22 08:50:38 2026}]"},
		"go":                 {spec: `%d{go[2006-01-02T15:04:05.000Z07:00]} %d{go{{15{04}}}`, want: "2026-11-22T08:50:38.558Z 08{50"},
		"leader epoch":       {spec: `%e %e{big16}`, want: "7 \x00\x07"},
		"timestamp type":     {spec: `%a{timestamp-type}`, want: "0"},
		"unpack":             {spec: `%k{unpack[>bBh]} %k{unpack[<h>Hcs]} %k{unpack[Q]} %k{unpack[b$]}`, m: binary, want: "12552 -2552xy %!Q(have 6 bytes, need 8) 1%!$(not at the end)"},
		"decoded":            {spec: `%v %V %v{hex}`, m: avro, want: `{"id":1} 8 7b226964223a317d`},
		"exact in a pipe":    {spec: `%v`, m: binary, want: "\x1b[2J\n"},
		"terminal":           {spec: `%v%k{unpack[x>bBhs]}%o{big16}\n`, m: binary, opts: Options{Terminal: true}, want: `\x1b[2J\n12552xy\x00\x00` + "\n"},
		"terminal, json":     {spec: `%v{json}`, m: binary, opts: Options{Terminal: true}, want: `"\u001b[2J\n"`},
		"framed":             {spec: `%K{big32}%k%V{big32}%v`, want: "\x00\x00\x00\x02k1\x00\x00\x00\x08{\"a\": 1}"},
		"modifier of no use": {spec: `%k{}`, want: "k1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := Parse(tt.spec, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if tt.m == nil {
				tt.m = message()
			}
			if diff := cmp.Diff(tt.want, string(f.Append(nil, tt.m))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := map[string]struct{ spec, want string }{
		"bare percent":     {`a%`, `format string, byte 1: a percent sign at the end: write %% for one`},
		"bare backslash":   {`%v\`, `format string, byte 2: a backslash at the end: write \\ for one`},
		"unknown escape":   {`\q`, `format string, byte 0: unknown escape \q: want one of \t \n \r \0 \\ \xNN`},
		"short hex":        {`\x4`, `format string, byte 0: \x needs two hexadecimal digits`},
		"unknown verb":     {`%v %s`, `format string, byte 3: unknown %s: write %% for a percent sign`},
		"producer id":      {`%x`, `format string, byte 0: %x: the client does not tell the producer id`},
		"producer epoch":   {`%y`, `format string, byte 0: %y: the client does not tell the producer epoch`},
		"watermark":        {`%]`, `format string, byte 0: %]: the client does not tell partition offsets with a record`},
		"headers bare":     {`%h`, `format string, byte 0: %h needs braces: %h{%k=%v }`},
		"headers open":     {`%h{%k`, `format string, byte 5: %h{ has no closing }`},
		"topic in headers": {`%h{%t}`, `format string, byte 3: unknown %t in %h{…}: want one of %k %K %v %V`},
		"modifier open":    {`%k{hex`, `format string, byte 0: %k{ has no closing }`},
		"text modifier":    {`%k{big32}`, `format string, byte 0: %k{big32}: no such modifier for output`},
		"number modifier":  {`%K{base64}`, `format string, byte 0: %K{base64}: no such modifier for output`},
		"in headers":       {`%h{ %v{nix}}`, `format string, byte 4: %v{nix}: no such modifier for output`},
		"strftime open":    {`%d{strftime[%F}`, `format string, byte 0: %d{strftime has no closing ]}`},
		"strftime of text": {`%k{strftime[%F]}`, `format string, byte 0: %k{strftime}: no such modifier for output`},
		"attributes":       {`%a{compression}`, `format string, byte 0: %a{compression}: no such modifier for output`},
		"unpack":           {`%k{unpack[z]}`, `format string, byte 0: unpack: unknown letter 'z'`},
		"unpack end":       {`%k{unpack[sb]}`, `format string, byte 0: unpack: 'b' after the end`},
		"long":             {strings.Repeat("x", maxSpec+1), `format string of 65537 bytes: at most 65536`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tt.spec, Options{})
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestKcat(t *testing.T) {
	tests := map[string]struct {
		spec string
		m    *output.Message
		want string
		err  string
	}{
		"all":     {spec: `%t [%p] at offset %o: key %k: %s %T (%h)%%\n`, want: "orders [3] at offset 258: key k1: {\"a\": 1} 1795337438558 (h=v,n=NULL)%\n"},
		"lengths": {spec: `%K %S %R`, want: "2 8 \x00\x00\x00\x08"},
		"null":    {spec: `[%k][%s] %K %S %R %T`, m: &output.Message{}, want: "[][] -1 -1 \xff\xff\xff\xff -1"},
		"escapes": {spec: `\x41\t\r\012\65\q\\`, want: "A\t\r\nAq\\"},
		"unknown": {spec: `%v`, err: "kcat format string, byte 0: unknown %v: want one of %t %p %o %k %s %K %S %R %T %h %%"},
		"open":    {spec: `x%`, err: "kcat format string, byte 1: a percent sign at the end: write %% for one"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := ParseKcat(tt.spec, Options{})
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.m == nil {
				tt.m = message()
			}
			if diff := cmp.Diff(tt.want, string(f.Append(nil, tt.m))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestIteration(t *testing.T) {
	f, err := Parse(`%i,`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for range 3 {
		got = f.Append(got, message())
	}
	if string(got) != "1,2,3," {
		t.Errorf("got %s", got)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	m, dst := message(), make([]byte, 0, 4096)
	for _, spec := range []string{
		`%t %p %o %k %v %d %H %K %V %T %i\n`, `%h{%k=%v{hex} }`, `%k{base64}%v{json}%o{big64}%o{hex16}`, `%d{strftime[%F %T]} %d{go[15:04:05]}`,
		`%v{unpack[bBhHs]}`,
	} {
		f, err := Parse(spec, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(10, func() { f.Append(dst, m) }); n != 0 {
			t.Errorf("%s: %v allocations", spec, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, spec := range []string{`%t{hex}%h{%k{base64}=%v\n}`, `%d{strftime[%F]}%d{go##15##}`, `%k{unpack[>iq$]}`, `\x00%{%}%%`, `%K{3}%k%V{big32}%v`, `%k{`, `%d{go`} {
		f.Add(spec, []byte("key\x1b"), []byte(`{"v":1}`))
	}
	f.Fuzz(func(t *testing.T, spec string, key, value []byte) {
		m := &output.Message{
			Key: output.Field{Bytes: key}, Value: output.Field{Bytes: value}, TimestampType: "create",
			Headers: []output.Header{{Key: string(key), Value: output.Field{Bytes: value}}},
		}
		for _, parse := range []func(string, Options) (*Format, error){Parse, ParseKcat} {
			if f, err := parse(spec, Options{Terminal: len(key)%2 == 0}); err == nil {
				f.Append(nil, m)
			}
		}
		r, err := NewReader(spec, strings.NewReader(string(value)), ReaderOptions{MaxRecord: 100})
		for n := 0; err == nil; n++ {
			if n > len(value) {
				t.Fatalf("%q reads %d records from %d bytes", spec, n, len(value))
			}
			_, err = r.Read()
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for name, spec := range map[string]string{"fields": `%t %p %o %k %v\n`, "framed": `%K{big32}%k%V{big32}%v`, "time": `%d{strftime[%F %T]}`} {
		b.Run(name, func(b *testing.B) {
			f, err := Parse(spec, Options{})
			if err != nil {
				b.Fatal(err)
			}
			m, dst := message(), make([]byte, 0, 1024)
			b.ReportAllocs()
			for b.Loop() {
				dst = f.Append(dst[:0], m)
			}
		})
	}
}
