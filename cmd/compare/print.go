package compare

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"kstream/cmd/cli"
	"kstream/cmd/diff"
	"kstream/cmd/record"
	"kstream/output"
)

// printer prints what a comparison found.
type printer struct {
	*Plan
	env    *cli.Env
	sides  [2]*side
	result *diff.Result
}

func (p *printer) print(ctx context.Context) error {
	shown, err := p.show(ctx)
	if err != nil {
		return err
	}
	if p.listing == nil {
		if err := p.printJSON(shown); err != nil {
			return err
		}
	} else if len(shown) > 0 {
		if _, err := p.env.Stdout.Write(p.listing.AppendTable(nil, p.table(shown))); err != nil {
			return err
		}
	}
	r := p.result
	if n := len(shown); n > 0 && int64(n) < p.lines() {
		p.env.Notice("the first %d of %d differences; --max-differences N prints more", n, p.lines())
	}
	p.env.Notice("%s: %s in %s, %s in %s", p.how(), p.counted(r.A), p.sides[0].name, p.counted(r.B), p.sides[1].name)
	for _, reason := range p.reasons() {
		p.env.Notice("%s", reason)
	}
	return nil
}

// reasons returns why what differs may differ in its offsets alone.
func (p *printer) reasons() []string {
	if p.result.By != diff.Offset || p.result.Equal() {
		return nil
	}
	return offsetReasons(p.sides[0], p.sides[1])
}

// lines is how many differences there are at most to print.
func (p *printer) lines() int64 { return p.result.Changed + p.result.Missing + p.result.Extra }

// how describes what belonged together, and why.
func (p *printer) how() string {
	switch {
	case p.by == diff.Set:
		return "compared as sets"
	case p.by != diff.Auto:
		return "compared by " + p.by.String()
	case p.result.By == diff.Key:
		return "compared by key, which all records have"
	}
	return "compared as sets, for not all records have a key"
}

// counted formats a number as "5 keys", and of how many records when these are more.
func (p *printer) counted(t diff.Total) string {
	switch {
	case p.result.By != diff.Key:
		return cli.Count(t.Compared, "record")
	case t.Records != t.Compared:
		return cli.Count(t.Compared, "key") + " of " + cli.Count(t.Records, "record")
	}
	return cli.Count(t.Compared, "key")
}

// verdict is the outcome of the command.
func (p *printer) verdict() error {
	for _, s := range p.sides {
		if err := s.incomplete(); err != nil {
			return err
		}
	}
	r := p.result
	a, b := p.sides[0].name, p.sides[1].name
	if r.Equal() {
		p.env.Notice("%s and %s are equal", a, b)
		return nil
	}
	var parts []string
	for _, part := range []struct {
		n    int64
		text string
	}{{r.Changed, "changed"}, {r.Missing, "missing in " + b}, {r.Extra, "extra in " + b}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	err := cli.Errorf(cli.CodeUnmet, "%s and %s differ: %s", a, b, strings.Join(parts, ", "))
	if len(p.reasons()) > 0 {
		return cli.Hint(err, "offsets of the two do not match; --by set compares records wherever they lie, --by key the last of each key")
	}
	return err
}

// shownDifference is a difference ready to be printed.
type shownDifference struct {
	*diff.Difference
	of      [2]*record.Record // nil where there is none
	differs []string          // parts, as --ignore names them
}

// any is the record of a, or else of b.
func (d *shownDifference) any() *record.Record {
	if d.of[0] != nil {
		return d.of[0]
	}
	return d.of[1]
}

// show decodes the records of the differences and finds out what differs in them.
func (p *printer) show(ctx context.Context) ([]shownDifference, error) {
	form := newForm(p.ignore, p.result.By)
	decoders := [2]*record.Looker{p.sides[0].decoder(), p.sides[1].decoder()}
	shown := make([]shownDifference, len(p.result.Differences))
	for i := range shown {
		d := &shown[i]
		d.Difference = &p.result.Differences[i]
		for side, found := range []*diff.Found{d.A, d.B} {
			if found == nil {
				continue
			}
			var err error
			if d.of[side], err = p.sides[side].decode(ctx, decoders[side], found); err != nil {
				return nil, err
			}
		}
		if d.Kind == diff.Changed {
			d.differs = form.differs(&d.of[0].Message, &d.of[1].Message)
		}
	}
	return shown, nil
}

// decoder returns a looker that decodes and leaves nothing out: what is shown has gone
// through the filters.
func (s *side) decoder() *record.Looker {
	plan := *s.Selection
	plan.Filters = &record.Filters{}
	plan.Failures = record.OnError{Action: "keep"}
	return (&record.Reading{Selection: &plan, Env: s.Env}).NewLooker()
}

// decode makes a record of what the index has kept.
func (s *side) decode(ctx context.Context, with *record.Looker, found *diff.Found) (*record.Record, error) {
	with.Record = record.Record{} // for it outlives the next one
	with.Load(parseRecord(s.topic, found))
	_, err := with.Keep(ctx)
	r := with.Record
	return &r, err
}

// differs names the parts in which two records differ.
func (f *form) differs(a, b *output.Message) (names []string) {
	if !f.ignore.key && !bytes.Equal(f.appendKey(nil, a), f.appendKey(nil, b)) {
		names = append(names, "key")
	}
	if x, y := f.appendValue(nil, a), f.appendValue(nil, b); !bytes.Equal(x, y) {
		names = append(names, differingPaths(jsonOf(&a.Value), jsonOf(&b.Value), &f.values)...)
	}
	if !bytes.Equal(f.appendHeaders(nil, a), f.appendHeaders(nil, b)) {
		names = append(names, "headers")
	}
	return names
}

func jsonOf(f *output.Field) []byte {
	if f.Decoded() {
		return f.JSON
	}
	return f.Bytes
}

// printJSON writes a line for each difference, and one for the summary.
func (p *printer) printJSON(shown []shownDifference) error {
	var b []byte
	format := output.JSON{Terminal: p.env.StdoutTerminal}
	for i := range shown {
		d := &shown[i]
		b = fmt.Appendf(b, `{"difference":"%s","by":"%s","key":`, d.Kind, p.result.By)
		key, encoding := d.any().Message.Key.AppendJSON(b, format.Terminal)
		b = key
		if encoding != "" {
			b = record.AppendJSONText(append(b, `,"key_encoding":`...), encoding)
		}
		if d.Count > 1 {
			b = strconv.AppendInt(append(b, `,"count":`...), d.Count, 10)
		}
		if d.differs != nil {
			names, err := output.MarshalLine(d.differs)
			if err != nil {
				return err
			}
			b = append(append(b, `,"differs":`...), names...)
		}
		for side, name := range []string{`,"a":`, `,"b":`} {
			b = append(b, name...)
			if d.of[side] == nil {
				b = append(b, "null"...)
				continue
			}
			b = bytes.TrimSuffix(format.Append(b, &d.of[side].Message), []byte("\n"))
		}
		b = append(b, "}\n"...)
	}
	line, err := output.MarshalLine(map[string]summary{"summary": p.summary()})
	if err != nil {
		return err
	}
	_, err = p.env.Stdout.Write(append(append(b, line...), '\n'))
	return err
}

// summary is the last line of -o json.
type summary struct {
	By      string   `json:"by"`
	Equal   bool     `json:"equal"`
	A       total    `json:"a"`
	B       total    `json:"b"`
	Changed int64    `json:"changed"`
	Missing int64    `json:"missing"`
	Extra   int64    `json:"extra"`
	Reasons []string `json:"reasons,omitempty"` // why offsets differ, by offset
}

// total describes how much one side had.
type total struct {
	Name     string `json:"name"`
	Records  int64  `json:"records"`           // that were read and not filtered out
	Compared int64  `json:"compared"`          // by key: keys
	Skipped  int64  `json:"skipped,omitempty"` // by --on-error skip
	Lost     int64  `json:"lost"`              // that were gone before they were read
}

func (p *printer) summary() summary {
	r := p.result
	total := func(i int, t diff.Total) total {
		return total{p.sides[i].name, t.Records, t.Compared, p.sides[i].Skipped(), p.sides[i].Lost.Load()}
	}
	return summary{
		By: r.By.String(), Equal: r.Equal(), A: total(0, r.A), B: total(1, r.B),
		Changed: r.Changed, Missing: r.Missing, Extra: r.Extra, Reasons: p.reasons(),
	}
}

// table shows each difference in a row. On a terminal values are cut to what fits.
func (p *printer) table(shown []shownDifference) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "difference"}, {Name: "key"}, {Name: "a_at", Right: true}, {Name: "b_at", Right: true}, {Name: "differs"}, {Name: "a"}, {Name: "b"},
	}}
	palette := p.listing.Palette()
	styles := map[diff.Kind]output.Style{diff.Changed: palette.Warn, diff.Missing: palette.Bad, diff.Extra: palette.Good}
	for i := range shown {
		d := &shown[i]
		kind := d.Kind.String()
		if d.Count > 1 {
			kind += fmt.Sprintf(" ×%d", d.Count)
		}
		key := string(d.any().Message.Key.AppendText(nil, false))
		a, b := p.valueText(d.of[0]), p.valueText(d.of[1])
		if p.env.StdoutTerminal {
			key, _ = cli.Clip(key, "", p.env.Width/5)
			a, b = cli.Clip(a, b, max(12, (p.env.Width-len(kind)-utf8.RuneCountInString(key)-len(strings.Join(d.differs, " "))-28)/2))
		}
		t.Add(kind, key, offsetIn(d.A), offsetIn(d.B), strings.Join(d.differs, " "), a, b)
		t.Rows[len(t.Rows)-1][0].Style = styles[d.Kind]
	}
	return t
}

// offsetIn returns PARTITION@OFFSET.
func offsetIn(f *diff.Found) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%d@%d", f.Partition, f.Offset)
}

// valueText returns the value and the headers of a record, if there is one.
func (p *printer) valueText(r *record.Record) string {
	if r == nil {
		return ""
	}
	text := r.Message.Value.AppendText(nil, false)
	if r.Message.Value.IsNull() {
		text = append(text, "null"...)
	}
	for i := range r.Message.Headers {
		h := &r.Message.Headers[i]
		text = append(append(append(text, ' '), h.Key...), '=')
		text = h.Value.AppendText(text, false)
	}
	return string(text)
}
