package avro

import (
	"testing"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

const smallSchema = `{"type":"record","name":"S","fields":[
	{"name":"id","type":"long"},{"name":"name","type":"string"},{"name":"ok","type":"boolean"}]}`

type sample struct {
	schema *Schema
	data   []byte
	json   string
}

func samples(b *testing.B) map[string]sample {
	b.Helper()
	all := map[string]sample{}
	small := mustSchema(b, smallSchema)
	all["small"] = sample{small, unhex(b, "d285d8cc04 0a 68656c6c6f 01"), ""}
	for _, c := range readCorpus(b).Data {
		if c.Name == "big" {
			all["big"] = sample{mustSchema(b, string(c.Schema)), unhex(b, c.Hex), ""}
		}
	}
	for name, s := range all {
		s.json = rendered(b, s.schema, s.data, PlainJSON)
		all[name] = s
	}
	return all
}

func BenchmarkGuard(b *testing.B) {
	for name, s := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.schema.Check(s.data, serde.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkToJSON(b *testing.B) {
	for name, s := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				var err error
				if dst, _, err = s.schema.AppendJSON(dst[:0], s.data, PlainJSON, serde.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkConsume is what each record of a topic costs: frame, schema, JSON.
func BenchmarkConsume(b *testing.B) {
	for name, s := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			in, format := consumed(b, s)
			var dst []byte
			for b.Loop() {
				var err error
				if dst, _, err = format.AppendJSON(b.Context(), dst[:0], in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// consumed is a sample as a record of a topic, and what reads it.
func consumed(t testing.TB, s sample) (serde.Input, serde.JSONAppender) {
	t.Helper()
	info := serde.SchemaInfo{ID: 7, Type: "AVRO"}
	reg := &serdetest.Shelf{Schemas: []serde.Schema{{SchemaInfo: info, Text: s.schema.print(typed)}}}
	format, err := New(serde.Spec{Name: "avro"}, serde.Options{Registry: reg})
	if err != nil {
		t.Fatal(err)
	}
	headers := []serde.Header{{Key: "trace", Value: []byte("x")}}
	data := append([]byte{0, 0, 0, 0, 7}, s.data...)
	return serde.Input{Topic: "orders", Part: serde.Value, Data: data, Headers: headers}, format.(serde.JSONAppender)
}

func TestConsumingAllocatesNothing(t *testing.T) {
	in, format := consumed(t, sample{schema: mustSchema(t, smallSchema), data: unhex(t, "d285d8cc04 0a 68656c6c6f 01")})
	var dst []byte
	read := func() {
		var err error
		if dst, _, err = format.AppendJSON(t.Context(), dst[:0], in); err != nil {
			t.Error(err)
		}
	}
	read()
	if n := testing.AllocsPerRun(100, read); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkToValue(b *testing.B) {
	for name, s := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.schema.Decode(s.data, PlainJSON, serde.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkToValueToJSON(b *testing.B) {
	for name, s := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				v, _, err := s.schema.Decode(s.data, PlainJSON, serde.Limits{})
				if err != nil {
					b.Fatal(err)
				}
				dst, _ = value.AppendJSON(dst[:0], v, value.JSONOptions{})
			}
		})
	}
}

func BenchmarkFromValue(b *testing.B) {
	for name, s := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			v, _, err := s.schema.Decode(s.data, PlainJSON, serde.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			var dst []byte
			for b.Loop() {
				if dst, err = s.schema.Append(dst[:0], v, PlainJSON, serde.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFromJSON(b *testing.B) {
	for name, s := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				v, err := value.ParseJSON([]byte(s.json), false, 0)
				if err != nil {
					b.Fatal(err)
				}
				if dst, err = s.schema.Append(dst[:0], v, PlainJSON, serde.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseSchema(b *testing.B) {
	for _, c := range readCorpus(b).Data {
		if c.Name != "big" {
			continue
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseSchema(string(c.Schema)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
