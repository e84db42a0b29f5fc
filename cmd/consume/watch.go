package consume

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output/live"
)

// LiveOptions are those of the live view of consume.
type LiveOptions struct{ Watch bool }

// check refuses a live view where it cannot be.
func (f *LiveOptions) check(env *cli.Env, c *Options) error {
	switch {
	case !f.Watch:
		return nil
	case c.Members.Group == "":
		return cli.Usagef("--watch goes with --group: it shows the members of a group")
	case !env.StderrTerminal, env.Getenv("TERM") == "dumb":
		return cli.Hint(cli.Errorf(cli.CodeNotAPipe, "--watch draws on stderr, and that is no terminal that can show it"), "leave it out: stderr then tells who was given what, and --events FILE has it as JSON lines")
	}
	if env.StdoutTerminal && c.Output.Output != "none" {
		for _, name := range []string{"output", "kcat-format", "key-separator", "exec"} {
			if c.Changed(name) {
				return cli.Hint(cli.Errorf(cli.CodeNotAPipe, "--watch draws on the terminal, where --%s would print too", name), "send stdout to a file or a pipe")
			}
		}
	}
	return nil
}

// stderrSwitch is stderr; while somebody listens, lines go there instead.
type stderrSwitch struct {
	to io.Writer

	mu     sync.Mutex
	listen func(line string) // nil: nobody
}

// Write writes whole lines, as all who write to stderr do.
func (a *stderrSwitch) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listen == nil {
		return a.to.Write(p)
	}
	for line := range strings.Lines(string(p)) {
		a.listen(strings.TrimRight(line, "\r\n"))
	}
	return len(p), nil
}

func (a *stderrSwitch) hand(listen func(line string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listen = listen
}

// watch is the live view of one consume. Its methods do nothing on nil, which is a
// consume without --watch.
type watch struct {
	*run
	stderr *stderrSwitch
	state  *watchState
	group  *kafka.Group

	quits  atomic.Int32 // how often somebody asked for the end
	cancel context.CancelFunc
	polls  sync.WaitGroup
	closed chan struct{} // when the terminal is as it was before
	err    error         // of the view, once it is closed
}

// show begins to draw; end ends it. src is the group.
func (c *run) show(polling context.Context, src record.Source) {
	m, ok := src.(record.Membership)
	if c.stderr == nil || !ok {
		return
	}
	w := &watch{
		run: c, stderr: c.stderr, group: m.Group, closed: make(chan struct{}),
		state: newWatchState(c.Env, c.Stats, c.plan),
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(polling))
	w.cancel = stop
	c.watch = w
	w.stderr.hand(func(line string) { w.state.note(0, line) })
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	admin := w.Admin.Admin
	w.polls.Go(func() { w.state.poll(ctx, admin) }) // ends with ctx
	go w.signalled(ctx, signals)                    // ends with ctx
	remove := c.Env.Deaths.Add(func() { w.cancel(); <-w.closed })
	go func() { // ends with ctx, or when the view fails
		defer remove()
		defer close(w.closed)
		in, done := w.keys()
		defer done()
		w.err = live.Run(ctx, w.options(polling, in))
		w.stderr.hand(nil)
		switch {
		case errors.Is(w.err, live.ErrHurry):
			cli.Die(os.Interrupt)
		case w.err != nil:
			w.Stop(w.err)
		}
	}()
}

// options returns what the view shows and what its keys do.
func (w *watch) options(polling context.Context, in io.Reader) live.Options {
	return live.Options{
		In: in, Out: w.stderr.to, Environ: w.Env.Environ,
		Colour: w.Env.ColorFor(true), Unicode: w.Env.Unicode(),
		Snapshots: func() live.Snapshot {
			s := w.state.snapshot()
			s.Leaving = polling.Err() != nil
			return s
		},
		Add: func() {
			if n := w.group.Add(); n > 0 {
				w.state.note(n, "joins")
			}
		},
		Remove: func(n int) {
			if w.group.Remove(n) {
				w.state.leaving(n)
			}
		},
		Freeze: func(n int, frozen bool) {
			if w.group.Freeze(n, frozen) {
				w.state.freeze(n, frozen)
			}
		},
		Quit: func() {
			w.quits.Add(1)
			w.Stop(&cli.InterruptedError{Signal: syscall.SIGINT})
		},
	}
}

// keys returns the terminal that keys come from, though stdin may be something else, or
// nil where there is none.
func (w *watch) keys() (in io.Reader, done func()) {
	if w.Env.StdinTerminal {
		return w.Env.Stdin, func() {}
	}
	name := "/dev/tty"
	if runtime.GOOS == "windows" {
		name = "CONIN$"
	}
	tty, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, func() {}
	}
	return tty, func() { _ = tty.Close() } // it was only read
}

// signalled restores the terminal before a second signal kills, as it does whenever a
// command ends in order already.
func (w *watch) signalled(ctx context.Context, signals chan os.Signal) {
	defer signal.Stop(signals)
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			if w.quits.Add(1) > 1 {
				w.cancel()
				<-w.closed
				cli.Die(s)
				return
			}
		}
	}
}

// end closes the view once nothing more will happen, and returns its error.
func (w *watch) end() error {
	if w == nil {
		return nil
	}
	w.cancel()
	<-w.closed
	w.polls.Wait() // the connection that they use is closed next
	var torn *live.PanicError
	if errors.As(w.err, &torn) {
		fmt.Fprintf(w.Env.Stderr, "%s", torn.Stack)
		return cli.Hint(cli.Errorf(cli.CodeBug, "bug: live view: %w", torn), "please report this with the command line and the lines above; remove what is secret")
	}
	return w.err
}

// guard restores the terminal when the goroutine that defers it panics.
func (w *watch) guard() {
	if w == nil {
		return
	}
	if r := recover(); r != nil {
		_ = w.end() // the panic says more
		panic(r)
	}
}

// receiver lets the view see the events of the members on their way.
func (w *watch) receiver(next func(member int) func(kafka.Event) error) func(member int) func(kafka.Event) error {
	if w == nil {
		return next
	}
	return func(member int) func(kafka.Event) error {
		w.state.join(member)
		take := next(member)
		return func(ev kafka.Event) error {
			defer w.guard()
			for _, n := range ev.Notices {
				w.state.note(0, n.String())
			}
			if ev.Change != nil {
				w.state.changed(member, ev.Change)
			}
			err := take(ev)
			if ev.Batch != nil {
				w.state.read(ev.Batch)
			}
			return err
		}
	}
}

// poll looks every second where the logs end, until ctx ends.
func (s *watchState) poll(ctx context.Context, admin *kafka.Admin) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	failed := false
	for rounds := 0; ; rounds++ {
		err := s.look(ctx, admin, rounds%30 == 0)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failed:
			s.note(0, "the ends of the logs are unknown: "+err.Error())
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look asks for the ends of all partitions that are known, and for new ones if asked.
func (s *watchState) look(ctx context.Context, admin *kafka.Admin, topics bool) error {
	if topics {
		found, err := s.reading.Find(ctx, admin)
		if err != nil {
			return err
		}
		s.grow(found)
	}
	marks, err := admin.Watermarks(ctx, s.known())
	if marks != nil {
		s.ends(marks)
	}
	return err
}
