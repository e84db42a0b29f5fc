package output

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeLine(t *testing.T) {
	text := func(s string) Part { return Part{Present: true, Bytes: []byte(s)} }
	exact := func(s string) Part { return Part{Present: true, Bytes: []byte(s), Exact: true} }
	tests := map[string]struct {
		line    string
		want    Line
		wantErr string
	}{
		"all": {
			line: `{"topic":"t","partition":3,"offset":42,"timestamp":1795337438558,"timestamp_type":"create","key":"k","value":{"a": 1},"value_encoding":"json","headers":[{"key":"h","value":"v"},{"key":"h","value":null}]}` + "\n",
			want: Line{
				Topic: "t", Partition: 3, Offset: 42, Timestamp: 1795337438558, HasTimestamp: true, TimestampType: "create", Key: text("k"), Value: text(`{"a": 1}`),
				Headers: []LineHeader{{Key: "h", Value: text("v")}, {Key: "h", Value: Part{Present: true}}},
			},
		},
		"nothing":            {line: ` { } `, want: Line{}},
		"nulls":              {line: `{"topic":null,"partition":null,"offset":null,"timestamp":null,"key":null,"value":null,"headers":null,"value_encoding":null}`, want: Line{Key: Part{Present: true}, Value: Part{Present: true}}},
		"encoding first":     {line: `{"value_encoding":"base64","value":"AP8="}`, want: Line{Value: exact("\x00\xff")}},
		"empty base64":       {line: `{"value":"","value_encoding":"base64"}`, want: Line{Value: exact("")}},
		"hex":                {line: `{"value":"00fF","value_encoding":"hex"}`, want: Line{Value: exact("\x00\xff")}},
		"JSON without name":  {line: `{"key":17.50,"value":[1, {"b":null}]}`, want: Line{Key: text("17.50"), Value: text(`[1, {"b":null}]`)}},
		"boolean":            {line: `{"value": true }`, want: Line{Value: text("true")}},
		"JSON string":        {line: `{"value":"x","value_encoding":"json"}`, want: Line{Value: text(`"x"`)}},
		"JSON null":          {line: `{"value":null,"value_encoding":"json"}`, want: Line{Value: text(`null`)}},
		"serde":              {line: `{"value":{"id":1},"value_encoding":"avro","value_schema":"7"}`, want: Line{Value: Part{Present: true, Encoding: "avro", JSON: []byte(`{"id":1}`), Schema: "7"}}},
		"serde null":         {line: `{"value":null,"value_encoding":"avro","value_schema":7}`, want: Line{Value: Part{Present: true, Encoding: "avro", JSON: []byte(`null`), Schema: "7"}}},
		"unknown members":    {line: `{"x":{"topic":1},"value_error":"no","value":"v"}`, want: Line{Value: text("v")}},
		"escaped name":       {line: `{"val\u0075e" : "v"}`, want: Line{Value: text("v")}},
		"escapes":            {line: `{"value":"\"\\\/\b\f\n\r\t\u00e9\ud83c\udf89"}`, want: Line{Value: text("\"\\/\b\f\n\r\té🎉")}},
		"binary header":      {line: `{"headers":[{"key":"/w==","key_encoding":"base64","value":"/w==","encoding":"base64"}]}`, want: Line{Headers: []LineHeader{{Key: "\xff", Value: exact("\xff")}}}},
		"header, no value":   {line: `{"headers":[{"key":"h"}]}`, want: Line{Headers: []LineHeader{{Key: "h"}}}},
		"negative timestamp": {line: `{"timestamp":-1}`, want: Line{Timestamp: -1, HasTimestamp: true}},
		"no timestamp":       {line: `{"timestamp_type":"none"}`, want: Line{Timestamp: -1, HasTimestamp: true}},
		"a null timestamp":   {line: `{"timestamp_type":"none","timestamp":null}`, want: Line{Timestamp: -1, HasTimestamp: true}},
		"none, and one":      {line: `{"timestamp_type":"none","timestamp":5}`, want: Line{Timestamp: 5, HasTimestamp: true}},

		"NaN":             {line: `{"value":NaN}`, want: Line{Value: Part{Present: true, Bytes: []byte("NaN"), Named: true}}},
		"NaN for a serde": {line: `{"x":[NaN],"value":[-Infinity, Infinity],"value_encoding":"avro"}`, want: Line{Value: Part{Present: true, Named: true, Encoding: "avro", JSON: []byte(`[-Infinity, Infinity]`)}}},
		"NaN as text":     {line: `{"value":"NaN"}`, want: Line{Value: text("NaN")}},

		"half of NaN":         {line: `{"value":[NaN, Na]}`, wantErr: `byte 15: not valid JSON at 'N'`},
		"NaN as base64":       {line: `{"value":NaN,"value_encoding":"base64"}`, wantErr: "byte 9: value: want a string for the encoding base64, have a number"},
		"partition is NaN":    {line: `{"partition":NaN}`, wantErr: "byte 13: partition: want a whole number, have a number"},
		"empty":               {line: ``, wantErr: "byte 0: the line ends inside the JSON"},
		"a word":              {line: `not a record line`, wantErr: "byte 0: a record: want an object, have 'n'"},
		"list":                {line: `[]`, wantErr: "byte 0: a record: want an object, have a list"},
		"cut":                 {line: `{"value":"a`, wantErr: "byte 11: the line ends inside the JSON"},
		"bad token":           {line: `{"value":tru}`, wantErr: `byte 9: not valid JSON at 't'`},
		"no comma":            {line: `{"a":1 "b":2}`, wantErr: `byte 7: not valid JSON at '"'`},
		"two records":         {line: `{} {}`, wantErr: "byte 3: more text after the record"},
		"twice":               {line: `{"value":1,"value":2}`, wantErr: "byte 19: value comes twice"},
		"topic is a number":   {line: `{"topic":7}`, wantErr: "byte 9: topic: want a string, have a number"},
		"partition is text":   {line: `{"partition":"x"}`, wantErr: "byte 13: partition: want a whole number, have a string"},
		"partition too large": {line: `{"partition":2147483648}`, wantErr: "byte 13: partition: want a whole number from -1 to 2147483647, have 2147483648"},
		"timestamp fraction":  {line: `{"timestamp":1.5}`, wantErr: "byte 13: timestamp: want a whole number from -9223372036854775807 to 9223372036854775807, have 1.5"},
		"headers an object":   {line: `{"headers":{}}`, wantErr: "byte 11: headers: want a list, have an object"},
		"header a string":     {line: `{"headers":["h"]}`, wantErr: "byte 12: a header: want an object, have a string"},
		"header without key":  {line: `{"headers":[{"value":"v"}]}`, wantErr: "byte 12: header: want a key that is a string"},
		"encoding a list":     {line: `{"value":1,"value_encoding":[]}`, wantErr: "byte 28: value_encoding: want a string, have a list"},
		"bad base64":          {line: `{"value":"!","value_encoding":"base64"}`, wantErr: "byte 9: value: illegal base64 data at input byte 0"},
		"base64 of a list":    {line: `{"value":[],"value_encoding":"base64"}`, wantErr: "byte 9: value: want a string for the encoding base64, have a list"},
		"encoding of nothing": {line: `{"value_encoding":"avro"}`, wantErr: "byte 25: value has an encoding but is not there"},
		"unpaired surrogate":  {line: `{"value":"\ud800"}`, wantErr: "byte 9: unpaired surrogate in a string"},
		"not UTF-8":           {line: "{\"value\":\"\xff\"}", wantErr: `byte 10: not valid JSON at 'ÿ'`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.want.Partition == 0 {
				tt.want.Partition = -1
			}
			if tt.want.Offset == 0 {
				tt.want.Offset = -1
			}
			got, err := new(Decoder).Decode([]byte(tt.line))
			if tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Fatalf("error %v, want %s", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// sameBytes reports whether a part read back is the field: equal bytes, null for null.
// Reflowed JSON and decoded values are equal as text.
func sameBytes(f Field, p Part) bool {
	switch _, broken := structured(f.Bytes); {
	case !p.Present:
		return false
	case f.JSON != nil && f.Err == "" && f.Encoding != "json":
		return p.Bytes == nil && p.Encoding == f.Encoding && bytes.Equal(p.JSON, f.JSON) && p.Schema == f.Schema
	case broken && f.Text == TextAuto:
		return bytes.Equal(p.Bytes, AppendTokens(nil, f.Bytes))
	}
	return (p.Bytes == nil) == (f.Bytes == nil) && bytes.Equal(p.Bytes, f.Bytes) && p.Encoding == "" && p.Schema == f.Schema
}

// identity fails unless the record line of m reads back as m.
func identity(t *testing.T, d *Decoder, m *Message) {
	t.Helper()
	line := JSON{}.Append(nil, m)
	l, err := d.Decode(line)
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	at := m.Timestamp
	if m.TimestampType == "" {
		at = -1
	}
	if l.Topic != m.Topic || l.Partition != m.Partition || l.Offset != m.Offset || !l.HasTimestamp || l.Timestamp != at || l.TimestampType != m.TimestampType {
		t.Fatalf("%q reads back as %+v", line, l)
	}
	if !sameBytes(m.Key, l.Key) || !sameBytes(m.Value, l.Value) || len(l.Headers) != len(m.Headers) {
		t.Fatalf("%q reads back as %+v", line, l)
	}
	for i, h := range l.Headers {
		if h.Key != m.Headers[i].Key || !sameBytes(m.Headers[i].Value, h.Value) {
			t.Fatalf("%q: header %d reads back as %+v", line, i, h)
		}
	}
}

func TestDecodeIsTheInverseOfJSON(t *testing.T) {
	var d Decoder
	for _, m := range samples() {
		identity(t, &d, &m)
	}
}

func FuzzRecordLine(f *testing.F) {
	f.Add("orders", []byte("k"), []byte(`{"a": [1, "x"]}`), "h", []byte("\xff"), int64(1), uint8(0))
	f.Add("t", []byte{}, []byte("{\n}"), "\xff", []byte("\u2028\x00"), int64(0), uint8(5))
	f.Add("t", []byte("\x00\xff"), []byte("null"), "", []byte(`[]`), int64(1<<62), uint8(0xff))
	var d Decoder
	f.Fuzz(func(t *testing.T, topic string, key, value []byte, name string, header []byte, at int64, bits uint8) {
		if strings.ToValidUTF8(topic, "") != topic {
			return // Kafka allows ASCII only
		}
		m := Message{Topic: topic, Partition: int32(bits), Offset: at & (1<<63 - 1), Timestamp: at & (1<<63 - 1), TimestampType: "create"}
		m.Key = Field{Bytes: key, Text: TextRule(bits & 3)}
		m.Value = Field{Bytes: value, Text: TextRule(bits >> 2 & 3)}
		m.Headers = []Header{{Key: name, Value: Field{Bytes: header}}, {Key: name}, {Key: name, Value: Field{Bytes: []byte{}}}}
		if bits&16 != 0 {
			m.Key.Bytes = nil
		}
		if bits&32 != 0 {
			m.Value.Bytes = nil
		}
		if bits&64 != 0 {
			m.Value.Err = "why"
			m.TimestampType = ""
		}
		for _, b := range []*[]byte{&m.Key.Bytes, &m.Value.Bytes, &m.Headers[0].Value.Bytes} {
			if len(*b) == 0 && bits&16 == 0 {
				*b = []byte{}
			}
		}
		identity(t, &d, &m)
	})
}

func FuzzDecode(f *testing.F) {
	for _, m := range samples() {
		f.Add(JSON{}.Append(nil, &m))
	}
	f.Add([]byte(`{"value":"\ud83c\udf89","value_encoding":"base64"}`))
	var d Decoder
	f.Fuzz(func(t *testing.T, line []byte) {
		l, err := d.Decode(line)
		if err == nil && !wholeJSON(line) && deepest(line) <= MaxNesting {
			t.Fatalf("%q is not JSON but reads as %+v", line, l)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	m := samples()[0]
	m.Value.Bytes = []byte(sampleValue)
	line := JSON{}.Append(nil, &m)
	var d Decoder
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(line); err != nil {
			b.Fatal(err)
		}
	}
}
