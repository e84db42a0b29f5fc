package cbor_test

import (
	"bytes"
	"context"
	"testing"

	witness "github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/cbor"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

func open(o serde.Options) (serde.Serde, error) { return cbor.New(serde.Spec{}, o) }

// corpus holds most examples of RFC 8949, appendix A, and what must be refused.
func corpus() map[string]serdetest.Case {
	return map[string]serdetest.Case{
		"zero":                   {Hex: "00", Plain: "0"},
		"24":                     {Hex: "18 18", Plain: "24"},
		"uint64":                 {Hex: "1b ffffffffffffffff", Plain: "18446744073709551615"},
		"least negative":         {Hex: "3b ffffffffffffffff", Plain: "-18446744073709551616"},
		"-1":                     {Hex: "20", Plain: "-1"},
		"wide":                   {Hex: "19 0001", Plain: "1", OneWay: true},
		"bignum":                 {Hex: "c2 49 010000000000000000", Plain: "18446744073709551616"},
		"negative bignum":        {Hex: "c3 49 010000000000000000", Plain: "-18446744073709551617"},
		"half":                   {Hex: "f9 3e00", Plain: "1.5", Lossless: `{"$float16":1.5}`},
		"half, subnormal":        {Hex: "f9 0001", Plain: "5.9604645e-08", Lossless: `{"$float16":5.9604645e-08}`},
		"minus zero":             {Hex: "f9 8000", Plain: "-0.0", Lossless: `{"$float16":-0.0}`},
		"float32":                {Hex: "fa 47c35000", Plain: "100000.0", Lossless: `{"$float32":100000.0}`},
		"float32 nan":            {Hex: "fa ffc00001", Plain: `"NaN"`, Lossless: `{"$float32":"nan:ffc00001"}`},
		"half infinity":          {Hex: "f9 fc00", Plain: `"-Infinity"`, Lossless: `{"$float16":"-inf"}`},
		"largest half":           {Hex: "f9 7bff", Plain: "65504.0", Lossless: `{"$float16":65504.0}`},
		"largest subnormal half": {Hex: "f9 03ff", Plain: "6.097555e-05", Lossless: `{"$float16":6.097555e-05}`},
		"another half nan":       {Hex: "f9 7d01", Plain: `"NaN"`, Lossless: `{"$float16":"nan:7d01"}`},
		"float64":                {Hex: "fb 7e37e43c8800759c", Plain: "1e+300"},
		"infinity":               {Hex: "fb 7ff0000000000000", Plain: `"Infinity"`, Lossless: `{"$float":"inf"}`},
		"half nan":               {Hex: "f9 7e00", Plain: `"NaN"`, Lossless: `{"$float16":"nan"}`},
		"false":                  {Hex: "f4", Plain: "false"},
		"true":                   {Hex: "f5", Plain: "true"},
		"null":                   {Hex: "f6", Plain: "null"},
		"undefined":              {Hex: "f7", Plain: "null", Lossless: `{"$undefined":true}`},
		"simple 16":              {Hex: "f0", Plain: "16", Lossless: `{"$simple":16}`},
		"simple 255":             {Hex: "f8 ff", Plain: "255", Lossless: `{"$simple":255}`},
		"time text":              {Hex: "c0 74 323031332d30332d32315432303a30343a30305a", Plain: `"2013-03-21T20:04:00Z"`, Lossless: `{"$timestamp":"2013-03-21T20:04:00Z"}`},
		"epoch":                  {Hex: "c1 1a 514b67b0", Plain: `"2013-03-21T20:04:00Z"`, Lossless: `{"$timestamp":"2013-03-21T20:04:00Z"}`, OneWay: true},
		"epoch float":            {Hex: "c1 fb 41d452d9ec200000", Plain: `"2013-03-21T20:04:00.500000Z"`, Lossless: `{"$timestamp":"2013-03-21T20:04:00.500000Z"}`, OneWay: true},
		"decimal fraction":       {Hex: "c4 82 21 19 6ab3", Plain: `"273.15"`, Lossless: `{"$decimal":"273.15"}`},
		"uuid":                   {Hex: "d8 25 50 00112233445566778899aabbccddeeff", Plain: `"00112233-4455-6677-8899-aabbccddeeff"`, Lossless: `{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}`},
		"date":                   {Hex: "d9 03ec 6a 323032342d30322d3239", Plain: `"2024-02-29"`, Lossless: `{"$date":"2024-02-29"}`},
		"self described":         {Hex: "d9 d9f7 01", Plain: "1", OneWay: true},
		"uri":                    {Hex: "d8 20 61 61", Plain: `"a"`, Lossless: `{"$tag":32,"value":"a"}`},
		"bad time":               {Hex: "c0 61 61", Plain: `"a"`, Lossless: `{"$tag":0,"value":"a"}`},
		"bytes":                  {Hex: "44 01020304", Plain: `"AQIDBA=="`, Lossless: `{"$bytes":"AQIDBA=="}`},
		"text":                   {Hex: "62 c3bc", Plain: `"ü"`},
		"chunked bytes":          {Hex: "5f 42 0102 43 030405 ff", Plain: `"AQIDBAU="`, Lossless: `{"$bytes":"AQIDBAU="}`, OneWay: true},
		"chunked text":           {Hex: "7f 61 61 61 62 ff", Plain: `"ab"`, OneWay: true},
		"arrays":                 {Hex: "83 01 82 02 03 82 04 05", Plain: "[1,[2,3],[4,5]]"},
		"endless array":          {Hex: "9f 01 80 ff", Plain: "[1,[]]", OneWay: true},
		"map in order":           {Hex: "a2 61 7a 01 61 61 02", Plain: `{"z":1,"a":2}`},
		"int keys":               {Hex: "a2 01 02 03 04", Plain: `{"1":2,"3":4}`, Lossless: `{"$dict":[[1,2],[3,4]]}`},
		"array as key":           {Hex: "a1 80 01", Plain: `[[[],1]]`, Lossless: `{"$dict":[[[],1]]}`},
		"bytes as key":           {Hex: "a1 41 00 01", Plain: `{"AA==":1}`, Lossless: `{"$dict":[[{"$bytes":"AA=="},1]]}`},
		"endless map":            {Hex: "bf 61 61 01 ff", Plain: `{"a":1}`, OneWay: true},

		"empty":                {Data: []byte{}, Err: "cbor: byte 0: the bytes end too early"},
		"rest":                 {Hex: "00 00", Err: "cbor: byte 1: 1 byte after the value"},
		"reserved":             {Hex: "1c", Err: "cbor: byte 0: reserved additional information"},
		"endless integer":      {Hex: "1f", Err: "cbor: byte 0: reserved additional information"},
		"break alone":          {Hex: "81 ff", Err: "cbor: byte 1: a break where a value must be"},
		"break for a value":    {Hex: "bf 01 ff", Err: "cbor: byte 2: a break where a value must be"},
		"mixed chunks":         {Hex: "5f 61 61 ff", Err: "cbor: byte 1: a chunk of another kind"},
		"bad text":             {Hex: "61 ff", Err: "cbor: byte 1: text that is not UTF-8"},
		"simple in two":        {Hex: "f8 18", Err: "cbor: byte 0: a simple value below 32 in two bytes"},
		"huge array":           {Hex: "9b 7fffffffffffffff", Err: "cbor: byte 9: 9223372036854775807 values in 0 bytes: the bytes end too early"},
		"huge map":             {Hex: "bb ffffffffffffffff 00", Err: "cbor: byte 9: the bytes end too early"},
		"huge text":            {Hex: "7b ffffffffffffffff 61", Err: "cbor: byte 9: the bytes end too early"},
		"too deep":             {Data: bytes.Repeat([]byte{0x81}, 2000), Err: "cbor: byte 1000: nested too deeply"},
		"tags too deep":        {Data: bytes.Repeat([]byte{0xc6}, 2000), Err: "cbor: byte 1000: nested too deeply"},
		"endless too deep":     {Data: bytes.Repeat([]byte{0x9f}, 2000), Err: "cbor: byte 1000: nested too deeply"},
		"huge scale is cheap":  {Hex: "c4 82 3a 7ffffffe 01", Plain: `"1E-2147483647"`, Lossless: `{"$decimal":"1E-2147483647"}`},
		"scale beyond 32 bits": {Hex: "c4 82 3a ffffffff 01", Plain: `[-4294967296,1]`, Lossless: `{"$tag":4,"value":[-4294967296,1]}`},
	}
}

func TestCorpus(t *testing.T) { serdetest.Corpus(t, open, corpus()) }

func FuzzDecode(f *testing.F) { serdetest.Fuzz(f, open, serdetest.Seeds(f, corpus())...) }

// FuzzWitness compares what is CBOR at all with an independent implementation.
func FuzzWitness(f *testing.F) {
	for _, seed := range serdetest.Seeds(f, corpus()) {
		f.Add(seed)
	}
	wide := witness.DecOptions{MaxNestedLevels: 65535, MaxArrayElements: 1 << 30, MaxMapPairs: 1 << 30}
	mode, err := wide.DecMode()
	if err != nil {
		f.Fatal(err)
	}
	s, err := open(serde.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := s.Decode(context.Background(), serde.Input{Data: data})
		if err == nil && mode.Wellformed(data) != nil {
			t.Errorf("% x is read, but %v", data, mode.Wellformed(data))
		}
	})
}

func TestEncode(t *testing.T) {
	tests := map[string]struct{ json, want, wantErr string }{
		"integer of any size": {json: `-18446744073709551617`, want: "\xc3\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00"},
		"fraction":            {json: `1.5`, want: "\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00"},
		"1e400":               {json: `1e400`, wantErr: "cbor: 1e400 is beyond a float of 64 bits"},
		"reserved simple":     {json: `{"$simple":24}`, wantErr: "cbor: $simple: 24 is no simple value of its own"},
		"foreign tag":         {json: `{"$complex":[1,2]}`, wantErr: "cbor: no CBOR for $complex"},
		"time of day":         {json: `{"$time":"23:59:59.5"}`, want: "\x6a23:59:59.5"},
	}
	s, err := open(serde.Options{JSONMode: value.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := serde.EncodeJSON(t.Context(), nil, s, "t", serde.Value, []byte(tt.json), value.JSONOptions{Mode: value.Lossless})
			gotErr := ""
			if err != nil {
				gotErr = err.Error()
			}
			if diff := cmp.Diff(tt.wantErr, gotErr); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, string(out.Data)); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkOrder(b *testing.B) {
	data, err := witness.Marshal(struct {
		ID       int     `cbor:"id"`
		Customer string  `cbor:"customer"`
		Total    float64 `cbor:"total"`
		Paid     bool    `cbor:"paid"`
	}{123456, "Grace Hopper", 99.95, true})
	if err != nil {
		b.Fatal(err)
	}
	serdetest.Benchmark(b, open, data)
}
