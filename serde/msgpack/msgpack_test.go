package msgpack_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"kstream/serde"
	"kstream/serde/msgpack"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

func open(o serde.Options) (serde.Serde, error) { return msgpack.New(serde.Spec{}, o) }

func corpus() map[string]serdetest.Case {
	return map[string]serdetest.Case{
		"nil":              {Hex: "c0", Plain: "null"},
		"false":            {Hex: "c2", Plain: "false"},
		"true":             {Hex: "c3", Plain: "true"},
		"fixint":           {Hex: "07", Plain: "7"},
		"negative":         {Hex: "ff", Plain: "-1"},
		"int64 minimum":    {Hex: "d3 8000000000000000", Plain: "-9223372036854775808"},
		"uint64 maximum":   {Hex: "cf ffffffffffffffff", Plain: "18446744073709551615"},
		"wide small int":   {Hex: "d3 0000000000000007", Plain: "7", OneWay: true},
		"float32":          {Hex: "ca 3dcccccd", Plain: "0.1", Lossless: `{"$float32":0.1}`},
		"float32 infinity": {Hex: "ca ff800000", Plain: `"-Infinity"`, Lossless: `{"$float32":"-inf"}`},
		"float32 nan":      {Hex: "ca 7fa00001", Plain: `"NaN"`, Lossless: `{"$float32":"nan:7fa00001"}`},
		"float64":          {Hex: "cb 3ff8000000000000", Plain: "1.5"},
		"nan":              {Hex: "cb 7ff8000000000000", Plain: `"NaN"`, Lossless: `{"$float":"nan"}`},
		"another nan":      {Hex: "cb 7ff8000000000001", Plain: `"NaN"`, Lossless: `{"$float":"nan:7ff8000000000001"}`},
		"text":             {Hex: "a3 c3a961", Plain: `"éa"`},
		"old binary":       {Hex: "a2 fffe", Plain: `"//4="`, Lossless: `{"$bytes":"//4="}`, OneWay: true},
		"binary":           {Hex: "c4 02 0001", Plain: `"AAE="`, Lossless: `{"$bytes":"AAE="}`},
		"array":            {Hex: "93 01 a162 c0", Plain: `[1,"b",null]`},
		"map in order":     {Hex: "82 a17a 01 a161 02", Plain: `{"z":1,"a":2}`},
		"repeated key":     {Hex: "82 a161 01 a161 02", Plain: `{"a":1,"a":2}`},
		"int keys":         {Hex: "82 01 a161 02 a162", Plain: `{"1":"a","2":"b"}`, Lossless: `{"$dict":[[1,"a"],[2,"b"]]}`},
		"colliding keys":   {Hex: "82 01 c2 a131 c3", Plain: `[[1,false],["1",true]]`, Lossless: `{"$dict":[[1,false],["1",true]]}`},
		"dollar key":       {Hex: "81 a224 61 01", Plain: `{"$a":1}`, Lossless: `{"$dict":[["$a",1]]}`},
		"timestamp 32":     {Hex: "d6 ff 00000001", Plain: `"1970-01-01T00:00:01.000000000Z"`, Lossless: `{"$timestamp":"1970-01-01T00:00:01.000000000Z"}`, OneWay: true},
		"timestamp 96":     {Hex: "c7 0c ff 00000001 ffffffffffffffff", Plain: `"1969-12-31T23:59:59.000000001Z"`, Lossless: `{"$timestamp":"1969-12-31T23:59:59.000000001Z"}`},
		"extension":        {Hex: "d5 05 0102", Plain: `{"type":5,"data":"AQI="}`, Lossless: `{"$ext":5,"data":{"$bytes":"AQI="}}`},
		"ext 8":            {Hex: "c7 03 80 010203", Plain: `{"type":-128,"data":"AQID"}`, Lossless: `{"$ext":-128,"data":{"$bytes":"AQID"}}`},
		"empty":            {Data: []byte{}, Err: "msgpack: byte 0: the bytes end too early"},
		"never used":       {Hex: "c1", Err: "msgpack: byte 0: c1 begins no value"},
		"rest":             {Hex: "01 02", Err: "msgpack: byte 1: 1 byte after the value"},
		"huge array":       {Hex: "dd ffffffff", Err: "msgpack: byte 5: 4294967295 values in 0 bytes: the bytes end too early"},
		"huge map":         {Hex: "df 7fffffff 00", Err: "msgpack: byte 5: 4294967294 values in 1 bytes: the bytes end too early"},
		"huge text":        {Hex: "db ffffffff 61", Err: "msgpack: byte 0: the bytes end too early"},
		"huge extension":   {Hex: "c9 ffffffff 01", Err: "msgpack: byte 0: the bytes end too early"},
		"too deep":         {Data: bytes.Repeat([]byte{0x91}, 2000), Err: "msgpack: byte 1001: nested too deeply"},
		"greedy arrays":    {Data: []byte(strings.Repeat("\xdd\x00\x00\x10\x00", 999) + strings.Repeat("\x00", 5000)), Err: "msgpack: byte 15: too many values: too big"},
	}
}

func TestCorpus(t *testing.T) { serdetest.Corpus(t, open, corpus()) }

func FuzzDecode(f *testing.F) { serdetest.Fuzz(f, open, serdetest.Seeds(f, corpus())...) }

func BenchmarkOrder(b *testing.B) {
	data := msgp.AppendMapHeader(nil, 4)
	data = msgp.AppendInt64(msgp.AppendString(data, "id"), 123456)
	data = msgp.AppendString(msgp.AppendString(data, "customer"), "Grace Hopper")
	data = msgp.AppendFloat64(msgp.AppendString(data, "total"), 99.95)
	data = msgp.AppendBool(msgp.AppendString(data, "paid"), true)
	serdetest.Benchmark(b, open, data)
}

func TestEncode(t *testing.T) {
	tests := map[string]struct{ json, want, wantErr string }{
		"integer text stays an integer": {json: `18446744073709551615`, want: "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"},
		"beyond 64 bits":                {json: `18446744073709551616`, wantErr: "msgpack: an integer beyond 64 bits"},
		"1.0 stays a float":             {json: `1.0`, want: "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"},
		"1e400":                         {json: `1e400`, wantErr: "msgpack: 1e400 is beyond a float of 64 bits"},
		"decimal":                       {json: `{"$decimal":"1.10"}`, want: "\xa41.10"},
		"lone surrogate":                {json: `"\ud800"`, wantErr: "msgpack: text with lone surrogates"},
		"unknown tag":                   {json: `{"$complex":[1,2]}`, wantErr: "msgpack: no MessagePack for $complex"},
		"not JSON":                      {json: `{"a":}`, wantErr: "msgpack: input byte 5: want a JSON value"},
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
