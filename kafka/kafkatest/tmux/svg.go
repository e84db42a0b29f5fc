//go:build unix

package tmux

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// The size of a cell in a picture, and of its frame, in pixels.
const (
	cellWidth  = 8.4
	cellHeight = 18
	frame      = 12
)

// ground and plain are the colours of a picture where the screen names none.
const (
	ground = "#16181d"
	plain  = "#d8dee9"
)

// basic are the sixteen colours of a terminal.
func basic() []string {
	return []string{
		"#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
		"#5c6370", "#e88388", "#a8d18d", "#ecd093", "#7fbff3", "#d494e6", "#7ac6cf", "#ffffff",
	}
}

// look is how characters look.
type look struct {
	fore, back     string
	bold, dim, rev bool
}

// SVG draws a screen, as Coloured returns it, with so many columns.
func SVG(screen string, columns int) string {
	lines := strings.Split(strings.TrimRight(screen, "\n "), "\n")
	width, height := frame*2+cellWidth*float64(columns), frame*2+cellHeight*len(lines)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" height="%d" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", ground)
	now := look{}
	for row, line := range lines {
		column := 0
		for line != "" {
			text := line
			if i := strings.Index(line, "\x1b["); i >= 0 {
				text = line[:i]
			}
			line = line[len(text):]
			drawText(&b, text, row, column, now)
			column += len([]rune(text))
			if line == "" {
				break
			}
			codes, rest, _ := strings.Cut(line[2:], "m")
			now.apply(codes)
			line = rest
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// drawText draws text from a column on. Each character is put where its cell is: fonts
// differ in the widths of what they lack.
func drawText(b *strings.Builder, text string, row, column int, l look) {
	fore, back := l.fore, l.back
	if fore == "" {
		fore = plain
	}
	if l.rev {
		if back == "" {
			back = ground
		}
		fore, back = back, fore
	}
	y := frame + cellHeight*row
	if n := len([]rune(text)); back != "" && n > 0 {
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", frame+cellWidth*float64(column), y, cellWidth*float64(n), cellHeight, back)
	}
	trimmed := strings.TrimLeft(text, " ")
	column += len(text) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, " ")
	if trimmed == "" {
		return
	}
	var places, escaped strings.Builder
	for i := range []rune(trimmed) {
		if i > 0 {
			places.WriteByte(' ')
		}
		fmt.Fprintf(&places, "%.1f", frame+cellWidth*float64(column+i))
	}
	_ = xml.EscapeText(&escaped, []byte(trimmed)) // a strings.Builder takes all
	style := ""
	if l.bold {
		style += ` font-weight="bold"`
	}
	if l.dim {
		style += ` opacity="0.6"`
	}
	fmt.Fprintf(b, `<text x="%s" y="%d" fill="%s"%s xml:space="preserve">%s</text>`+"\n", places.String(), y+cellHeight-5, fore, style, escaped.String())
}

// apply changes the look by the codes of a control sequence (ECMA-48, SGR).
func (l *look) apply(codes string) {
	list := strings.Split(codes, ";")
	for i := 0; i < len(list); i++ {
		n, _ := strconv.Atoi(list[i]) // an empty code is 0
		switch {
		case n == 0:
			*l = look{}
		case n == 1:
			l.bold = true
		case n == 2:
			l.dim = true
		case n == 7:
			l.rev = true
		case n == 22:
			l.bold, l.dim = false, false
		case n == 27:
			l.rev = false
		case n >= 30 && n <= 37:
			l.fore = basic()[n-30]
		case n >= 90 && n <= 97:
			l.fore = basic()[n-90+8]
		case n == 39:
			l.fore = ""
		case n >= 40 && n <= 47:
			l.back = basic()[n-40]
		case n >= 100 && n <= 107:
			l.back = basic()[n-100+8]
		case n == 49:
			l.back = ""
		case n == 38 || n == 48:
			colour, taken := extended(list[i+1:])
			if n == 38 {
				l.fore = colour
			} else {
				l.back = colour
			}
			i += taken
		}
	}
}

// extended reads a colour of 256 or of red, green and blue, and returns how many codes it
// takes.
func extended(codes []string) (colour string, taken int) {
	number := func(i int) int {
		if i >= len(codes) {
			return 0
		}
		n, _ := strconv.Atoi(codes[i])
		return n
	}
	switch number(0) {
	case 2:
		return fmt.Sprintf("#%02x%02x%02x", number(1), number(2), number(3)), 4
	case 5:
		switch n := number(1); {
		case n < 16:
			return basic()[n], 2
		case n >= 232:
			grey := 8 + 10*(n-232)
			return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey), 2
		default:
			level := func(v int) int {
				if v == 0 {
					return 0
				}
				return 55 + 40*v
			}
			n -= 16
			return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6)), 2
		}
	}
	return "", len(codes)
}
