package avro

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
)

const (
	listSchema  = `{"type":"record","name":"Node","fields":[{"name":"v","type":"long"},{"name":"next","type":["null","Node"]}]}`
	nestSchema  = `{"type":"record","name":"T","fields":[{"name":"kids","type":{"type":"array","items":"T"}}]}`
	intsSchema  = `{"type":"array","items":"int"}`
	nullsSchema = `{"type":"array","items":"null"}`
	emptySchema = `{"type":"array","items":{"type":"record","name":"E","fields":[]}}`
)

// TestHostile are data that must be refused, most of which cost a codec without a
// guard its memory, its time or its life.
func TestHostile(t *testing.T) {
	longs := `{"type":"array","items":"long"}`
	tests := map[string]struct {
		schema, hex string
		wantErr     string
	}{
		"nothing":                       {`"int"`, "", "avro: byte 0: the bytes end too early"},
		"cut varint":                    {`"long"`, "80 80", "avro: byte 2: the bytes end too early"},
		"int over 32 bits":              {`"int"`, "80 80 80 80 10", "avro: byte 0: no integer of this size"},
		"int of six bytes":              {`"int"`, "80 80 80 80 80 01", "avro: byte 0: no integer of this size"},
		"long of twelve bytes":          {`"long"`, "ff ff ff ff ff ff ff ff ff ff ff 01", "avro: byte 0: no integer of this size"},
		"long over 64 bits":             {`"long"`, "ff ff ff ff ff ff ff ff ff 02", "avro: byte 0: no integer of this size"},
		"boolean 2":                     {`"boolean"`, "02", "avro: byte 0: a boolean is neither 0 nor 1"},
		"boolean ff":                    {`"boolean"`, "ff", "avro: byte 0: a boolean is neither 0 nor 1"},
		"float cut":                     {`"float"`, "00 00 00", "avro: byte 0: the bytes end too early"},
		"double cut":                    {`"double"`, "00 00 00 00 00 00 00", "avro: byte 0: the bytes end too early"},
		"fixed cut":                     {`{"type":"fixed","name":"F","size":4}`, "00 00 00", "avro: byte 0: the bytes end too early"},
		"bytes cut":                     {`"bytes"`, "04 00", "avro: byte 0: the bytes end too early"},
		"bytes of negative length":      {`"bytes"`, "01 00", "avro: byte 0: a length below zero"},
		"bytes of 2^62":                 {`"bytes"`, "80 80 80 80 80 80 80 80 80 01", "avro: byte 0: the bytes end too early"},
		"bytes of -2^63":                {`"bytes"`, "ff ff ff ff ff ff ff ff ff 01", "avro: byte 0: a length below zero"},
		"string cut":                    {`"string"`, "08 61 62", "avro: byte 0: the bytes end too early"},
		"string of negative length":     {`"string"`, "03", "avro: byte 0: a length below zero"},
		"enum beyond":                   {`{"type":"enum","name":"E","symbols":["A","B"]}`, "04", "avro: byte 0: the enum has no such symbol"},
		"enum negative":                 {`{"type":"enum","name":"E","symbols":["A","B"]}`, "01", "avro: byte 0: the enum has no such symbol"},
		"branch beyond":                 {`["null","int"]`, "04", "avro: byte 0: the union has no such branch"},
		"branch negative":               {`["null","int"]`, "01", "avro: byte 0: the union has no such branch"},
		"array of 2^31-1 in six bytes":  {intsSchema, "fe ff ff ff 0f 00", "avro: byte 0: more items than the bytes left can hold"},
		"array of 2^62":                 {longs, "80 80 80 80 80 80 80 80 80 01", "avro: byte 0: more items than the bytes left can hold"},
		"array of -2^63":                {longs, "ff ff ff ff ff ff ff ff ff 01 00", "avro: byte 0: more items than the bytes left can hold"},
		"array of 2^31-1 nulls":         {nullsSchema, "fe ff ff ff 0f 00", "avro: byte 0: too many values without bytes"},
		"array of 2^31-1 empty records": {emptySchema, "fe ff ff ff 0f 00", "avro: byte 0: too many values without bytes"},
		"array without an end":          {intsSchema, "04 02 04", "avro: byte 3: the bytes end too early"},
		"array cut in an item":          {intsSchema, "06 02 04", "avro: byte 0: more items than the bytes left can hold"},
		"second block too large":        {intsSchema, "02 02 fe ff ff ff 0f", "avro: byte 2: more items than the bytes left can hold"},
		"block of negative size":        {intsSchema, "01 01 02 00", "avro: byte 1: a length below zero"},
		"block of a size beyond":        {intsSchema, "01 10 02 00", "avro: byte 1: the bytes end too early"},
		"block of another size":         {intsSchema, "01 04 02 00", "avro: byte 0: the size of a block is not that of its items"},
		"map of 2^31-1 in six bytes":    {`{"type":"map","values":"null"}`, "fe ff ff ff 0f 00", "avro: byte 0: more items than the bytes left can hold"},
		"map key cut":                   {`{"type":"map","values":"null"}`, "02 08 61", "avro: byte 1: the bytes end too early"},
		"10 kB of a list": {
			listSchema, strings.Repeat("02 02 ", 5000), "avro: byte 998: nested too deeply",
		},
		"10 kB of nesting": {nestSchema, strings.Repeat("02 ", 10000), "avro: byte 249: nested too deeply"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := openFile(tt.schema, serde.Options{})
			if err != nil {
				t.Fatal(err)
			}
			in := serde.Input{Data: unhex(t, tt.hex)}
			start := time.Now()
			_, err = s.Decode(t.Context(), in)
			if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
			_, _, err = s.(serde.JSONAppender).AppendJSON(t.Context(), nil, in)
			if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
				t.Errorf("AppendJSON (-want +got):\n%s", diff)
			}
			if took := time.Since(start); took > 100*time.Millisecond {
				t.Errorf("refused only after %v", took)
			}
		})
	}
}

// TestOddButValid are data that look wrong and are not.
func TestOddButValid(t *testing.T) {
	tests := map[string]struct{ schema, hex, want string }{
		"integer longer than needed":       {`"int"`, "82 00", "1"},
		"array in two blocks":              {intsSchema, "02 02 04 04 06 00", "[1,2,3]"},
		"array in blocks with their sizes": {intsSchema, "01 02 02 03 04 04 06 00", "[1,2,3]"},
		"map with a key twice":             {`{"type":"map","values":"int"}`, "04 02 61 02 02 61 04 00", `{"a":1,"a":2}`},
		"map with an empty key":            {`{"type":"map","values":"int"}`, "02 00 02 00", `{"":1}`},
		"record without fields":            {`{"type":"record","name":"E","fields":[]}`, "", "{}"},
		"4096 nulls":                       {nullsSchema, "80 40 00", "[" + strings.Repeat("null,", 4095) + "null]"},
		"decimal of no bytes":              {`{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`, "00", `"0.00"`},
		"decimal of more digits":           {`{"type":"bytes","logicalType":"decimal","precision":1}`, "04 03 e8", `"1000"`},
		"decimal of invalid scale":         {`{"type":"bytes","logicalType":"decimal","precision":1,"scale":2}`, "02 05", `"BQ=="`},
		"decimal too large for its fixed":  {`{"type":"fixed","name":"F","size":1,"logicalType":"decimal","precision":4}`, "05", `"BQ=="`},
		"uuid that is none":                {`{"type":"string","logicalType":"uuid"}`, "02 78", `"x"`},
		"error type":                       {`{"type":"error","name":"E","fields":[{"name":"a","type":"int"}]}`, "02", `{"a":1}`},
		"a name outside of all namespaces": {`{"type":"record","name":"n.R","fields":[{"name":"a","type":{"type":"fixed","name":"G","namespace":"","size":1}},{"name":"b","type":"G"}]}`, "01 02", `{"a":"AQ==","b":"Ag=="}`},
		"names that no codec takes":        {`{"type":"record","name":"a-b.c d","fields":[{"name":"1 \"x\"","type":["null",{"type":"enum","name":"ä","symbols":["","+"]}]}]}`, "02 02", `{"1 \"x\"":"+"}`},
		"a type in a type":                 {`{"type":{"type":{"type":"int"}}}`, "02", "1"},
		"a default that is wrong":          {`{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]}`, "02", `{"a":1}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, rendered(t, mustSchema(t, tt.schema), unhex(t, tt.hex), PlainJSON)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOutputIsBounded has long names around little data.
func TestOutputIsBounded(t *testing.T) {
	s := mustSchema(t, `{"type":"array","items":{"type":"record","name":"R","fields":[{"name":"`+strings.Repeat("n", 1000)+`","type":"int"}]}}`)
	data := append([]byte{0x80, 0x10}, bytes.Repeat([]byte{2}, 1024)...)
	dst, _, err := s.AppendJSON([]byte("dst"), append(data, 0), PlainJSON, serde.Limits{Output: 100_000})
	if diff := cmp.Diff("avro: byte 102: too big", fmt.Sprint(err)); diff != "" || string(dst) != "dst" {
		t.Errorf("dst %q (-want +got):\n%s", dst, diff)
	}
}

func TestLimits(t *testing.T) {
	s := mustSchema(t, intsSchema)
	data := unhex(t, "06 02 04 06 00")
	tests := map[string]struct {
		limits  serde.Limits
		wantErr string
	}{
		"bytes": {serde.Limits{Bytes: 4}, "avro: byte 0: too big"},
		"items": {serde.Limits{Items: 2}, "avro: byte 0: items: too big"},
		"fine":  {serde.Limits{Bytes: 5, Items: 3, Depth: 1}, "<nil>"},
	}
	for name, tt := range tests {
		_, err := s.Check(data, tt.limits)
		if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestGuardAllocatesNothing(t *testing.T) {
	s := mustSchema(t, smallSchema)
	data := unhex(t, "d285d8cc04 0a 68656c6c6f 01")
	if n := testing.AllocsPerRun(100, func() {
		if _, err := s.Check(data, serde.Limits{}); err != nil {
			t.Error(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSchemaErrors(t *testing.T) {
	deep := strings.Repeat(`{"type":"array","items":`, 300) + `"int"` + strings.Repeat("}", 300)
	tests := map[string]struct{ schema, wantErr string }{
		"no JSON":                {`{`, "schema is no JSON: byte 1: the bytes end too early"},
		"a number":               {`5`, "schema: want a type's name, a list of branches or an object"},
		"no type":                {`{"name":"x"}`, `schema: an object without "type"`},
		"unknown type":           {`"strnig"`, `schema: unknown type "strnig"`},
		"unknown in a namespace": {`{"type":"record","name":"a.R","fields":[{"name":"x","type":"Y"}]}`, `schema: unknown type "a.Y"`},
		"itself":                 {`{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}`, `schema: a value of "R" has no end`},
		"itself, by a detour": {
			`{"type":"record","name":"A","fields":[{"name":"b","type":{"type":"record","name":"B","fields":[{"name":"u","type":["A","B"]}]}}]}`,
			`schema: a value of "A" has no end`,
		},
		"empty union":       {`[]`, "schema: a union without branches"},
		"union in a union":  {`["null",["int"]]`, "schema: a union directly inside of a union"},
		"branch twice":      {`["int","string",{"type":"int"}]`, `schema: a union with two branches "int"`},
		"array of nothing":  {`{"type":"array"}`, `schema: array without "items"`},
		"map of nothing":    {`{"type":"map"}`, `schema: map without "values"`},
		"no name":           {`{"type":"fixed","size":1}`, `schema: fixed: "name" is missing or no text`},
		"empty name":        {`{"type":"fixed","name":"","size":1}`, "schema: fixed: a name is empty, longer than 1024 bytes or not printable"},
		"unprintable name":  {`{"type":"fixed","name":"a\u0007","size":1}`, "schema: fixed: a name is empty, longer than 1024 bytes or not printable"},
		"name of a type":    {`{"type":"fixed","name":"int","size":1}`, `schema: fixed: "int" is the name of a type of Avro`},
		"defined twice":     {`[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":2}]`, `schema: "F" is defined twice`},
		"fixed of no size":  {`{"type":"fixed","name":"F"}`, `schema: fixed "F": size is no number from 1 to 2^30`},
		"no symbols":        {`{"type":"enum","name":"E","symbols":[]}`, `schema: enum "E" without symbols`},
		"symbol no text":    {`{"type":"enum","name":"E","symbols":[1]}`, `schema: enum "E": symbol 0 is no text`},
		"symbol twice":      {`{"type":"enum","name":"E","symbols":["A","A"]}`, `schema: enum "E": symbol "A" twice`},
		"enum default":      {`{"type":"enum","name":"E","symbols":["A"],"default":"B"}`, `schema: enum "E": the default is no symbol of it`},
		"no fields":         {`{"type":"record","name":"R"}`, `schema: record "R" without a list of fields`},
		"field no object":   {`{"type":"record","name":"R","fields":["x"]}`, `schema: record "R": field 0 is no object`},
		"field no name":     {`{"type":"record","name":"R","fields":[{"type":"int"}]}`, `schema: record "R": field 0: "name" is missing or no text`},
		"field no type":     {`{"type":"record","name":"R","fields":[{"name":"a"}]}`, `schema: record "R": field "a" without a type`},
		"field twice":       {`{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}`, `schema: record "R": field "a" twice`},
		"too deep":          {deep, "schema: nested too deeply"},
		"too long":          {`"` + strings.Repeat("x", 5<<20) + `"`, "schema of 5242882 bytes: too big"},
		"namespace no text": {`{"type":"fixed","name":"F","namespace":1,"size":1}`, `schema: fixed "F": namespace is no text`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ParseSchema(tt.schema)
			if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSchemaBombs are schemas that are small and whose values, defaults or sizes are
// not.
func TestSchemaBombs(t *testing.T) {
	var doubling, defaulting strings.Builder
	doubling.WriteString(`[{"type":"record","name":"R0","fields":[]}`)
	defaulting.WriteString(`[{"type":"record","name":"R0","fields":[]}`)
	for i := 1; i <= 60; i++ {
		fmt.Fprintf(&doubling, `,{"type":"record","name":"R%d","fields":[{"name":"a","type":"R%d"},{"name":"b","type":"R%d"}]}`, i, i-1, i-1)
		fmt.Fprintf(&defaulting, `,{"type":"record","name":"R%d","fields":[{"name":"a","type":"R%d","default":{}},{"name":"b","type":"R%d","default":{}}]}`, i, i-1, i-1)
	}
	doubling.WriteString("]")
	defaulting.WriteString("]")

	start := time.Now()
	s := mustSchema(t, doubling.String())
	_, err := s.Check([]byte{120}, serde.Limits{})
	if diff := cmp.Diff("avro: byte 1: too many values without bytes", fmt.Sprint(err)); diff != "" {
		t.Errorf("doubling (-want +got):\n%s", diff)
	}
	s = mustSchema(t, defaulting.String())
	_, err = s.Append(nil, parse(t, `{"R60":{}}`), AvroJSON, serde.Limits{})
	if err == nil {
		t.Error("a default of 2^60 records is written")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestAmbiguousUnions has a value whose every level suits two branches, and is wrong
// at the end.
func TestAmbiguousUnions(t *testing.T) {
	s := mustSchema(t, `{"type":"record","name":"A","fields":[{"name":"x","type":[
		{"type":"record","name":"B","fields":[{"name":"x","type":["A","B","int"]}]},"A","int"]}]}`)
	text := strings.Repeat(`{"x":`, 60) + `"wrong"` + strings.Repeat(`}`, 60)
	start := time.Now()
	_, err := s.Append(nil, parse(t, text), PlainJSON, serde.Limits{})
	if err == nil || !strings.HasSuffix(err.Error(), "too many ways to read the unions") {
		t.Errorf("error %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
