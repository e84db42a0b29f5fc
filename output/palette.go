package output

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Style is what to write before and after text to colour it. The zero Style leaves
// text alone.
type Style struct{ open, close string }

// StyleOf takes the colours and weights of a lipgloss style, as its renderer has them.
func StyleOf(s lipgloss.Style) Style {
	before, after, _ := strings.Cut(s.Render("x"), "x")
	return Style{before, after}
}

// Append appends text in the style. The text is not escaped.
func (s Style) Append(dst []byte, text string) []byte {
	dst = append(dst, s.open...)
	dst = append(dst, text...)
	return append(dst, s.close...)
}

// Render returns text in the style. The text is not escaped.
func (s Style) Render(text string) string { return s.open + text + s.close }

// Palette has a style for each kind of thing that is printed. The zero Palette has no
// colour.
type Palette struct {
	Heading, Dim, Good, Warn, Bad         Style // tables, notices
	Time, Topic, Key, Header              Style // records
	Name, String, Number, Word, Delimiter Style // JSON; Word is true, false, null
}

// Colours returns the palette of kstream. It uses the 16 ANSI colours, which every
// theme makes readable, and never asks the terminal anything.
func Colours() Palette {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.ANSI)
	style := func(colour string) Style {
		return StyleOf(r.NewStyle().Foreground(lipgloss.Color(colour)))
	}
	return Palette{
		Heading: StyleOf(r.NewStyle().Bold(true)),
		Dim:     StyleOf(r.NewStyle().Faint(true)),
		Good:    style("2"),
		Warn:    style("3"),
		Bad:     style("1"),
		Time:    StyleOf(r.NewStyle().Faint(true)),
		Topic:   style("6"),
		Key:     StyleOf(r.NewStyle().Foreground(lipgloss.Color("3")).Bold(true)),
		Header:  style("5"),
		Name:    style("4"),
		String:  style("2"),
		Number:  style("6"),
		Word:    style("5"),
	}
}

// MemberStyles are colours that tell the members of a group apart, in the order of
// their numbers; with more members they start again.
func MemberStyles() []Style {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.ANSI)
	styles := make([]Style, 0, 12)
	for _, colour := range []string{"6", "3", "5", "2", "4", "1", "14", "11", "13", "10", "12", "9"} {
		styles = append(styles, StyleOf(r.NewStyle().Foreground(lipgloss.Color(colour))))
	}
	return styles
}
