package stats

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/expr"
	"kstream/cmd/record"
	"kstream/cmd/stream"
	"kstream/kafka"
	"kstream/output"
)

// ByOptions are the flags by which topic count groups records.
type ByOptions struct {
	By         string
	Aggregates []string
	Window     cli.Duration
	Changed    func(name string) bool
}

// byPlan says how records are grouped, and what is computed of each group.
type byPlan struct {
	by         *expr.Scalar
	aggregates []stream.Aggregate
	window     time.Duration
}

// plan returns nil when records are not grouped.
func (f *ByOptions) plan() (*byPlan, error) {
	if f.By == "" {
		for _, name := range []string{"aggregate", "window"} {
			if f.Changed(name) {
				return nil, cli.Usagef("--%s goes with --by", name)
			}
		}
		return nil, nil
	}
	if f.Changed("window") && f.Window.D < time.Millisecond {
		return nil, cli.Usagef("--window: want a duration of a millisecond or more")
	}
	p := &byPlan{window: f.Window.D}
	lists := f.Aggregates
	if len(lists) == 0 {
		lists = []string{"count"}
	}
	var err error
	if p.by, err = expr.NewScalar("--by", f.By); err == nil {
		p.aggregates, err = stream.ParseAggregates("--aggregate", lists)
	}
	if err != nil {
		return nil, cli.Usagef("%w", err)
	}
	return p, nil
}

// GroupItem is one group of records.
type GroupItem struct {
	By     json.RawMessage            `json:"by"`
	Window *GroupWindow               `json:"window,omitempty"`
	Values map[string]json.RawMessage `json:"values"`
}

// GroupWindow is a span of time, in milliseconds since the epoch.
type GroupWindow struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

// runBy groups the records of the plan, and prints the groups.
func (p *CountPlan) runBy(ctx context.Context, env *cli.Env, cluster *connect.Cluster, admin *kafka.Admin, topics []kafka.Topic, causes []error) error {
	c, part, err := p.prepare(ctx, env, cluster, admin, topics)
	if err != nil {
		return err
	}
	rows, err := p.countBy(ctx, c, part.Spans, topics)
	if err = c.MissLater(err); err != nil {
		return err
	}
	if err := p.printBy(env, rows); err != nil {
		return err
	}
	if err := record.TopicErrors(env, causes); err != nil {
		return err
	}
	if n := c.Lost.Load(); n > 0 {
		return cli.Errorf(cli.CodePartial, "%s were gone before they were counted", cli.Count(n, "record"))
	}
	return c.Missing
}

// countBy aggregates the records of spans, with a reader for each processor.
func (p *CountPlan) countBy(ctx context.Context, c *counting, spans []kafka.Span, topics []kafka.Topic) ([]stream.Row, error) {
	parts := make([][]kafka.Span, min(runtime.GOMAXPROCS(0), max(1, len(spans))))
	for i, s := range spans {
		parts[i%len(parts)] = append(parts[i%len(parts)], s)
	}
	total := p.by.table()
	all := record.OffsetsOf(spans)
	lefts := make([]atomic.Int64, len(parts)) // offsets that are still to be read
	for i, part := range parts {
		lefts[i].Store(record.OffsetsOf(part))
	}
	left := func() (n int64) {
		for i := range lefts {
			n += lefts[i].Load()
		}
		return n
	}
	var mu sync.Mutex             // of total, and of
	var ungrouped record.Failures // records of which nothing could be made
	group, inner := errgroup.WithContext(ctx)
	for i, part := range parts {
		group.Go(func() error {
			table, l := p.by.table(), c.NewLooker()
			var odd record.Failures
			err := c.readPart(inner, part, topics, func(b *kafka.Batch, remaining int64) error {
				if lefts[i].Store(remaining); i == 0 {
					c.Meter.Show(all, left)
				}
				return addBy(inner, c.Reading, l, table, &odd, b)
			})
			mu.Lock()
			defer mu.Unlock()
			total.Merge(table)
			ungrouped.Take(&odd)
			return err
		})
	}
	err := group.Wait()
	c.Meter.Clear()
	c.TellFailures()
	ungrouped.Tell(c.Env.Notice, "left out")
	return total.Rows(), err
}

// readPart reads some of the spans. It may be called by several goroutines at once.
func (c *counting) readPart(ctx context.Context, spans []kafka.Span, topics []kafka.Topic, add func(b *kafka.Batch, left int64) error) (err error) {
	reader, err := kafka.OpenReader(c.Config, kafka.ReaderConfig{Spans: spans, ReadUncommitted: c.Range.Uncommitted}, topics)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	return reader.Run(ctx, func(ev kafka.Event) error {
		for _, n := range ev.Notices {
			if n.Kind == kafka.NoticeLost {
				c.Lost.Add(n.To - n.From)
			}
			c.Env.Notice("%s", n)
		}
		if ev.Batch == nil {
			return nil
		}
		left, positions := int64(0), reader.Positions()
		for _, span := range spans {
			left += max(0, span.To-max(span.From, positions[span.TopicPartition]))
		}
		return record.OverOr(ctx, add(ev.Batch, left))
	})
}

func (p *byPlan) table() *stream.Table {
	return stream.NewTable(p.by, p.aggregates, p.window.Milliseconds())
}

// addBy adds a batch to a table, and what nothing can be made of to odd, unless --on-error
// stops at it.
func addBy(ctx context.Context, s *record.Reading, l *record.Looker, table *stream.Table, odd *record.Failures, b *kafka.Batch) error {
	for i := range b.Records {
		l.Load(&b.Records[i])
		keep, err := l.Keep(ctx)
		if err != nil {
			return err
		}
		if !keep {
			continue
		}
		if err := table.Add(ctx, l.Record.Look()); err != nil {
			place := record.PlaceOf(&b.Records[i])
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case s.Failures.Action == "stop":
				return cli.Hint(cli.Errorf(cli.CodeBadData, "%s: %w", place, err), "--on-error skip leaves it out")
			}
			odd.Add(place, err)
		}
	}
	return nil
}

// printBy prints the groups, with bars in a terminal.
func (p *CountPlan) printBy(env *cli.Env, rows []stream.Row) error {
	items := make([]GroupItem, 0, len(rows))
	for _, r := range rows {
		item := GroupItem{By: r.By, Values: map[string]json.RawMessage{}}
		if w := p.by.window.Milliseconds(); w > 0 {
			item.Window = &GroupWindow{r.Start, r.Start + w}
		}
		for i := range p.by.aggregates {
			item.Values[p.by.aggregates[i].Name] = r.Values[i]
		}
		items = append(items, item)
	}
	if p.listing.Format == "csv" {
		return p.writeCSV(env.Stdout, rows)
	}
	return p.listing.Print("kstream.topic.count.by/v1", items, func() *output.Table { return p.by.tableOf(env, rows) })
}

// tableOf is the table of rows.
func (p *byPlan) tableOf(env *cli.Env, rows []stream.Row) *output.Table {
	t := &output.Table{}
	if p.window > 0 {
		t.Columns = append(t.Columns, output.Column{Name: "window"})
	}
	t.Columns = append(t.Columns, output.Column{Name: "by"})
	for i := range p.aggregates {
		t.Columns = append(t.Columns, output.Column{Name: p.aggregates[i].Name, Right: true})
	}
	most := 0.0
	for _, r := range rows {
		most = max(most, numberOf(r.Values[0]))
	}
	bars := env.StdoutTerminal && most > 0
	if bars {
		t.Columns = append(t.Columns, output.Column{})
	}
	for _, r := range rows {
		cells := p.cells(r)
		if bars {
			cells = append(cells, bar(numberOf(r.Values[0])/most))
		}
		t.Add(cells...)
	}
	return t
}

// cells are the texts of a row.
func (p *byPlan) cells(r stream.Row) []string {
	var cells []string
	if p.window > 0 {
		cells = append(cells, time.UnixMilli(r.Start).UTC().Format("2006-01-02T15:04:05.999Z"))
	}
	cells = append(cells, plain(r.By))
	for _, v := range r.Values {
		cells = append(cells, plain(v))
	}
	return cells
}

// plain is a string as its text, and any other JSON as it is.
func plain(text []byte) string {
	var s string
	if len(text) > 0 && text[0] == '"' && json.Unmarshal(text, &s) == nil {
		return s
	}
	return string(text)
}

func numberOf(text []byte) float64 {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0
	}
	return f
}

// writeCSV writes the rows as RFC 4180 has them, with a header.
func (p *CountPlan) writeCSV(w io.Writer, rows []stream.Row) error {
	var head []string
	if p.by.window > 0 {
		head = append(head, "window")
	}
	head = append(head, "by")
	for i := range p.by.aggregates {
		head = append(head, p.by.aggregates[i].Name)
	}
	lines := [][]string{head}
	for _, r := range rows {
		lines = append(lines, p.by.cells(r))
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	return out.WriteAll(lines)
}
