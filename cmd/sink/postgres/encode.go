package postgres

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"kstream/cmd/sink/table"
	"kstream/output/columns"
)

// encoder makes lines of rows, in COPY's text format.
type encoder struct {
	*target
	upsert bool
	groups map[string]*group // by the columns that have values
	order  []*group
	latest map[string]*group // that has the newest line of a primary key
	arena  []byte
	mask   []byte
	key    []byte
	text   []byte
}

// add makes a line of a row.
func (e *encoder) add(row int, at table.Place, cells []columns.Value, deleted bool) error {
	g := e.group(deleted)
	from := len(e.arena)
	for n, i := range g.columns {
		if n > 0 {
			e.arena = append(e.arena, '\t')
		}
		more, err := e.cell(e.arena, i, &cells[i])
		if err != nil {
			e.arena = e.arena[:from]
			return err
		}
		e.arena = more
	}
	if e.upsert {
		e.arena = append(e.arena, '\t', "ft"[b2i(deleted)])
	}
	e.arena = append(e.arena, '\n')
	l := &line{row: row, at: at, text: e.arena[from:len(e.arena):len(e.arena)]}
	if cap(e.arena)-len(e.arena) < 4<<10 { // lines point into it: a new one, when this one is full
		e.arena = make([]byte, 0, 256<<10)
	}
	if !e.upsert {
		g.lines = append(g.lines, l)
		return nil
	}
	return e.replace(g, l, cells)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// replace adds a line to a group, in place of an earlier one of the same primary key.
func (e *encoder) replace(g *group, l *line, cells []columns.Value) error {
	e.key = e.key[:0]
	for _, i := range e.keys {
		var err error
		if e.key, err = e.cell(e.key, i, &cells[i]); err != nil {
			return err
		}
		e.key = append(e.key, '\t')
	}
	if e.latest == nil {
		e.latest = map[string]*group{}
	}
	was := e.latest[string(e.key)]
	switch {
	case was == g:
		i := g.latest[string(e.key)]
		l.before = g.lines[i]
		g.lines[i] = l
		return nil
	case was != nil && was.number > g.number: // with other columns: one group after the other
		g = e.newGroup(g.columns)
	}
	e.latest[string(e.key)] = g
	g.latest[string(e.key)] = len(g.lines)
	g.lines = append(g.lines, l)
	return nil
}

// group returns the group of rows with values for the same columns as the one at hand.
func (e *encoder) group(deleted bool) *group {
	e.mask = e.mask[:0]
	for i := range e.Columns {
		taken := !e.generated[i] && (!e.defaults[i] || e.Has(i) || deleted)
		e.mask = append(e.mask, byte('0'+b2i(taken)))
	}
	if g := e.groups[string(e.mask)]; g != nil {
		return g
	}
	var cols []int
	for i, c := range e.mask {
		if c == '1' {
			cols = append(cols, i)
		}
	}
	return e.newGroup(cols)
}

// newGroup makes the group of rows like the one at hand, behind all others.
func (e *encoder) newGroup(cols []int) *group {
	g := &group{number: len(e.order), columns: cols, latest: map[string]int{}}
	e.groups[string(e.mask)] = g
	e.order = append(e.order, g)
	return g
}

// typeOf is the type of a column that is made for a shape.
func typeOf(s *columns.Shape) string {
	switch s.Logical {
	case columns.LogicalBytes:
		return "bytea"
	case columns.LogicalDecimal:
		return "numeric"
	case columns.LogicalUUID:
		return "uuid"
	case columns.LogicalUnsigned:
		return "numeric(20)"
	}
	switch s.Type {
	case columns.Bool:
		return "boolean"
	case columns.Int:
		return "bigint"
	case columns.Double:
		return "double precision"
	case columns.String:
		return "text"
	case columns.Bytes:
		return "bytea"
	case columns.Timestamp:
		return "timestamptz"
	case columns.Date:
		return "date"
	}
	return "jsonb"
}

// cell appends a value of a column, or rejects it. What PostgreSQL refuses by itself is left to
// it; what it would take as another value is not.
func (e *encoder) cell(dst []byte, i int, v *columns.Value) ([]byte, error) {
	reject := func(format string, args ...any) ([]byte, error) {
		return nil, &table.Rejection{Table: e.Table, Column: e.Columns[i].Name, Reason: fmt.Sprintf(format, args...)}
	}
	declared := e.Columns[i].Type
	switch {
	case v.Kind == columns.IsNull:
		return append(dst, `\N`...), nil
	case declared == "json", declared == "jsonb":
		if v.Kind == columns.IsBinary {
			return reject("it is %s, and the bytes are no UTF-8", declared)
		}
		e.text = v.JSON(e.text[:0])
		return escape(dst, e.text), nil
	case declared == "bytea":
		data := v.Text
		if v.FromJSON() {
			if v.Kind != columns.IsString {
				return reject("it is bytea, and the value is no text")
			}
			var err error
			if data, err = base64.StdEncoding.AppendDecode(e.text[:0], v.Text); err != nil {
				return reject("it is bytea, and the text is no base64")
			}
			e.text = data
		}
		return hex.AppendEncode(append(dst, `\\x`...), data), nil
	}
	switch v.Kind {
	case columns.IsBinary:
		return reject("it is %s, and the bytes are no UTF-8", declared)
	case columns.IsString:
		if v.Lone {
			return reject("it is %s, which cannot hold the lone surrogate in the text", declared)
		}
	case columns.IsList, columns.IsObject:
		e.text = v.JSON(e.text[:0])
		return escape(dst, e.text), nil
	case columns.IsNumber:
		switch declared {
		case "timestamptz", "timestamp", "date", "time", "timetz", "interval":
			return reject("it is %s, and the value is a number", declared)
		case "float8":
			if _, _, _, fits := v.Fits(); !fits {
				return reject("it has 64 bits, which %s needs more than", v.Text)
			}
		}
	}
	if bytes.IndexByte(v.Text, 0) >= 0 {
		return reject("it is %s, which cannot hold the NUL character in the text", declared)
	}
	return escape(dst, v.Text), nil
}

// escape appends text as COPY has it.
func escape(dst, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '\\':
			dst = append(dst, '\\', '\\')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
