package input

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"a": "1\n2", "b": "", "c": "3\n", "h1": "x\n1\n", "h2": "y\n2\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("dir", 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		c       Config
		want    []string
		wantErr string
	}{
		"in order": {
			c:    Config{Files: []string{"c", "b", "-", "a"}},
			want: []string{`c:1@0: null = "3"`, `stdin:1@0: null = "in"`, `a:1@0: null = "1"`, `a:2@2: null = "2"`},
		},
		"whole": {
			c:    Config{Files: []string{"a", "b"}, Format: "file"},
			want: []string{`a@0: null = "1\n2"`, `b@0: null = ""`},
		},
		"csv, a header each": {
			c:    Config{Files: []string{"h1", "h2"}, Format: "csv"},
			want: []string{`h1:2@2: null = "{\"x\":\"1\"}"`, `h2:2@2: null = "{\"y\":\"2\"}"`},
		},
		"format string": {
			c:    Config{Files: []string{"c", "a"}, Format: "%v{json}"},
			want: []string{`c: record 1@0: null = "3"`, `a: record 1@0: null = "1"`, `a: record 2@1: null = "2"`},
		},
		"directory":   {c: Config{Files: []string{"a", "dir"}}, wantErr: "dir: is a directory"},
		"missing":     {c: Config{Files: []string{"a", "no"}}, wantErr: "no: no such file or directory"},
		"stdin twice": {c: Config{Files: []string{"-", "-"}}, wantErr: "-: standard input can be read only once"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.c.Stdin = strings.NewReader("in")
			r, err := Open(context.Background(), tt.c)
			if tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Fatalf("have %v, want %s", err, tt.wantErr)
				}
				if name == "missing" && !errors.Is(err, fs.ErrNotExist) {
					t.Error("not fs.ErrNotExist")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if diff := cmp.Diff(tt.want, dump(t, r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A file that goes away between the check and its turn is named, after the records
// before it.
func TestFileGoesAway(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, name := range []string{a, b} {
		if err := os.WriteFile(name, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stdinR, stdinW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdinR.Close()
	r := open(t, Config{Files: []string{a, "-", b}, Stdin: stdinR})
	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	stdinW.Close()
	want := []string{a + `:1@0: null = "x"`, "end " + b + ": no such file or directory"}
	if diff := cmp.Diff(want, dump(t, r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	sep := []byte(":")
	tests := map[string]struct {
		c    Config
		want string
	}{
		"unknown format":      {Config{Format: "lines"}, `--input "lines": want line, json, values, csv, file, or a format string such as '%k\t%v\n'`},
		"format string":       {Config{Format: "%z"}, "format string, byte 0: unknown %z: write %% for a percent sign"},
		"no delimiter":        {Config{Delimiter: []byte{}}, "--delimiter is empty"},
		"no separator":        {Config{KeySeparator: []byte{}}, "--key-separator is empty"},
		"delimiter of csv":    {Config{Format: "csv", Delimiter: sep}, "--delimiter is for --input line, not csv"},
		"separator of json":   {Config{Format: "json", KeySeparator: sep}, "--key-separator is for --input line, not json"},
		"tombstones of file":  {Config{Format: "file", Tombstones: true}, "--tombstones is for --input line, not file"},
		"skip empty":          {Config{Format: "values", SkipEmpty: true}, "--skip-empty is for --input line, not values"},
		"tombstones, keys":    {Config{Tombstones: true, KeySeparator: sep}, "--tombstones and --key-separator: a line is a key alone, or a key and a value"},
		"tombstones, null":    {Config{Tombstones: true, NullValue: ptr("")}, "--tombstones and --null-value: the value is null already"},
		"null key, no key":    {Config{NullKey: ptr("")}, "--null-key needs keys: --key-separator or --tombstones"},
		"null key of values":  {Config{Format: "values", NullKey: ptr("")}, "--null-key is for lines and format strings, not --input values"},
		"null value of json":  {Config{Format: "json", NullValue: ptr("")}, "--null-value is not for --input json"},
		"negative":            {Config{MaxRecord: -1}, "a record cannot be longer than -1 bytes"},
		"no standard input":   {Config{}, "-: there is no standard input"},
		"nothing is the line": {Config{Stdin: strings.NewReader("")}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := Open(context.Background(), tt.c)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				r.Close()
			}
			if got != tt.want {
				t.Errorf("have %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestUnescape(t *testing.T) {
	tests := map[string]struct{ in, want, wantErr string }{
		"plain":     {in: "=>", want: "=>"},
		"escapes":   {in: `\t\n\r\0\\\x1F\xfe`, want: "\t\n\r\x00\\\x1f\xfe"},
		"UTF-8":     {in: "é", want: "é"},
		"lone":      {in: `a\`, wantErr: `"a\\" ends with a lone backslash: write \\ for one`},
		"short hex": {in: `\x1`, wantErr: `"\\x1": \x needs two hexadecimal digits`},
		"no hex":    {in: `\x1g`, wantErr: `"\\x1g": \x needs two hexadecimal digits`},
		"unknown":   {in: `\N`, wantErr: `"\\N": unknown escape \N: there are \t \n \r \0 \\ \xNN`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Unescape(tt.in)
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			gotErr := ""
			if err != nil {
				gotErr = err.Error()
			}
			if diff := cmp.Diff(tt.wantErr, gotErr); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
