package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// Options are what Run needs. Its functions are called one at a time, by the goroutine
// that draws, so they must not wait for anything.
type Options struct {
	In      io.Reader // a terminal whose keys are read; nil: none
	Out     io.Writer // the terminal to draw on
	Environ []string  // NAME=VALUE, of which TERM matters
	Colour  bool
	Unicode bool
	FPS     int // pictures a second, at most and by default 10

	Snapshots func() Snapshot               // called for each picture
	Add       func()                        // one more member is to join
	Remove    func(member int)              // a member is to leave
	Freeze    func(member int, frozen bool) // a member is to stop, or to go on
	Quit      func()                        // all members are to leave
}

// ErrHurry is what Run returns when Ctrl-C came again while the members were leaving.
var ErrHurry = errors.New("interrupted while leaving")

// PanicError is a panic of one of the functions of Options, or of the drawing.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// maxFPS bounds how often a picture is drawn: more than ten times a second nobody
// reads.
const maxFPS = 10

// Run shows the results of Options.Snapshots until ctx ends, which is no error, and calls
// the other functions when keys are pressed. Nothing else may write to the terminal
// meanwhile. When Run returns the terminal is as it was before, with the shell's text on
// it; a panic inside is returned as a *PanicError.
//
// q and Ctrl-C call Quit once; the picture stays, and says that the members leave,
// until ctx ends. Signals are the caller's business. Ctrl-Z stops the process.
func Run(ctx context.Context, o Options) error {
	if o.FPS <= 0 || o.FPS > maxFPS {
		o.FPS = maxFPS
	}
	m := &model{Options: o}
	profile := colorprofile.ASCII
	if o.Colour {
		profile = colorprofile.ANSI
	}
	p := tea.NewProgram(m,
		tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Environ),
		tea.WithColorProfile(profile), tea.WithFPS(2*o.FPS), tea.WithoutSignalHandler())
	defer context.AfterFunc(ctx, p.Quit)()
	_, err := p.Run()
	if m.err != nil {
		return m.err
	}
	if err != nil {
		return fmt.Errorf("live view: %w", err)
	}
	return nil
}

// model is the state of the view, a tea.Model. Update draws, so that View cannot fail.
type model struct {
	Options
	snapshot Snapshot
	size     Size
	selected int       // 0: the newest member
	typed    time.Time // when the last digit was
	leaving  bool
	picture  string
	err      error
}

type tick struct{}

func (m *model) next() tea.Cmd {
	return tea.Tick(time.Second/time.Duration(m.FPS), func(time.Time) tea.Msg { return tick{} })
}

// Init starts the clock.
func (m *model) Init() tea.Cmd { return func() tea.Msg { return tick{} } }

// Update takes one message and draws anew.
func (m *model) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if r := recover(); r != nil {
			m.err = &PanicError{r, debug.Stack()}
			next, cmd = m, tea.Quit
		}
	}()
	if m.err != nil {
		return m, tea.Quit
	}
	switch msg := msg.(type) {
	case tick:
		m.snapshot = m.Snapshots()
		cmd = m.next()
	case tea.WindowSizeMsg:
		m.size = Size{msg.Width, msg.Height}
	case tea.KeyPressMsg:
		cmd = m.press(msg.String())
	default:
		return m, nil
	}
	m.picture = Render(m.snapshot, m.size, Look{
		Colour: m.Colour, Unicode: m.Unicode, Selected: m.target(), Leaving: m.leaving,
	})
	return m, cmd
}

// View hands out what Update drew.
func (m *model) View() tea.View {
	v := tea.NewView(m.picture)
	v.AltScreen = true
	v.DisableBracketedPasteMode = true
	return v
}

// press does what a key stands for.
func (m *model) press(key string) tea.Cmd {
	switch {
	case key == "ctrl+z":
		return tea.Suspend
	case key == "ctrl+c" && m.leaving:
		m.err = ErrHurry
		return tea.Quit
	case m.leaving:
	case key == "q", key == "ctrl+c":
		m.leaving = true
		m.Quit()
	case key == "+":
		m.Add()
	case key == "-":
		m.act(func(member *Member) { m.Remove(member.Number) })
	case key == "f":
		m.act(func(member *Member) { m.Freeze(member.Number, member.State != Frozen) })
	case key == "up", key == "k":
		m.move(-1)
	case key == "down", key == "j":
		m.move(1)
	case len(key) == 1 && '0' <= key[0] && key[0] <= '9':
		m.digit(int(key[0] - '0'))
	}
	return nil
}

// at returns the index of the member that keys act on: the selected one, or the newest
// that is not leaving; -1 without one.
func (m *model) at() int {
	newest := -1
	for i := range m.snapshot.Members {
		switch {
		case m.snapshot.Members[i].State == Leaving:
		case m.snapshot.Members[i].Number == m.selected:
			return i
		default:
			newest = i
		}
	}
	return newest
}

// target returns the number of that member, 0 without one.
func (m *model) target() int {
	if i := m.at(); i >= 0 {
		return m.snapshot.Members[i].Number
	}
	return 0
}

// act lets do have that member, and looks at what became of it, so that the next key
// sees it.
func (m *model) act(do func(*Member)) {
	if i := m.at(); i >= 0 {
		do(&m.snapshot.Members[i])
		m.snapshot = m.Snapshots()
	}
}

// move selects the next member above or below that is not leaving.
func (m *model) move(by int) {
	for i := m.at() + by; 0 <= i && i < len(m.snapshot.Members); i += by {
		if m.snapshot.Members[i].State != Leaving {
			m.selected = m.snapshot.Members[i].Number
			return
		}
	}
}

// digitPause is how long the next digit may take to belong to the same number.
const digitPause = time.Second

// digit selects the member with a number; digits that follow each other make a number
// of several digits, if there is such a member.
func (m *model) digit(d int) {
	now := m.snapshot.Time
	if now.Sub(m.typed) < digitPause && m.has(m.selected*10+d) {
		d += m.selected * 10
	}
	if m.has(d) {
		m.selected, m.typed = d, now
	}
}

func (m *model) has(number int) bool {
	for i := range m.snapshot.Members {
		if m.snapshot.Members[i].Number == number && m.snapshot.Members[i].State != Leaving {
			return true
		}
	}
	return false
}
