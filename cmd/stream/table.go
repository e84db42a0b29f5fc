package stream

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"kstream/cmd/expr"
)

// Table aggregates records by the result of an expression, and by the window that they fall
// into where there are such. It has no clock: every record counts. One goroutine owns it.
type Table struct {
	fold   Fold
	by     *expr.Scalar
	window int64 // milliseconds; 0: none
	rows   map[string]*tableRow
	key    []byte
}

type tableRow struct {
	by    []byte // JSON
	start int64
	cells []cell
}

// NewTable returns an empty table.
func NewTable(by *expr.Scalar, aggregates []Aggregate, window int64) *Table {
	return &Table{fold: Fold{Aggregates: aggregates}, by: by, window: window, rows: map[string]*tableRow{}}
}

// Add adds a record; first and last go by its time. An error is one of the record, which then
// counts nowhere.
func (t *Table) Add(ctx context.Context, r *expr.Record) error {
	by, err := t.by.Apply(ctx, r)
	if err != nil {
		return err
	}
	if err := t.fold.prepare(ctx, r); err != nil {
		return err
	}
	start := int64(0)
	if t.window > 0 {
		start = r.Timestamp - floorMod(r.Timestamp, t.window)
	}
	t.key = binary.BigEndian.AppendUint64(t.key[:0], uint64(start))
	t.key = by.AppendJSON(t.key)
	row := t.rows[string(t.key)]
	if row == nil {
		row = &tableRow{by: bytes.Clone(t.key[8:]), start: start, cells: make([]cell, len(t.fold.Aggregates))}
		t.rows[string(t.key)] = row
	} else if err := t.fold.check(&slot{cells: row.cells}); err != nil {
		return err
	}
	t.fold.add(row.cells, r.Timestamp)
	return nil
}

// Merge adds what other has, which is not used any more.
func (t *Table) Merge(other *Table) {
	for key, row := range other.rows {
		if mine := t.rows[key]; mine != nil {
			t.fold.merge(mine.cells, row.cells)
		} else {
			t.rows[key] = row
		}
	}
}

// Row is one row of a table.
type Row struct {
	By     []byte // JSON
	Start  int64  // of the window
	Values [][]byte
	cells  []cell
}

// Rows returns the rows: by window, in which the greatest first aggregates come first, then by
// what they are grouped by.
func (t *Table) Rows() []Row {
	rows := make([]Row, 0, len(t.rows))
	for _, r := range t.rows {
		row := Row{By: r.by, Start: r.start, cells: r.cells}
		for i := range t.fold.Aggregates {
			row.Values = append(row.Values, t.fold.Aggregates[i].appendResult(nil, &r.cells[i]))
		}
		rows = append(rows, row)
	}
	numbers := make(map[*cell]expr.Value, len(rows))
	for i := range rows {
		numbers[&rows[i].cells[0]], _ = expr.ParseValue(rows[i].Values[0])
	}
	slices.SortFunc(rows, func(a, b Row) int {
		x, y := numbers[&a.cells[0]], numbers[&b.cells[0]]
		return cmp.Or(cmp.Compare(a.Start, b.Start), compare(&y, &x), bytes.Compare(a.By, b.By))
	})
	return rows
}
