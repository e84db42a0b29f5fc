package sqlite

import (
	"database/sql/driver"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unsafe"

	sqlite3 "github.com/mattn/go-sqlite3"

	"kstream/cmd/cli"
	"kstream/cmd/sink/table"
	"kstream/output/columns"
)

// target is a table that is written.
type target struct {
	*table.Layout
	affinities []affinity
	insert     driver.Stmt
	remove     driver.Stmt // nil but for upserts
	keys       []int       // columns of the primary key
	args       []driver.Value
}

func (t *target) close() {
	for _, s := range []driver.Stmt{t.insert, t.remove} {
		if s != nil {
			_ = s.Close() // it has been reset
		}
	}
}

// describe returns the columns of a table, none when there is no such table.
func (s *Store) describe(name string) ([]table.Column, error) {
	var cols []table.Column
	err := s.query("SELECT name, type FROM pragma_table_info(?)", []driver.Value{name}, func(v []driver.Value) error {
		cols = append(cols, table.Column{Name: text(v[0]), Type: strings.ToLower(text(v[1]))})
		return nil
	})
	return cols, err
}

// writeRows writes the rows of one table, and makes what it needs.
func (s *Store) writeRows(t *table.Transaction, rows *table.Rows) error {
	to := s.layouts[rows.Table]
	if to == nil {
		var err error
		if to, err = s.open(rows); err != nil {
			return err
		}
	}
	var reader columns.TableRows
	row, altered := -1, false
	return reader.Each(rows.Frames, func(r *columns.TableRow) error {
		if row++; rows.Skipped(row) {
			return nil
		}
		err := s.write(to, &reader, r)
		var bad *table.Rejection
		if errors.As(err, &bad) && bad.Missing && s.options.Alter && !altered {
			altered = true // once: it is made for all rows
			if to, err = s.alter(rows); err != nil {
				return err
			}
			err = s.write(to, &reader, r)
		}
		if errors.As(err, &bad) {
			return t.Rejected(rows, row, table.PlaceOf(r), bad)
		}
		return err
	})
}

// open finds the table, or makes it.
func (s *Store) open(rows *table.Rows) (*target, error) {
	cols, err := s.describe(rows.Table)
	if err != nil {
		return nil, err
	}
	if len(cols) == 0 {
		if !s.options.Create {
			return nil, noTable(s.path, rows.Table)
		}
		if cols, err = s.create(rows); err != nil {
			return nil, err
		}
	}
	return s.prepare(rows.Table, cols)
}

func checkName(name string) error { return table.CheckName(name, 0) }

func (s *Store) create(rows *table.Rows) ([]table.Column, error) {
	statement, n, err := table.Definition(s.options, rows, checkName, fold, typeOf)
	if err != nil {
		return nil, err
	}
	if err := s.exec(statement); err != nil {
		return nil, fmt.Errorf("create table %s: %w", rows.Table, err)
	}
	s.options.Notice("created table %s with %s", rows.Table, cli.Count(int64(n), "column"))
	return s.describe(rows.Table)
}

// alter adds the columns that the rows need and the table has not.
func (s *Store) alter(rows *table.Rows) (*target, error) {
	needed, err := table.Needs(s.options, rows, checkName, fold)
	if err != nil {
		return nil, err
	}
	cols, err := s.describe(rows.Table)
	if err != nil {
		return nil, err
	}
	now := table.NewLayout(rows.Table, cols, fold)
	for _, c := range needed {
		if now.Index(c.Name) >= 0 {
			continue
		}
		if err := s.exec("ALTER TABLE " + table.Quote(rows.Table) + " ADD COLUMN " + table.Quote(c.Name) + " " + typeOf(c.Shape)); err != nil {
			return nil, fmt.Errorf("alter table %s: %w", rows.Table, err)
		}
		s.options.Notice("table %s has a new column %s", rows.Table, c.Name)
	}
	if cols, err = s.describe(rows.Table); err != nil {
		return nil, err
	}
	return s.prepare(rows.Table, cols)
}

// prepare makes the statements for a table.
func (s *Store) prepare(name string, cols []table.Column) (*target, error) {
	to := &target{Layout: table.NewLayout(name, cols, fold)}
	var names, marks, sets []string
	for _, c := range cols {
		to.affinities = append(to.affinities, affinityOf(c.Type))
		quoted := table.Quote(c.Name)
		names, marks, sets = append(names, quoted), append(marks, "?"), append(sets, quoted+" = excluded."+quoted)
	}
	query := "INSERT INTO " + table.Quote(name) + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	var err error
	if s.options.Mode == table.Upsert {
		var keys, where []string
		for _, k := range s.options.Keys {
			i := to.Index(k)
			if i < 0 {
				return nil, cli.Errorf(cli.CodeUnknownTable, "table %s has no column %s, which --primary-key names", name, k)
			}
			to.keys = append(to.keys, i)
			keys, where = append(keys, names[i]), append(where, names[i]+" = ?")
		}
		query += " ON CONFLICT (" + strings.Join(keys, ", ") + ") DO UPDATE SET " + strings.Join(sets, ", ")
		if to.remove, err = s.conn.Prepare("DELETE FROM " + table.Quote(name) + " WHERE " + strings.Join(where, " AND ")); err != nil {
			return nil, err
		}
	}
	if to.insert, err = s.conn.Prepare(query); err != nil {
		if strings.Contains(err.Error(), "ON CONFLICT clause does not match") {
			err = cli.Errorf(cli.CodeUsage, "table %s has no primary key and no unique index over the columns that --primary-key names", name)
		}
		return nil, err
	}
	if old := s.layouts[name]; old != nil {
		old.close()
	}
	s.layouts[name] = to
	return to, nil
}

// write writes a row. A *table.Rejection is about that row alone.
func (s *Store) write(to *target, reader *columns.TableRows, r *columns.TableRow) error {
	cells, deleted, err := to.Fill(s.options, reader, r)
	if err != nil {
		return err
	}
	to.args = to.args[:0]
	statement := to.insert
	if deleted {
		statement = to.remove
		for _, i := range to.keys {
			if err := to.bind(i, &cells[i]); err != nil {
				return err
			}
		}
	} else {
		for i := range cells {
			if err := to.bind(i, &cells[i]); err != nil {
				return err
			}
		}
	}
	_, err = statement.Exec(to.args) //nolint:staticcheck // it is the driver itself, whose other method starts a goroutine for each row
	return to.rejection(s.conn, err)
}

// rejection makes one of an error that is about the row.
func (t *target) rejection(conn *sqlite3.SQLiteConn, err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) || e.Code != sqlite3.ErrConstraint && e.Code != sqlite3.ErrMismatch && e.Code != sqlite3.ErrTooBig {
		return err
	}
	if conn.AutoCommit() { // ON CONFLICT ROLLBACK in the table
		return fmt.Errorf("table %s has ended the transaction: %w", t.Table, err)
	}
	bad := &table.Rejection{Table: t.Table, Reason: e.Error()}
	if _, place, ok := strings.Cut(bad.Reason, "failed: "+t.Table+"."); ok && t.Index(place) >= 0 {
		bad.Column = place
	}
	return bad
}

// affinity is what SQLite makes of values in a column.
type affinity int

const (
	none affinity = iota
	blob          // declared so
	wholes
	reals
	numeric
	texts
	jsons // text, by a name of ours
)

// affinityOf is by the rules of section 3.1 of sqlite.org/datatype3.html.
func affinityOf(declared string) affinity {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(declared, p) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.HasPrefix(declared, "json text"):
		return jsons
	case has("int"):
		return wholes
	case has("char", "clob", "text"):
		return texts
	case declared == "":
		return none
	case has("blob"):
		return blob
	case has("real", "floa", "doub"): //nolint:misspell // so says the rule
		return reals
	}
	return numeric
}

// typeOf is the type of a column that is made for a shape.
func typeOf(s *columns.Shape) string {
	switch s.Logical {
	case columns.LogicalBytes:
		return "BLOB"
	case columns.LogicalDecimal, columns.LogicalUUID, columns.LogicalUnsigned:
		return "TEXT"
	}
	switch s.Type {
	case columns.Bool:
		return "BOOLEAN"
	case columns.Int:
		return "INTEGER"
	case columns.Double:
		return "REAL"
	case columns.Bytes:
		return "BLOB"
	case columns.String, columns.Timestamp, columns.Date:
		return "TEXT"
	}
	return "JSON TEXT"
}

var looksNumeric = regexp.MustCompile(`^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$`)

// str is b as a string, for a call that does not keep it.
func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bind adds the value of a column to the arguments, as it is stored, or rejects it.
func (t *target) bind(i int, v *columns.Value) error {
	a := t.affinities[i]
	add := func(value driver.Value) error {
		t.args = append(t.args, value)
		return nil
	}
	reject := func(format string, args ...any) error {
		return &table.Rejection{Table: t.Table, Column: t.Columns[i].Name, Reason: fmt.Sprintf(format, args...)}
	}
	declared := strings.ToUpper(t.Columns[i].Type)
	if a == jsons && v.Kind != columns.IsNull && v.Kind != columns.IsBinary {
		return add(string(v.JSON(nil)))
	}
	switch v.Kind {
	case columns.IsNull:
		return add(nil)
	case columns.IsBool:
		switch a {
		case texts:
			return add(str(v.Text))
		case blob:
			return reject("it is %s, and the value is a boolean", declared)
		}
		return add(v.Text[0] == 't')
	case columns.IsNumber:
		if a == texts {
			return add(str(v.Text))
		}
		whole, isWhole, real, isReal := v.Fits()
		switch {
		case a == blob:
			return reject("it is %s, and the value is a number", declared)
		case isWhole && (a != reals || isReal):
			return add(whole)
		case isReal:
			return add(real)
		}
		return reject("%s holds 64 bits, which %s needs more than", declared, v.Text)
	case columns.IsString:
		switch {
		case v.Lone:
			return reject("it is %s, which cannot hold the lone surrogate in the text", declared)
		case a == texts, a == none:
			return add(str(v.Text))
		case a == blob && !v.FromJSON():
			return add(v.Text)
		case a == blob:
			data, err := base64.StdEncoding.AppendDecode(nil, v.Text)
			if err != nil {
				return reject("it is %s, and the text is no base64", declared)
			}
			return add(data)
		case a == numeric && !looksNumeric.Match(v.Text):
			return add(str(v.Text))
		}
		return reject("it is %s, and the value is the text %s", declared, v.JSON(nil))
	case columns.IsBinary:
		if a == none || a == blob {
			return add(v.Text)
		}
		return reject("it is %s, and the bytes are no UTF-8", declared)
	}
	if a == texts || a == none || a == numeric {
		return add(string(v.JSON(nil)))
	}
	return reject("it is %s, and the value is a list or an object", declared)
}
