package table

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"kstream/cmd/cli"
	"kstream/output/columns"
)

// Column is one of a table.
type Column struct {
	Name string
	Type string // as the database calls it, in lower case
	// Shape is what the column is made for, when it is to be made.
	Shape *columns.Shape
	Key   bool // of the primary key
}

// Layout are the columns of a table that is there.
type Layout struct {
	Table   string
	Columns []Column
	fold    func(string) string
	index   map[string]int
	cells   []columns.Value
	set     []bool
	scratch [4][]byte
}

// NewLayout returns the layout of a table. fold makes names equal that the database takes for
// equal; nil: none.
func NewLayout(table string, cols []Column, fold func(string) string) *Layout {
	if fold == nil {
		fold = func(s string) string { return s }
	}
	l := &Layout{Table: table, Columns: cols, fold: fold, index: map[string]int{}, cells: make([]columns.Value, len(cols)), set: make([]bool, len(cols))}
	for i, c := range cols {
		l.index[fold(c.Name)] = i
	}
	return l
}

// Index returns the number of a column, -1 for none.
func (l *Layout) Index(name string) int {
	if i, ok := l.index[name]; ok {
		return i
	}
	if i, ok := l.index[l.fold(name)]; ok {
		return i
	}
	return -1
}

// Fill returns the values of a row, one for each column; they are valid until the next call.
// deleted says that it is that of a record without a value, which deletes. The error is a
// *Rejection.
func (l *Layout) Fill(o *Options, rows *columns.TableRows, r *columns.TableRow) (cells []columns.Value, deleted bool, err error) {
	for i := range l.cells {
		l.cells[i], l.set[i] = columns.Value{}, false
	}
	if len(r.Failed) > 0 {
		return nil, false, l.reject("", "%s", r.Failed)
	}
	if o.Meta {
		if err := l.fillMeta(r); err != nil {
			return nil, false, err
		}
	} else if o.RecordKey {
		if err := l.put(KeyColumn, r.Key); err != nil {
			return nil, false, err
		}
	}
	switch r.Value.Kind {
	case columns.IsNull:
		if deleted = o.Mode == Upsert; deleted {
			err = l.fillKeys(o, rows)
		}
	case columns.IsObject:
		for i := range r.Members {
			m := &r.Members[i]
			at, ok := l.index[string(m.Name)]
			if !ok {
				at = l.Index(string(m.Name))
			}
			switch {
			case at < 0:
				return nil, false, &Rejection{Table: l.Table, Column: string(m.Name), Reason: "the table has no such column", Missing: true}
			case l.set[at]:
				return nil, false, l.reject(l.Columns[at].Name, "the record has two values for it, the other one under %s", strconv.Quote(string(m.Name)))
			}
			l.cells[at], l.set[at] = *m, true
		}
	default:
		err = l.put(columns.ValueColumn, r.Value)
	}
	if err == nil {
		err = l.checkKeys(o, r)
	}
	return l.cells, deleted, err
}

func (l *Layout) fillMeta(r *columns.TableRow) error {
	text := func(i int, kind columns.Kind, text []byte) columns.Value {
		l.scratch[i] = text
		return columns.Value{Kind: kind, Text: text}
	}
	stamp := columns.Value{}
	if r.HasTimestamp {
		stamp = text(2, columns.IsString, time.UnixMilli(r.Timestamp).UTC().AppendFormat(l.scratch[2][:0], "2006-01-02T15:04:05.000Z07:00"))
	}
	return cmp.Or(
		l.put("topic", columns.Value{Kind: columns.IsString, Text: r.Topic}),
		l.put("partition", text(0, columns.IsNumber, strconv.AppendInt(l.scratch[0][:0], int64(r.Partition), 10))),
		l.put("offset", text(1, columns.IsNumber, strconv.AppendInt(l.scratch[1][:0], r.Offset, 10))),
		l.put("timestamp", stamp),
		l.put(KeyColumn, r.Key),
	)
}

// put sets a column that need not be a member of the value.
func (l *Layout) put(name string, v columns.Value) error {
	i := l.Index(name)
	if i < 0 {
		return &Rejection{Table: l.Table, Column: name, Reason: "the table has no such column", Missing: true}
	}
	l.cells[i], l.set[i] = v, true
	return nil
}

// fillKeys takes the columns of the primary key of a record without a value from its key, when
// they are members of it.
func (l *Layout) fillKeys(o *Options, rows *columns.TableRows) error {
	rows.KeyMembers(func(v columns.Value) {
		if name := string(v.Name); slices.Contains(o.Keys, name) && !(o.RecordKey && name == KeyColumn) {
			_ = l.put(name, v) // checkKeys tells what is missing
		}
	})
	return nil
}

// checkKeys refuses a row without its primary key.
func (l *Layout) checkKeys(o *Options, r *columns.TableRow) error {
	if o.Mode != Upsert {
		return nil
	}
	for _, name := range o.Keys {
		i := l.Index(name)
		switch {
		case i >= 0 && l.set[i] && l.cells[i].Kind != columns.IsNull:
		case r.Value.Kind == columns.IsNull:
			return l.reject(name, "a record without a value deletes by the primary key, which its key does not have")
		case o.RecordKey && name == KeyColumn:
			return l.reject(name, "the record has no key")
		default:
			return l.reject(name, "it is of the primary key, and the record has no value for it")
		}
	}
	return nil
}

func (l *Layout) reject(column, format string, args ...any) error {
	return &Rejection{Table: l.Table, Column: column, Reason: fmt.Sprintf(format, args...)}
}

// Needs returns the columns that the rows need in a table, those of --meta and the primary key
// first. check says why a name cannot be that of a column; rows with such a member are rejected
// one by one.
func Needs(o *Options, rows *Rows, check func(name string) error, fold func(string) string) ([]Column, error) {
	sketch := columns.NewTableSketch(o.Schemas)
	var reader columns.TableRows
	row := -1
	err := reader.Each(rows.Frames, func(r *columns.TableRow) error {
		if row++; !rows.Skipped(row) {
			sketch.Add(r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var needed []Column
	taken := map[string]bool{}
	add := func(name string, s *columns.Shape) {
		key := name
		if fold != nil {
			key = fold(name)
		}
		if taken[key] || check(name) != nil {
			return
		}
		taken[key] = true
		needed = append(needed, Column{Name: name, Shape: s, Key: slices.Contains(o.Keys, name)})
	}
	if o.Meta {
		add("topic", &columns.Shape{Type: columns.String})
		add("partition", &columns.Shape{Type: columns.Int})
		add("offset", &columns.Shape{Type: columns.Int})
		add("timestamp", &columns.Shape{Type: columns.Timestamp})
	}
	if o.Meta || o.RecordKey {
		add(KeyColumn, &columns.Shape{Type: columns.String})
	}
	for _, f := range sketch.Fields() {
		add(f.Name, f.Shape)
	}
	return needed, nil
}

// CheckName refuses what no database takes as a name.
func CheckName(name string, most int) error {
	switch {
	case name == "":
		return errors.New("a name is empty")
	case strings.ContainsRune(name, 0):
		return fmt.Errorf("%q has a NUL character in it", name)
	case !utf8.ValidString(name):
		return fmt.Errorf("%q is not UTF-8", name)
	case most > 0 && len(name) > most:
		return fmt.Errorf("%q has %d bytes, more than the %d that names may have", name, len(name), most)
	}
	return nil
}

// Quote returns a name as SQL has it (ISO 9075-2, delimited identifier).
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Definition returns the statement that creates the table of rows, and the number of its
// columns: those that Needs finds, with the types that typeOf gives them, or the value alone.
func Definition(o *Options, rows *Rows, check func(name string) error, fold func(string) string, typeOf func(*columns.Shape) string) (statement string, n int, err error) {
	if err := check(rows.Table); err != nil {
		return "", 0, cli.Errorf(cli.CodeBadData, "table: %w", err)
	}
	needed, err := Needs(o, rows, check, fold)
	if err != nil {
		return "", 0, err
	}
	if len(needed) == 0 {
		needed = []Column{{Name: columns.ValueColumn, Shape: &columns.Shape{Type: columns.String}}}
	}
	var parts, keys []string
	for _, c := range needed {
		parts = append(parts, Quote(c.Name)+" "+typeOf(c.Shape))
		if c.Key {
			keys = append(keys, Quote(c.Name))
		}
	}
	if len(keys) > 0 {
		parts = append(parts, "PRIMARY KEY ("+strings.Join(keys, ", ")+")")
	}
	return "CREATE TABLE " + Quote(rows.Table) + " (" + strings.Join(parts, ", ") + ")", len(needed), nil
}

// Has reports whether the row that was filled last has a value, or a null, for a column.
func (l *Layout) Has(i int) bool { return l.set[i] }
