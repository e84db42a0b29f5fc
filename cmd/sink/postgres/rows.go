package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/sink/table"
	"kstream/output/columns"
)

// nameLength is how long names are; longer ones would be cut (NAMEDATALEN).
const nameLength = 63

func checkName(name string) error { return table.CheckName(name, nameLength) }

// target is a table that is written.
type target struct {
	*table.Layout
	defaults  []bool // columns that have a value where none is given
	generated []bool // columns that take none
	keys      []int
	stage     string // the temporary table of upserts; empty before it is made
	used      bool   // there may be rows of this transaction in it
}

// column is one of a table that is there.
type column struct {
	table.Column
	hasDefault, generated bool
}

// describe returns the columns of a table, none when there is no such table.
func (s *Store) describe(ctx context.Context, name string) ([]column, error) {
	rows, err := s.query(ctx, `SELECT a.attname, coalesce(b.typname, t.typname), a.atthasdef OR a.attidentity <> '', a.attgenerated <> '' OR a.attidentity = 'a'
 FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
 WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, table.Quote(name))
	var cols []column
	for _, r := range rows {
		cols = append(cols, column{table.Column{Name: string(r[0]), Type: string(r[1])}, r[2][0] == 't', r[3][0] == 't'})
	}
	return cols, err
}

// open finds the table, or makes it.
func (s *Store) open(ctx context.Context, rows *table.Rows) (*target, error) {
	if to := s.layouts[rows.Table]; to != nil {
		return to, nil
	}
	cols, err := s.describe(ctx, rows.Table)
	if err != nil {
		return nil, err
	}
	if len(cols) == 0 {
		if !s.options.Create {
			return nil, s.noTable(rows.Table)
		}
		if cols, err = s.create(ctx, rows); err != nil {
			return nil, err
		}
	}
	return s.layout(rows.Table, cols)
}

func (s *Store) layout(name string, cols []column) (*target, error) {
	to := &target{}
	var plain []table.Column
	for _, c := range cols {
		plain = append(plain, c.Column)
		to.defaults, to.generated = append(to.defaults, c.hasDefault), append(to.generated, c.generated)
	}
	to.Layout = table.NewLayout(name, plain, nil)
	if s.options.Mode == table.Upsert {
		for _, k := range s.options.Keys {
			i := to.Index(k)
			if i < 0 {
				return nil, cli.Errorf(cli.CodeUnknownTable, "table %s has no column %s, which --primary-key names", name, k)
			}
			to.keys = append(to.keys, i)
		}
	}
	s.layouts[name] = to
	return to, nil
}

func (s *Store) create(ctx context.Context, rows *table.Rows) ([]column, error) {
	statement, n, err := table.Definition(s.options, rows, checkName, nil, typeOf)
	if err != nil {
		return nil, err
	}
	if err := s.exec(ctx, statement); err != nil {
		return nil, fmt.Errorf("create table %s: %w", rows.Table, err)
	}
	s.options.Notice("created table %s with %s", rows.Table, cli.Count(int64(n), "column"))
	return s.describe(ctx, rows.Table)
}

// alter adds the columns that the rows need and the table has not.
func (s *Store) alter(ctx context.Context, rows *table.Rows) (*target, error) {
	needed, err := table.Needs(s.options, rows, checkName, nil)
	if err != nil {
		return nil, err
	}
	cols, err := s.describe(ctx, rows.Table)
	if err != nil {
		return nil, err
	}
	for _, c := range needed {
		if slices.ContainsFunc(cols, func(is column) bool { return is.Name == c.Name }) {
			continue
		}
		if err := s.exec(ctx, "ALTER TABLE "+table.Quote(rows.Table)+" ADD COLUMN IF NOT EXISTS "+table.Quote(c.Name)+" "+typeOf(c.Shape)); err != nil {
			return nil, fmt.Errorf("alter table %s: %w", rows.Table, err)
		}
		s.options.Notice("table %s has a new column %s", rows.Table, c.Name)
	}
	if cols, err = s.describe(ctx, rows.Table); err != nil {
		return nil, err
	}
	return s.layout(rows.Table, cols)
}

// line is a row as COPY takes it.
type line struct {
	row    int
	at     table.Place
	text   []byte
	before *line // that it replaces, in the same transaction
}

// group are lines with values for the same columns.
type group struct {
	number  int // groups are written in their order
	columns []int
	lines   []*line
	latest  map[string]int // of lines, by their primary key
}

// writeRows writes the rows of one table, and makes what it needs.
func (s *Store) writeRows(ctx context.Context, t *table.Transaction, rows *table.Rows) error {
	to, err := s.open(ctx, rows)
	if err != nil {
		return err
	}
	groups, err := s.encode(ctx, t, rows, to)
	if err != nil {
		return err
	}
	to = s.layouts[rows.Table] // it may have more columns by now
	to.used = false
	for _, g := range groups {
		w := &writer{Store: s, target: to, transaction: t, rows: rows, columns: g.columns}
		if err := w.write(ctx, g.lines); err != nil {
			return err
		}
	}
	return nil
}

var errAltered = errors.New("the table has more columns now")

// encode makes lines of rows, those with values for the same columns together: a column that has
// a default takes it where the record has no value.
func (s *Store) encode(ctx context.Context, t *table.Transaction, rows *table.Rows, to *target) ([]*group, error) {
	altered := false
	for {
		groups, err := s.encodeFor(t, rows, to, s.options.Alter && !altered)
		if !errors.Is(err, errAltered) {
			return groups, err
		}
		altered = true
		if to, err = s.alter(ctx, rows); err != nil {
			return nil, err
		}
	}
}

func (s *Store) encodeFor(t *table.Transaction, rows *table.Rows, to *target, alters bool) ([]*group, error) {
	e := &encoder{target: to, upsert: s.options.Mode == table.Upsert, groups: map[string]*group{}}
	var reader columns.TableRows
	row := -1
	err := reader.Each(rows.Frames, func(r *columns.TableRow) error {
		if row++; rows.Skipped(row) {
			return nil
		}
		cells, deleted, err := to.Fill(s.options, &reader, r)
		if err == nil {
			err = e.add(row, table.PlaceOf(r), cells, deleted)
		}
		var bad *table.Rejection
		switch {
		case !errors.As(err, &bad):
			return err
		case bad.Missing && alters && checkName(bad.Column) == nil:
			return errAltered
		}
		if bad.Missing && bad.Column != "" {
			if err := checkName(bad.Column); err != nil {
				bad.Reason += ", and cannot have it: " + err.Error()
			}
		}
		return t.Rejected(rows, row, table.PlaceOf(r), bad)
	})
	return e.order, err
}

// writer writes the lines of one group.
type writer struct {
	*Store
	*target
	transaction *table.Transaction
	rows        *table.Rows
	columns     []int
	buffer      []byte
}

// names lists columns.
func (t *target) names(list []int, prefix string) string {
	var names []string
	for _, i := range list {
		names = append(names, prefix+table.Quote(t.Columns[i].Name))
	}
	return strings.Join(names, ", ")
}

// write writes lines. One that the table does not take is rejected, and the others are written
// without it.
func (w *writer) write(ctx context.Context, lines []*line) error {
	for len(lines) > 0 {
		if err := w.exec(ctx, "SAVEPOINT rows"); err != nil {
			return err
		}
		err := w.put(ctx, lines)
		if err == nil {
			return w.exec(ctx, "RELEASE SAVEPOINT rows")
		}
		if !isOfRow(err) || w.conn.IsClosed() {
			return err
		}
		into := w.Table
		if w.stage != "" {
			into = w.stage
		}
		n, why := lineOf(err, into, w.Table, func(name string) bool { return w.Index(name) >= 0 })
		if err := w.exec(ctx, "ROLLBACK TO SAVEPOINT rows"); err != nil {
			return err
		}
		switch {
		case n >= 1 && n <= len(lines):
		case len(lines) == 1:
			n = 1
		default: // it does not say which: look for it
			half := len(lines) / 2
			if err := w.write(ctx, lines[:half]); err != nil {
				return err
			}
			lines = lines[half:]
			continue
		}
		bad := lines[n-1]
		if err := w.write(ctx, lines[:n-1]); err != nil {
			return err
		}
		if err := w.transaction.Rejected(w.rows, bad.row, bad.at, why); err != nil {
			return err
		}
		lines = lines[n:]
		if bad.before != nil { // what it would have replaced holds
			lines = append(slices.Clone(lines), bad.before)
		}
	}
	return nil
}

// put writes lines, or none.
func (w *writer) put(ctx context.Context, lines []*line) error {
	into, list := table.Quote(w.Table), w.names(w.columns, "")
	if len(w.keys) > 0 {
		if err := w.makeStage(ctx); err != nil {
			return err
		}
		into, list = table.Quote(w.stage), list+`, "kstream deleted"`
	}
	if w.used {
		if err := w.exec(ctx, "DELETE FROM "+into); err != nil {
			return err
		}
	}
	w.used = len(w.keys) > 0
	w.buffer = w.buffer[:0]
	for _, l := range lines {
		w.buffer = append(w.buffer, l.text...)
	}
	if _, err := w.conn.CopyFrom(ctx, bytes.NewReader(w.buffer), "COPY "+into+" ("+list+") FROM STDIN"); err != nil {
		return err
	}
	if len(w.keys) == 0 {
		return nil
	}
	return w.merge(ctx)
}

// makeStage makes the temporary table that upserts are read from.
func (w *writer) makeStage(ctx context.Context) error {
	if w.stage != "" {
		return nil
	}
	w.stages++
	name := fmt.Sprintf("kstream stage %d", w.stages)
	err := w.exec(ctx, `CREATE TEMPORARY TABLE `+table.Quote(name)+` ON COMMIT DELETE ROWS AS SELECT *, false AS "kstream deleted" FROM `+table.Quote(w.Table)+" WITH NO DATA")
	if err == nil {
		w.stage = name
	}
	return err
}

// merge deletes and replaces rows by those of the temporary table.
func (w *writer) merge(ctx context.Context) error {
	to, from := table.Quote(w.Table), table.Quote(w.stage)
	var same, sets []string
	for _, i := range w.keys {
		name := table.Quote(w.Columns[i].Name)
		same = append(same, "old."+name+" = new."+name)
	}
	for _, i := range w.columns {
		if !slices.Contains(w.keys, i) {
			name := table.Quote(w.Columns[i].Name)
			sets = append(sets, name+" = excluded."+name)
		}
	}
	do := "DO NOTHING"
	if len(sets) > 0 {
		do = "DO UPDATE SET " + strings.Join(sets, ", ")
	}
	return w.exec(ctx, "DELETE FROM "+to+" old USING "+from+` new WHERE new."kstream deleted" AND `+strings.Join(same, " AND ")+"; "+
		"INSERT INTO "+to+" ("+w.names(w.columns, "")+") SELECT "+w.names(w.columns, "")+" FROM "+from+
		` WHERE NOT "kstream deleted" ORDER BY `+w.names(w.keys, "")+" ON CONFLICT ("+w.names(w.keys, "")+") "+do)
}
