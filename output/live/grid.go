package live

import (
	"math"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// The grid has a column for each partition. Between two topics stands a space.

// cellWidth returns the width of the largest partition number and a space before it.
func (r *renderer) cellWidth() int {
	most := 0
	for i := range r.Partitions {
		most = max(most, int(r.Partitions[i].Number))
	}
	return digits(most) + 1
}

// gridWidth returns the width of the grid, 0 without partitions.
func (r *renderer) gridWidth() int {
	width := len(r.Partitions) * r.cellWidth()
	for i := range r.Partitions {
		if r.starts(i) && i > 0 {
			width++
		}
	}
	return width
}

// starts reports whether a partition is the first of its topic.
func (r *renderer) starts(i int) bool {
	return i == 0 || r.Partitions[i].Topic != r.Partitions[i-1].Topic
}

// topicEnd returns the index behind the last partition of the topic of partition i.
func (r *renderer) topicEnd(i int) int {
	end := i + 1
	for end < len(r.Partitions) && !r.starts(end) {
		end++
	}
	return end
}

// topicNames returns the line above the grid when several topics are read, otherwise
// nothing.
func (t *table) topicNames() string {
	if t.topicEnd(0) == len(t.Partitions) {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(t.Partitions); {
		end := t.topicEnd(i)
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(" " + t.left(t.clean(t.Partitions[i].Topic), (end-i)*t.cell-1))
		i = end
	}
	return b.String()
}

// grid writes a cell for each partition.
func (t *table) grid(b *strings.Builder, cell func(p *Partition) string) {
	for i := range t.Partitions {
		if t.starts(i) && i > 0 {
			b.WriteByte(' ')
		}
		text := cell(&t.Partitions[i])
		b.WriteString(blank(t.cell-ansi.StringWidth(text)) + text)
	}
	b.WriteByte(' ')
}

func (t *table) gridHead() string {
	var b strings.Builder
	t.grid(&b, func(p *Partition) string { return strconv.Itoa(int(p.Number)) })
	return b.String()
}

// gridRow marks the partitions of one owner; those that it has just got stand out.
func (t *table) gridRow(b *strings.Builder, owner int) {
	t.grid(b, func(p *Partition) string {
		switch {
		case p.Owner != owner:
			return t.palette.Dim.Render(t.glyphs.free)
		case t.justMoved(p):
			return t.memberStyle(owner).Render(t.glyphs.moved)
		}
		return t.memberStyle(owner).Render(t.glyphs.owned)
	})
}

func (r *renderer) justMoved(p *Partition) bool {
	return !p.Moved.IsZero() && r.Time.Sub(p.Moved) < movedFor
}

// lagRow shows how far each partition is behind, by powers of ten: the highest level
// is ten million records.
func (t *table) lagRow() string {
	var b strings.Builder
	b.WriteString(t.left("", 2+t.number))
	if t.state {
		b.WriteString(" " + t.palette.Dim.Render(t.left("lag", stateWidth-1)))
	}
	t.grid(&b, func(p *Partition) string {
		switch p.Lag {
		case Unknown:
			return "?"
		case 0:
			return t.palette.Dim.Render(t.glyphs.free)
		}
		return t.palette.Warn.Render(t.level(math.Log10(float64(p.Lag)+1), 7))
	})
	return b.String()
}

// strip is one line of the map of partitions.
type strip struct {
	text       string
	partitions int
	lost       int
}

// marks are the characters for the members 1, 2, … in the map.
const marks = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// strips returns the map of partitions, which stands in for the grid where that does not
// fit: each partition is the mark of its owner, a number if there are too many for
// marks. In front of each line is the number of its first partition.
func (r *renderer) strips(t *table) []strip {
	if t.cell > 0 || len(r.Partitions) == 0 {
		return nil
	}
	width := 1
	for i := range r.Partitions {
		if owner := r.Partitions[i].Owner; owner > len(marks) {
			width = max(width, digits(owner)+1)
		}
	}
	name, number := 0, r.cellWidth()-1
	for i := 0; i < len(r.Partitions); i = r.topicEnd(i) {
		name = max(name, ansi.StringWidth(r.clean(r.Partitions[i].Topic)))
	}
	name = min(name, max(4, r.size.Width/4))
	line := max(1, (r.size.Width-name-number-2)/width)
	if width == 1 && line >= 11 {
		line = (line + 1) / 11 * 10 // in tens, with a space between
	}
	var strips []strip
	for i := 0; i < len(r.Partitions); {
		end := min(i+line, r.topicEnd(i))
		label := ""
		if r.starts(i) {
			label = r.clean(r.Partitions[i].Topic)
		}
		s := r.strip(i, end, width)
		s.text = r.palette.Topic.Render(r.left(label, name)) + " " + r.palette.Dim.Render(r.right(strconv.Itoa(int(r.Partitions[i].Number)), number)) + " " + s.text
		strips = append(strips, s)
		i = end
	}
	return strips
}

// strip returns the marks of partitions i to end-1.
func (r *renderer) strip(i, end, width int) strip {
	s := strip{partitions: end - i}
	var b strings.Builder
	for n := 0; i+n < end; n++ {
		p := &r.Partitions[i+n]
		if n > 0 && n%10 == 0 && width == 1 {
			b.WriteByte(' ')
		}
		mark := "-"
		switch {
		case p.Owner == 0:
			s.lost++
		case width > 1:
			mark = strconv.Itoa(p.Owner)
		default:
			mark = marks[p.Owner-1 : p.Owner]
		}
		text := r.memberStyle(p.Owner).Render(mark)
		if r.justMoved(p) {
			text = r.fresh.Render(text)
		}
		b.WriteString(text + blank(width-len(mark)))
	}
	s.text = b.String()
	return s
}

// cut returns the strips that fit into room lines and sums up the others.
func (r *renderer) cut(strips []strip, room int) []string {
	show := len(strips)
	if show > room {
		show = max(room-1, 0)
	}
	var lines []string
	for _, s := range strips[:show] {
		lines = append(lines, s.text)
	}
	hidden, lost := 0, 0
	for _, s := range strips[show:] {
		hidden += s.partitions
		lost += s.lost
	}
	if hidden > 0 {
		text := r.glyphs.more + " " + plural(hidden, "more partition")
		if lost > 0 {
			text += ", " + strconv.Itoa(lost) + " of them not ours"
		}
		lines = append(lines, r.palette.Dim.Render(text))
	}
	return lines
}

// details returns a line for each partition: whose it is, where its owner reads, and
// where its log ends.
func (r *renderer) details() []string {
	name := len("topic")
	for i := 0; i < len(r.Partitions); i = r.topicEnd(i) {
		name = max(name, ansi.StringWidth(r.clean(r.Partitions[i].Topic)))
	}
	name = min(name, max(5, r.size.Width/4))
	exact := func(n int64) string {
		if n == Unknown {
			return "?"
		}
		return strconv.FormatInt(n, 10)
	}
	offset := len("position")
	for i := range r.Partitions {
		p := &r.Partitions[i]
		offset = max(offset, len(exact(p.Position)), len(exact(p.End)), len(exact(p.Lag)))
	}
	row := func(topic, number, owner, position, end, lag string) string {
		return r.left(topic, name) + r.right(number, 11) + r.right(owner, 8) + r.right(position, offset+2) + r.right(end, offset+2) + r.right(lag, offset+2)
	}
	lines := []string{r.palette.Heading.Render(row("topic", "partition", "member", "position", "end", "lag"))}
	for i := range r.Partitions {
		p := &r.Partitions[i]
		owner := "-"
		if p.Owner > 0 {
			owner = strconv.Itoa(p.Owner)
		}
		text := row(r.clean(p.Topic), strconv.Itoa(int(p.Number)), owner, exact(p.Position), exact(p.End), exact(p.Lag))
		lines = append(lines, r.memberStyle(p.Owner).Render(text))
	}
	return lines
}
