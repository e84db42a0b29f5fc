package input

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormats(t *testing.T) {
	tests := map[string]struct {
		c    Config
		in   string
		want []string
	}{
		"line": {
			in:   "a\n\nb\r\nlast",
			want: []string{`stdin:1@0: null = "a"`, `stdin:2@2: null = ""`, `stdin:3@3: null = "b\r"`, `stdin:4@6: null = "last"`},
		},
		"line, nothing": {in: "", want: []string{}},
		"line, skip empty": {
			c: Config{SkipEmpty: true}, in: "\na\n\n\nb\n\n",
			want: []string{`stdin:2@1: null = "a"`, `stdin:5@5: null = "b"`},
		},
		"line, delimiter": {
			c: Config{Delimiter: []byte("||")}, in: "a|b||c\n|||d",
			want: []string{`stdin: record 1@0: null = "a|b"`, `stdin: record 2@5: null = "c\n"`, `stdin: record 3@9: null = "|d"`},
		},
		"line, key": {
			c: Config{KeySeparator: []byte(":")}, in: "k:v:w\n:v\nk:\nnone\n:\nz:end",
			want: []string{
				`stdin:1@0: "k" = "v:w"`, `stdin:2@6: "" = "v"`, `stdin:3@9: "k" = ""`,
				"bad stdin:4: no key separator \":\" in this line <none\n>",
				`stdin:5@17: "" = ""`, `stdin:6@19: "z" = "end"`,
			},
		},
		"line, long separator, nulls": {
			c:    Config{KeySeparator: []byte("=>"), NullKey: ptr("-"), NullValue: ptr("")},
			in:   "-=>-\na=>\n=>b\n",
			want: []string{`stdin:1@0: null = "-"`, `stdin:2@5: "a" = null`, `stdin:3@9: "" = "b"`},
		},
		"line, null value": {
			c: Config{NullValue: ptr(`\N`)}, in: "\\N\n\\n\n",
			want: []string{`stdin:1@0: null = null`, `stdin:2@3: null = "\\n"`},
		},
		"line, tombstones": {
			c: Config{Tombstones: true, NullKey: ptr("null")}, in: "a\nnull\n",
			want: []string{`stdin:1@0: "a" = null`, `stdin:2@2: null = null`},
		},
		"line, too long": {
			c: Config{MaxRecord: 5}, in: "12345\n123456\nabc\n" + strings.Repeat("x", 100) + "\n1\n123456",
			want: []string{
				`stdin:1@0: null = "12345"`, "bad stdin:2: longer than 5 bytes <>", `stdin:3@13: null = "abc"`,
				"bad stdin:4: longer than 5 bytes <>", `stdin:5@118: null = "1"`, "bad stdin:6: longer than 5 bytes <>",
			},
		},
		"values": {
			c:  Config{Format: "values"},
			in: " {\"a\": 1}\n[1,\n 2] 3\n\"x y\"null{}true\r\n-0.5e+3",
			want: []string{
				`stdin:1@1: null = "{\"a\": 1}"`, `stdin:2@10: null = "[1,2]"`, `stdin:3@18: null = "3"`,
				`stdin:4@20: null = "\"x y\""`, `stdin:4@25: null = "null"`, `stdin:4@29: null = "{}"`,
				`stdin:4@31: null = "true"`, `stdin:5@37: null = "-0.5e+3"`,
			},
		},
		"values, null value": {
			c: Config{Format: "values", NullValue: ptr("null")}, in: "null [null]",
			want: []string{`stdin:1@0: null = null`, `stdin:1@5: null = "[null]"`},
		},
		"values, broken in the middle": {
			c:  Config{Format: "values"},
			in: "{\n  \"a\": 1,,\n  \"b\": 2\n}\n{\n  \"c\": 3\n}\n",
			want: []string{
				"bad stdin:2:10: want a key in quotes, have , <{\n  \"a\": 1,,\n>",
				"bad stdin:3: the rest of a broken value, up to a line that begins with { or [ <  \"b\": 2\n}\n>",
				`stdin:5@24: null = "{\"c\":3}"`,
			},
		},
		"values, names of floats": {
			c: Config{Format: "values"}, in: "NaN\n{\"a\":\n[-Infinity,Infinity,-1,\"NaN\"]}NaX\n[-In1]\n",
			want: []string{
				`stdin:1@0: null = "NaN"`,
				`stdin:2@4: null = "{\"a\":[-Infinity,Infinity,-1,\"NaN\"]}"`,
				"bad stdin:3:3: want NaN or Infinity, have X <NaX\n>",
				"bad stdin:4:5: want NaN or Infinity, have 1 <[-In1]\n>",
			},
		},
		"values, cut off by the next": {
			c: Config{Format: "values"}, in: "{\"a\":1,\n{\"b\":2}\n",
			want: []string{
				"bad stdin:2:1: want a key in quotes, have { <{\"a\":1,\n>",
				`stdin:2@8: null = "{\"b\":2}"`,
			},
		},
		"values, scalars": {
			c: Config{Format: "values"}, in: "foo\n01\n5x\n\"a\nb\"\n7\n1.\n\"\\q\"\n\xff\n\"\xff\"\n8",
			want: []string{
				"bad stdin:1:2: want true, false or null, have o <foo\n>",
				"bad stdin:2:2: want white space after the number, have 1 <01\n>",
				"bad stdin:3:2: want white space after the number, have x <5x\n>",
				"bad stdin:4:3: a control character in a string: 0x0a <\"a\n>",
				"bad stdin:5:1: want a JSON value, have b <b\"\n>",
				`stdin:6@16: null = "7"`,
				"bad stdin:7:3: want a digit, have 0x0a <1.\n>",
				"bad stdin:8:3: no such escape in a string: \\q <\"\\q\"\n>",
				"bad stdin:9:1: want a JSON value, have 0xff <\xff\n>",
				"bad stdin:10:2: not UTF-8: ff 22 <\"\xff\"\n>",
				`stdin:11@32: null = "8"`,
			},
		},
		"values, unfinished": {
			c: Config{Format: "values"}, in: "{}\n{\"a\": [",
			want: []string{`stdin:1@0: null = "{}"`, "bad stdin:2:8: the file ends inside a JSON value <{\"a\": [\n>"},
		},
		"values, too long": {
			c: Config{Format: "values", MaxRecord: 8}, in: "[1]\n[1,2,3,4,5]\n{\"a\n\":[\n]\n[2]\n",
			want: []string{
				`stdin:1@0: null = "[1]"`, "bad stdin:2: longer than 8 bytes <>",
				"bad stdin:3:4: a control character in a string: 0x0a <{\"a\n>",
				"bad stdin:4: the rest of a broken value, up to a line that begins with { or [ <\":[\n]\n>",
				`stdin:6@26: null = "[2]"`,
			},
		},
		"values, long number": {
			c: Config{Format: "values", MaxRecord: 1}, in: "100",
			want: []string{"bad stdin:1: longer than 1 bytes <>"},
		},
		"csv": {
			c:  Config{Format: "csv"},
			in: "\ufeffid,\"na\"\"me\"\r\n1,ann\r\n\n2,\"a, \"\"b\"\"\nc\\\"\n,\n3\n4,5,6\n7,x\ty",
			want: []string{
				`stdin:2@16: null = "{\"id\":\"1\",\"na\\\"me\":\"ann\"}"`,
				`stdin:4@24: null = "{\"id\":\"2\",\"na\\\"me\":\"a, \\\"b\\\"\\nc\\\\\"}"`,
				`stdin:6@40: null = "{\"id\":\"\",\"na\\\"me\":\"\"}"`,
				"bad stdin:7: 1 field in this row, 2 in the header <3\n>",
				"bad stdin:8: 3 fields in this row, 2 in the header <4,5,6\n>",
				`stdin:9@50: null = "{\"id\":\"7\",\"na\\\"me\":\"x\\ty\"}"`,
			},
		},
		"csv, quotes": {
			c: Config{Format: "csv"}, in: "a\nx\"y\n\"x\"y\n\xff\n\"\x01\"\n\"open\n",
			want: []string{
				"bad stdin:2:2: a quote inside a field that does not begin with one <x\"y\n>",
				"bad stdin:3:4: text after a quoted field: a quote inside one is written \"\" <\"x\"y\n>",
				"bad stdin:4:1: not UTF-8 <\xff\n>",
				`stdin:5@13: null = "{\"a\":\"\\u0001\"}"`,
				"bad stdin:6: the file ends inside a quoted field of this row <\"open\n>",
			},
		},
		"csv, same column": {
			c: Config{Format: "csv"}, in: "a,b,a\n1,2,3\n",
			want: []string{`end stdin:1: the column "a" comes twice in the header`},
		},
		"csv, header too long": {
			c: Config{Format: "csv", MaxRecord: 4}, in: "aa,bb,cc\n1,2\n",
			want: []string{"bad stdin:1: longer than 4 bytes <>", "end stdin:2: the header row before this one is too long"},
		},
		"file":        {c: Config{Format: "file"}, in: "a\nb", want: []string{`stdin@0: null = "a\nb"`}},
		"file, empty": {c: Config{Format: "file"}, in: "", want: []string{`stdin@0: null = ""`}},
		"file, too long": {
			c: Config{Format: "file", MaxRecord: 3}, in: "abcd",
			want: []string{"bad stdin: longer than 3 bytes <>"},
		},
		"format string of lines": {
			c:  Config{Format: `%k\t%p:%v\n`, NullKey: ptr("-")},
			in: "a\t1:x:y\nnone\n-\t2:\nb\tz:\nc\t3:last",
			want: []string{
				`stdin:1@0: [1] t=none "a" = "x:y"`,
				"bad stdin:2: the line ends before the format string does <none\n>",
				`stdin:3@13: [2] t=none null = ""`,
				"bad stdin:4: %p: want a number <b\tz:\n>",
				`stdin:5@23: [3] t=none "c" = "last"`,
			},
		},
		"format string with lengths": {
			c:  Config{Format: `%K{big16}%k%V{big16}%v`, NullValue: ptr("")},
			in: "\x00\x01k\x00\x02v\n\x00\x00\x00\x00\x00\x03abc\x00\x00",
			want: []string{
				`stdin: record 1@0: "k" = "v\n"`, `stdin: record 2@7: "" = null`, `stdin: record 3@11: "abc" = null`,
			},
		},
		"format string with lengths, cut off": {
			c: Config{Format: `%K{big16}%k%V{big16}%v`}, in: "\x00\x01k\x00\x02v\n\x00\x09abc",
			want: []string{
				`stdin: record 1@0: "k" = "v\n"`,
				"bad stdin: record 2: %k: the input ends inside the record <\x00\x09abc>",
				"end stdin: record 2: what follows a broken record cannot be found",
			},
		},
		"format string, nothing": {c: Config{Format: `%v{json}`}, in: "", want: []string{}},
		"json": {
			c: Config{Format: "json"},
			in: `{"topic":"t","partition":3,"timestamp":17,"key":"k","value":{"a": 1},"value_encoding":"json","headers":[{"key":"h","value":null},{"key":"h","value":"/w==","encoding":"base64"}]}` + "\n\n" +
				`{"key":null,"value":{"a":1},"value_encoding":"avro"}` + "\n" + `{"value":""}` + "\n" + `{"value":null}` + "\n" +
				`{"key":"k"}` + "\n" + `{"a":1}` + "\n" + `{` + "\n" + `{"value":"é\n"}`,
			want: []string{
				`stdin:1@0: t[3] t=17 "k" = "{\"a\": 1}" h:null h:"\xff"`,
				`stdin:3@179: null = avro{"a":1}`,
				`stdin:4@232: null = ""`,
				`stdin:5@245: null = null`,
				"bad stdin:6: no member \"value\" in this record line; null makes a tombstone <{\"key\":\"k\"}\n>",
				"bad stdin:7: neither \"key\" nor \"value\" in this object: a record line has both, other objects are --input values <{\"a\":1}\n>",
				"bad stdin:8: byte 2: the line ends inside the JSON <{\n>",
				`stdin:9@282: null = "é\n"`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for way, reader := range ways {
				c := tt.c
				c.Stdin = reader(tt.in)
				got := dump(t, open(t, c))
				if c.MaxRecord > 0 { // whether the bytes were still there depends on the reading
					for i := range got {
						if at := strings.Index(got[i], "bytes <"); at > 0 {
							got[i] = got[i][:at] + "bytes <>"
						}
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", way, diff)
				}
			}
		})
	}
}
