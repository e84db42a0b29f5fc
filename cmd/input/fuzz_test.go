package input

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// check reads text whole and byte by byte, which must give the same, and then the
// frames of the records again, which must give the same records. It returns the
// values.
func check(t *testing.T, c Config, text []byte) []string {
	t.Helper()
	if len(text) > 1<<16 {
		return nil
	}
	read := func(in io.Reader) (out, values []string, frames []byte) {
		c.Stdin = in
		r := open(t, c)
		defer r.Close()
		for rec, err := range All(r) {
			var bad *BadRecord
			switch {
			case errors.As(err, &bad):
				// How much of a long frame is looked at depends on the reading, and so
				// what is said about it, but not what becomes a record.
			case err != nil:
				out = append(out, "end "+err.Error())
			default:
				if n := len(rec.Key.Bytes) + len(rec.Value.Bytes); n > c.MaxRecord && c.Format != "csv" {
					t.Errorf("a record of %d bytes", n)
				}
				out = append(out, shownRecord(rec))
				values = append(values, shownField(&rec.Key)+shownField(&rec.Value))
				frames = append(frames, rec.Frame...)
			}
		}
		return out, values, append(slices.Clone(r.Preamble()), frames...)
	}
	whole, values, frames := read(bytes.NewReader(text))
	single, _, _ := read(iotest.OneByteReader(bytes.NewReader(text)))
	if diff := cmp.Diff(whole, single); diff != "" {
		t.Fatalf("whole and byte by byte differ (-whole +bytes):\n%s", diff)
	}
	_, again, _ := read(bytes.NewReader(frames))
	if diff := cmp.Diff(values, again); diff != "" && c.Format != "file" {
		t.Fatalf("frames read again differ (-first +again):\n%s", diff)
	}
	return values
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a:b\n\nc"), "\n", ":", 20)
	f.Add([]byte("a||b|||c"), "||", "", 3)
	f.Fuzz(func(t *testing.T, text []byte, delim, sep string, most int) {
		if delim == "" || len(delim) > 8 || len(sep) > 8 || most < 1 || most > 1<<16 {
			return
		}
		for k := 1; k < len(delim); k++ {
			if bytes.HasSuffix(text, []byte(delim[:k])) {
				return // with a delimiter added, it would be found too early
			}
		}
		c := Config{Delimiter: []byte(delim), MaxRecord: most}
		if sep != "" {
			c.KeySeparator = []byte(sep)
		}
		check(t, c, text)
	})
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"{\"a\":[1,-0.5e+3,\"\\u00e9\"]} null\n7", "{\n\"a\":x\n}\n{}", "[01]\n\"\xff\"", "{}{}1{}2", "truefalse"} {
		f.Add([]byte(s), 30)
	}
	f.Fuzz(func(t *testing.T, text []byte, most int) {
		if most < 1 || most > 1<<16 {
			return
		}
		c := Config{Format: "values", MaxRecord: most, Stdin: bytes.NewReader(text)}
		check(t, c, text)
		for rec, err := range All(open(t, c)) {
			if err == nil && (!json.Valid(rec.Value.Bytes) || bytes.IndexByte(rec.Value.Bytes, '\n') >= 0) {
				t.Fatalf("not JSON on one line: %q", rec.Value.Bytes)
			}
		}
		// What another parser reads without an error is read here, too.
		var want []string
		dec := json.NewDecoder(bytes.NewReader(text))
		for most >= len(text) {
			var raw json.RawMessage
			err := dec.Decode(&raw)
			if err == io.EOF {
				break
			}
			if err != nil || strings.ToValidUTF8(string(raw), "") != string(raw) {
				return
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, raw); err != nil {
				t.Fatal(err)
			}
			want = append(want, compact.String())
		}
		var got []string
		for rec, err := range All(open(t, Config{Format: "values", Stdin: bytes.NewReader(text)})) {
			if err != nil { // numbers without space behind them, nesting
				return
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, rec.Value.Bytes); err != nil {
				t.Fatal(err)
			}
			got = append(got, compact.String())
		}
		if diff := cmp.Diff(want, got); diff != "" && most >= len(text) {
			t.Fatalf("(-encoding/json +got):\n%s", diff)
		}
	})
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"\",b\n\"x\ny\",\n\n,", "a\n\"x\"y\nx\"\n\"", "\ufeffa\r\n\"\r\n\"\r\n"} {
		f.Add([]byte(s), 30)
	}
	f.Fuzz(func(t *testing.T, text []byte, most int) {
		if most < 1 || most > 1<<16 {
			return
		}
		check(t, Config{Format: "csv", MaxRecord: most}, text)
		if bytes.IndexByte(text, '\r') >= 0 || bytes.HasPrefix(text, byteOrderMark) {
			return // other readers change these
		}
		ref := csv.NewReader(bytes.NewReader(text))
		rows, err := ref.ReadAll()
		if err != nil || len(rows) == 0 {
			return
		}
		var got [][]string
		for rec, err := range All(open(t, Config{Format: "csv", Stdin: bytes.NewReader(text)})) {
			if err != nil { // not UTF-8, equal columns
				return
			}
			var row map[string]string
			if err := json.Unmarshal(rec.Value.Bytes, &row); err != nil {
				t.Fatal(err)
			}
			fields := make([]string, len(rows[0]))
			for i, name := range rows[0] {
				fields[i] = row[name]
			}
			got = append(got, fields)
		}
		if diff := cmp.Diff(rows[1:], got); diff != "" && len(rows)+len(got) > 1 {
			t.Fatalf("(-encoding/csv +got):\n%s", diff)
		}
	})
}

func FuzzRecordLines(f *testing.F) {
	f.Add([]byte(`{"topic":"t","key":null,"value":{"a":1},"value_encoding":"avro","headers":[{"key":"h","value":"/w==","encoding":"base64"}]}`+"\n{\n"), 200)
	f.Fuzz(func(t *testing.T, text []byte, most int) {
		if most < 1 || most > 1<<16 {
			return
		}
		check(t, Config{Format: "json", MaxRecord: most}, text)
	})
}

func FuzzFormatString(f *testing.F) {
	for _, s := range []string{`%k\t%v\n`, `%K{big16}%k%V{big16}%v`, `%v{json}`, `%p %v{hex}\n`, `%H %h{%k=%v;}\n`, `%k`} {
		f.Add([]byte("a\tb\nc\n"), s, 30)
		f.Add([]byte("\x00\x01a\x00\x00"), s, 30)
	}
	f.Fuzz(func(t *testing.T, text []byte, spec string, most int) {
		c := Config{Format: spec, MaxRecord: most}
		if most < 1 || most > 1<<16 || !strings.ContainsAny(spec, `%\`) || c.Check() != nil {
			return
		}
		if len(text) > 1<<12 {
			return
		}
		var runs [2][]string
		for i, in := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text))} {
			c.Stdin = in
			r := open(t, c)
			for rec, err := range All(r) {
				if err == nil {
					runs[i] = append(runs[i], shownRecord(rec))
				}
			}
			r.Close()
		}
		if diff := cmp.Diff(runs[0], runs[1]); diff != "" && most > len(text) {
			t.Fatalf("whole and byte by byte differ (-whole +bytes):\n%s", diff)
		}
	})
}

func FuzzUnescape(f *testing.F) {
	f.Add(`\t\x00a\`)
	f.Fuzz(func(t *testing.T, s string) {
		b, err := Unescape(s)
		if err == nil && !strings.Contains(s, `\`) && string(b) != s {
			t.Fatalf("%q became %q", s, b)
		}
		if len(b) > len(s) {
			t.Fatalf("%q grew to %q", s, b)
		}
	})
}
