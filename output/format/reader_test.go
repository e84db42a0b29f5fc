package format

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"kstream/output"
)

// readAll reads records as text: what they have of topic[partition] timestamp
// key=value header=value.
func readAll(r *Reader) (records []string, err error) {
	for {
		l, err := r.Read()
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		f, err := Parse(`%t[%p]%d|%k|%v|%h{%k=%v,}`, Options{Null: []byte("-")})
		if err != nil {
			return records, err
		}
		m := output.Message{Topic: l.Topic, Partition: l.Partition, Timestamp: l.Timestamp, Key: output.Field{Bytes: l.Key.Bytes}, Value: output.Field{Bytes: l.Value.Bytes}}
		if l.HasTimestamp {
			m.TimestampType = "create"
		}
		for _, h := range l.Headers {
			m.Headers = append(m.Headers, output.Header{Key: h.Key, Value: output.Field{Bytes: h.Value.Bytes}})
		}
		records = append(records, string(f.Append(nil, &m)))
	}
}

func TestReader(t *testing.T) {
	tests := map[string]struct {
		spec, input string
		want        []string
		wantErr     string
	}{
		"key and value":       {spec: `%k\t%v\n`, input: "a\t1\nb\t\n\t2\n", want: []string{"[-1]-1|a|1|", "[-1]-1|b||", "[-1]-1||2|"}},
		"no last newline":     {spec: `%k\t%v\n`, input: "a\t1\nb\t2", want: []string{"[-1]-1|a|1|", "[-1]-1|b|2|"}},
		"value only":          {spec: `%v\n`, input: "1\n\n2\n", want: []string{"[-1]-1|-|1|", "[-1]-1|-||", "[-1]-1|-|2|"}},
		"all the input":       {spec: `%v`, input: "1\n2\n", want: []string{"[-1]-1|-|1\n2\n|"}},
		"no input":            {spec: `%v\n`},
		"everything":          {spec: `%t %p %o %d %k=%v\n`, input: "orders 3 42 1795337438558 k=v=w\nt -1 -5 -1 k=\n", want: []string{"orders[3]1795337438558|k|v=w|", "t[-1]-1|k||"}},
		"framed":              {spec: `%K{big32}%k%V{little16}%v`, input: "\x00\x00\x00\x02ab\x01\x00c\x00\x00\x00\x00\x00\x00", want: []string{"[-1]-1|ab|c|", "[-1]-1|||"}},
		"framed in text":      {spec: `%K %V %k%v`, input: "2 3 abcde0 1 x", want: []string{"[-1]-1|ab|cde|", "[-1]-1||x|"}},
		"number forms":        {spec: `%K{hex8}%V{byte}%T{bool}%k%v%t`, input: "02\x01truea=bt", want: []string{"t[-1]-1|a=|b|"}},
		"fixed lengths":       {spec: `%K{2}%k%V{3}%v`, input: "ab123cd456", want: []string{"[-1]-1|ab|123|", "[-1]-1|cd|456|"}},
		"hex and base64":      {spec: `%k{hex} %v{base64}\n`, input: "00fF AQI=\n", want: []string{"[-1]-1|\x00\xff|\x01\x02|"}},
		"length of digits":    {spec: `%V%v{base64raw}`, input: "3AQI", want: []string{"[-1]-1|-|\x01\x02|"}},
		"json":                {spec: `%v{json} %k\n`, input: " {\"a\": [1,\n \"}\\\"\"]} k\n\"s\" k2\n12 k3\nnull k4\n", want: []string{`[-1]-1|k|{"a":[1,"}\""]}|`, `[-1]-1|k2|"s"|`, `[-1]-1|k3|12|`, `[-1]-1|k4|null|`}},
		"a stream of json":    {spec: `%v{json}\n`, input: "{}\n[1, 2]\n3", want: []string{"[-1]-1|-|{}|", "[-1]-1|-|[1,2]|", "[-1]-1|-|3|"}},
		"headers":             {spec: `%H{byte}%h{%K{byte}%k%V{byte}%v}%v\n`, input: "\x02\x01a\x01b\x01a\x00v\n\x00w\n", want: []string{"[-1]-1|-|v|a=b,a=,", "[-1]-1|-|w|"}},
		"headers with text":   {spec: `%K%V %H %h{%k=%v;}%k %v\n`, input: "1", wantErr: `record 1, byte 1: %V: want a number`},
		"sizes and headers":   {spec: `%K{byte}%V{byte}%H{byte}%h{%K{byte}%k%V{byte}%v}%k%v`, input: "\x01\x02\x01\x03abc\x01dkvv", want: []string{"[-1]-1|k|vv|abc=d,"}},
		"mismatch":            {spec: `%p,%v\n`, input: "1,a\n2;b\n", want: []string{"[1]-1|-|a|"}, wantErr: `record 2, byte 5: want ",", have ";"`},
		"not a number":        {spec: `%p %v\n`, input: "x a\n", wantErr: "record 1, byte 0: %p: want a number"},
		"number too large":    {spec: `%o %v\n`, input: "99999999999999999999 a\n", wantErr: `record 1, byte 20: %o: want a number, have "99999999999999999999"`},
		"partition too large": {spec: `%p %v\n`, input: "2147483648 a\n", wantErr: "record 1, byte 10: %p: no partition has the number 2147483648"},
		"not hex":             {spec: `%v{hex}\n`, input: "0g\n", wantErr: "record 1, byte 2: %v: encoding/hex: invalid byte: U+0067 'g'"},
		"not hex, number":     {spec: `%V{hex8}%v`, input: "zz", wantErr: `record 1, byte 2: %V: want 2 hexadecimal digits, have "zz"`},
		"not json":            {spec: `%v{json}\n`, input: "{\"a\":x}\n", wantErr: "record 1, byte 7: %v: byte 5: not valid JSON at 'x'"},
		"not bool":            {spec: `%V{bool}%v`, input: "maybe", wantErr: "record 1, byte 0: %V: want true or false, have 'm'"},
		"cut in a frame":      {spec: `%V{big32}%v`, input: "\x00\x00\x00\x05abc", wantErr: "record 1, byte 4: %v: the input ends inside the record"},
		"cut before a text":   {spec: `%k\t%v\n`, input: "a\t1\nb", want: []string{"[-1]-1|a|1|"}, wantErr: "record 2, byte 5: the input ends inside the record"},
		"frame too large":     {spec: `%V{big64}%v`, input: "\x7f\xff\xff\xff\xff\xff\xff\xff", wantErr: "record 1, byte 8: %V: 9223372036854775807 is more than a record may have"},
		"frame negative":      {spec: `%V{big64}%v`, input: "\xff\xff\xff\xff\xff\xff\xff\xff", wantErr: "record 1, byte 8: %V: 18446744073709551615 is more than a record may have"},
		"record too large":    {spec: `%v\n`, input: strings.Repeat("x", 200<<10), wantErr: "record 1, byte 0: %v: the record takes more than 100000 bytes"},
		"json too large":      {spec: `%v{json}\n`, input: strings.Repeat("[", 200<<10), wantErr: "record 1, byte 0: %v: the record takes more than 100000 bytes"},
		"many empty headers":  {spec: `%H %h{%K{byte}%k}%v\n`, input: "3 \x00", wantErr: "record 1, byte 3: %h: %K: the input ends inside the record"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(tt.input), iotest.OneByteReader(strings.NewReader(tt.input)), iotest.DataErrReader(strings.NewReader(tt.input))} {
				r, err := NewReader(tt.spec, in, ReaderOptions{MaxRecord: 100000})
				if err != nil {
					t.Fatal(err)
				}
				got, err := readAll(r)
				if err == nil && tt.wantErr != "" || err != nil && err.Error() != tt.wantErr {
					t.Errorf("error %v, want %s", err, tt.wantErr)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
}

func TestNewReaderErrors(t *testing.T) {
	tests := map[string]struct{ spec, want string }{
		"empty":             {``, `format string: it reads nothing`},
		"fixed number only": {`%p{3}`, `format string: it reads nothing`},
		"no delimiter":      {`%k%v`, `format string, byte 0: %k needs a length before it or text after it, not %v`},
		"header open":       {`%H%h{%k=%v}`, `format string, byte 8: %v in %h{…} needs a length before it or text after it`},
		"twice":             {`%k %k\n`, `format string, byte 3: %k comes twice`},
		"length too late":   {`%k %K`, `format string, byte 3: %K must come before %k`},
		"no header count":   {`%h{%k=%v }`, `format string, byte 0: %h needs %H, the number of headers, before it`},
		"headers of nought": {`%H %h{}`, `format string, byte 3: %h{…} reads nothing`},
		"json with length":  {`%V%v{json}`, `format string, byte 2: %v{json} ends by itself: leave its length out`},
		"bare hex":          {`%V{hex}%v`, `format string, byte 0: %V{hex} does not say where it ends: use hex4 to hex64`},
		"time layout":       {`%d{go[2006]} %v\n`, `format string, byte 0: %d{go}: no such modifier for input`},
		"unpack":            {`%v{unpack[b]}\n`, `format string, byte 0: %v{unpack}: no such modifier for input`},
		"attributes":        {`%a{timestamp-type}%v\n`, `format string, byte 0: %a cannot be read`},
		"verb of kcat":      {`%s\n`, `format string, byte 0: unknown %s: write %% for a percent sign`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewReader(tt.spec, strings.NewReader(""), ReaderOptions{})
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// TestReaderCutStream proves that a stream that breaks is not taken for one that ends.
func TestReaderCutStream(t *testing.T) {
	for _, cause := range []error{io.ErrUnexpectedEOF, errors.New("disk on fire")} {
		r, err := NewReader(`%v\n`, io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(cause)), ReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(r)
		if !errors.Is(err, cause) || len(got) != 2 {
			t.Errorf("%q, %v; want two records, then %v", got, err, cause)
		}
	}
}

// TestReaderIsBounded reads many records and sees that memory does not follow.
func TestReaderIsBounded(t *testing.T) {
	record := []byte("key\t" + strings.Repeat("v", 100) + "\n")
	r, err := NewReader(`%k\t%v\n`, &repeated{data: record, left: 1e5 * len(record)}, ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range int(1e5) {
		if l, err := r.Read(); err != nil || len(l.Value.Bytes) != 100 {
			t.Fatal(l, err)
		}
	}
	if _, err := r.Read(); err != io.EOF {
		t.Fatal(err)
	}
	if cap(r.in.buf) > 256<<10 {
		t.Errorf("%d bytes of buffer", cap(r.in.buf))
	}
	r.in = input{r: &repeated{data: record, left: 1e3 * len(record)}, most: DefaultMaxRecord, buf: make([]byte, 0, 1<<20)}
	if n := testing.AllocsPerRun(100, func() { _, err = r.Read() }); n != 0 || err != nil {
		t.Errorf("%v allocations, error %v", n, err)
	}
}

// repeated is data, over and over, until left bytes of it were read.
type repeated struct {
	data       []byte
	read, left int
}

func (r *repeated) Read(b []byte) (int, error) {
	b = b[:min(len(b), r.left)]
	if len(b) == 0 {
		return 0, io.EOF
	}
	for n := 0; n < len(b); {
		c := copy(b[n:], r.data[r.read%len(r.data):])
		n, r.read = n+c, r.read+c
	}
	r.left -= len(b)
	return len(b), nil
}

// FuzzRoundTrip writes records and reads them back, for format strings that lose
// nothing but the difference between null and empty.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("k"), []byte("v\n"), "h", []byte("x"), int64(17))
	f.Add([]byte{}, []byte{0xff, 0}, "", []byte{}, int64(-1))
	f.Fuzz(func(t *testing.T, key, value []byte, name string, header []byte, n int64) {
		m := &output.Message{
			Topic: "t", Partition: int32(n & 0xffff), Timestamp: n & 0xffffffff, TimestampType: "create",
			Key: output.Field{Bytes: key}, Value: output.Field{Bytes: value},
			Headers: []output.Header{{Key: name, Value: output.Field{Bytes: header}}, {Key: name}},
		}
		for _, spec := range []string{
			`%T{byte}%t%p{big16}%d{big64}%K{big32}%k%V{little64}%v%H{hex16}%h{%K{hex64}%k%V{big32}%v}`,
			`%t %p %d %k{hex} %v{base64} %H %h{%k{hex}=%v{base64raw};}\n`,
			`%T{ascii} %t%p{hex32}%d{little64}%K %k%V %v%H %h{%K %k%V %v}\n`,
		} {
			w, err := Parse(spec, Options{})
			if err != nil {
				t.Fatal(err)
			}
			text := w.Append(w.Append(nil, m), m)
			r, err := NewReader(spec, bytes.NewReader(text), ReaderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				l, err := r.Read()
				if err != nil {
					t.Fatalf("%s: %q: %v", spec, text, err)
				}
				same := l.Topic == m.Topic && l.Partition == m.Partition && l.Timestamp == m.Timestamp && l.HasTimestamp &&
					bytes.Equal(l.Key.Bytes, key) && bytes.Equal(l.Value.Bytes, value) && len(l.Headers) == 2 &&
					l.Headers[0].Key == name && bytes.Equal(l.Headers[0].Value.Bytes, header) && len(l.Headers[1].Value.Bytes) == 0
				if !same {
					t.Fatalf("%s: %q reads back as %+v", spec, text, l)
				}
			}
			if _, err := r.Read(); err != io.EOF {
				t.Fatalf("%s: after the last record: %v", spec, err)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	r, err := NewReader(`%k\t%v\n`, &repeated{data: []byte("key\t" + strings.Repeat("v", 109) + "\n"), left: 1 << 62}, ReaderOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Read(); err != nil {
			b.Fatal(err)
		}
	}
}
