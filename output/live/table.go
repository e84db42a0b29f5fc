package live

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"kstream/output"
)

// column is one column of the table of members, beside the grid.
type column struct {
	name  string
	width int  // with the space before it
	left  bool // where its text stands; numbers stand right
	style func(m *Member) output.Style
	cell  func(m *Member) string
}

// table is the table of members as it fits the width: a row for each member, and in it
// a cell for each partition if they all fit, which makes the grid.
type table struct {
	*renderer
	number  int // columns of the members' numbers
	state   bool
	cell    int // columns of a cell of the grid; 0: partitions are shown apart
	columns []column
}

// Widths of columns with a fixed width, the space before them included.
const (
	stateWidth = 9
	rateWidth  = 8
	lagWidth   = 8
	sparkMin   = 9
	sparkMax   = 41
)

// layout chooses the columns. Rate and lag are always there; the grid comes next, then
// the others while there is room.
func (r *renderer) layout() *table {
	t := &table{renderer: r, number: 1}
	for i := range r.Members {
		t.number = max(t.number, digits(r.Members[i].Number))
	}
	free := r.size.Width - 2 - t.number - rateWidth - lagWidth
	take := func(width int) bool {
		if free < width {
			return false
		}
		free -= width
		return true
	}
	t.state = take(stateWidth)
	if width := r.gridWidth(); width > 0 && take(width+1) {
		t.cell = r.cellWidth()
	}
	spark := 0
	if take(sparkMin) {
		spark = sparkMin
	}
	add := func(name string, width int, cell func(*Member) string) {
		if take(width) {
			t.columns = append(t.columns, column{name: name, width: width, cell: cell})
		}
	}
	add("parts", 6, func(m *Member) string { return strconv.Itoa(m.Partitions) })
	t.columns = append(t.columns,
		column{name: "rec/s", width: rateWidth, cell: func(m *Member) string { return count(int64(m.rate())) }},
		column{name: "lag", width: lagWidth, cell: func(m *Member) string { return count(m.Lag) }})
	add("records", 9, func(m *Member) string { return count(m.Records) })
	add("moves", 6, func(m *Member) string { return strconv.Itoa(m.Rebalances) })
	add("bytes", 9, func(m *Member) string { return size(m.Bytes) })
	if free >= 20 {
		free -= t.addID(free)
	}
	if spark > 0 {
		t.addRate(min(sparkMax, spark+free))
	}
	return t
}

// addID adds the members' ids, which are long: as much of them as there is room for.
// It returns the room that it took.
func (t *table) addID(free int) int {
	width := 0
	for i := range t.Members {
		width = max(width, ansi.StringWidth(t.clean(t.Members[i].ID)))
	}
	if width == 0 {
		return 0
	}
	width = min(width+1, free)
	t.columns = append(t.columns, column{
		name: "member id", width: width, left: true,
		style: func(*Member) output.Style { return t.palette.Dim },
		cell:  func(m *Member) string { return t.clean(m.ID) },
	})
	return width
}

// addRate puts the sparkline in front of the columns. All members have one scale.
func (t *table) addRate(width int) {
	most := 1.0
	for i := range t.Members {
		rates := t.Members[i].Rate
		for _, v := range rates[max(0, len(rates)-width):] {
			most = max(most, v)
		}
	}
	t.columns = append([]column{{
		name: "rate", width: width, left: true,
		style: func(m *Member) output.Style { return t.memberStyle(m.Number) },
		cell:  func(m *Member) string { return t.sparkline(m.Rate, most, width-1) },
	}}, t.columns...)
}

// rows returns the table in at most room lines: the names, the members, or those around
// the selected one and the sum of the others, and below the grid the lag.
func (t *table) rows(room int) []string {
	if room <= 0 {
		return nil
	}
	head := t.head()
	var foot []string
	if t.lost > 0 && t.cell > 0 {
		foot = append(foot, t.row("", "-", "not ours", t.palette.Bad.Render, 0, nil))
	}
	if t.cell > 0 {
		foot = append(foot, t.lagRow())
	}
	if room < len(head)+len(foot)+min(len(t.Members), 3) {
		head, foot = head[len(head)-1:], nil
	}
	if room < 3 {
		head = nil
	}
	space := room - len(head) - len(foot)
	lines := head
	first, last := t.window(space)
	for i := first; i < last; i++ {
		lines = append(lines, t.memberRow(&t.Members[i]))
	}
	if hidden := len(t.Members) - (last - first); hidden > 0 {
		lines = append(lines, t.others(first, last, hidden))
	}
	return append(lines, foot...)
}

// window returns the members to show when there are space lines for them: all, or those
// around the selected one with a line left for the others.
func (t *table) window(space int) (first, last int) {
	if len(t.Members) <= space {
		return 0, len(t.Members)
	}
	show := max(space-1, 0)
	selected := 0
	for i := range t.Members {
		if t.Members[i].Number == t.look.Selected {
			selected = i
		}
	}
	first = min(max(selected-show/2, 0), len(t.Members)-show)
	return first, first + show
}

// others sums up the members that are not shown.
func (t *table) others(first, last, hidden int) string {
	partitions, rate, lag := 0, 0.0, int64(0)
	for i := range t.Members {
		if m := &t.Members[i]; i < first || i >= last {
			partitions += m.Partitions
			rate += m.rate()
			lag += max(m.Lag, 0)
		}
	}
	return t.palette.Dim.Render("  " + t.glyphs.more + " " + plural(hidden, "more member") + ": " + plural(partitions, "partition") + ", " + count(int64(rate)) + "/s, lag " + count(lag))
}

// head returns the names of the columns, below those of the topics if the grid has
// several.
func (t *table) head() []string {
	var b strings.Builder
	b.WriteString(blank(2+t.number-1) + "#")
	if t.state {
		b.WriteString(" " + t.left("state", stateWidth-1))
	}
	var lines []string
	if t.cell > 0 {
		if names := t.topicNames(); names != "" {
			lines = append(lines, blank(ansi.StringWidth(b.String()))+t.palette.Topic.Render(names))
		}
		b.WriteString(t.gridHead())
	}
	for i := range t.columns {
		c := &t.columns[i]
		b.WriteString(" " + c.align(t, c.name))
	}
	return append(lines, t.palette.Heading.Render(strings.TrimRight(b.String(), " ")))
}

func (c *column) align(t *table, text string) string {
	if c.left {
		return t.left(text, c.width-1)
	}
	return t.right(text, c.width-1)
}

func (t *table) memberRow(m *Member) string {
	style := t.memberStyle(m.Number)
	cursor := ""
	if m.Number == t.look.Selected {
		cursor = t.glyphs.cursor
	}
	state := style.Render
	if m.State != Running {
		state = t.palette.Warn.Render
	}
	return t.row(cursor, style.Render(t.right(strconv.Itoa(m.Number), t.number)), m.State.String(), state, m.Number, m)
}

// row returns one line of the table; m is nil below the members.
func (t *table) row(cursor, number, state string, style func(string) string, owner int, m *Member) string {
	var b strings.Builder
	b.WriteString(t.left(cursor, 2))
	b.WriteString(blank(t.number-ansi.StringWidth(number)) + number)
	if t.state {
		b.WriteString(" " + style(t.left(state, stateWidth-1)))
	}
	if t.cell > 0 {
		t.gridRow(&b, owner)
	}
	if m == nil {
		return b.String()
	}
	for i := range t.columns {
		c := &t.columns[i]
		text := c.align(t, c.cell(m))
		if c.style != nil {
			text = c.style(m).Render(text)
		}
		b.WriteString(" " + text)
	}
	return b.String()
}

func digits(n int) int { return len(strconv.Itoa(n)) }
