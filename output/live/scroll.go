package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"kstream/output"
)

// Scroll shows texts, each in place of the one before, in a window that keys move over
// them. Its methods may be called from any goroutine.
type Scroll struct {
	program *tea.Program
	done    chan struct{}
	err     error // once done
}

// ScrollOptions are what NewScroll needs.
type ScrollOptions struct {
	In      io.Reader // a terminal whose keys are read; nil: none
	Out     io.Writer // the terminal to draw on
	Environ []string  // NAME=VALUE, of which TERM matters
	Colour  bool

	Resized func(width int) // called before the first text is shown, and when the terminal changes
	Quit    func()          // q and Ctrl-C
}

// NewScroll begins to draw. Nothing else may write to the terminal until Close.
func NewScroll(o ScrollOptions) *Scroll {
	profile := colorprofile.ASCII
	if o.Colour {
		profile = colorprofile.ANSI
	}
	s := &Scroll{done: make(chan struct{})}
	s.program = tea.NewProgram(&scroll{options: o},
		tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Environ),
		tea.WithColorProfile(profile), tea.WithFPS(2*maxFPS), tea.WithoutSignalHandler())
	go func() { // ends with Close, or when it cannot draw
		defer close(s.done)
		if _, err := s.program.Run(); err != nil && !errors.Is(err, context.Canceled) {
			s.err = fmt.Errorf("live view: %w", err)
			o.Quit()
		}
	}()
	return s
}

// Show replaces the text, which has no control characters but those of styles.
func (s *Scroll) Show(text []byte) { s.send(frame(text)) }

// Note shows a line below the text, until the next one.
func (s *Scroll) Note(line string) { s.send(noted(line)) }

func (s *Scroll) send(msg tea.Msg) {
	select {
	case <-s.done: // nobody would take it
	default:
		s.program.Send(msg)
	}
}

// Close leaves the terminal as it was before. It returns why nothing could be drawn.
func (s *Scroll) Close() error {
	s.program.Quit()
	<-s.done
	return s.err
}

type (
	frame []byte
	noted string
)

// scroll is the state of the view, a tea.Model.
type scroll struct {
	options ScrollOptions
	size    Size
	lines   []string
	note    string
	top     int    // line at the top of the window
	filter  string // only lines with it are shown, and the first of each table
	typing  bool   // the filter is being typed
}

// Init does nothing: the first text comes from outside.
func (m *scroll) Init() tea.Cmd { return nil }

// Update takes one message.
func (m *scroll) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.size = Size{msg.Width, msg.Height}
		m.options.Resized(msg.Width)
	case frame:
		m.lines = strings.Split(strings.TrimRight(string(msg), "\n"), "\n")
	case noted:
		m.note = string(msg)
	case tea.KeyPressMsg:
		return m, m.press(msg)
	}
	return m, nil
}

func (m *scroll) press(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	page := max(1, m.room()-1)
	switch {
	case key == "ctrl+z":
		return tea.Suspend
	case key == "ctrl+c", key == "q" && !m.typing:
		m.options.Quit()
	case m.typing && (key == "enter" || key == "esc"):
		if m.typing = false; key == "esc" {
			m.filter = ""
		}
	case m.typing && key == "backspace":
		if runes := []rune(m.filter); len(runes) > 0 {
			m.filter = string(runes[:len(runes)-1])
		}
	case m.typing:
		m.filter += msg.Text
		m.top = 0
	case key == "/":
		m.typing, m.filter, m.top = true, "", 0
	case key == "esc":
		m.filter = ""
	case key == "up", key == "k":
		m.top--
	case key == "down", key == "j":
		m.top++
	case key == "pgup", key == "b":
		m.top -= page
	case key == "pgdown", key == "space", key == " ":
		m.top += page
	case key == "home", key == "g":
		m.top = 0
	case key == "end", key == "G", key == "shift+g":
		m.top = len(m.lines)
	}
	return nil
}

// room is the number of lines of text that the window has.
func (m *scroll) room() int { return max(1, m.size.Height-1) }

// chosen are the lines that the filter leaves.
func (m *scroll) chosen() []string {
	if m.filter == "" {
		return m.lines
	}
	var kept []string
	for i, line := range m.lines {
		if heads(m.lines, i) || strings.Contains(strings.ToLower(ansi.Strip(line)), strings.ToLower(m.filter)) {
			kept = append(kept, line)
		}
	}
	return kept
}

// heads reports whether a line has the names of a table's columns.
func heads(lines []string, i int) bool { return i == 0 || lines[i-1] == "" }

// View draws the window. At its top is the line that names the columns of the table there.
func (m *scroll) View() tea.View {
	v := tea.NewView(m.picture())
	v.AltScreen = true
	v.DisableBracketedPasteMode = true
	return v
}

func (m *scroll) picture() string {
	if m.size.Height == 0 || m.lines == nil {
		return ""
	}
	lines, room := m.chosen(), m.room()
	m.top = max(0, min(m.top, len(lines)-room))
	head := m.top
	for m.filter == "" && !heads(lines, head) {
		head--
	}
	var b strings.Builder
	for i := range min(room, len(lines)) {
		line := lines[m.top+i]
		if i == 0 {
			line = lines[head]
		}
		b.WriteString(ansi.Truncate(line, m.size.Width, "…"))
		b.WriteByte('\n')
	}
	b.WriteString(ansi.Truncate(m.status(len(lines), room), m.size.Width, "…"))
	return b.String()
}

// status is the last line.
func (m *scroll) status(lines, room int) string {
	switch {
	case m.typing:
		return "/" + output.Escaped(m.filter)
	case m.note != "":
		return output.Escaped(m.note)
	}
	text := "q quit  / filter"
	if m.filter != "" {
		text = "q quit  / filter: " + output.Escaped(m.filter) + "  esc all"
	}
	if lines > room {
		text = fmt.Sprintf("lines %d–%d of %d  ↑↓ PgUp PgDn  %s", m.top+1, m.top+room, lines, text)
	}
	return text
}
