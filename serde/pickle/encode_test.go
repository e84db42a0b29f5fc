package pickle

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

func TestEncodeBytes(t *testing.T) {
	tests := map[string]struct {
		json     string
		protocol int
		want     string
	}{
		"protocol 0 list":    {`[1,"a\nb",null,true,1.5]`, 0, "(lI1\naVa\\u000ab\naNaI01\naF1.5\na."},
		"protocol 1 dict":    {`{"a":300,"b":-1}`, 1, "}(X\x01\x00\x00\x00aM\x2c\x01X\x01\x00\x00\x00bJ\xff\xff\xff\xffu."},
		"protocol 2 tuple":   {`{"$tuple":[true,65536]}`, 2, "\x80\x02\x88J\x00\x00\x01\x00\x86."},
		"protocol 2 bytes":   {`{"$bytes":"/w=="}`, 2, "\x80\x02c_codecs\nencode\nX\x02\x00\x00\x00\xc3\xbfX\x06\x00\x00\x00latin1\x86R."},
		"protocol 3 bytes":   {`{"$bytes":"/w=="}`, 3, "\x80\x03C\x01\xff."},
		"protocol 4 text":    {`"é"`, 4, "\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x02\xc3\xa9."},
		"protocol 5 set":     {`{"$set":[1]}`, 5, "\x80\x05\x95\x06\x00\x00\x00\x00\x00\x00\x00\x8f(K\x01\x90."},
		"long":               {`9223372036854775808`, 2, "\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00."},
		"shared":             {`[{"$id":7,"$list":[]},{"$ref":7}]`, 4, "\x80\x04\x95\x08\x00\x00\x00\x00\x00\x00\x00](]\x94h\x00e."},
		"cycle":              {`{"$id":1,"$dict":[["me",{"$ref":1}]]}`, 2, "\x80\x02}q\x00X\x02\x00\x00\x00meq\x01h\x00s."},
		"a key written once": {`[{"id":1},{"id":2}]`, 2, "\x80\x02](}X\x02\x00\x00\x00idq\x00K\x01s}h\x00K\x02se."},
		"class of Python 2":  {`{"$global":"builtins.range"}`, 2, "\x80\x02c__builtin__\nxrange\n."},
		"class since 3":      {`{"$global":"builtins.ConnectionError"}`, 2, "\x80\x02c__builtin__\nConnectionError\n."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSerde(t, Options{Protocol: tt.protocol, Lossless: true, AllowObjects: true})
			out, err := s.EncodeJSON(t.Context(), []byte("before"), "t", serde.Value, []byte(tt.json))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("before"+tt.want, string(out.Data)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEncodeErrors(t *testing.T) {
	const allowed = "objects have to be allowed for that"
	tests := map[string]struct {
		json string
		o    Options
		want string
	}{
		"not JSON":             {json: `[1,`, want: "pickle: input byte 3: the bytes end too early"},
		"call":                 {json: `{"$object":"os.system","how":"call","args":["id"]}`, want: `pickle: a call of "os.system" is not written: loading it runs code; ` + allowed},
		"call deep inside":     {json: `[{"a":{"$odict":[["b",{"$set":[{"$object":"os.system"}]}]]}}]`, want: `pickle: a call of "os.system" is not written: loading it runs code; ` + allowed},
		"call as a key":        {json: `{"$dict":[[{"$object":"os.system"},1]]}`, want: `pickle: a call of "os.system" is not written: loading it runs code; ` + allowed},
		"call of a method":     {json: `{"$object":{"$object":"builtins.getattr","args":[{"$global":"os"},"system"]}}`, want: `pickle: $object: $object: args: $global: want "module.name" or "module:nested.name"`},
		"new":                  {json: `{"$object":"shop:Order.Line","how":"new"}`, want: `pickle: a call of "shop.Order.Line" is not written: loading it runs code; ` + allowed},
		"class":                {json: `{"$global":"os.system"}`, want: `pickle: the class or function "os.system" is not written: loading it runs code; ` + allowed},
		"known class, state":   {json: `{"$object":"builtins.set","args":[[]],"state":{}}`, want: `pickle: a call of "builtins.set" is not written: loading it runs code; ` + allowed},
		"known class, args":    {json: `{"$object":"decimal.Decimal","args":["1",{"$object":"os.system"}]}`, want: `pickle: a call of "decimal.Decimal" is not written: loading it runs code; ` + allowed},
		"zone":                 {json: `{"$object":"datetime.datetime","args":[{"$bytes":"B+gCHRc7OgAAAA=="},{"$object":"os.system","args":["id"]}]}`, want: `pickle: a call of "os.system" is not written: loading it runs code; ` + allowed},
		"extension":            {json: `{"$ext":200}`, want: "pickle: extension code 200 is not written: it stands for a class; " + allowed},
		"persistent id":        {json: `{"$persid":1}`, want: "pickle: a persistent id is not written: what it loads is not in the pickle; " + allowed},
		"buffer":               {json: `{"$buffer":0,"readonly":true}`, want: "pickle: an out-of-band buffer is not written: its bytes are not in the pickle; " + allowed},
		"unknown tag":          {json: `{"$oid":"5f"}`, want: `pickle: $oid: no such tag; dicts with such keys are {"$dict":[[key,value],…]}`},
		"tag and more":         {json: `{"$tuple":[1],"a":2}`, want: `pickle: $tuple: has no field "a"`},
		"tuple of no array":    {json: `{"$tuple":1}`, want: "pickle: $tuple: want an array, have a number"},
		"dict of no pairs":     {json: `{"$dict":[[1]]}`, want: "pickle: $dict: element 0 is no pair"},
		"bytes of no base64":   {json: `{"$bytes":"***"}`, want: "pickle: $bytes: not base64"},
		"text of no UTF-8":     {json: `{"$str":"wyg="}`, want: "pickle: $str: text that is not UTF-8"},
		"int of no digits":     {json: `{"$int":"xyz"}`, want: "pickle: $int: want hexadecimal digits"},
		"datetime in January":  {json: `{"$datetime":"2024-01-32T00:00:00"}`, want: "pickle: $datetime: not a time as Python's isoformat writes it"},
		"date with a time":     {json: `{"$date":"2024-01-01T00:00:00"}`, want: "pickle: $date: not a time as Python's isoformat writes it"},
		"time of 24 hours":     {json: `{"$time":"24:00:00"}`, want: "pickle: $time: not a time as Python's isoformat writes it"},
		"timedelta of two":     {json: `{"$timedelta":[1,2]}`, want: "pickle: $timedelta: want an array of 3"},
		"timedelta too long":   {json: `{"$timedelta":[1000000000,0,0]}`, want: "pickle: $timedelta: want days, seconds and microseconds"},
		"decimal":              {json: `{"$decimal":"1,5"}`, want: "pickle: $decimal: not a decimal number"},
		"decimal of a number":  {json: `{"$decimal":1.5}`, want: "pickle: $decimal: want text, have a number"},
		"uuid":                 {json: `{"$uuid":"x"}`, want: "pickle: $uuid: not a UUID of 36 characters"},
		"ref before id":        {json: `[{"$ref":1},{"$id":1,"$list":[]}]`, want: "pickle: $ref: nothing before has the id 1"},
		"id twice":             {json: `[{"$id":1,"$list":[]},{"$id":1,"$list":[]}]`, want: "pickle: $id: 1 is given twice"},
		"id of nothing":        {json: `{"$id":1}`, want: "pickle: $id: nothing has this id"},
		"id of a date":         {json: `{"$id":1,"$date":"2024-01-01"}`, want: `pickle: $id: "$date" cannot have an id`},
		"tuple of itself":      {json: `{"$id":1,"$tuple":[{"$ref":1}]}`, want: "pickle: nested too deeply"},
		"float too big":        {json: `1e400`, want: "pickle: a number that no Python float can hold"},
		"int too long":         {json: strings.Repeat("9", 40001), want: `pickle: an integer of 40001 digits, write {"$int":"<hexadecimal>"}: too big`},
		"int too long for 1":   {json: `{"$int":"` + fmt.Sprintf("1%04000d", 0) + `"}`, o: Options{Protocol: 1}, want: "pickle: an integer of 16001 bits is too long for protocol 1: Python would not read it; use 2 or later"},
		"ext at protocol 1":    {json: `{"$ext":1}`, o: Options{Protocol: 1, AllowObjects: true}, want: "pickle: protocol 1 has no extension codes; use 2 or later"},
		"buffer at protocol 4": {json: `{"$buffer":0}`, o: Options{Protocol: 4, AllowObjects: true}, want: "pickle: protocol 4 has no out-of-band buffers; use 5"},
		"buffers not in order": {json: `{"$buffer":1}`, o: Options{Protocol: 5, AllowObjects: true}, want: "pickle: buffer 1 comes before buffer 0"},
		"class with a newline": {json: `{"$global":"a.b\nc"}`, o: Options{Protocol: 3, AllowObjects: true}, want: "pickle: the name \"a.b\\nc\" needs protocol 4"},
		"class of Python 2":    {json: `{"$global":"Queue.Queue"}`, o: Options{Protocol: 2, AllowObjects: true}, want: `pickle: protocol 2 has no name for "Queue.Queue": Python 2 meant something else by it; use 3 or later`},
		"object part":          {json: `{"$object":"a.b","arguments":[]}`, o: Options{AllowObjects: true}, want: "pickle: $object: arguments: no such part of an object"},
		"object how":           {json: `{"$object":"a.b","how":"eval"}`, o: Options{AllowObjects: true}, want: `pickle: $object: how: want "call", "new", "inst" or "bare"`},
		"keywords of a call":   {json: `{"$object":"a.b","kwargs":{"a":1}}`, o: Options{Protocol: 4, AllowObjects: true}, want: `pickle: only objects made by "new" have keyword arguments`},
		"too deep":             {json: `[[[[1]]]]`, o: Options{Limits: serde.Limits{Depth: 1}}, want: "pickle: input byte 3: nested too deeply"},
		"too big":              {json: `["aaaaaaaaaaaaaaaa",1]`, o: Options{Limits: serde.Limits{Output: 10}}, want: "pickle: more than 10 bytes: too big"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.o.Lossless = true
			s := newSerde(t, tt.o)
			_, err := s.EncodeJSON(t.Context(), nil, "t", serde.Value, []byte(tt.json))
			var place *serde.EncodeError
			if !errors.As(err, &place) {
				t.Fatalf("error %v is no *serde.EncodeError", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTagsAreDataInPlainJSON holds both modes apart: a document that happens to have $
// keys is not changed by a trip through a pickle.
func TestTagsAreDataInPlainJSON(t *testing.T) {
	s := newSerde(t, Options{Protocol: 4})
	for _, document := range []string{
		`{"$ref":"#/definitions/a"}`, `{"$object":"os.system","args":["id"]}`, `{"$id":1,"$list":[]}`, `{"$tuple":[1,2]}`,
	} {
		out, err := s.EncodeJSON(t.Context(), nil, "t", serde.Value, []byte(document))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := jsonOf(t, decodeBytes(t, s, out.Data), value.Plain); got != document {
			t.Errorf("%s became %s", document, got)
		}
	}
}

func TestEncodesTheSharedModel(t *testing.T) {
	big1, _ := new(big.Int).SetString("170141183460469231731687303715884105727", 10)
	at := time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC)
	tests := map[string]struct {
		v    value.V
		want string // lossless
		err  string
	}{
		"null":          {v: nil, want: `null`},
		"int":           {v: int64(-5), want: `-5`},
		"big int":       {v: big1, want: `170141183460469231731687303715884105727`},
		"number":        {v: value.Number("9007199254740993"), want: `9007199254740993`},
		"number 1.0":    {v: value.Number("1.0"), want: `1.0`},
		"number 1e2":    {v: value.Number("1e2"), want: `100.0`},
		"float":         {v: value.Float{F: math.Inf(-1), Bits: 64}, want: `{"$float":"-inf"}`},
		"surrogates":    {v: value.WTF8("\xed\xa0\x80"), want: `{"$str":"7aCA"}`},
		"no surrogates": {v: value.WTF8("a"), want: `"a"`},
		"bytes":         {v: value.Bytes("ab"), want: `{"$bytes":"YWI="}`},
		"map":           {v: &value.Map{Fields: []value.Field{{Key: "$a", Value: value.List{true}}}}, want: `{"$dict":[["$a",[true]]]}`},
		"pairs":         {v: &value.Pairs{{Key: int64(1), Value: "a"}}, want: `{"$dict":[[1,"a"]]}`},
		"decimal":       {v: value.Decimal{Unscaled: big.NewInt(-110), Scale: 2}, want: `{"$decimal":"-1.10"}`},
		"decimal E":     {v: value.Decimal{Unscaled: big.NewInt(12), Scale: -3}, want: `{"$decimal":"12E+3"}`},
		"instant":       {v: value.Time{T: at, Digits: 6}, want: `{"$datetime":"2024-02-29T23:59:58.123456+00:00"}`},
		"wall clock":    {v: value.Time{T: at, Local: true, Digits: 6}, want: `{"$datetime":"2024-02-29T23:59:58.123456"}`},
		"nanoseconds":   {v: value.Time{T: at.Add(1), Digits: 9}, err: "pickle: more digits than the microseconds that Python keeps"},
		"year 10000":    {v: value.Time{T: at.AddDate(7976, 0, 0)}, err: "pickle: the years of Python are 1 to 9999"},
		"date":          {v: value.Date(19782), want: `{"$date":"2024-02-29"}`},
		"first date":    {v: value.Date(-719162), want: `{"$date":"0001-01-01"}`},
		"no date":       {v: value.Date(-719163), err: "pickle: the years of Python are 1 to 9999"},
		"time of day":   {v: value.TimeOfDay{Nanos: 86399999999000, Digits: 6}, want: `{"$time":"23:59:59.999999"}`},
		"duration":      {v: value.Duration{Days: 1, Millis: 86_400_001}, want: `{"$timedelta":[2,0,1000]}`},
		"months":        {v: value.Duration{Months: 1}, err: "pickle: a timedelta has no months"},
		"uuid":          {v: value.UUID{15: 7}, want: `{"$uuid":"00000000-0000-0000-0000-000000000007"}`},
		"tagged":        {v: value.Tagged{Tag: "tuple", V: value.List{int64(1)}}, want: `{"$tuple":[1]}`},
		"tagged id":     {v: value.Tagged{Tag: "id", V: int64(1), More: []value.Field{{Key: "$list", Value: value.List{value.Tagged{Tag: "ref", V: int64(1)}}}}}, want: `{"$id":1,"$list":[{"$ref":1}]}`},
		"foreign tag":   {v: value.Tagged{Tag: "msgpack", V: int64(1)}, err: `pickle: $msgpack: no such tag; dicts with such keys are {"$dict":[[key,value],…]}`},
		"no model":      {v: 3, err: "pickle: no Python type for a number"},
	}
	for protocol := range 6 {
		s := newSerde(t, Options{Protocol: protocol})
		for name, tt := range tests {
			t.Run(fmt.Sprintf("%s/%d", name, protocol), func(t *testing.T) {
				out, err := s.Encode(t.Context(), "t", serde.Value, tt.v)
				if diff := cmp.Diff(tt.err, errorText(err)); diff != "" {
					t.Fatal(diff)
				}
				if err != nil {
					return
				}
				if diff := cmp.Diff(tt.want, jsonOf(t, decodeBytes(t, s, out.Data), value.Lossless)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// TestLosslessJSONFromTheSharedReader: what value.ParseJSON makes of lossless JSON means
// the same as what this package reads itself.
func TestLosslessJSONFromTheSharedReader(t *testing.T) {
	s := newSerde(t, Options{Protocol: 4, AllowObjects: true})
	direct := newSerde(t, Options{Protocol: 4, AllowObjects: true, Lossless: true})
	for _, c := range corpus(t) {
		if c.Proto != 4 {
			continue
		}
		v, err := value.ParseJSON([]byte(c.Lossless), true, 3000)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		shared, err := s.Append(nil, v)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		own, err := direct.EncodeJSON(t.Context(), nil, "t", serde.Value, []byte(c.Lossless))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if string(shared) != string(own.Data) {
			t.Errorf("%s: %q by the shared reader, %q by our own", c.Name, shared, own.Data)
		}
	}
}
