package avro

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// javaPair is what Avro for Java made of a pair of schemas; see testdata/ResolvePairs.java.
type javaPair struct {
	Name           string
	Writer, Reader json.RawMessage
	Hex            string
	Read           *string // nil where Java refuses the datum
}

func javaPairs(t testing.TB) []javaPair {
	t.Helper()
	text, err := os.ReadFile("testdata/resolve.json")
	if err != nil {
		t.Fatal(err)
	}
	var pairs []javaPair
	if err := json.Unmarshal(text, &pairs); err != nil {
		t.Fatal(err)
	}
	return pairs
}

// TestResolveAsJava wants the same bytes of the reader's schema, or an error.
func TestResolveAsJava(t *testing.T) {
	pairs := javaPairs(t)
	if len(pairs) < 100 {
		t.Fatalf("only %d pairs", len(pairs))
	}
	for _, c := range pairs {
		t.Run(c.Name, func(t *testing.T) {
			want := "refused"
			if c.Read != nil {
				want = *c.Read
			}
			got := "refused"
			r, err := resolve(mustSchema(t, string(c.Writer)), mustSchema(t, string(c.Reader)))
			if err == nil {
				var out []byte
				if out, err = r.rewrite(unhex(t, c.Hex), serde.Limits{}); err == nil {
					got = hex.EncodeToString(out)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v (-Java +ours):\n%s", err, diff)
			}
		})
	}
}

// TestResolveErrors name the place and the reason: at once where no datum can be read,
// else with the datum.
func TestResolveErrors(t *testing.T) {
	record := func(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }
	decimal := func(precision, scale int) string {
		return fmt.Sprintf(`{"type":"bytes","logicalType":"decimal","precision":%d,"scale":%d}`, precision, scale)
	}
	tests := map[string]struct{ writer, reader, hex, want string }{
		"never":            {`"string"`, `"int"`, "", "avro: reader schema int: string cannot be read as int"},
		"a field, never":   {record(`{"name":"a","type":{"type":"record","name":"S","fields":[{"name":"b","type":"string"}]}}`), record(`{"name":"a","type":{"type":"record","name":"S","fields":[{"name":"b","type":"int"}]}}`), "", "avro: reader schema R: a.b: string cannot be read as int"},
		"no default":       {record(``), record(`{"name":"a","type":"int"}`), "", "avro: reader schema R: a: the writer's schema lacks it, and there is no default"},
		"a branch":         {record(`{"name":"a","type":["null","int"]}`), record(`{"name":"a","type":"int"}`), "00", "avro: reader schema R: a: null cannot be read as int"},
		"a symbol":         {`{"type":"array","items":{"type":"enum","name":"E","symbols":["A","B"]}}`, `{"type":"array","items":{"type":"enum","name":"E","symbols":["A"]}}`, "04 00 02 00", "avro: reader schema array: [1]: E has no symbol B, and no default"},
		"more precision":   {decimal(4, 2), decimal(9, 2), "02 01", "<nil>"},
		"less precision":   {decimal(9, 2), decimal(4, 2), "", "avro: reader schema bytes: decimal(9, 2) cannot be read as decimal(4, 2)"},
		"another scale":    {decimal(4, 2), decimal(9, 3), "", "avro: reader schema bytes: decimal(4, 2) cannot be read as decimal(9, 3)"},
		"a wrong default":  {record(``), record(`{"name":"a","type":"int","default":"x"}`), "", `avro: reader schema R: a: the default in the schema is wrong: want an integer, have "x"`},
		"a default of 1MB": {`{"type":"array","items":` + record(`{"name":"n","type":"boolean"}`) + `}`, `{"type":"array","items":` + record(`{"name":"d","type":"string","default":"`+strings.Repeat("x", 1<<20)+`"}`) + `}`, "fe0f" + strings.Repeat("00", 1023) + "00", "avro: reader schema array: [256]: too big"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := openPair(tt.writer, tt.reader)
			if err == nil {
				_, err = s.Decode(t.Context(), serde.Input{Data: unhex(t, tt.hex)})
			}
			if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func openPair(writer, reader string) (serde.Serde, error) {
	return New(serde.Spec{Name: "avro", Argument: "writer.avsc"}, serde.Options{
		ReaderSchema: "reader.avsc",
		Files: func(name string) ([]byte, error) {
			if name == "reader.avsc" {
				return []byte(reader), nil
			}
			return []byte(writer), nil
		},
	})
}

// FuzzResolve reads any bytes by the pairs: what can be read is a datum of the reader.
func FuzzResolve(f *testing.F) {
	pairs := javaPairs(f)
	serdes := make([]serde.Serde, len(pairs))
	for i, c := range pairs {
		if s, err := openPair(string(c.Writer), string(c.Reader)); err == nil {
			serdes[i] = s
			f.Add(uint8(i), unhex(f, c.Hex))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		s := serdes[int(which)%len(serdes)]
		if s == nil || !serdetest.Check(t, s, data) {
			return
		}
		if _, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: data}, value.JSONOptions{}); err != nil {
			t.Errorf("%x: decoded, but not shown: %v", data, err)
		}
	})
}
