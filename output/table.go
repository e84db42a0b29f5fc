package output

import (
	"bytes"

	"github.com/charmbracelet/lipgloss"
)

// Table is what list and describe commands print by default.
type Table struct {
	Columns []Column
	Rows    [][]Cell // as many cells as columns; missing ones are empty
}

// Column is a column's name, which scripts may use, and how its cells stand.
type Column struct {
	Name  string
	Right bool // aligned to the right, as numbers are
}

// Cell is the text of a cell, which may be a stranger's, and its style on a terminal.
type Cell struct {
	Text  string
	Style Style
}

// TableOptions say how a table is printed. The zero value is for a pipe.
type TableOptions struct {
	// Terminal aligns the columns under a row of names and escapes all text. In a pipe
	// cells are separated by one tab, and only tabs and line breaks are escaped, as \t,
	// \n and \r.
	Terminal bool
	// Headers writes the row of names in a pipe too.
	Headers bool
	// Palette colours the names and allows the cells their styles on a terminal; a cell
	// is never coloured in a pipe.
	Palette Palette
}

// Add adds a row of cells without a style.
func (t *Table) Add(cells ...string) {
	row := make([]Cell, len(cells))
	for i, text := range cells {
		row[i].Text = text
	}
	t.Rows = append(t.Rows, row)
}

// Append appends the table, one line a row.
func (t *Table) Append(dst []byte, o TableOptions) []byte {
	if o.Terminal {
		return t.appendAligned(dst, o.Palette)
	}
	names := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		names[i].Text = c.Name
	}
	if o.Headers {
		dst = t.appendTabs(dst, names)
	}
	for _, row := range t.Rows {
		dst = t.appendTabs(dst, row)
	}
	return dst
}

func (t *Table) appendTabs(dst []byte, row []Cell) []byte {
	for i := range t.Columns {
		if i > 0 {
			dst = append(dst, '\t')
		}
		if i >= len(row) {
			continue
		}
		for _, c := range []byte(row[i].Text) {
			switch c {
			case '\t', '\n', '\r':
				dst = appendEscapedRune(dst, rune(c))
			default:
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '\n')
}

// appendAligned pads by display width: wide and combining characters count as the
// columns that a terminal gives them.
func (t *Table) appendAligned(dst []byte, p Palette) []byte {
	rows := make([][]Cell, 0, len(t.Rows)+1)
	names := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = Cell{c.Name, p.Heading}
	}
	rows = append(append(rows, names), t.Rows...)
	text := make([]string, len(rows)*len(t.Columns))
	width := make([]int, len(t.Columns))
	for r, row := range rows {
		for i := range t.Columns {
			if i < len(row) {
				clean := Escaped(row[i].Text)
				text[r*len(t.Columns)+i] = clean
				width[i] = max(width[i], lipgloss.Width(clean))
			}
		}
	}
	for r, row := range rows {
		for i, c := range t.Columns {
			if i > 0 {
				dst = append(dst, "  "...)
			}
			clean := text[r*len(t.Columns)+i]
			pad := width[i] - lipgloss.Width(clean)
			if c.Right {
				dst = append(dst, bytes.Repeat([]byte(" "), pad)...)
			}
			var style Style
			if i < len(row) && clean != "" {
				style = row[i].Style
			}
			dst = style.Append(dst, clean)
			if !c.Right && i < len(t.Columns)-1 {
				dst = append(dst, bytes.Repeat([]byte(" "), pad)...)
			}
		}
		dst = append(bytes.TrimRight(dst, " "), '\n')
	}
	return dst
}
