//go:build unix

package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kstream/kafka/kafkatest/tmux"
)

// TestMain lets the test binary stand in for a program with a live view; the variable
// says which.
func TestMain(m *testing.M) {
	code := 2
	switch os.Getenv("LIVE_PROGRAM") {
	case "":
		code = m.Run()
	case "group":
		code = show(nil)
	case "panic":
		code = show(func() { panic("torn") })
	}
	os.Exit(code) //nolint:forbidigo // the end of a program
}

// show runs the view of a fake group. After q it stays until the file $LIVE_LEFT is
// there. Removing a member calls mishap, unless it is nil.
func show(mishap func()) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	g := newFakeGroup(5, 10)
	o := g.options(new([]string))
	screen := os.Stderr                                     //nolint:forbidigo // of a program
	o.In, o.Out, o.Environ = os.Stdin, screen, os.Environ() //nolint:forbidigo // of a program
	o.Unicode, o.Colour = true, os.Getenv("NO_COLOR") == ""
	snapshots, quit := o.Snapshots, false
	o.Snapshots = func() Snapshot {
		if _, err := os.Stat(os.Getenv("LIVE_LEFT")); quit && err == nil {
			cancel()
		}
		return snapshots()
	}
	o.Quit = func() { quit = true }
	if mishap != nil {
		o.Remove = func(int) { mishap() }
	}
	err := Run(ctx, o)
	var torn *PanicError
	switch {
	case errors.As(err, &torn):
		fmt.Fprintln(screen, "ended by", torn, strings.Contains(string(torn.Stack), "show"))
		return 70
	case err != nil:
		fmt.Fprintln(screen, "ended by", err)
		return 1
	}
	fmt.Fprintln(screen, "ended in order")
	return 0
}

// start runs a program of TestMain between two looks at the terminal's settings.
func start(t *testing.T, program string, vars ...string) (term *tmux.Terminal, dir string) {
	t.Helper()
	dir = t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	vars = append(vars, "LIVE_PROGRAM="+program, "LIVE_LEFT="+filepath.Join(dir, "left"))
	command := fmt.Sprintf("cd %s; echo before; stty -a >before; %s >out; echo status $?; stty -a >after; echo over", dir, self)
	return tmux.Start(t, 80, 24, vars, command), dir
}

// restored checks that the terminal is as it was before, and that stdout was left
// alone.
func restored(t *testing.T, dir string) {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, before, _ := strings.Cut(read("before"), "columns ") // the size may have changed
	_, after, _ := strings.Cut(read("after"), "columns ")
	_, before, _ = strings.Cut(before, ";")
	_, after, _ = strings.Cut(after, ";")
	if before == "" || after != before {
		t.Errorf("settings before:%s\nafter:%s", before, after)
	}
	if out := read("out"); out != "" {
		t.Errorf("stdout has %q", out)
	}
}

// TestTerminal drives the view through a real terminal, from its start to its end.
func TestTerminal(t *testing.T) {
	t.Parallel()
	term, dir := start(t, "group")
	term.AwaitText("5 members · 10 partitions", "▸ 5 running", "+ add  - remove  f freeze  q quit  ↑↓ select")
	if !strings.Contains(term.Coloured(), "\x1b[36m") {
		t.Error("no colours")
	}
	term.Keys("-")
	term.AwaitText("5 leaving", "▸ 4 running")
	term.Keys("+")
	term.AwaitText("6 members", "▸ 6 running")
	term.Keys("2", "f")
	term.AwaitText("▸ 2 frozen", "1 frozen")
	term.Keys("f", "Up")
	term.AwaitText("▸ 1 running", "  2 running")
	term.Resize(44, 12)
	term.Await("44 columns", func(screen string) bool {
		lines := strings.Split(strings.TrimSuffix(screen, "\n"), "\n")
		return len(lines) == 12 && strings.Contains(screen, "6 members · 10 partitions") && strings.HasPrefix(lines[11], "+ add")
	})
	term.Resize(100, 1)
	term.Await("one row", func(screen string) bool { return strings.HasPrefix(screen, "billing · 6 members") })
	term.Resize(120, 40)
	term.AwaitText("topic   partition  member", "↑↓ select")
	term.Keys("q")
	term.AwaitText("leaving…", "6 members")
	if err := os.WriteFile(filepath.Join(dir, "left"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	screen := term.AwaitText("ended in order", "status 0", "over")
	if strings.Contains(screen, "members") {
		t.Errorf("the picture is still there:\n%s", screen)
	}
	restored(t, dir)
}

func TestTerminalWithoutColour(t *testing.T) {
	t.Parallel()
	term, _ := start(t, "group", "NO_COLOR=1")
	term.AwaitText("5 members", "▸ 5 running")
	if screen := term.Coloured(); strings.Contains(screen, "\x1b[") {
		t.Errorf("colours: %q", screen)
	}
}

func TestTerminalHurry(t *testing.T) {
	t.Parallel()
	term, dir := start(t, "group")
	term.AwaitText("5 members")
	term.Keys("C-c")
	term.AwaitText("leaving…")
	term.Keys("C-c")
	screen := term.AwaitText("ended by interrupted while leaving", "status 1", "over")
	if !strings.HasPrefix(screen, "before\n") || strings.Contains(screen, "members") {
		t.Errorf("the screen is not as it was before:\n%s", screen)
	}
	restored(t, dir)
}

func TestTerminalPanic(t *testing.T) {
	t.Parallel()
	term, dir := start(t, "panic")
	term.AwaitText("5 members")
	term.Keys("-")
	term.AwaitText("ended by panic: torn true", "status 70", "over")
	restored(t, dir)
}
