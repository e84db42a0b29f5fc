package columns

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/linkedin/goavro/v2"

	"kstream/output"
)

// FuzzAvro writes any two values, whose types come from the first alone, and reads the file with
// another implementation: it opens, and holds two rows; a value is in its column or beside
// it.
func FuzzAvro(f *testing.F) {
	for _, pair := range [][2]string{
		{`{"a":1}`, `{"a":"x"}`}, {`{"a":[1,{"b":null}],"c":{}}`, `[1]`}, {"text", "\xff"}, {`[[[]]]`, ``}, {`{"a":1,"a":2}`, `{"\u0061":1e400}`}, {` {"x y":true} `, `{"x_y":-0}`},
	} {
		f.Add([]byte(pair[0]), []byte(pair[1]), false)
		f.Add([]byte(pair[0]), []byte(pair[1]), true)
	}
	f.Fuzz(func(t *testing.T, first, second []byte, together bool) {
		var r row
		known := newSketch(newShapes(), nil)
		packed := [][]byte{frameOf(first), frameOf(second)}
		for i, p := range packed {
			if _, err := r.next(p); err != nil {
				t.Fatal(err)
			}
			if i == 0 || together {
				known.add(&r)
			}
		}
		shapes := known.result().settled()
		schema, err := avroSchema(shapes)
		if err != nil {
			t.Fatal(err)
		}
		codec, err := goavro.NewCodec(string(schema))
		if err != nil {
			t.Fatalf("%s: %v", schema, err)
		}
		encoder, shred := avroEncoder{shapes: shapes}, newShredder(shapes)
		for i, p := range packed {
			if _, err := r.next(p); err != nil {
				t.Fatal(err)
			}
			native, rest, err := codec.NativeFromBinary(encoder.append(nil, &r))
			if err != nil || len(rest) > 0 {
				t.Fatalf("row %d: %v, %d bytes more", i, err, len(rest))
			}
			got := native.(map[string]any)
			if got["value"] == nil && got["value_json"] == nil && got["value_bytes"] == nil {
				t.Errorf("row %d is lost", i)
			}
			if together && got["value_json"] != nil && !hasTwice(r.parts[1].data) {
				t.Errorf("row %d does not fit the types that come from it: %s %s", i, r.parts[1].data, schema)
			}
			levels := map[int]bool{}
			for _, v := range shred.shred(&r) {
				levels[v.Column()] = true
			}
			if len(levels) != len(shred.columns) {
				t.Errorf("row %d has values in %d columns of %d", i, len(levels), len(shred.columns))
			}
		}
	})
}

// hasTwice reports whether some object in the JSON has a member twice: such a value has fewer
// members once it was read.
func hasTwice(data []byte) bool {
	var value any
	if json.Unmarshal(data, &value) != nil {
		return true
	}
	members := bytes.Count(data, []byte(":"))
	return count(reflect.ValueOf(value)) < members
}

func count(v reflect.Value) int {
	n := 0
	switch v.Kind() {
	case reflect.Interface:
		return count(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			n += count(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			n += 1 + bytes.Count([]byte(key.String()), []byte(":")) + count(v.MapIndex(key))
		}
	case reflect.String:
		n = bytes.Count([]byte(v.String()), []byte(":"))
	}
	return n
}

func frameOf(value []byte) []byte {
	m := message(1, "k", "")
	m.Value = output.Field{Bytes: append([]byte{}, value...)}
	return frames(m)
}
