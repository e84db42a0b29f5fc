package group

import (
	"context"
	"strings"
	"sync/atomic"

	"kstream/cmd/cli"
	"kstream/output/live"
)

// Screen shows what a watching command draws on a terminal, each picture in place of the one
// before, in a window that keys move. A nil one shows nothing.
type Screen struct {
	env    *cli.Env
	scroll *live.Scroll
	width  atomic.Int64
	forget func() // of the deaths
}

// OpenScreen takes over the terminal that stdout is; q calls quit. Who writes notices must do
// so to the environment that it returns: they stand below the picture. The caller must Close
// the Screen, which brings the terminal back.
func OpenScreen(env *cli.Env, quit context.CancelFunc) (*Screen, *cli.Env) {
	s := &Screen{env: env}
	o := live.ScrollOptions{
		Out: cli.BareFile(env.Stdout), Environ: env.Environ, Colour: env.ColorFor(true), Quit: quit,
		Resized: func(width int) { s.width.Store(int64(width)) },
	}
	if env.StdinTerminal {
		o.In = env.Stdin
	}
	s.scroll = live.NewScroll(o)
	s.forget = env.Deaths.Add(func() { _ = s.scroll.Close() })
	watched := *env
	watched.Stderr = s
	return s, &watched
}

// Write shows lines that are meant for stderr, the last one of several.
func (s *Screen) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		s.scroll.Note(strings.TrimRight(line, "\r\n"))
	}
	return len(p), nil
}

// Draw shows what render returns for the width that the terminal has now.
func (s *Screen) Draw(render func() ([]byte, error)) error {
	if width := s.width.Load(); width > 0 {
		s.env.Width = int(width)
	}
	text, err := render()
	if err == nil {
		s.scroll.Show(text)
	}
	return err
}

// Close leaves the terminal as it was before.
func (s *Screen) Close() error {
	if s == nil {
		return nil
	}
	s.forget()
	return s.scroll.Close()
}
