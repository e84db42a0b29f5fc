package generate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brianvoe/gofakeit/v7"
	"github.com/google/go-cmp/cmp"

	"kstream/cmd/input"
)

func clock() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 5e6, time.UTC) }

// records makes all records of c and writes down key=value, null as ∅.
func records(t *testing.T, c Config) ([]string, error) {
	t.Helper()
	c.Now = clock
	g, err := New(context.Background(), c)
	if err != nil {
		return nil, err
	}
	var out []string
	b := input.NewBatch()
	for {
		err := g.ReadBatch(b)
		for _, r := range b.Records {
			key := "∅"
			if r.Key.Bytes != nil {
				key = string(r.Key.Bytes)
			}
			if r.Value.Bytes == nil {
				t.Fatal("a generated value is null")
			}
			out = append(out, key+"="+string(r.Value.Bytes))
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
}

func TestGenerate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "value.tmpl")
	if err := os.WriteFile(file, []byte("line {{.N}}\nend\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		c       Config
		want    []string
		wantErr string
	}{
		"text":              {c: Config{Value: "x", Count: 2}, want: []string{"∅=x", "∅=x"}},
		"nothing":           {c: Config{Value: "", Count: 1}, want: []string{"∅="}},
		"numbers":           {c: Config{Value: "{{seq}} {{.N}} {{seq 10}} {{mod seq 2}} {{add .N 5}}", Count: 2}, want: []string{"∅=1 1 10 1 6", "∅=2 2 11 0 7"}},
		"key":               {c: Config{Value: `{"id":{{json .Key}}}`, Key: `k"{{.N}}`, Count: 1}, want: []string{`k"1={"id":"k\"1"}`}},
		"empty key":         {c: Config{Value: "v", Key: `{{""}}`, Count: 1}, want: []string{"=v"}},
		"file":              {c: Config{Value: "@" + file, Count: 1}, want: []string{"∅=line 1\nend"}},
		"time":              {c: Config{Value: "{{now}} {{timestamp}}", Count: 1}, want: []string{"∅=2026-11-22T10:00:00.005Z 1795341600005"}},
		"one choice":        {c: Config{Value: `{{pick "a"}}{{int 7 7}}{{float 1.5 1.5}}`, Count: 1}, want: []string{"∅=a71.5"}},
		"json":              {c: Config{Value: `{{json "<a>"}}{{json 1}}{{upper "x"}}{{lower "Y"}}`, Count: 1}, want: []string{`∅="<a>"1Xy`}},
		"no such file":      {c: Config{Value: "@" + file + "x"}, wantErr: file + "x: no such file or directory"},
		"syntax":            {c: Config{Value: "a\n{{if}}"}, wantErr: "template:2: missing value for if"},
		"unknown function":  {c: Config{Value: "{{nmae}}"}, wantErr: `template:1: function "nmae" not defined`},
		"key syntax":        {c: Config{Value: "a", Key: "{{"}, wantErr: "key template:1: unclosed action"},
		"unknown field":     {c: Config{Value: "{{.X}}"}, wantErr: "record 1: template:1:2: executing \"template\" at <.X>: can't evaluate field X in type *generate.record"},
		"fails later":       {c: Config{Value: "{{mod 6 (add .N -3)}}", Count: 9}, want: []string{"∅=0", "∅=0"}, wantErr: `record 3: template:1:2: executing "template" at <mod 6 (add .N -3)>: error calling mod: division by zero`},
		"empty range":       {c: Config{Value: "{{int 2 1}}"}, wantErr: `record 1: template:1:2: executing "template" at <int 2 1>: error calling int: no number from 2 to 1`},
		"nothing to choose": {c: Config{Value: "{{pick}}"}, wantErr: `record 1: template:1:2: executing "template" at <pick>: error calling pick: nothing to pick from`},
		"giant":             {c: Config{Value: "{{hex 9999999}}"}, wantErr: `record 1: template:1:2: executing "template" at <hex 9999999>: error calling hex: a length of 9999999: want 0 to 1048576`},
		"endless":           {c: Config{Value: `{{range 1000}}{{randbytes 1048576}}{{end}}`}, wantErr: "record 1: the record is longer than 67108864 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := records(t, tt.c)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.wantErr, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Every function makes something, and the same again under the same seed.
func TestFunctions(t *testing.T) {
	var b strings.Builder
	names := slices.Sorted(maps.Keys((&fake{faker: gofakeit.New(1)}).functions()))
	for i, name := range names {
		call := map[string]string{
			"int": "int 1 100000", "float": "float 0.0 1.0", "pick": `pick "a" "b"`, "hex": "hex 7", "digits": "digits 7",
			"base64": "base64 9", "randbytes": "randbytes 3 | printf `%x`", "sentence": "sentence 4",
			"add": "add 1 2", "mod": "mod 7 4", "upper": `upper "a"`, "lower": `lower "A"`, "json": "json .N",
		}[name]
		if call == "" {
			call = name
		}
		sep := ","
		if i == 0 {
			sep = "{"
		}
		fmt.Fprintf(&b, "%s%q:{{json (%s)}}", sep, name, call)
	}
	c := Config{Value: b.String() + "}", Key: "{{uuid}}", Count: 3, Seed: 7}
	first, err := records(t, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range first {
		_, value, _ := strings.Cut(r, "=")
		var got map[string]any
		if err := json.Unmarshal([]byte(value), &got); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if v, ok := got[name]; !ok || v == "" {
				t.Errorf("%s made %v", name, v)
			}
		}
	}
	again, _ := records(t, c)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("same seed (-first +again):\n%s", diff)
	}
	c.Seed = 8
	other, _ := records(t, c)
	if other[0] == first[0] || first[0] == first[1] {
		t.Errorf("seed or record number changes nothing: %s", first[0])
	}
}

func TestGeneratorEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	g, err := New(ctx, Config{Value: "x"})
	if err != nil {
		t.Fatal(err)
	}
	b := input.NewBatch()
	b.SetLimit(3)
	if err := g.ReadBatch(b); err != nil || len(b.Records) != 3 {
		t.Fatalf("have %d records, %v", len(b.Records), err)
	}
	why := errors.New("interrupted")
	cancel(why)
	err = g.ReadBatch(b)
	if !errors.Is(err, why) || text(err) != "record 4: interrupted" || len(b.Records) != 0 {
		t.Errorf("after the end: %v, %d records", err, len(b.Records))
	}
}

func BenchmarkGenerate(b *testing.B) {
	g, err := New(context.Background(), Config{Value: `{"id":{{seq}},"name":"{{name}}","n":{{int 1 100}}}`, Key: "{{int 0 100}}"})
	if err != nil {
		b.Fatal(err)
	}
	batch, n := input.NewBatch(), 0
	b.ReportAllocs()
	for b.Loop() {
		if err := g.ReadBatch(batch); err != nil {
			b.Fatal(err)
		}
		n += len(batch.Records)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}
