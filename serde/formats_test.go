package serde_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// named opens a format of this package, as the list of formats does.
func named(name, argument string, make func(serde.Spec, serde.Options) (serde.Serde, error)) serdetest.Open {
	list := []serde.Factory{{Name: name, Argument: "ARGUMENT", New: make}}
	spec := name
	if argument != "" {
		spec += ":" + argument
	}
	return func(o serde.Options) (serde.Serde, error) { return serde.OpenFrom(list, spec, o) }
}

func jsonCorpus() map[string]serdetest.Case {
	return map[string]serdetest.Case{
		"object":         {Data: []byte(`{"z":1.10,"a":[9007199254740993,1e400],"a":null}`), Plain: `{"z":1.10,"a":[9007199254740993,1e400],"a":null}`},
		"space":          {Data: []byte("\n{ \"a\" : 1 }\n"), Plain: `{"a":1}`, OneWay: true},
		"looks like tag": {Data: []byte(`{"$bytes":"AA=="}`), Plain: `{"$bytes":"AA=="}`, Lossless: `{"$dict":[["$bytes","AA=="]]}`},
		"hidden tag":     {Data: []byte(`{"\u0024bytes":"AA=="}`), Plain: `{"\u0024bytes":"AA=="}`, Lossless: `{"$dict":[["$bytes","AA=="]]}`, OneWay: true},
		"number":         {Data: []byte(`-0`), Plain: `-0`},
		"empty":          {Data: []byte{}, Err: "json: byte 0: the bytes end too early"},
		"two values":     {Data: []byte("1 2"), Err: "json: byte 2: more after the JSON value"},
		"not UTF-8":      {Data: []byte("\"\xff\""), Err: "json: byte 1: not UTF-8"},
	}
}

func TestJSON(t *testing.T) {
	// the value of a hidden tag is the same, its text is not
	cases := jsonCorpus()
	delete(cases, "hidden tag")
	serdetest.Corpus(t, named("json", "", serde.NewJSON), cases)
}

func TestJSONLossless(t *testing.T) {
	s, err := serde.NewJSON(serde.Spec{}, serde.Options{JSONMode: value.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	in := serde.Input{Data: jsonCorpus()["hidden tag"].Data}
	got, _, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{Mode: value.Lossless})
	if diff := cmp.Diff(jsonCorpus()["hidden tag"].Lossless, string(got)); diff != "" || err != nil {
		t.Errorf("(-want +got): %v\n%s", err, diff)
	}
	// lone surrogates and bytes have a form in every mode
	out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(`["\ud800",{"$bytes":"AAE="},{"$decimal":"1.10"}]`), value.JSONOptions{})
	if diff := cmp.Diff(`["\ud800","AAE=","1.10"]`, string(out.Data)); diff != "" || err != nil {
		t.Errorf("EncodeJSON (-want +got): %v\n%s", err, diff)
	}
}

func FuzzJSONFormat(f *testing.F) {
	serdetest.Fuzz(f, named("json", "", serde.NewJSON), serdetest.Seeds(f, jsonCorpus())...)
}

func TestString(t *testing.T) {
	serdetest.Corpus(t, named("string", "", serde.NewString), map[string]serdetest.Case{
		"text":         {Data: []byte("a\"\n\u00e9"), Plain: "\"a\\\"\\n\u00e9\""},
		"JSON is text": {Data: []byte(`{"a":1}`), Plain: `"{\"a\":1}"`},
		"empty":        {Data: []byte{}, Plain: `""`},
		"not UTF-8":    {Data: []byte("ab\xff"), Err: "string: byte 2: not UTF-8"},
		"a surrogate":  {Data: []byte("\xed\xa0\x80"), Err: "string: byte 0: not UTF-8"},
	})
}

func TestBinary(t *testing.T) {
	binary := func(name string) serdetest.Open {
		return named(name, "", serde.NewBinary)
	}
	serdetest.Corpus(t, binary("hex"), map[string]serdetest.Case{
		"bytes": {Hex: "00ff", Plain: `"00ff"`, Lossless: `{"$hex":"00ff"}`},
		"empty": {Data: []byte{}, Plain: `""`, Lossless: `{"$hex":""}`},
	})
	for _, name := range []string{"base64", "bytes"} {
		serdetest.Corpus(t, binary(name), map[string]serdetest.Case{
			"bytes": {Hex: "00ff", Plain: `"AP8="`, Lossless: `{"$bytes":"AP8="}`},
			"empty": {Data: []byte{}, Plain: `""`, Lossless: `{"$bytes":""}`},
		})
	}
}

func TestText(t *testing.T) {
	s, err := serde.NewText(serde.Spec{}, serde.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ data, json, format string }{
		"object":          {data: `{"a": 1.10}`, json: `{"a":1.10}`, format: "json"},
		"array in lines":  {data: "[1,\n2]", json: `[1,2]`, format: "json"},
		"broken object":   {data: `{"a": 1`, json: `"{\"a\": 1"`, format: "text"},
		"number":          {data: "42", json: `"42"`, format: "text"},
		"empty":           {data: "", json: `""`, format: "text"},
		"bytes":           {data: "\x00\xff", json: `"AP8="`, format: "base64"},
		"object of bytes": {data: "{\"\xff\":1}", json: `"eyL/IjoxfQ=="`, format: "base64"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := serde.Input{Data: []byte(tt.data)}
			got, r, err := serde.Render(t.Context(), nil, s, in, value.JSONOptions{})
			if diff := cmp.Diff([]string{tt.json, tt.format}, []string{string(got), r.Format}); diff != "" || err != nil {
				t.Errorf("(-want +got): %v\n%s", err, diff)
			}
			// the identity: what is decoded is encoded as the same bytes
			decoded, err := s.Decode(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.Encode(t.Context(), "t", serde.Value, decoded.Value)
			if diff := cmp.Diff(tt.data, string(out.Data)); diff != "" || err != nil || out.Data == nil {
				t.Errorf("Encode (-want +got): %v\n%s", err, diff)
			}
		})
	}
}

func TestPrimitives(t *testing.T) {
	primitive := func(name string) serdetest.Open { return named(name, "", serde.NewPrimitive) }
	for name, cases := range map[string]map[string]serdetest.Case{
		"short": {
			"least": {Hex: "8000", Plain: "-32768"},
			"short": {Hex: "00", Err: "short: byte 1: want 2 bytes, have 1: the bytes end too early"},
			"long":  {Hex: "000001", Err: "short: byte 2: want 2 bytes, have 3"},
		},
		"int":  {"most": {Hex: "7fffffff", Plain: "2147483647"}},
		"long": {"least": {Hex: "8000000000000000", Plain: "-9223372036854775808"}},
		"float": {
			"tenth":    {Hex: "3dcccccd", Plain: "0.1"},
			"infinity": {Hex: "ff800000", Plain: `"-Infinity"`, Lossless: `{"$float32":"-inf"}`},
		},
		"double": {
			"tenth":       {Hex: "3fb999999999999a", Plain: "0.1"},
			"nan":         {Hex: "7ff8000000000000", Plain: `"NaN"`, Lossless: `{"$float":"nan"}`},
			"another nan": {Hex: "fff4000000000001", Plain: `"NaN"`, Lossless: `{"$float":"nan:fff4000000000001"}`},
		},
		"boolean": {
			"true":  {Hex: "01", Plain: "true"},
			"false": {Hex: "00", Plain: "false"},
			"two":   {Hex: "02", Err: "boolean: byte 0: want 00 or 01, have 02"},
		},
		"uuid": {
			"text":       {Data: []byte("f0000000-0000-0000-0000-00000000000f"), Plain: `"f0000000-0000-0000-0000-00000000000f"`, Lossless: `{"$uuid":"f0000000-0000-0000-0000-00000000000f"}`},
			"upper case": {Data: []byte("F0000000-0000-0000-0000-00000000000F"), Plain: `"f0000000-0000-0000-0000-00000000000f"`, Lossless: `{"$uuid":"f0000000-0000-0000-0000-00000000000f"}`, OneWay: true},
			"other text": {Data: []byte("f0000000-0000-0000-0000x00000000000f"), Err: "uuid: byte 0: not a UUID of 36 characters"},
		},
		"uuid-bytes": {
			"bytes": {Hex: "f000000000000000000000000000000f", Plain: `"f0000000-0000-0000-0000-00000000000f"`, Lossless: `{"$uuid":"f0000000-0000-0000-0000-00000000000f"}`},
		},
	} {
		t.Run(name, func(t *testing.T) { serdetest.Corpus(t, primitive(name), cases) })
	}
}

// FuzzFixed feeds the formats that have neither a schema nor a structure.
func FuzzFixed(f *testing.F) {
	formats := []serdetest.Open{named("text", "", serde.NewText), named("string", "", serde.NewString)}
	for _, name := range []string{"hex", "base64", "bytes"} {
		formats = append(formats, named(name, "", serde.NewBinary))
	}
	for _, name := range []string{"short", "int", "long", "float", "double", "boolean"} {
		formats = append(formats, named(name, "", serde.NewPrimitive))
	}
	for _, name := range []string{"uuid", "uuid-bytes"} {
		formats = append(formats, named(name, "", serde.NewUUID))
	}
	var serdes [][2]serde.Serde // plain, lossless
	for i, open := range formats {
		var both [2]serde.Serde
		for mode := range both {
			s, err := open(serde.Options{JSONMode: value.Mode(mode)})
			if err != nil {
				f.Fatal(err)
			}
			both[mode] = s
		}
		serdes = append(serdes, both)
		for _, seed := range []string{"", "\x01", "\x7f\xff", "\xff\xc0\x00\x01", "\x7f\xf8\x00\x00\x00\x00\x00\x01", "f0000000-0000-0000-0000-00000000000f", "\xf0234567890abcde", `{"a":1}`, "\xed\xa0\x80"} {
			f.Add(byte(i), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		both := serdes[int(which)%len(serdes)]
		serdetest.Check(t, both[value.Plain], data)
		serdetest.Check(t, both[value.Lossless], data)
		serdetest.Stable(t, both[value.Lossless], data)
	})
}

func TestPack(t *testing.T) {
	for spec, cases := range map[string]map[string]serdetest.Case{
		">iq":  {"both": {Hex: "00000001 ffffffffffffffff", Plain: "[1,-1]"}},
		"<h>h": {"orders": {Hex: "0100 0001", Plain: "[1,1]"}},
		"bBhHiIqQ": {"all": {
			Hex:   "ff ff ffff ffff ffffffff ffffffff ffffffffffffffff ffffffffffffffff",
			Plain: "[-1,255,-1,65535,-1,4294967295,-1,18446744073709551615]",
		}},
		"Q":   {"one is no array": {Hex: "ffffffffffffffff", Plain: "18446744073709551615"}},
		"c c": {"letters": {Hex: "4142", Plain: `["A","B"]`}, "no ASCII": {Hex: "41ff", Err: "pack: byte 1: 'c': want ASCII, have ff"}},
		"is": {
			"text":  {Hex: "00000001 6869", Plain: `[1,"hi"]`},
			"bytes": {Hex: "00000001 ff", Plain: `[1,"/w=="]`, Lossless: `[1,{"$bytes":"/w=="}]`},
			"none":  {Hex: "00000001", Plain: `[1,""]`},
			"cut":   {Hex: "000001", Err: "pack: byte 3: 'i': the bytes end too early"},
		},
		"b$": {"rest": {Hex: "0102", Err: "pack: byte 1: 1 byte after the value"}, "end": {Hex: "01", Plain: "1"}},
		"b":  {"rest": {Hex: "010203", Err: "pack: byte 1: 2 bytes after the value"}},
	} {
		t.Run(spec, func(t *testing.T) { serdetest.Corpus(t, named("pack", spec, serde.NewPack), cases) })
	}
}

func FuzzPack(f *testing.F) {
	serdetest.Fuzz(f, named("pack", "<bhi>qcs", serde.NewPack), []byte("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0fAtext"))
}

func TestEncodeRefuses(t *testing.T) {
	tests := map[string]struct {
		open    serdetest.Open
		json    string
		wantErr string
	}{
		"string of a number": {open: named("string", "", serde.NewString), json: "1", wantErr: "string: want text, have a number"},
		"short":              {open: named("short", "", serde.NewPrimitive), json: "32768", wantErr: "short: 32768 is not within -32768 and 32767"},
		"int of a fraction":  {open: named("int", "", serde.NewPrimitive), json: "1.5", wantErr: "int: 1.5 is no integer"},
		"boolean of 1":       {open: named("boolean", "", serde.NewPrimitive), json: "1", wantErr: "boolean: want true or false, have a number"},
		"hex of letters":     {open: named("hex", "", serde.NewBinary), json: `"xy"`, wantErr: "hex: not hexadecimal"},
		"pack, few":          {open: named("pack", "bb", serde.NewPack), json: "[1]", wantErr: "pack: want an array of 2 values"},
		"pack, range":        {open: named("pack", "bB", serde.NewPack), json: "[1,256]", wantErr: "pack: value 2, 'B': 256 is not within 0 and 255"},
		"pack, letters":      {open: named("pack", "c", serde.NewPack), json: `"AB"`, wantErr: "pack: value 1, 'c': want one ASCII character"},
		"not JSON":           {open: named("long", "", serde.NewPrimitive), json: "{", wantErr: "long: input byte 1: the bytes end too early"},
		"auto":               {open: named("auto", "", newAuto), json: "1", wantErr: "auto: writing is not supported: name a format"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := tt.open(serde.Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(tt.json), value.JSONOptions{})
			if err == nil || err.Error() != tt.wantErr {
				t.Errorf("error %q, want %q", err, tt.wantErr)
			}
		})
	}
}

// Null, empty and JSON null are three things.
func TestNull(t *testing.T) {
	for name, open := range map[string]serdetest.Open{
		"text": named("text", "", serde.NewText), "string": named("string", "", serde.NewString),
		"hex": named("hex", "", serde.NewBinary), "long": named("long", "", serde.NewPrimitive), "pack": named("pack", "i", serde.NewPack),
	} {
		s, err := open(serde.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := s.Encode(t.Context(), "t", serde.Value, nil); err != nil || out.Data != nil {
			t.Errorf("%s: null becomes % x, %v", name, out.Data, err)
		}
	}
	s, err := serde.NewJSON(serde.Spec{}, serde.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Encode(t.Context(), "t", serde.Value, nil); err != nil || string(out.Data) != "null" {
		t.Errorf("json: null becomes %q, %v", out.Data, err)
	}
	s, err = serde.NewString(serde.Spec{}, serde.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(`""`), value.JSONOptions{})
	if err != nil || out.Data == nil || len(out.Data) > 0 {
		t.Errorf("string: empty text becomes %#v, %v", out.Data, err)
	}
}

func TestTextForms(t *testing.T) {
	tests := map[string]struct {
		open       serdetest.Open
		data, line string
	}{
		"text":       {named("text", "", serde.NewText), "\x00a", "\x00a"},
		"string":     {named("string", "", serde.NewString), "a b", "a b"},
		"hex":        {named("hex", "", serde.NewBinary), "\x00\xff", "00ff"},
		"base64":     {named("base64", "", serde.NewBinary), "\x00\xff", "AP8="},
		"bytes":      {named("bytes", "", serde.NewBinary), "\x00\xff", "\x00\xff"},
		"uuid":       {named("uuid", "", serde.NewUUID), "f0000000-0000-0000-0000-00000000000f", "f0000000-0000-0000-0000-00000000000f"},
		"uuid-bytes": {named("uuid-bytes", "", serde.NewUUID), "\xf0234567890abcde\x0f", "f0323334-3536-3738-3930-61626364650f"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := tt.open(serde.Options{})
			if err != nil {
				t.Fatal(err)
			}
			form := s.(serde.TextSerde)
			line, err := form.AppendText([]byte("x"), []byte(tt.data))
			if diff := cmp.Diff("x"+tt.line, string(line)); diff != "" || err != nil {
				t.Errorf("AppendText (-want +got): %v\n%s", err, diff)
			}
			data, err := form.AppendBytes([]byte("x"), []byte(tt.line))
			if diff := cmp.Diff("x"+tt.data, string(data)); diff != "" || err != nil {
				t.Errorf("AppendBytes (-want +got): %v\n%s", err, diff)
			}
		})
	}
}

func BenchmarkFormats(b *testing.B) {
	order := []byte(`{"id":123456,"customer":{"name":"Grace Hopper","email":"grace@example.com"},"items":[{"sku":"A-1","price":9.99}],"paid":true}`)
	for name, bench := range map[string]struct {
		open serdetest.Open
		data []byte
	}{
		"json":   {named("json", "", serde.NewJSON), order},
		"text":   {named("text", "", serde.NewText), order},
		"string": {named("string", "", serde.NewString), order},
		"hex":    {named("hex", "", serde.NewBinary), order},
		"long":   {named("long", "", serde.NewPrimitive), []byte("\x00\x00\x00\x00\x00\x12\x34\x56")},
		"uuid":   {named("uuid", "", serde.NewUUID), []byte("f0000000-0000-0000-0000-00000000000f")},
		"pack":   {named("pack", ">iqs", serde.NewPack), []byte("\x00\x00\x00\x07\x00\x00\x00\x00\x00\x12\x34\x56rest")},
	} {
		b.Run(name, func(b *testing.B) { serdetest.Benchmark(b, bench.open, bench.data) })
	}
}
