package output

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
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
	Minor bool // the first to go where a terminal is too narrow
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
	// Width is how many columns the terminal has, 0 if that does not matter. In a table that
	// is wider long texts are cut in the middle; where that is not enough columns are left
	// out, and a last line names them.
	Width int
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
		return t.appendAligned(dst, o)
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

// Wrap breaks a text into lines of at most width columns, between words where it can, and
// makes it harmless for a terminal.
func Wrap(text string, width int) []string {
	return strings.Split(ansi.Wrap(Escaped(text), max(width, 20), ""), "\n")
}

// appendAligned pads by display width: wide and combining characters count as the
// columns that a terminal gives them.
func (t *Table) appendAligned(dst []byte, o TableOptions) []byte {
	p := o.Palette
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
	shown, hidden := t.fit(width, o.Width)
	for r, row := range rows {
		for n, i := range shown {
			c := t.Columns[i]
			if n > 0 {
				dst = append(dst, columnGap...)
			}
			clean := cutMiddle(text[r*len(t.Columns)+i], width[i])
			pad := width[i] - lipgloss.Width(clean)
			if c.Right {
				dst = append(dst, bytes.Repeat([]byte(" "), pad)...)
			}
			var style Style
			if i < len(row) && clean != "" {
				style = row[i].Style
			}
			dst = style.Append(dst, clean)
			if !c.Right && n < len(shown)-1 {
				dst = append(dst, bytes.Repeat([]byte(" "), pad)...)
			}
		}
		dst = append(bytes.TrimRight(dst, " "), '\n')
	}
	if hidden != nil {
		dst = p.Dim.Append(dst, ansi.Truncate(hiddenText(hidden), o.Width, "…"))
		dst = append(dst, '\n')
	}
	return dst
}

const (
	columnGap = "  "
	// leastText is how far a text is cut before a column goes instead.
	leastText = 16
)

// fit narrows the columns of text, the widest first, until all of them are within limit, or
// leaves out columns where that is not enough: minor ones, then the last, never the first. It
// returns the columns that stay, and the names of the others.
func (t *Table) fit(width []int, limit int) (shown []int, hidden []string) {
	for i := range t.Columns {
		shown = append(shown, i)
	}
	if limit <= 0 {
		return shown, nil
	}
	for {
		over := len(columnGap)*(len(shown)-1) - limit
		for _, i := range shown {
			over += width[i]
		}
		give := 0
		for _, i := range shown {
			give += t.gives(i, width[i])
		}
		if over <= 0 {
			return shown, hidden
		}
		if give >= over || len(shown) == 1 {
			t.narrow(width, shown, over)
			return shown, hidden
		}
		last := len(shown) - 1
		for n := last; n > 0; n-- {
			if t.Columns[shown[n]].Minor {
				last = n
				break
			}
		}
		hidden = append(hidden, t.Columns[shown[last]].Name)
		shown = slices.Delete(shown, last, last+1)
	}
}

// gives is by how much a column of text can be narrowed.
func (t *Table) gives(i, width int) int {
	if t.Columns[i].Right {
		return 0
	}
	return max(0, width-max(leastText, lipgloss.Width(t.Columns[i].Name)))
}

// narrow takes over columns away from the widest texts, a little of each in turn, so that
// those that are as wide end as wide.
func (t *Table) narrow(width []int, shown []int, over int) {
	for ; over > 0; over-- {
		widest := -1
		for _, i := range shown {
			if t.gives(i, width[i]) > 0 && (widest < 0 || width[i] > width[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			widest = shown[0] // alone, and wider than the terminal
		}
		if width[widest] <= 1 {
			return
		}
		width[widest]--
	}
}

func hiddenText(names []string) string {
	slices.Reverse(names)
	noun := "columns"
	if len(names) == 1 {
		noun = "column"
	}
	return fmt.Sprintf("(%d %s more: %s; -o json has all)", len(names), noun, strings.Join(names, ", "))
}

// cutMiddle cuts text that is wider than width in its middle, for names differ at their ends.
func cutMiddle(text string, width int) string {
	have := lipgloss.Width(text)
	if have <= width || width <= 0 {
		return text
	}
	head := width / 2
	tail := width - 1 - head
	end := ansi.TruncateLeft(text, have-tail, "")
	for n := have - tail + 1; lipgloss.Width(end) > tail && n <= have; n++ { // half of a wide character
		end = ansi.TruncateLeft(text, n, "")
	}
	return ansi.Truncate(text, head, "") + "…" + end
}
