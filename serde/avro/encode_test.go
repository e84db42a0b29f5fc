package avro

import (
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

const orderSchema = `{"type":"record","name":"shop.Order","fields":[
	{"name":"id","type":"long"},
	{"name":"items","default":[],"type":{"type":"array","items":{"type":"record","name":"Item","fields":[
		{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}},
		{"name":"n","type":"int","default":1}]}}},
	{"name":"when","default":null,"type":["null",{"type":"long","logicalType":"timestamp-millis"}]},
	{"name":"tags","default":{},"type":{"type":"map","values":["null","string"]}},
	{"name":"bad","type":"int","default":"five"}]}`

func TestWhatIsRefused(t *testing.T) {
	deep := strings.Repeat(`{"kids":[`, 600) + strings.Repeat(`]}`, 600)
	millis := `{"type":"long","logicalType":"timestamp-millis"}`
	cents := `{"type":"fixed","name":"F","size":2,"logicalType":"decimal","precision":4,"scale":2}`
	tests := map[string]struct{ schema, json, wantErr string }{
		"digits after the point": {orderSchema, `{"id":1,"bad":0,"items":[{"price":"1"},{"price":"1.999"}]}`, `avro: items[1].price: "1.999" has more than 2 digits after the point`},
		"digits in all":          {orderSchema, `{"id":1,"bad":0,"items":[{"price":1000}]}`, `avro: items[0].price: 1000 has more than 5 digits`},
		"no decimal":             {orderSchema, `{"id":1,"bad":0,"items":[{"price":"abc"}]}`, `avro: items[0].price: want a decimal like "1.10", have "abc"`},
		"missing":                {orderSchema, `{"bad":0}`, "avro: id: missing, and the schema has no default"},
		"missing, bad default":   {orderSchema, `{"id":1}`, "avro: bad: the default in the schema is wrong: want an integer, have \"five\""},
		"unknown field":          {orderSchema, `{"id":1,"bad":0,"itmes":[]}`, "avro: itmes: shop.Order has no such field"},
		"in a map":               {orderSchema, `{"id":1,"bad":0,"tags":{"a b":5}}`, `avro: tags["a b"]: no branch of the union (null, string) takes 5`},
		"digits of a second":     {orderSchema, `{"id":1,"bad":0,"when":"2024-02-29T12:00:00.0001Z"}`, "avro: when: more than 3 digits of a second"},
		"tagged":                 {orderSchema, `{"id":1,"bad":0,"when":{"long":"x"}}`, "avro: when: want a time like 2006-01-02T15:04:05Z07:00"},
		"no object":              {orderSchema, `[]`, "avro: want an object for shop.Order, have an array"},
		"no array":               {intsSchema, `{}`, "avro: want an array, have an object"},
		"no map":                 {`{"type":"map","values":"int"}`, `[]`, "avro: want an object, have an array"},
		"no null":                {`"null"`, `0`, "avro: want null, have 0"},
		"no boolean":             {`"boolean"`, `1`, "avro: want true or false, have a number"},
		"int of 33 bits":         {`"int"`, `2147483648`, "avro: 2147483648 is not within -2147483648 and 2147483647"},
		"long of 65 bits":        {`"long"`, `9223372036854775808`, "avro: 9223372036854775808 is not within -9223372036854775808 and 9223372036854775807"},
		"a fraction":             {`"long"`, `1.5`, "avro: 1.5 is no integer"},
		"text for a long":        {`"long"`, `"5"`, `avro: want an integer, have "5"`},
		"double beyond":          {`"double"`, `1e400`, "avro: 1e400 is beyond a float of 64 bits"},
		"float beyond":           {`"float"`, `1e39`, "avro: 1e39 is beyond a float of 32 bits"},
		"null for a double":      {`"double"`, `null`, "avro: want a number, have null"},
		"number for text":        {`"string"`, `5`, "avro: want text, have a number"},
		"no base64":              {`"bytes"`, `"?"`, "avro: not base64"},
		"fixed of another size":  {`{"type":"fixed","name":"F","size":2}`, `"AQ=="`, "avro: want 2 bytes for F, have 1"},
		"no symbol":              {`{"type":"enum","name":"E","symbols":["A","B"]}`, `"C"`, `avro: want one of A, B, have "C"`},
		"time without a zone":    {millis, `"2024-02-29T12:00:00"`, "avro: want a time like 2006-01-02T15:04:05Z07:00"},
		"year 10000":             {millis, `"10000-01-01T00:00:00Z"`, "avro: want a time like 2006-01-02T15:04:05Z07:00"},
		"decimal too large":      {cents, `"100.00"`, `avro: "100.00" has more than 4 digits`},
		"duration":               {`{"type":"fixed","name":"F","size":12,"logicalType":"duration"}`, `{"months":-1}`, "avro: months: -1 is not within 0 and 4294967295"},
		"nested too deeply":      {nestSchema, deep, "avro: " + strings.Repeat("kids[0].", 13)[:100] + "…" + strings.Repeat("kids[0].", 12) + "kids: nested too deeply"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, err := value.ParseJSON([]byte(tt.json), false, 2000)
			if err != nil {
				t.Fatal(err)
			}
			dst, err := mustSchema(t, tt.schema).Append([]byte("dst"), v, PlainJSON, serde.Limits{})
			if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" || string(dst) != "dst" {
				t.Errorf("dst %q (-want +got):\n%s", dst, diff)
			}
		})
	}
}

// TestUnionsAreRead has both styles of writing, and what is both at once. The result
// is the avro JSON of what was written.
func TestUnionsAreRead(t *testing.T) {
	times := `["null","string",{"type":"long","logicalType":"timestamp-millis"}]`
	timesFirst := `["null",{"type":"long","logicalType":"timestamp-millis"},"string"]`
	named := `["null",{"type":"record","name":"A","fields":[{"name":"int","type":"int"}]},"int"]`
	mapped := `["null","int",{"type":"map","values":"int"}]`
	records := `[{"type":"record","name":"x.A","fields":[{"name":"v","type":"int"}]},{"type":"record","name":"x.B","fields":[{"name":"v","type":["int","string"]}]}]`
	numbers := `["null","int","long","float","double"]`
	tests := map[string]struct{ schema, json, plain, avro string }{
		"null":                            {numbers, `null`, `null`, `null`},
		"int":                             {numbers, `5`, `{"int":5}`, `{"int":5}`},
		"long as it needs one":            {numbers, `5000000000`, `{"long":5000000000}`, `{"long":5000000000}`},
		"tagged long":                     {numbers, `{"long":5}`, `{"long":5}`, `{"long":5}`},
		"a fraction":                      {numbers, `0.1`, `{"float":0.1}`, `{"float":0.1}`},
		"double as it needs one":          {numbers, `1e300`, `{"double":1e+300}`, `{"double":1e+300}`},
		"more digits than a float has":    {numbers, `0.1234567890123`, `{"double":0.1234567890123}`, `{"double":0.1234567890123}`},
		"NaN":                             {numbers, `"NaN"`, `{"float":"NaN"}`, `{"float":"NaN"}`},
		"integer with a point":            {`["int","double"]`, `5.0`, `{"double":5.0}`, `{"double":5.0}`},
		"integer before a double":         {`["double","long"]`, `5`, `{"long":5}`, `{"long":5}`},
		"integer for a double":            {`["null","double"]`, `5`, `{"double":5.0}`, `{"double":5.0}`},
		"text, then time":                 {times, `"2024-02-29T12:00:00Z"`, `{"string":"2024-02-29T12:00:00Z"}`, `{"string":"2024-02-29T12:00:00Z"}`},
		"time, then text":                 {timesFirst, `"2024-02-29T12:00:00Z"`, `{"long":1709208000000}`, `{"long":1709208000000}`},
		"no time":                         {timesFirst, `"soon"`, `{"string":"soon"}`, `{"string":"soon"}`},
		"tagged time as a number":         {timesFirst, `{"long":1709208000000}`, `{"long":1709208000000}`, `{"long":1709208000000}`},
		"field named as a branch":         {named, `{"int":5}`, `{"A":{"int":5}}`, `{"int":5}`},
		"tagged record":                   {named, `{"A":{"int":5}}`, `{"A":{"int":5}}`, `{"A":{"int":5}}`},
		"map with a key named as one":     {mapped, `{"int":5}`, `{"map":{"int":5}}`, `{"int":5}`},
		"map, tagged":                     {mapped, `{"map":{"int":5}}`, `{"map":{"int":5}}`, `{"map":{"int":5}}`},
		"map with a key that is no tag":   {mapped, `{"x":5}`, `{"map":{"x":5}}`, `{"map":{"x":5}}`},
		"named, but it does not take it":  {`["string",{"type":"map","values":"int"}]`, `{"string":5}`, `{"map":{"string":5}}`, `{"map":{"string":5}}`},
		"first record that takes it":      {records, `{"v":5}`, `{"x.A":{"v":5}}`, `{"x.A":{"v":5}}`},
		"second record, by its type":      {records, `{"v":"x"}`, `{"x.B":{"v":{"string":"x"}}}`, `{"x.B":{"v":{"string":"x"}}}`},
		"second record, by its tag":       {records, `{"x.B":{"v":5}}`, `{"x.B":{"v":{"int":5}}}`, `{"x.B":{"v":{"int":5}}}`},
		"enum before text":                {`[{"type":"enum","name":"E","symbols":["A"]},"string"]`, `"A"`, `{"E":"A"}`, `{"E":"A"}`},
		"text that is no symbol":          {`[{"type":"enum","name":"E","symbols":["A"]},"string"]`, `"B"`, `{"string":"B"}`, `{"string":"B"}`},
		"decimal, not text":               {`[{"type":"bytes","logicalType":"decimal","precision":3,"scale":1},"string"]`, `"1.5"`, `{"bytes":"\u000f"}`, `{"string":"1.5"}`},
		"bytes tagged in any style":       {`["null","bytes"]`, `{"$hex":"00ff"}`, `{"bytes":"\u0000ÿ"}`, `{"bytes":"\u0000ÿ"}`},
		"one branch, tagged and untagged": {`["null",{"type":"array","items":["null","int"]}]`, `[1,{"int":2},null]`, `{"array":[{"int":1},{"int":2},null]}`, `{"array":[{"int":1},{"int":2},null]}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := mustSchema(t, tt.schema)
			for style, want := range map[Style]string{PlainJSON: tt.plain, AvroJSON: tt.avro} {
				data, err := s.Append(nil, parse(t, tt.json), style, serde.Limits{})
				if err != nil {
					t.Errorf("style %d: %v", style, err)
					continue
				}
				if diff := cmp.Diff(want, rendered(t, s, data, AvroJSON)); diff != "" {
					t.Errorf("style %d (-want +got):\n%s", style, diff)
				}
			}
		})
	}
}

// TestValuesOfOtherFormats come from formats with types that JSON lacks.
func TestValuesOfOtherFormats(t *testing.T) {
	noon := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	millis := `{"type":"long","logicalType":"timestamp-millis"}`
	tests := map[string]struct {
		schema string
		v      value.V
		want   string
	}{
		"big integer":       {`"long"`, big.NewInt(math.MaxInt64), "9223372036854775807"},
		"float as integer":  {`"int"`, value.Float{F: 3, Bits: 64}, "3"},
		"integer as float":  {`"float"`, int64(3), "3.0"},
		"infinity":          {`"double"`, value.Float{F: math.Inf(-1), Bits: 64}, `"-Infinity"`},
		"time":              {millis, value.Time{T: noon, Digits: 9}, `"2024-02-29T12:00:00.000Z"`},
		"time as text":      {`"string"`, value.Time{T: noon, Digits: 3}, `"2024-02-29T12:00:00.000Z"`},
		"time in a union":   {`["string",` + millis + `]`, value.Time{T: noon}, `"2024-02-29T12:00:00.000Z"`},
		"date":              {`{"type":"int","logicalType":"date"}`, value.Date(1), `"1970-01-02"`},
		"time of day":       {`{"type":"int","logicalType":"time-millis"}`, value.TimeOfDay{Nanos: 1e6, Digits: 9}, `"00:00:00.001"`},
		"decimal":           {`{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}`, value.Decimal{Unscaled: big.NewInt(11), Scale: 1}, `"1.10"`},
		"decimal as text":   {`"string"`, value.Decimal{Unscaled: big.NewInt(110), Scale: 2}, `"1.10"`},
		"uuid":              {`{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}`, value.UUID{15: 1}, `"00000000-0000-0000-0000-000000000001"`},
		"uuid as text":      {`{"type":"string","logicalType":"uuid"}`, value.UUID{}, `"00000000-0000-0000-0000-000000000000"`},
		"duration":          {`{"type":"fixed","name":"D","size":12,"logicalType":"duration"}`, value.Duration{Days: 2}, `{"months":0,"days":2,"millis":0}`},
		"bytes":             {`["string","bytes"]`, value.Bytes{0xff}, `"/w=="`},
		"bytes for decimal": {`{"type":"bytes","logicalType":"decimal","precision":5}`, value.Bytes{0xff}, `"-1"`},
		"tagged":            {`"int"`, value.Tagged{Tag: "x", V: "y", Plain: int64(1)}, "1"},
		"key twice":         {`{"type":"map","values":"int"}`, &value.Map{Fields: []value.Field{{Key: "a", Value: int64(1)}, {Key: "b", Value: int64(2)}, {Key: "a", Value: int64(3)}}}, `{"a":3,"b":2}`},
		"field twice":       {smallSchema, &value.Map{Fields: []value.Field{{Key: "id", Value: int64(1)}, {Key: "ok", Value: true}, {Key: "name", Value: "x"}, {Key: "id", Value: int64(2)}}}, `{"id":2,"name":"x","ok":true}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := mustSchema(t, tt.schema)
			data, err := s.Append(nil, tt.v, PlainJSON, serde.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, rendered(t, s, data, PlainJSON)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSameBytesEachTime writes a map, whose order a Go map would shuffle: a key of a
// record must hash to the same partition each time.
func TestSameBytesEachTime(t *testing.T) {
	s := mustSchema(t, `{"type":"map","values":"int"}`)
	text := `{"z":1,"y":2,"x":3,"w":4,"v":5,"u":6,"t":7,"s":8}`
	first, err := s.Append(nil, parse(t, text), PlainJSON, serde.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := s.Append(nil, parse(t, text), PlainJSON, serde.Limits{})
		if diff := cmp.Diff(first, again); diff != "" || err != nil {
			t.Fatalf("%v (-first +again):\n%s", err, diff)
		}
	}
	if diff := cmp.Diff(text, rendered(t, s, first, PlainJSON)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
