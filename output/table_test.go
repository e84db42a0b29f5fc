package output

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

func TestTableGolden(t *testing.T) {
	p := Colours()
	table := Table{
		Columns: []Column{{Name: "group"}, {Name: "lag", Right: true}, {Name: "state"}},
		Rows: [][]Cell{
			{{Text: "billing"}, {Text: "1,234"}, {Text: "Stable", Style: p.Good}},
			{{Text: "日本\x1b[2J"}, {Text: "7"}, {Text: "Dead\tor\nnot", Style: p.Bad}},
			{{Text: "short"}},
		},
	}
	table.Add("e\u0301tude", "", "Empty")
	golden(t, "table.golden", slices.Concat(
		table.Append(nil, TableOptions{}),
		table.Append(nil, TableOptions{Headers: true}),
		table.Append(nil, TableOptions{Terminal: true}),
		table.Append(nil, TableOptions{Terminal: true, Palette: p}),
	))
}

// topic is an item as commands have them.
type topic struct {
	Name       string            `json:"name"`
	Partitions int64             `json:"partitions"`
	Leader     *int              `json:"leader"`
	Ratio      float64           `json:"ratio,omitempty"`
	Config     map[string]string `json:"config"`
	Replicas   []int             `json:"replicas"`
}

func TestDocumentGolden(t *testing.T) {
	items := []topic{
		{Name: "orders", Partitions: 12, Config: map[string]string{"cleanup.policy": "delete", "retention.ms": "-1"}, Replicas: []int{1, 2}},
		{Name: "<no> \x1b[2J\u202e: 'x' # y", Partitions: math.MaxInt64, Ratio: 0.5, Replicas: []int{}},
	}
	var all []byte
	for _, o := range []DocumentOptions{{}, {Terminal: true, Palette: Colours(), Width: 60}} {
		var err error
		if all, err = AppendDocument(all, "kstream.topic.list/v1", items, o); err != nil {
			t.Fatal(err)
		}
	}
	all, err := AppendYAML(all, "kstream.topic.list/v1", items)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "document.golden", all)
	var none []topic
	got, err := AppendDocument(nil, "kstream.topic.list/v1", none, DocumentOptions{})
	if want := `{"schema":"kstream.topic.list/v1","items":[]}` + "\n"; err != nil || string(got) != want {
		t.Errorf("no items: %s, %v", got, err)
	}
	if _, err := AppendYAML(nil, "s", []any{math.NaN()}); err == nil || err.Error() != "s: json: unsupported value: NaN" {
		t.Errorf("error %v", err)
	}
}

func TestYAMLNests(t *testing.T) {
	items := []any{
		[]any{[]any{"a", 1, []any{}}, []any{map[string]any{}, map[string]any{"x": []any{true, nil}, "y": map[string]any{"no": 1.5}}}},
		map[string]any{"": []any{[]any{[]any{-1e21}}}},
	}
	doc, err := AppendYAML(nil, "s/v1", items)
	if err != nil {
		t.Fatal(err)
	}
	back, err := yaml.YAMLToJSON(doc)
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	text, err := AppendDocument(nil, "s/v1", items, DocumentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unescape(t, string(text)), unescape(t, string(back))); diff != "" {
		t.Errorf("%s: -want +got:\n%s", doc, diff)
	}
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{"yes", "null", "~", "012", "1e3", "0x1f", "a: b", "- x", "#", " lead", "trail ", "multi\nline\n", "\x1b\u0085\u2028", "\"q\"", "'", "{}", "!t", "&a", "*a", "%", "@", "`", "2026-11-22", ".inf", "|", ">", "?", "=", "<<", "\ufeff", "\r\n", "\t", "\U000e0041\uffff", "no", "a/b-c_d.e", "on"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		type item struct {
			S string `json:"s"`
		}
		doc, err := AppendYAML(nil, "x", []item{{s}})
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			Items []item `yaml:"items"`
		}
		if err := yaml.Unmarshal(doc, &back); err != nil || len(back.Items) != 1 || back.Items[0].S != s {
			t.Fatalf("%q became %q, which reads back as %+v, %v", s, doc, back, err)
		}
		for _, line := range strings.Split(string(doc), "\n") {
			harmless(t, []byte(line))
		}
		text, err := AppendDocument(nil, "x", []item{{s}}, DocumentOptions{Terminal: true})
		if err != nil || !json.Valid(text) {
			t.Fatalf("%q became %q, %v", s, text, err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			harmless(t, []byte(line))
		}
	})
}

func TestHuman(t *testing.T) {
	tests := map[string]struct{ got, want string }{
		"bytes":            {Bytes(999), "999 B"},
		"bytes k":          {Bytes(1000), "1 kB"},
		"bytes M":          {Bytes(12_345_678), "12.3 MB"},
		"bytes rounds up":  {Bytes(999_999), "1 MB"},
		"bytes hundreds":   {Bytes(345_678_901), "346 MB"},
		"bytes most":       {Bytes(math.MaxInt64), "9.2 EB"},
		"bytes negative":   {Bytes(-1500), "-1.5 kB"},
		"duration 0":       {Duration(0), "0s"},
		"duration ns":      {Duration(17), "17ns"},
		"duration µs":      {Duration(17500), "17µs"},
		"duration ms":      {Duration(350400 * time.Microsecond), "350ms"},
		"duration s":       {Duration(4210 * time.Millisecond), "4.2s"},
		"duration to s":    {Duration(999_900 * time.Microsecond), "1s"},
		"duration m":       {Duration(83 * time.Second), "1m23s"},
		"duration to m":    {Duration(59_970 * time.Millisecond), "1m"},
		"duration h":       {Duration(3*time.Hour + 5*time.Minute), "3h5m"},
		"duration d":       {Duration(52 * time.Hour), "2d4h"},
		"duration, before": {Duration(-83 * time.Second), "-1m23s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A table that is wider than the terminal is cut in its texts, and then in its columns; one
// that is not is left alone, and so is a pipe.
func TestTableFits(t *testing.T) {
	table := Table{
		Columns: []Column{{Name: "name"}, {Name: "id", Minor: true}, {Name: "records", Right: true}, {Name: "state"}},
		Rows: [][]Cell{
			{{Text: "orders-" + strings.Repeat("日本", 20) + "-end"}, {Text: "0123456789abcdef"}, {Text: "1234567"}, {Text: "ok"}},
			{{Text: "s"}, {Text: "f"}, {Text: "1"}, {Text: "ok"}},
		},
	}
	for width, want := range map[int][]string{
		60: {"orders-日本日…日本日本-end", "0123456789abcdef", "ok"},
		40: {"ok", "(1 column more: id; -o json has all)"},
		24: {"orders-日本…本日本-end", "(3 columns more: record…"},
	} {
		text := string(table.Append(nil, TableOptions{Terminal: true, Width: width}))
		for line := range strings.Lines(text) {
			if got := lipgloss.Width(strings.TrimRight(line, "\n")); got > width {
				t.Errorf("%d columns of %d: %s", got, width, line)
			}
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%d columns have no %q:\n%s", width, w, text)
			}
		}
	}
	whole := string(table.Append(nil, TableOptions{Terminal: true}))
	if got := string(table.Append(nil, TableOptions{Terminal: true, Width: 1000})); got != whole {
		t.Errorf("a wide terminal has\n%s", got)
	}
	if got := string(table.Append(nil, TableOptions{Width: 20})); !strings.Contains(got, table.Rows[0][0].Text) {
		t.Errorf("a pipe has\n%s", got)
	}
}
