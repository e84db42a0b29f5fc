package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Env is everything that a command gets from outside. It is built once, here, and
// nothing else asks for a terminal, a colour, a variable or the time.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	StdinTerminal  bool
	StdoutTerminal bool
	StderrTerminal bool
	Width          int // columns of the terminal, 80 where there is none

	Environ []string // NAME=VALUE
	Getenv  func(string) string
	Now     func() time.Time

	// Set by the flags common to all commands, before a command's plan.
	Color   string // auto, always, never
	Quiet   bool
	Verbose int

	Deaths  *deaths  // what is to be done before a second signal kills; may be nil
	secrets *secrets // of the settings; may be nil
}

// NewEnv returns the environment of this process. Only Main and tests call it.
func NewEnv() *Env {
	env := &Env{
		Stdin: os.Stdin, Stdout: stdoutFile{os.Stdout}, Stderr: os.Stderr,
		StdinTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		StdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Width:          80,
		Environ:        os.Environ(),
		Getenv:         os.Getenv,
		Now:            time.Now,
		Deaths:         new(deaths),
		secrets:        new(secrets),
	}
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && width > 0 {
		env.Width = width
	}
	return env
}

// stdoutFile is stdout. Of all broken pipes its own alone means that a reader has had
// enough; a connection, or a command that we started, that breaks is a failure.
type stdoutFile struct{ file *os.File }

func (f stdoutFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	return n, goneOf(err)
}

// SyscallConn lets awaitHangup ask about the reader.
func (f stdoutFile) SyscallConn() (syscall.RawConn, error) { return f.file.SyscallConn() }

// goneOf names the error of a write to stdout that nobody reads any more.
func goneOf(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return ErrGone
	}
	return err
}

// BareFile returns the file behind w, for a command that inherits it or a picture that is drawn on it.
func BareFile(w io.Writer) io.Writer {
	if f, ok := w.(stdoutFile); ok {
		return f.file
	}
	return w
}

// ColorFor decides on colour for one stream: --color, then NO_COLOR, then
// CLICOLOR_FORCE, then whether the stream is a terminal that can.
func (e *Env) ColorFor(terminal bool) bool {
	switch {
	case e.Color == "always":
		return true
	case e.Color == "never", e.Getenv("NO_COLOR") != "":
		return false
	case e.Getenv("CLICOLOR_FORCE") != "" && e.Getenv("CLICOLOR_FORCE") != "0":
		return true
	case e.Getenv("CLICOLOR") == "0", e.Getenv("TERM") == "dumb":
		return false
	}
	return terminal
}

// Notice prints one line for people on stderr; --quiet drops it. Once records flow,
// the printer owns stderr and notices go through it instead.
func (e *Env) Notice(format string, args ...any) {
	if !e.Quiet {
		fmt.Fprintf(e.Stderr, "%s\n", OneLine(fmt.Sprintf(format, args...)))
	}
}

// Within calls read, which cannot be stopped, and waits for it no longer than for ctx; it
// then ends with the process.
func Within(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() { // ends with read
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return nil, Stopped(ctx)
	case a := <-answers:
		return a.text, a.err
	}
}

// Unicode reports whether the terminal reads UTF-8, by the variables of POSIX.
func (e *Env) Unicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToUpper(e.Getenv(name)); v != "" {
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return runtime.GOOS == "windows"
}

// Draws reports whether stdout is a terminal on which a picture can be drawn anew.
func (e *Env) Draws() bool { return e.StdoutTerminal && e.Getenv("TERM") != "dumb" }
