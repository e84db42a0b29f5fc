package avro

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/avro"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// maker makes schemas, and data for them, by chance.
type maker struct {
	*rand.Rand
	made int // names
}

func (m *maker) pick(words ...string) string { return words[m.IntN(len(words))] }

func (m *maker) name(kind string) string {
	m.made++
	return fmt.Sprintf("%s%s%d", m.pick("", "a.", "b.c."), kind, m.made)
}

// schema makes the JSON of a type. Definitions without a dot are in no namespace, as
// everything is named in full.
func (m *maker) schema(depth int) string {
	if depth <= 0 || m.IntN(3) == 0 {
		return m.leaf()
	}
	switch m.IntN(5) {
	case 0:
		return `{"type":"array","items":` + m.schema(depth-1) + `}`
	case 1:
		return `{"type":"map","values":` + m.schema(depth-1) + `}`
	case 2:
		return m.union(depth - 1)
	}
	name := m.name("R")
	var fields []string
	for i := range m.IntN(4) {
		fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":%s}`, i, m.schema(depth-1)))
	}
	if m.IntN(2) == 0 {
		fields = append(fields, fmt.Sprintf(`{"name":"self","type":["null",%q]}`, name))
	}
	return fmt.Sprintf(`{"type":"record","name":%q,"namespace":"","fields":[%s]}`, name, strings.Join(fields, ","))
}

func (m *maker) leaf() string {
	switch m.IntN(12) {
	case 0:
		return fmt.Sprintf(`{"type":"fixed","name":%q,"namespace":"","size":%d}`, m.name("F"), 1+m.IntN(20))
	case 1:
		return fmt.Sprintf(`{"type":"enum","name":%q,"namespace":"","symbols":["A","B","C"]}`, m.name("E"))
	case 2:
		return m.pick(`{"type":"int","logicalType":"date"}`, `{"type":"int","logicalType":"time-millis"}`,
			`{"type":"long","logicalType":"time-micros"}`, `{"type":"long","logicalType":"timestamp-millis"}`,
			`{"type":"long","logicalType":"local-timestamp-micros"}`, `{"type":"long","logicalType":"timestamp-nanos"}`)
	case 3:
		return `{"type":"bytes","logicalType":"decimal","precision":40,"scale":5}`
	case 4:
		return m.pick(
			fmt.Sprintf(`{"type":"fixed","name":%q,"namespace":"","size":16,"logicalType":"uuid"}`, m.name("U")),
			fmt.Sprintf(`{"type":"fixed","name":%q,"namespace":"","size":12,"logicalType":"duration"}`, m.name("D")))
	}
	return `"` + m.pick("null", "boolean", "int", "long", "float", "double", "bytes", "string") + `"`
}

func (m *maker) union(depth int) string {
	branches, seen := []string{}, map[string]bool{}
	for range 1 + m.IntN(4) {
		b := m.schema(depth)
		s, err := ParseSchema(b)
		if err != nil || s.root.kind == kindUnion || seen[s.root.tag] {
			continue
		}
		seen[s.root.tag] = true
		branches = append(branches, b)
	}
	if len(branches) == 0 {
		return `["null"]`
	}
	return "[" + strings.Join(branches, ",") + "]"
}

// datum appends bytes that are a value of n.
func (m *maker) datum(dst []byte, n *node, depth int) []byte {
	switch n.kind {
	case kindBoolean:
		return append(dst, byte(m.IntN(2)))
	case kindInt:
		return binary.AppendVarint(dst, int64(int32(m.Uint32()>>m.IntN(32))))
	case kindLong:
		return binary.AppendVarint(dst, int64(m.Uint64()>>m.IntN(64)))
	case kindFloat:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(m.NormFloat64())))
	case kindDouble:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(m.NormFloat64()))
	case kindBytes:
		b := m.bytes(1 + m.IntN(12))
		if n.logical == decimal { // in the fewest bytes, as it is written
			b, _ = toSigned(signed(b), 0)
		}
		return append(binary.AppendVarint(dst, int64(len(b))), b...)
	case kindString:
		s := strings.ToValidUTF8(string(m.bytes(m.IntN(12))), "ä")
		return append(binary.AppendVarint(dst, int64(len(s))), s...)
	case kindFixed:
		return append(dst, m.bytes(n.size)...)
	case kindEnum:
		return binary.AppendVarint(dst, int64(m.IntN(len(n.symbols))))
	case kindUnion:
		i := m.IntN(len(n.branches))
		if depth <= 0 && n.nullAt >= 0 {
			i = n.nullAt
		}
		return m.datum(binary.AppendVarint(dst, int64(i)), n.branches[i], depth-1)
	case kindArray, kindMap:
		count := m.IntN(4)
		if depth <= 0 {
			count = 0
		}
		if count > 0 {
			dst = binary.AppendVarint(dst, int64(count))
		}
		for i := range count {
			if n.kind == kindMap {
				dst = append(dst, 2, 'a'+byte(i))
			}
			dst = m.datum(dst, n.items, depth-1)
		}
		return append(dst, 0)
	case kindRecord:
		for i := range n.fields {
			dst = m.datum(dst, n.fields[i].typ, depth-1)
		}
	}
	return dst
}

func (m *maker) bytes(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	return b
}

// TestRandomRoundTrips makes schemas and data and wants each datum back, bit by bit,
// through the avro JSON, and the same plain JSON again; and the same reading of
// twmb/avro; and no prefix of it to pass.
func TestRandomRoundTrips(t *testing.T) {
	for seed := range uint64(500) {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 5))}
		text := m.schema(4)
		s, err := ParseSchema(text)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		for range 5 {
			checkRoundTrip(t, s, m.datum(nil, s.root, 6))
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, text)
		}
	}
}

func checkRoundTrip(t *testing.T, s *Schema, data []byte) {
	t.Helper()
	n, err := s.Check(data, serde.Limits{})
	if err != nil || n != len(data) {
		t.Errorf("% x: the guard takes %d bytes: %v", data, n, err)
		return
	}
	for i := range data {
		if _, err := s.Check(data[:i], serde.Limits{}); err == nil {
			t.Errorf("% x: the first %d bytes pass", data, i)
		}
	}
	spec := rendered(t, s, data, AvroJSON)
	again, err := s.Append(nil, parse(t, spec), AvroJSON, serde.Limits{})
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("avro JSON %s: % x, written again % x: %v", spec, data, again, err)
	}
	plain := rendered(t, s, data, PlainJSON)
	again, err = s.Append(nil, parse(t, plain), PlainJSON, serde.Limits{})
	if err != nil || !hasUnion(s) && !bytes.Equal(again, data) {
		t.Errorf("plain JSON %s: % x, written again % x: %v", plain, data, again, err)
	} else if diff := cmp.Diff(plain, rendered(t, s, again, PlainJSON)); diff != "" && !isLogical(s) {
		t.Errorf("plain JSON, written again (-want +got):\n%s", diff) // a branch may be another one now
	}
	other, err := foreign(s, bare)
	if err != nil {
		t.Errorf("twmb/avro: %v", err)
		return
	}
	var read any
	if rest, err := other.Decode(data, &read, avro.TaggedUnions()); err != nil || len(rest) > 0 {
		t.Errorf("twmb/avro leaves %d bytes: %v", len(rest), err)
		return
	}
	again, err = s.again(read, serde.Limits{})
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("% x is % x by twmb/avro: %v", data, again, err)
	}
}

func hasUnion(s *Schema) bool {
	return slices.ContainsFunc(s.nodes, func(n *node) bool { return n.kind == kindUnion })
}

func isLogical(s *Schema) bool {
	return slices.ContainsFunc(s.nodes, func(n *node) bool { return n.logical != plainType })
}

func fuzzSchemas(t testing.TB) []*Schema {
	var all []*Schema
	for _, c := range readCorpus(t).Data {
		if strings.HasPrefix(c.Name, "big") || strings.HasPrefix(c.Name, "rec") || strings.HasPrefix(c.Name, "union") || strings.HasPrefix(c.Name, "array") {
			all = append(all, mustSchema(t, string(c.Schema)))
		}
	}
	return append(all, mustSchema(t, emptySchema), mustSchema(t, nestSchema))
}

// FuzzDatum reads any bytes by the schemas of the corpus. What the guard takes,
// goavro takes, both ways of reading agree, and the avro JSON says all of it.
func FuzzDatum(f *testing.F) {
	schemas := fuzzSchemas(f)
	for i, c := range readCorpus(f).Data {
		f.Add(uint8(i), unhex(f, c.Hex))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		s := schemas[int(which)%len(schemas)]
		n, err := s.Check(data, serde.Limits{})
		if err == nil {
			_, err = s.Check(data[:n], serde.Limits{}) // fewer bytes allow fewer values without any
		}
		if err != nil {
			return
		}
		for _, style := range []Style{PlainJSON, AvroJSON} {
			rendered(t, s, data[:n], style)
		}
		v, _, err := s.Decode(data, AvroJSON, serde.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Append(nil, v, AvroJSON, serde.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		second, _, err := s.Decode(again, AvroJSON, serde.Limits{})
		if errors.Is(err, errEmpty) { // the lengths are shorter now
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		a, _ := value.AppendJSON(nil, lastKeys(v), value.JSONOptions{})
		b, _ := value.AppendJSON(nil, second, value.JSONOptions{})
		if !bytes.Equal(a, b) {
			t.Errorf("%s written again is %s", a, b)
		}
	})
}

// lastKeys drops all but the last value of a key, at the place of the first.
func lastKeys(v value.V) value.V {
	switch v := v.(type) {
	case value.List:
		out := value.List{}
		for _, item := range v {
			out = append(out, lastKeys(item))
		}
		return out
	case *value.Map:
		out, at := &value.Map{}, map[string]int{}
		for _, f := range v.Fields {
			f.Value = lastKeys(f.Value)
			if i, twice := at[f.Key]; twice {
				out.Fields[i] = f
				continue
			}
			at[f.Key] = len(out.Fields)
			out.Fields = append(out.Fields, f)
		}
		return out
	}
	return v
}

// FuzzContract is what every format promises, over the large record.
func FuzzContract(f *testing.F) {
	for _, c := range readCorpus(f).Data {
		if c.Name == "big" {
			open := func(o serde.Options) (serde.Serde, error) { return openFile(string(c.Schema), o) }
			serdetest.Fuzz(f, open, unhex(f, c.Hex))
			return
		}
	}
}

// FuzzContainer reads any bytes as a container file.
func FuzzContainer(f *testing.F) {
	open := func(o serde.Options) (serde.Serde, error) { return New(serde.Spec{Name: "avro"}, o) }
	s, err := open(serde.Options{Limits: serde.Limits{Output: 1 << 20}})
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range readCorpus(f).Containers {
		f.Add(unhex(f, c.Hex))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: data}, value.JSONOptions{})
		_ = err // any error will do, a panic will not
	})
}

// FuzzSchema parses any text. A schema that passes is the same when it is printed and
// parsed again.
func FuzzSchema(f *testing.F) {
	for _, c := range readCorpus(f).Data {
		f.Add(string(c.Schema))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchema(text)
		if err != nil {
			return
		}
		again, err := ParseSchema(s.print(typed))
		if err != nil || again.Fingerprint != s.Fingerprint || again.print(typed) != s.print(typed) {
			t.Errorf("%s: printed as %s: %v", text, s.print(typed), err)
		}
	})
}

// FuzzWrite writes any JSON by the schemas of the corpus; what is written is read.
func FuzzWrite(f *testing.F) {
	schemas := fuzzSchemas(f)
	for i, c := range readCorpus(f).Data {
		f.Add(uint8(i), false, c.Plain)
		f.Add(uint8(i), true, c.Avro)
	}
	f.Fuzz(func(t *testing.T, which uint8, spec bool, text string) {
		v, err := value.ParseJSON([]byte(text), false, 0)
		if err != nil {
			return
		}
		s, style := schemas[int(which)%len(schemas)], PlainJSON
		if spec {
			style = AvroJSON
		}
		data, err := s.Append(nil, v, style, serde.Limits{})
		if err != nil {
			return
		}
		if _, err := s.Check(data, serde.Limits{}); errors.Is(err, errEmpty) {
			return
		} else if err != nil {
			t.Fatalf("%s: % x: %v", text, data, err)
		}
		rendered(t, s, data, style)
	})
}
