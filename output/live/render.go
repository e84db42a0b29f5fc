package live

import (
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"kstream/output"
)

// Size is the size of a screen in columns and rows.
type Size struct{ Width, Height int }

// Look says how a picture is drawn.
type Look struct {
	Colour   bool // 16 ANSI colours; none at all without
	Unicode  bool // otherwise ASCII
	Selected int  // number of the member that keys act on; 0 for none
	Leaving  bool // so Snapshot.Leaving will be, as soon as it is heard
}

// movedFor is how long a partition that moved stands out.
const movedFor = 2 * time.Second

// renderer draws one snapshot.
type renderer struct {
	*Snapshot
	size    Size
	look    Look
	glyphs  glyphs
	palette output.Palette
	members []output.Style // by number, starting again at the end
	fresh   output.Style   // around the mark of a partition that just moved
	lost    int            // partitions that none of the members owns
}

// Render draws a snapshot on a screen of the given size. The picture has at most
// Height lines without a line break at the end, none wider than Width columns. Members
// and partitions that do not fit are summed up in a line of their own where there is
// room for one; a line that is cut says so.
func Render(s Snapshot, size Size, look Look) string {
	if size.Width <= 0 || size.Height <= 0 {
		return ""
	}
	r := &renderer{Snapshot: &s, size: size, look: look, glyphs: glyphsFor(look.Unicode), members: make([]output.Style, 1)}
	if look.Colour {
		r.palette, r.members, r.fresh = output.Colours(), output.MemberStyles(), reversed()
	}
	for i := range s.Partitions {
		if s.Partitions[i].Owner == 0 {
			r.lost++
		}
	}
	r.look.Leaving = look.Leaving || s.Leaving
	lines := r.lines()
	for i, line := range lines {
		lines[i] = strings.TrimRight(r.clip(line, size.Width), " ")
	}
	return strings.Join(lines, "\n")
}

// reversed swaps the colours of text with those behind it.
func reversed() output.Style {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.ANSI)
	return output.StyleOf(r.NewStyle().Reverse(true))
}

// memberStyle returns the style of a member's number, cells and log lines.
func (r *renderer) memberStyle(number int) output.Style {
	if number <= 0 {
		return r.palette.Bad
	}
	return r.members[(number-1)%len(r.members)]
}

// lines shares the rows of the screen out. What tells most comes first: one row has
// the totals, then come the keys, the members, their partitions, and the log.
func (r *renderer) lines() []string {
	height := r.size.Height
	lines := []string{r.totals()}
	if height == 1 {
		return lines
	}
	if height >= 10 {
		lines = []string{r.about(), r.totals(), ""}
	}
	room := height - len(lines) - 1 // for the keys
	table := r.layout()
	strips := r.strips(table)
	var logMin, stripsMin int
	if room >= 8 {
		logMin = min(len(r.Log)+2, 5)
	}
	if room >= 6 && len(strips) > 0 {
		stripsMin = min(len(strips)+1, room/3)
	}
	rows := table.rows(room - logMin - stripsMin)
	lines = append(lines, rows...)
	room -= len(rows)
	if len(strips) > 0 && room-logMin >= 2 {
		shown := r.cut(strips, room-logMin-1)
		lines = append(append(lines, ""), shown...)
		room -= len(shown) + 1
	}
	if details := len(r.Partitions) + 2; len(r.Partitions) > 0 && room-details >= max(logMin, 10) {
		lines = append(append(lines, ""), r.details()...)
		room -= details
	}
	lines = append(lines, r.log(room)...)
	for len(lines) < height-1 {
		lines = append(lines, "")
	}
	return append(lines, r.help())
}

// about describes what is shown: group, topics, protocol, and the time.
func (r *renderer) about() string {
	topics := make([]string, len(r.Topics))
	for i, t := range r.Topics {
		topics[i] = r.clean(t)
	}
	text := "group " + r.clean(r.Group) + r.glyphs.dot + strings.Join(topics, ", ")
	var how []string
	for _, s := range []string{r.Protocol, r.Assignor} {
		if s != "" {
			how = append(how, r.clean(s))
		}
	}
	if len(how) > 0 {
		text += r.glyphs.dot + strings.Join(how, " ")
	}
	clock := r.Time.Format(time.TimeOnly)
	width := r.size.Width - len(clock) - 2
	if width < 20 {
		return r.palette.Heading.Render(r.clip(text, r.size.Width))
	}
	return r.palette.Heading.Render(r.left(text, width)) + "  " + r.palette.Time.Render(clock)
}

// totals describes how the group does as a whole. A low screen shows nothing else, so the
// group's name is in it.
func (r *renderer) totals() string {
	var rate float64
	var lag int64
	frozen := 0
	for i := range r.Members {
		m := &r.Members[i]
		rate += m.rate()
		if m.State == Frozen {
			frozen++
		}
	}
	for i := range r.Partitions {
		if l := r.Partitions[i].Lag; l > 0 {
			lag += l
		}
	}
	parts := []string{plural(len(r.Members), "member"), plural(len(r.Partitions), "partition")}
	if r.lost > 0 {
		parts = append(parts, r.palette.Bad.Render(count(int64(r.lost))+" not ours"))
	}
	if frozen > 0 {
		parts = append(parts, r.palette.Warn.Render(count(int64(frozen))+" frozen"))
	}
	parts = append(parts, "lag "+count(lag), count(int64(rate))+"/s", plural64(r.Records, "record"))
	if r.size.Height < 10 {
		parts = append([]string{r.clip(r.clean(r.Group), max(8, r.size.Width/3))}, parts...)
	}
	if r.look.Leaving && r.size.Height == 1 {
		parts = append([]string{r.leaving()}, parts...)
	}
	text := parts[0]
	for _, part := range parts[1:] { // whole ones: half a number would be another number
		longer := text + r.glyphs.dot + part
		if ansi.StringWidth(longer) > r.size.Width {
			break
		}
		text = longer
	}
	return text
}

func plural64(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

func (r *renderer) leaving() string {
	return r.palette.Warn.Render("leaving" + r.glyphs.more)
}

// help names the keys.
func (r *renderer) help() string {
	if r.look.Leaving {
		return r.leaving()
	}
	text := "+ add  - remove  f freeze  q quit"
	if more := text + "  " + r.glyphs.keys + " select"; ansi.StringWidth(more) <= r.size.Width {
		text = more
	}
	return r.palette.Dim.Render(text)
}

// log returns the newest lines of the rebalance log, the newest last, below a blank line
// and a heading where there is room for those.
func (r *renderer) log(room int) []string {
	if room <= 0 || len(r.Log) == 0 {
		return nil
	}
	var lines []string
	if room >= 3 {
		lines = append(lines, "", r.palette.Heading.Render("rebalances"))
		room -= 2
	}
	for _, e := range r.Log[max(0, len(r.Log)-room):] {
		text := ""
		if e.Member > 0 {
			text = "member " + count(int64(e.Member)) + "  "
		}
		text = r.clip(text+r.clean(e.Text), max(1, r.size.Width-10))
		style := output.Style{}
		if e.Member > 0 {
			style = r.memberStyle(e.Member)
		}
		clock := e.Time.In(r.Time.Location()).Format(time.TimeOnly)
		lines = append(lines, r.palette.Time.Render(clock)+"  "+style.Render(text))
	}
	return lines
}
