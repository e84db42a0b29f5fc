package protobuf

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// witness is the second opinion: dynamicpb and protojson.
type witness struct {
	schema  *schema
	message string
	serde   *Serde
}

func newWitness(t testing.TB, message string) witness {
	s := open(t, "testdata/corpus.binpb#"+message, serde.Options{}).(*Serde)
	return witness{s.local, message, s}
}

// check wants what proto.Unmarshal takes to be taken, and what protojson says to be
// said. It reports whether data was a message.
func (w witness) check(t testing.TB, data []byte) bool {
	t.Helper()
	if len(data) > 0 && data[0] == 0 {
		return false // a frame
	}
	got, r, err := w.serde.AppendJSON(t.Context(), nil, serde.Input{Data: data})
	m := dynamicpb.NewMessage(w.serde.target.message.desc)
	resolver := &anyResolver{schema: w.schema}
	if unmarshal(data, m, resolver) != nil {
		return false
	}
	if err != nil {
		t.Fatalf("%s %x: %v", w.message, data, err)
	}
	want, err := protojson.MarshalOptions{AllowPartial: true, Resolver: resolver}.Marshal(m)
	if err != nil || resolver.unknown != "" {
		return true // a timestamp beyond the calendar, an Any of an unknown type
	}
	if diff := cmp.Diff(normal(t, want), normal(t, got)); diff != "" && r.Notes == nil {
		t.Fatalf("%s %x: (-protojson +got):\n%s", w.message, data, diff)
	}
	if unknown := m.GetUnknown(); len(unknown) > 0 && len(r.Notes) == 0 {
		t.Fatalf("%s %x: no note of %x", w.message, data, unknown)
	}
	return true
}

// unmarshal is proto.Unmarshal, which panics at a map entry with a second key of another
// wire type. No bytes of a record reach it outside of tests.
func unmarshal(data []byte, m proto.Message, resolver *anyResolver) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return proto.UnmarshalOptions{AllowPartial: true, RecursionLimit: 100, Resolver: resolver}.Unmarshal(data, m)
}

var witnessed = []string{
	"corpus.Scalars", "corpus.Presence", "corpus.Repeated", "corpus.Maps", "corpus.OneOf", "corpus.Tree", "corpus.Known",
	"old.Old", "edition.Edition",
}

// TestRandomMessages compares with the witness on bytes that are mostly messages, in any
// order and any number of pieces.
func TestRandomMessages(t *testing.T) {
	for _, message := range witnessed {
		t.Run(message, func(t *testing.T) {
			w := newWitness(t, message)
			rnd := rand.New(rand.NewPCG(1, 2))
			messages := 0
			for range 3000 {
				data := randomMessage(rnd, w.serde.target.message, 4)
				if w.check(t, data) {
					messages++
				}
			}
			if messages < 500 {
				t.Errorf("only %d were messages", messages)
			}
		})
	}
}

// randomMessage makes a message with fields of m and a few others.
func randomMessage(rnd *rand.Rand, m *message, depth int) []byte {
	var data []byte
	for range rnd.IntN(6) {
		if rnd.IntN(20) == 0 {
			data = protowire.AppendVarint(protowire.AppendTag(data, 50, protowire.VarintType), 1)
			continue
		}
		if len(m.fields) == 0 {
			return data
		}
		f := m.fields[rnd.IntN(len(m.fields))]
		if f.message != nil && depth == 0 {
			continue
		}
		data = appendRandom(rnd, data, f, depth)
	}
	return data
}

func appendRandom(rnd *rand.Rand, data []byte, f *field, depth int) []byte {
	if f.packable && rnd.IntN(2) == 0 {
		var packed []byte
		for range rnd.IntN(4) {
			packed = appendScalar(rnd, packed, f.wire)
		}
		return protowire.AppendBytes(protowire.AppendTag(data, f.number, protowire.BytesType), packed)
	}
	data = protowire.AppendTag(data, f.number, f.wire)
	switch {
	case f.wire == protowire.StartGroupType:
		data = append(data, randomMessage(rnd, f.message, depth-1)...)
		return protowire.AppendTag(data, f.number, protowire.EndGroupType)
	case f.message != nil:
		return protowire.AppendBytes(data, randomMessage(rnd, f.message, depth-1))
	}
	return appendScalar(rnd, data, f.wire)
}

func appendScalar(rnd *rand.Rand, data []byte, w protowire.Type) []byte {
	small := []uint64{0, 1, 2, 127, 128, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 63, 1<<64 - 1, 0x3ff8000000000000, 0x3fc00000}
	v := small[rnd.IntN(len(small))]
	switch w {
	case protowire.VarintType:
		return protowire.AppendVarint(data, v)
	case protowire.Fixed32Type:
		return binary.LittleEndian.AppendUint32(data, uint32(v))
	case protowire.Fixed64Type:
		return binary.LittleEndian.AppendUint64(data, v)
	}
	texts := []string{"", "a", "ab", "x/corpus.Tree", "x/google.protobuf.Duration", "\x08\x01", "\xff", "foo_bar"}
	return protowire.AppendString(data, texts[rnd.IntN(len(texts))])
}

// TestAsProtojson holds that the order of fields and keys is protojson's.
func TestAsProtojson(t *testing.T) {
	for _, c := range goldenCases(t) {
		w := newWitness(t, c.Message)
		data := unhex(t, c.Hex)
		if !w.check(t, data) {
			t.Errorf("%s: no message", c.Name)
		}
		m := dynamicpb.NewMessage(w.serde.target.message.desc)
		resolver := &anyResolver{schema: w.schema}
		if err := (proto.UnmarshalOptions{AllowPartial: true, Resolver: resolver}).Unmarshal(data, m); err != nil {
			t.Fatal(err)
		}
		want, err := protojson.MarshalOptions{AllowPartial: true, Resolver: resolver}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := w.serde.AppendJSON(t.Context(), nil, serde.Input{Data: data})
		if diff := cmp.Diff(keys(t, want), keys(t, got)); diff != "" || err != nil {
			t.Errorf("%s: %v (-protojson +got):\n%s", c.Name, err, diff)
		}
	}
}

// keys lists the keys of JSON in their order.
func keys(t testing.TB, text []byte) []string {
	v, err := value.ParseJSON(text, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	var walk func(v value.V)
	walk = func(v value.V) {
		switch v := v.(type) {
		case value.List:
			for _, item := range v {
				walk(item)
			}
		case *value.Map:
			for _, f := range v.Fields {
				list = append(list, f.Key)
				walk(f.Value)
			}
		}
	}
	walk(v)
	return list
}

func FuzzMessage(f *testing.F) {
	text, err := os.ReadFile("testdata/corpus.json")
	if err != nil {
		f.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(text, &cases); err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		for i, message := range witnessed {
			if message == c.Message {
				f.Add(byte(i), unhex(f, c.Hex))
			}
		}
	}
	witnesses := make([]witness, len(witnessed))
	for i, message := range witnessed {
		witnesses[i] = newWitness(f, message)
	}
	lossless := open(f, "testdata/corpus.binpb#corpus.Known", serde.Options{JSONMode: value.Lossless})
	dump := open(f, "?", serde.Options{})
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		w := witnesses[int(which)%len(witnesses)]
		serdetest.Check(t, w.serde, data)
		w.check(t, data)
		serdetest.Check(t, dump, data)
		serdetest.Stable(t, lossless, data)
	})
}

func BenchmarkMessage(b *testing.B) {
	for _, c := range goldenCases(b) {
		switch c.Name {
		case "all scalars", "repeated", "tree", "proto2":
			b.Run(c.Name, func(b *testing.B) {
				open := func(o serde.Options) (serde.Serde, error) {
					o.Files = os.ReadFile
					return New(serde.Spec{Name: "protobuf", Argument: "testdata/corpus.binpb#" + c.Message}, o)
				}
				serdetest.Benchmark(b, open, unhex(b, c.Hex))
			})
		}
	}
}

// FuzzSchema compiles any text as the schema of a registry, and reads with it what
// comes.
func FuzzSchema(f *testing.F) {
	for _, file := range []string{"trap.proto", "old.proto", "edition.proto"} {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), []byte("\x00\x0a\x01a"))
	}
	f.Add("CgFhIgMKAU0=", []byte("\x00"))
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		s, err := New(serde.Spec{Name: "protobuf"}, serde.Options{Registry: &serdetest.Shelf{Schemas: []serde.Schema{
			{SchemaInfo: serde.SchemaInfo{ID: 1, Type: "PROTOBUF"}, Text: text},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		in := serde.Input{Data: append([]byte{0, 0, 0, 0, 1}, data...)}
		if _, err := s.Decode(t.Context(), in); err == nil {
			serdetest.Check(t, s, in.Data)
		} else if len(err.Error()) > 1000 {
			t.Errorf("long: %v", err)
		}
	})
}
