//go:build unix

// Package tmux gives tests a real terminal: keys go in, and what stands on the screen
// comes out.
package tmux

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// awaitLimit bounds each wait for the screen to show something.
const awaitLimit = 60 * time.Second

// Terminal is one terminal with one program in it.
type Terminal struct {
	t      *testing.T
	socket string
}

// Start runs a command line of the shell in a terminal of its own, with variables
// NAME=VALUE added to the environment. The terminal lasts until the test ends, longer
// than the program. Without tmux the test is skipped.
func Start(t *testing.T, width, height int, vars []string, command string) *Terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	dir, err := os.MkdirTemp("", "tmux") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	term := &Terminal{t, filepath.Join(dir, "s")}
	args := []string{"-u", "-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height)}
	for _, v := range vars {
		args = append(args, "-e", v)
	}
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", term.socket, "kill-server").Run() // it may have ended
		_ = os.RemoveAll(dir)
	})
	term.run(append(args, command+"\nexec cat >/dev/null")...)
	return term
}

func (term *Terminal) run(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Keys presses keys one after the other, named as tmux names them: "q", "C-c", "Up".
func (term *Terminal) Keys(keys ...string) {
	term.t.Helper()
	term.run(append([]string{"send-keys"}, keys...)...)
}

// Resize gives the terminal another size.
func (term *Terminal) Resize(width, height int) {
	term.t.Helper()
	term.run("resize-window", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height))
}

// Screen is what stands on the screen, without colours.
func (term *Terminal) Screen() string {
	term.t.Helper()
	return term.run("capture-pane", "-p")
}

// Wrapped returns the lines, on the screen and above it, that were wider than the terminal.
func (term *Terminal) Wrapped() (lines []string) {
	term.t.Helper()
	width, err := strconv.Atoi(strings.TrimSpace(term.run("display-message", "-p", "#{pane_width}")))
	if err != nil {
		term.t.Fatal(err)
	}
	for line := range strings.Lines(term.run("capture-pane", "-p", "-J", "-S", "-")) {
		if line = strings.TrimRight(line, " \n"); ansi.StringWidth(line) > width {
			lines = append(lines, line)
		}
	}
	return lines
}

// Scrolled is how many lines are above the screen.
func (term *Terminal) Scrolled() int {
	term.t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(term.run("display-message", "-p", "#{history_size}")))
	if err != nil {
		term.t.Fatal(err)
	}
	return n
}

// Coloured is the screen with its colours, as control sequences.
func (term *Terminal) Coloured() string {
	term.t.Helper()
	return term.run("capture-pane", "-p", "-e")
}

// Await waits until the screen is as it should be, and returns it.
func (term *Terminal) Await(what string, is func(screen string) bool) string {
	term.t.Helper()
	limit := time.After(awaitLimit)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		screen := term.Screen()
		if is(screen) {
			return screen
		}
		select {
		case <-look.C:
		case <-limit:
			term.t.Fatalf("waited in vain for %s; the screen is\n%s", what, screen)
		}
	}
}

// AwaitText waits until all texts are on the screen.
func (term *Terminal) AwaitText(texts ...string) string {
	term.t.Helper()
	return term.Await(strings.Join(texts, " and "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}
