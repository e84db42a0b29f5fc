package avro

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/linkedin/goavro/v2"
	"github.com/twmb/avro"

	"kstream/kafka/kafkatest/pythontest"
	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// corpus is testdata/corpus.json, which fastavro wrote.
type corpus struct {
	Data []struct {
		Name        string
		Schema      json.RawMessage
		Hex         string
		Avro, Plain string
		Canonical   string
		Fingerprint string
		Ambiguous   bool
	}
	Defaults []struct {
		Name   string
		Schema json.RawMessage
		JSON   string
		Hex    string
	}
	Resolve []struct {
		Name           string
		Writer, Reader json.RawMessage
		Hex, Read      string
	}
	Containers []struct{ Name, Hex string }
}

func readCorpus(t testing.TB) corpus {
	t.Helper()
	text, err := os.ReadFile("testdata/corpus.json")
	if err != nil {
		t.Fatal(err)
	}
	var c corpus
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func mustSchema(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, text string) value.V {
	t.Helper()
	v, err := value.ParseJSON([]byte(text), false, 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// rendered is the JSON of data by both ways, which must agree.
func rendered(t testing.TB, s *Schema, data []byte, style Style) string {
	t.Helper()
	direct, n, err := s.AppendJSON([]byte("dst"), data, style, serde.Limits{})
	if err != nil || n != len(data) {
		t.Fatalf("AppendJSON took %d of %d bytes: %v", n, len(data), err)
	}
	v, n, err := s.Decode(data, style, serde.Limits{})
	if err != nil || n != len(data) {
		t.Fatalf("Decode took %d of %d bytes: %v", n, len(data), err)
	}
	built, err := value.AppendJSON([]byte("dst"), v, value.JSONOptions{})
	if diff := cmp.Diff(string(built), string(direct)); diff != "" || err != nil {
		t.Errorf("by goavro and directly differ (-goavro +direct): %v\n%s", err, diff)
	}
	return string(direct[len("dst"):])
}

func TestCorpusIsRead(t *testing.T) {
	for _, c := range readCorpus(t).Data {
		t.Run(c.Name, func(t *testing.T) {
			s, data := mustSchema(t, string(c.Schema)), unhex(t, c.Hex)
			for style, want := range map[Style]string{PlainJSON: c.Plain, AvroJSON: c.Avro} {
				if diff := cmp.Diff(parse(t, want), parse(t, rendered(t, s, data, style))); diff != "" {
					t.Errorf("style %d (-fastavro +ours):\n%s", style, diff)
				}
			}
			for n := range data {
				if _, err := s.Check(data[:n], serde.Limits{}); err == nil {
					t.Errorf("the first %d of %d bytes pass", n, len(data))
				}
			}
		})
	}
}

func TestCorpusIsWritten(t *testing.T) {
	for _, c := range readCorpus(t).Data {
		t.Run(c.Name, func(t *testing.T) {
			s, want := mustSchema(t, string(c.Schema)), unhex(t, c.Hex)
			for style, text := range map[Style]string{PlainJSON: c.Plain, AvroJSON: c.Avro} {
				got, err := s.Append([]byte("dst"), parse(t, text), style, serde.Limits{})
				if err != nil {
					t.Errorf("style %d: %v", style, err)
					continue
				}
				if style == PlainJSON && c.Ambiguous {
					if diff := cmp.Diff(text, rendered(t, s, got[len("dst"):], style)); diff != "" {
						t.Errorf("reads back otherwise (-want +got):\n%s", diff)
					}
					continue
				}
				if diff := cmp.Diff(append([]byte("dst"), want...), got); diff != "" {
					t.Errorf("style %d (-fastavro +ours):\n%s", style, diff)
				}
			}
			v, _, err := s.Decode(want, PlainJSON, serde.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Append(nil, v, PlainJSON, serde.Limits{})
			if err != nil || !c.Ambiguous && !bytes.Equal(got, want) {
				t.Errorf("the value itself is written as %x, want %x: %v", got, want, err)
			}
		})
	}
}

func TestCorpusFingerprints(t *testing.T) {
	for _, c := range readCorpus(t).Data {
		s := mustSchema(t, string(c.Schema))
		if diff := cmp.Diff(c.Canonical, s.Canonical()); diff != "" {
			t.Errorf("%s: canonical form (-fastavro +ours):\n%s", c.Name, diff)
		}
		// fastavro gives the bytes in the order of single-object encoding.
		got := hex.EncodeToString(binary.LittleEndian.AppendUint64(nil, s.Fingerprint))
		if diff := cmp.Diff(c.Fingerprint, got); diff != "" {
			t.Errorf("%s: fingerprint (-fastavro +ours):\n%s", c.Name, diff)
		}
	}
}

// TestCorpusBySecondOpinions holds against goavro on the schema as it was written,
// and against twmb/avro.
func TestCorpusBySecondOpinions(t *testing.T) {
	for _, c := range readCorpus(t).Data {
		t.Run(c.Name, func(t *testing.T) {
			s, data := mustSchema(t, string(c.Schema)), unhex(t, c.Hex)
			codec, err := goavro.NewCodec(s.print(bare))
			if err != nil {
				t.Fatal(err)
			}
			native, rest, err := codec.NativeFromBinary(data)
			if err != nil || len(rest) > 0 {
				t.Fatalf("goavro leaves %d bytes: %v", len(rest), err)
			}
			again, err := codec.BinaryFromNative(nil, native)
			if err != nil || len(again) != len(data) {
				t.Errorf("goavro writes %x, want %x: %v", again, data, err)
			}
			other, err := foreign(s, bare)
			if err != nil {
				t.Fatal(err)
			}
			var read any
			if _, err := other.Decode(data, &read, avro.TaggedUnions()); err != nil {
				t.Fatal(err)
			}
			again, err = s.again(read, serde.Limits{})
			if err != nil || len(again) != len(data) {
				t.Errorf("what twmb/avro reads is %x, want %x: %v", again, data, err)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	for _, c := range readCorpus(t).Defaults {
		s := mustSchema(t, string(c.Schema))
		got, err := s.Append(nil, parse(t, c.JSON), PlainJSON, serde.Limits{})
		if err != nil || hex.EncodeToString(got) != c.Hex {
			t.Errorf("%s: %x, fastavro writes %s: %v", c.Name, got, c.Hex, err)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range readCorpus(t).Resolve {
		r, err := resolve(mustSchema(t, string(c.Writer)), mustSchema(t, string(c.Reader)))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		got, err := r.rewrite(unhex(t, c.Hex), serde.Limits{})
		if err != nil || hex.EncodeToString(got) != c.Read {
			t.Errorf("%s: %x, fastavro reads %s: %v", c.Name, got, c.Read, err)
		}
	}
}

// TestResolveOddNames has names that only this package takes without being asked.
func TestResolveOddNames(t *testing.T) {
	writer := mustSchema(t, `{"type":"record","name":"a-b.c d","fields":[{"name":"1 x","type":["null",{"type":"enum","name":"ä","symbols":["+"]}]}]}`)
	reader := mustSchema(t, `{"type":"record","name":"a-b.c d","fields":[{"name":"2","type":"bytes","default":"\u00ff"},{"name":"1 x","type":["null",{"type":"enum","name":"ä","symbols":["+"]}]}]}`)
	r, err := resolve(writer, reader)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.rewrite(unhex(t, "02 00"), serde.Limits{})
	if diff := cmp.Diff(unhex(t, "02 ff 02 00"), got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, reader := range map[string]string{
		"scale":    `{"type":"bytes","logicalType":"decimal","precision":4,"scale":3}`,
		"type":     `"int"`,
		"an alias": `{"type":"fixed","name":"F","size":1,"aliases":["bytes"]}`,
	} {
		_, err := resolve(mustSchema(t, `{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`), mustSchema(t, reader))
		if err == nil {
			t.Errorf("%s: another decimal is read", name)
		}
	}
}

// TestResolveUnits keeps a timestamp from moving by a factor of 1000.
func TestResolveUnits(t *testing.T) {
	millis, micros := `{"type":"long","logicalType":"timestamp-millis"}`, `{"type":"long","logicalType":"timestamp-micros"}`
	inRecord := func(t, more string) string {
		return `{"type":"record","name":"R","fields":[{"name":"t"` + more + `,"type":` + t + `},{"name":"self","type":["null","R"]}]}`
	}
	clash := "timestamp-millis cannot be read as timestamp-micros"
	tests := map[string]struct{ writer, reader, wantErr string }{
		"same":          {millis, millis, "<nil>"},
		"bare":          {millis, `"long"`, "<nil>"},
		"named later":   {`"long"`, micros, "<nil>"},
		"another":       {millis, micros, "reader schema long: " + clash},
		"local":         {millis, `{"type":"long","logicalType":"local-timestamp-millis"}`, "reader schema long: timestamp-millis cannot be read as local-timestamp-millis"},
		"promoted":      {`{"type":"int","logicalType":"date"}`, millis, "reader schema long: date cannot be read as timestamp-millis"},
		"in a union":    {`["null",` + millis + `]`, `["null",` + micros + `]`, "reader schema union: " + clash},
		"into a union":  {millis, `["null",` + micros + `]`, "reader schema union: " + clash},
		"in an array":   {`{"type":"array","items":` + millis + `}`, `{"type":"array","items":` + micros + `}`, "reader schema array: " + clash},
		"in a record":   {inRecord(millis, ""), inRecord(micros, ""), "reader schema R: t: " + clash},
		"under a name":  {strings.ReplaceAll(inRecord(millis, ""), `"t"`, `"u"`), inRecord(micros, `,"aliases":["u"]`), "reader schema R: t: " + clash},
		"fine, in them": {inRecord(millis, ""), inRecord(millis, ""), "<nil>"},
	}
	for name, tt := range tests {
		_, err := resolve(mustSchema(t, tt.writer), mustSchema(t, tt.reader))
		if diff := cmp.Diff(tt.wantErr, fmt.Sprint(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestContainers(t *testing.T) {
	for _, c := range readCorpus(t).Containers {
		data := unhex(t, c.Hex)
		list, s, err := decodeContainer(data, PlainJSON, serde.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		got, err := value.AppendJSON(nil, list, value.JSONOptions{})
		if diff := cmp.Diff(`[{"a":1,"d":"1970-01-01"},{"a":null,"d":"1970-01-02"}]`, string(got)); diff != "" || err != nil || s.Name != "R" {
			t.Errorf("%s: %v, schema %s (-want +got):\n%s", c.Name, err, s.Name, diff)
		}
		for n := range data {
			list, _, err := decodeContainer(data[:n], PlainJSON, serde.Limits{})
			if err == nil && len(list) > 0 {
				t.Errorf("%s: the first %d of %d bytes pass", c.Name, n, len(data))
			}
		}
	}
}

// TestCorpusIsStillTrue asks fastavro itself.
func TestCorpusIsStillTrue(t *testing.T) {
	if err := pythontest.Available("3.10"); err != nil {
		t.Skip(err)
	}
	source, err := os.ReadFile("testdata/make_corpus.py")
	if err != nil {
		t.Fatal(err)
	}
	corpus := pythontest.Program{Name: "make_corpus", Source: source, Requirements: []byte("fastavro==1.13.1\n")}
	cmd, err := corpus.Command(t.Context(), "--check", "testdata/corpus.json")
	if err != nil {
		t.Fatalf("fetch fastavro for Python: %v", err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := readCorpus(t)
	want := fmt.Sprintf("%d cases\n", len(c.Data)+len(c.Defaults)+len(c.Resolve)+len(c.Containers))
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestContract runs what every format promises over the larger schemas of the corpus.
func TestContract(t *testing.T) {
	for _, c := range readCorpus(t).Data {
		if c.Ambiguous || !strings.HasPrefix(c.Name, "big") && !strings.HasPrefix(c.Name, "rec") {
			continue
		}
		s, err := openFile(string(c.Schema), serde.Options{})
		if err != nil {
			t.Fatal(err)
		}
		serdetest.Cuts(t, s, unhex(t, c.Hex))
	}
}

// openFile makes the serde of avro:FILE with this text in it.
func openFile(schema string, o serde.Options) (serde.Serde, error) {
	o.Files = func(string) ([]byte, error) { return []byte(schema), nil }
	return New(serde.Spec{Name: "avro", Argument: "x.avsc"}, o)
}
