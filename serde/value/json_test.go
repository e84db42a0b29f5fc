package value_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"kstream/serde/value"
)

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAppendJSON(t *testing.T) {
	at := time.Date(2024, 2, 29, 23, 59, 58, 123456789, time.UTC)
	huge := new(big.Int).Lsh(big.NewInt(1), 140000)
	tests := map[string]struct {
		v               value.V
		plain, lossless string // an empty lossless is the same as plain
	}{
		"null":               {v: nil, plain: "null"},
		"bool":               {v: true, plain: "true"},
		"int":                {v: int64(-42), plain: "-42"},
		"big int":            {v: new(big.Int).Lsh(big.NewInt(1), 64), plain: "18446744073709551616"},
		"huge int":           {v: huge, plain: `{"$int":"1` + strings.Repeat("0", 35000) + `"}`},
		"number":             {v: value.Number("1.10"), plain: "1.10"},
		"float":              {v: value.Float{F: 1, Bits: 64}, plain: "1.0"},
		"float32":            {v: value.Float{F: float64(float32(0.1)), Bits: 32}, plain: "0.1", lossless: `{"$float32":0.1}`},
		"large float":        {v: value.Float{F: 1e16, Bits: 64}, plain: "1e+16"},
		"below large float":  {v: value.Float{F: 123456789012345678, Bits: 64}, plain: "1.2345678901234568e+17"},
		"small float":        {v: value.Float{F: 0.00001, Bits: 64}, plain: "1e-05"},
		"minus zero":         {v: value.Float{F: math.Copysign(0, -1), Bits: 64}, plain: "-0.0"},
		"nan":                {v: value.Float{F: value.NaN(), Bits: 64}, plain: `"NaN"`, lossless: `{"$float":"nan"}`},
		"minus infinity":     {v: value.Float{F: math.Inf(-1), Bits: 32}, plain: `"-Infinity"`, lossless: `{"$float32":"-inf"}`},
		"text":               {v: "a\"\\\n\x00\u2028é", plain: `"a\"\\\n\u0000` + "\u2028" + `é"`},
		"bad text":           {v: "a\xffb", plain: `"a` + "\uFFFD" + `b"`},
		"lone surrogate":     {v: value.WTF8("a\xed\xa0\x80b"), plain: `"a` + "\uFFFD" + `b"`, lossless: `{"$str":"Ye2ggGI="}`},
		"bytes":              {v: value.Bytes{0, 1, 2}, plain: `"AAEC"`, lossless: `{"$bytes":"AAEC"}`},
		"list":               {v: value.List{int64(1), value.List{}, nil}, plain: "[1,[],null]"},
		"map":                {v: &value.Map{Fields: []value.Field{{Key: "b", Value: int64(1)}, {Key: "a", Value: nil}}}, plain: `{"b":1,"a":null}`},
		"dollar key":         {v: &value.Map{Fields: []value.Field{{Key: "$a", Value: int64(1)}}}, plain: `{"$a":1}`, lossless: `{"$dict":[["$a",1]]}`},
		"pairs":              {v: &value.Pairs{{Key: nil, Value: int64(1)}, {Key: true, Value: int64(2)}}, plain: `{"null":1,"true":2}`, lossless: `{"$dict":[[null,1],[true,2]]}`},
		"pairs that collide": {v: &value.Pairs{{Key: int64(1), Value: nil}, {Key: "1", Value: nil}}, plain: `[[1,null],["1",null]]`, lossless: `{"$dict":[[1,null],["1",null]]}`},
		"a list as key":      {v: &value.Pairs{{Key: value.List{}, Value: nil}}, plain: `[[[],null]]`, lossless: `{"$dict":[[[],null]]}`},
		"decimal":            {v: value.Decimal{Unscaled: big.NewInt(-5), Scale: 2}, plain: `"-0.05"`, lossless: `{"$decimal":"-0.05"}`},
		"time":               {v: value.Time{T: at, Digits: 3}, plain: `"2024-02-29T23:59:58.123Z"`, lossless: `{"$timestamp":"2024-02-29T23:59:58.123Z"}`},
		"local time":         {v: value.Time{T: at, Local: true, Digits: 9}, plain: `"2024-02-29T23:59:58.123456789"`, lossless: `{"$localtimestamp":"2024-02-29T23:59:58.123456789"}`},
		"time beyond text":   {v: value.Time{T: time.UnixMilli(math.MaxInt64).UTC(), Digits: 3}, plain: "9223372036854775807"},
		"date":               {v: value.Date(-1), plain: `"1969-12-31"`, lossless: `{"$date":"1969-12-31"}`},
		"date beyond text":   {v: value.Date(math.MaxInt64), plain: "9223372036854775807"},
		"time of day":        {v: value.TimeOfDay{Nanos: 86399999000000, Digits: 3}, plain: `"23:59:59.999"`, lossless: `{"$time":"23:59:59.999"}`},
		"duration":           {v: value.Duration{Months: 1, Days: 2, Millis: math.MaxUint32}, plain: `{"months":1,"days":2,"millis":4294967295}`, lossless: `{"$duration":{"months":1,"days":2,"millis":4294967295}}`},
		"uuid":               {v: value.UUID{0xf0, 15: 0x0f}, plain: `"f0000000-0000-0000-0000-00000000000f"`, lossless: `{"$uuid":"f0000000-0000-0000-0000-00000000000f"}`},
		"tagged":             {v: value.Tagged{Tag: "x", V: int64(1), Plain: "one", More: []value.Field{{Key: "y", Value: true}}}, plain: `"one"`, lossless: `{"$x":1,"y":true}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.lossless == "" {
				tt.lossless = tt.plain
			}
			for mode, want := range map[value.Mode]string{value.Plain: tt.plain, value.Lossless: tt.lossless} {
				got, err := value.AppendJSON([]byte("x"), tt.v, value.JSONOptions{Mode: mode})
				if diff := cmp.Diff("x"+want, string(got)); diff != "" || err != nil {
					t.Errorf("%s (-want +got): %v\n%s", mode, err, diff)
				}
				if !json.Valid(got[1:]) {
					t.Errorf("%s is no JSON", mode)
				}
			}
			// what lossless JSON says is read back as what it was
			v, err := value.ParseJSON([]byte(tt.lossless), true, 0)
			if err != nil {
				t.Fatal(err)
			}
			again, err := value.AppendJSON(nil, v, value.JSONOptions{Mode: value.Lossless})
			if diff := cmp.Diff(tt.lossless, string(again)); diff != "" || err != nil {
				t.Errorf("read back (-want +got): %v\n%s", err, diff)
			}
		})
	}
}

func TestAppendJSONBounds(t *testing.T) {
	nested := value.V(int64(1))
	for range 20 {
		nested = value.List{nested}
	}
	wide := value.List{}
	for range 1000 {
		wide = append(wide, "0123456789")
	}
	shared := value.V("x")
	for range 60 { // 2^60 leaves
		shared = value.List{shared, shared}
	}
	tests := map[string]struct {
		v       value.V
		o       value.JSONOptions
		wantErr string
	}{
		"depth":        {v: nested, o: value.JSONOptions{Depth: 19}, wantErr: "nested too deeply"},
		"enough depth": {v: nested, o: value.JSONOptions{Depth: 20}},
		"size":         {v: wide, o: value.JSONOptions{Bytes: 5000}, wantErr: "too big"},
		"text":         {v: strings.Repeat("x", 100), o: value.JSONOptions{Bytes: 99}, wantErr: "too big"},
		"bytes":        {v: make(value.Bytes, 100), o: value.JSONOptions{Bytes: 99}, wantErr: "too big"},
		"leaves":       {v: shared, o: value.JSONOptions{Bytes: 1 << 16}, wantErr: "too big"},
		"tags":         {v: value.Tagged{Plain: value.Tagged{}}, o: value.JSONOptions{Depth: 1}, wantErr: "nested too deeply"},
		"foreign type": {v: 3, wantErr: "no JSON for a int"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := value.AppendJSON([]byte("x"), tt.v, tt.o)
			if diff := cmp.Diff(tt.wantErr, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if err != nil && string(got) != "x" {
				t.Errorf("an error must leave dst alone, have %d bytes", len(got))
			}
		})
	}
}

func TestIntStrings(t *testing.T) {
	v := value.List{int64(9007199254740991), int64(9007199254740992), value.Number("-9007199254740992"), value.Number("1e30"), new(big.Int).Lsh(big.NewInt(1), 64)}
	got, err := value.AppendJSON(nil, v, value.JSONOptions{Ints: value.IntStrings})
	want := `[9007199254740991,"9007199254740992","-9007199254740992",1e30,"18446744073709551616"]`
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("(-want +got): %v\n%s", err, diff)
	}
}

func TestParseJSON(t *testing.T) {
	tests := map[string]struct {
		json    string
		want    value.V
		wantErr string
	}{
		"number as written": {json: "1.10", want: value.Number("1.10")},
		"numbers":           {json: "[-0,1e400,9007199254740993]", want: value.List{value.Number("-0"), value.Number("1e400"), value.Number("9007199254740993")}},
		"duplicate keys":    {json: `{"a":1,"a":2}`, want: &value.Map{Fields: []value.Field{{Key: "a", Value: value.Number("1")}, {Key: "a", Value: value.Number("2")}}}},
		"escapes":           {json: `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, want: "\"\\/\b\f\n\r\té😀"},
		"lone surrogate":    {json: `"a\ud800b"`, want: value.WTF8("a\xed\xa0\x80b")},
		"reversed pair":     {json: `"\ude00\ud83d"`, want: value.WTF8("\xed\xb8\x80\xed\xa0\xbd")},
		"high before pair":  {json: `"\ud83d\ud83d\ude00"`, want: value.WTF8("\xed\xa0\xbd😀")},
		"lone in a key":     {json: `{"a":1,"\ud800":2}`, want: &value.Pairs{{Key: "a", Value: value.Number("1")}, {Key: value.WTF8("\xed\xa0\x80"), Value: value.Number("2")}}},
		"tags are data":     {json: `{"$bytes":"AA=="}`, want: &value.Map{Fields: []value.Field{{Key: "$bytes", Value: "AA=="}}}},
		"space":             {json: " [ ] \r\n\t", want: value.List{}},

		"empty":            {json: "", wantErr: "byte 0: the bytes end too early"},
		"rest":             {json: "1 2", wantErr: "byte 2: more after the JSON value"},
		"cut":              {json: `{"a":[1,`, wantErr: "byte 8: the bytes end too early"},
		"cut string":       {json: `"abc`, wantErr: "byte 4: the bytes end too early"},
		"comma":            {json: `[1,]`, wantErr: "byte 3: want a JSON value"},
		"no comma":         {json: `[1 2]`, wantErr: "byte 3: want ',' or ']'"},
		"no colon":         {json: `{"a" 1}`, wantErr: "byte 5: want ':' after the key"},
		"bare key":         {json: `{a:1}`, wantErr: "byte 1: want a key in quotes"},
		"leading zero":     {json: "01", wantErr: "byte 1: more after the JSON value"},
		"no digits":        {json: "[1.]", wantErr: "byte 3: bad number"},
		"plus":             {json: "+1", wantErr: "byte 0: want a JSON value"},
		"NaN":              {json: "NaN", wantErr: "byte 0: NaN and Infinity without quotes are not JSON"},
		"inside":           {json: `{"a":[-Infinity]}`, wantErr: "byte 6: NaN and Infinity without quotes are not JSON"},
		"no name":          {json: "Nan", wantErr: "byte 0: want a JSON value"},
		"no number":        {json: "-Infinite", wantErr: "byte 1: bad number"},
		"control":          {json: "\"a\nb\"", wantErr: "byte 2: control character in a string"},
		"bad escape":       {json: `"\x"`, wantErr: "byte 2: bad escape in a string"},
		"bad unicode":      {json: `"\u00g0"`, wantErr: "byte 5: bad escape in a string"},
		"not UTF-8":        {json: "\"a\xff\"", wantErr: "byte 2: not UTF-8"},
		"surrogate as is":  {json: "\"\xed\xa0\x80\"", wantErr: "byte 1: not UTF-8"},
		"byte order mark":  {json: "\ufeff1", wantErr: "byte 0: want a JSON value"},
		"too deep":         {json: strings.Repeat("[", 5000), wantErr: "byte 1000: nested too deeply"},
		"too deep objects": {json: strings.Repeat(`{"a":`, 5000), wantErr: "byte 5000: nested too deeply"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := value.ParseJSON([]byte(tt.json), false, 0)
			if diff := cmp.Diff(tt.wantErr, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.wantErr, text(value.CheckJSON([]byte(tt.json), 0))); diff != "" {
				t.Errorf("CheckJSON: error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLosslessTags(t *testing.T) {
	tests := map[string]struct {
		json    string
		want    value.V
		wantErr string
	}{
		"bytes":        {json: `{"$bytes":"AAE="}`, want: value.Bytes{0, 1}},
		"hex":          {json: `{"$hex":"00fF"}`, want: value.Bytes{0, 255}},
		"dict":         {json: `{"$dict":[[1,2]]}`, want: &value.Pairs{{Key: value.Number("1"), Value: value.Number("2")}}},
		"text dict":    {json: `{"$dict":[["$a",2]]}`, want: &value.Map{Fields: []value.Field{{Key: "$a", Value: value.Number("2")}}}},
		"infinity":     {json: `{"$float":"inf"}`, want: value.Float{F: math.Inf(1), Bits: 64}},
		"int":          {json: `{"$int":"-ff"}`, want: int64(-255)},
		"unknown":      {json: `{"$tuple":[1]}`, want: value.Tagged{Tag: "tuple", V: value.List{value.Number("1")}, Plain: value.List{value.Number("1")}}},
		"more":         {json: `{"$ext":1,"data":2}`, want: value.Tagged{Tag: "ext", V: value.Number("1"), Plain: value.Number("1"), More: []value.Field{{Key: "data", Value: value.Number("2")}}}},
		"rich time":    {json: `{"$time":"12:00:00+02:00"}`, want: value.Tagged{Tag: "time", V: "12:00:00+02:00", Plain: "12:00:00+02:00"}},
		"only a $":     {json: `{"$":1}`, want: &value.Map{Fields: []value.Field{{Key: "$", Value: value.Number("1")}}}},
		"bad base64":   {json: `[{"$bytes":"A"}]`, wantErr: "byte 1: $bytes: not base64"},
		"broken lines": {json: `{"$bytes":"AA\n=="}`, wantErr: "byte 0: $bytes: not base64"},
		"no pair":      {json: `{"$dict":[[1]]}`, wantErr: "byte 0: $dict: element 0 is no pair"},
		"wrong type":   {json: `{"$uuid":[]}`, wantErr: "byte 0: $uuid: want a UUID, have an array"},
		"decimal NaN":  {json: `{"$decimal":"NaN"}`, want: value.Tagged{Tag: "decimal", V: "NaN", Plain: "NaN"}},
		"decimal -0":   {json: `{"$decimal":"-0"}`, want: value.Tagged{Tag: "decimal", V: "-0", Plain: "-0"}},
		"text as str":  {json: `{"$str":"b3M="}`, want: value.Tagged{Tag: "str", V: "b3M=", Plain: "b3M="}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := value.ParseJSON([]byte(tt.json), true, 0)
			if diff := cmp.Diff(tt.wantErr, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendCompact(t *testing.T) {
	tests := map[string]struct{ json, want, wantErr string }{
		"compact already": {json: `{"a":[1,"b c"]}`, want: `{"a":[1,"b c"]}`},
		"space":           {json: " {\n\t\"a\" : [ 1 , true ] , \"a\" : { } } \n", want: `{"a":[1,true],"a":{}}`},
		"numbers, escapes": {
			json: `[ 1.10, 1e400, -0, "\ud800\u0041" ]`,
			want: `[1.10,1e400,-0,"\ud800\u0041"]`,
		},
		"broken": {json: `[1,`, wantErr: "byte 3: the bytes end too early"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := value.AppendCompact([]byte("x"), []byte(tt.json), 0)
			if diff := cmp.Diff(tt.wantErr, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff("x"+tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzJSON compares with jsontext what is JSON, and what is left of it in one line.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5e-3,"x\u00e9\ud800"],"b":{"$dict":[[1,null]]}}`, ` [ true , false ] `, `"\ud83d\ude00"`,
		`{"$bytes":"AAE="}`, `{"$timestamp":"2024-02-29T23:59:58.123Z"}`, `{"$decimal":"1E-400"}`, `12345678901234567890`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := value.AppendCompact(nil, data, 9999)
		// jsontext takes raw text that is no UTF-8 when it takes lone surrogates
		want := jsontext.Value(bytes.Clone(data))
		wantErr := want.Compact(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		if !json.Valid(data) || !bytes.Equal(bytes.ToValidUTF8(data, nil), data) {
			if err == nil {
				t.Fatalf("%q is taken", data)
			}
			return
		}
		if (err == nil) != (wantErr == nil) || err == nil && string(got) != string(want) {
			t.Fatalf("%q: %q, %v; want %q, %v", data, got, err, want, wantErr)
		}
		v, err := value.ParseJSON(data, false, 0)
		if err != nil {
			return // only the depth
		}
		rebuilt, err := value.AppendJSON(nil, v, value.JSONOptions{Surrogates: true})
		if err != nil || !json.Valid(rebuilt) {
			t.Fatalf("%q becomes %q, %v", data, rebuilt, err)
		}
		stable(t, data, value.Plain)
		stable(t, data, value.Lossless)
	})
}

// stable wants reading and writing to settle after one round.
func stable(t *testing.T, data []byte, m value.Mode) {
	o := value.JSONOptions{Mode: m, Surrogates: true}
	v, err := value.ParseJSON(data, m == value.Lossless, 0)
	if err != nil {
		return
	}
	first, err := value.AppendJSON(nil, v, o)
	if err != nil {
		return
	}
	v, err = value.ParseJSON(first, m == value.Lossless, 0)
	if err != nil {
		t.Fatalf("%s: %q becomes %q: %v", m, data, first, err)
	}
	second, err := value.AppendJSON(nil, v, o)
	if err != nil || string(first) != string(second) {
		t.Fatalf("%s: %q becomes %q, then %q, %v", m, data, first, second, err)
	}
}

func BenchmarkJSON(b *testing.B) {
	data := []byte(`{"id":123456,"customer":{"name":"Grace Hopper","email":"grace@example.com"},"items":[{"sku":"A-1","price":9.99}],"paid":true}`)
	b.Run("compact", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		dst := make([]byte, 0, 1024)
		for b.Loop() {
			if _, err := value.AppendCompact(dst, data, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, err := value.ParseJSON(data, false, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("append", func(b *testing.B) {
		v, err := value.ParseJSON(data, false, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		dst := make([]byte, 0, 1024)
		for b.Loop() {
			if _, err := value.AppendJSON(dst, v, value.JSONOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
