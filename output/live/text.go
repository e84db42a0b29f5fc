package live

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"kstream/output"
)

// glyphs are the characters of a picture that are more than letters and digits.
type glyphs struct {
	owned, moved, free string // cells of the grid
	cursor, more, dot  string
	levels             []string // from nothing to most
	keys               string   // that select
}

func glyphsFor(unicode bool) glyphs {
	if unicode {
		return glyphs{
			owned: "■", moved: "◆", free: "·", cursor: "▸", more: "…", dot: " · ",
			levels: strings.Split("▁▂▃▄▅▆▇█", ""), keys: "↑↓",
		}
	}
	return glyphs{
		owned: "#", moved: "*", free: ".", cursor: ">", more: "...", dot: ", ",
		levels: strings.Split("_.:-=+*#", ""), keys: "up/down",
	}
}

// clean makes text of strangers harmless, and ASCII where the terminal has no more.
func (r *renderer) clean(text string) string {
	text = output.Escaped(text)
	if r.look.Unicode {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if c < utf8.RuneSelf {
			b.WriteRune(c)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
		}
	}
	return b.String()
}

// clip cuts text that is wider than width columns and marks the cut.
func (r *renderer) clip(text string, width int) string {
	if ansi.StringWidth(text) <= width {
		return text
	}
	if width <= len(r.glyphs.more) {
		return ansi.Truncate(text, width, "")
	}
	return ansi.Truncate(text, width, r.glyphs.more)
}

// left and right fill text up to width columns, or clip it.
func (r *renderer) left(text string, width int) string {
	text = r.clip(text, width)
	return text + blank(width-ansi.StringWidth(text))
}

func (r *renderer) right(text string, width int) string {
	text = r.clip(text, width)
	return blank(width-ansi.StringWidth(text)) + text
}

func blank(n int) string { return strings.Repeat(" ", max(n, 0)) }

// level returns the character for a value between nothing and most. Only nothing looks
// like nothing.
func (r *renderer) level(value, most float64) string {
	levels := r.glyphs.levels
	if value <= 0 || most <= 0 {
		return levels[0]
	}
	i := 1 + int(value/most*float64(len(levels)-1)*0.999)
	return levels[min(i, len(levels)-1)]
}

// sparkline draws the newest values, one column each, and leaves columns without a
// value empty.
func (r *renderer) sparkline(values []float64, most float64, width int) string {
	values = values[max(0, len(values)-width):]
	var b strings.Builder
	b.WriteString(blank(width - len(values)))
	for _, v := range values {
		b.WriteString(r.level(v, most))
	}
	return b.String()
}

// count writes a number in at most six columns.
func count(n int64) string {
	if n == Unknown {
		return "?"
	}
	if n < 10_000 {
		return strconv.FormatInt(n, 10)
	}
	return scaled(float64(n))
}

// size writes a number of bytes in at most seven columns.
func size(n int64) string {
	if n < 10_000 {
		return strconv.FormatInt(n, 10) + "B"
	}
	return scaled(float64(n)) + "B"
}

func scaled(f float64) string {
	for _, unit := range []string{"k", "M", "G", "T", "P"} {
		f /= 1000
		if f < 999.95 {
			return fmt.Sprintf("%.1f%s", f, unit)
		}
	}
	return fmt.Sprintf("%.0fE", f/1000)
}

// plural writes a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
