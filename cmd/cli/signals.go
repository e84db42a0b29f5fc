package cli

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

// WithSignals returns a context that SIGINT, SIGTERM or SIGHUP ends, with the signal as
// its cause. The second signal kills, also where the shell has SIGINT ignored, as in a
// background job. Two that come at once, as timeout(1) sends them to a command and to its
// group, are told apart from that: they kill only what has not ended soon. A SIGHUP that is ignored, as under nohup, stays ignored. Call release
// when the command is over.
func WithSignals(parent context.Context, env *Env) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals, over := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() { // ends with release
		defer signal.Stop(signals)
		var last os.Signal
		var began time.Time // when the first came
		var late <-chan time.Time
		for n := 1; ; n++ {
			select {
			case s := <-signals:
				last = s
				if n == 1 {
					began = time.Now()
					cancel(&InterruptedError{s})
					continue
				}
				if n == 2 && time.Since(began) < atOnceSpan {
					late = time.After(atOnceGrace)
					continue
				}
				if env.Deaths.prepare() {
					Die(s)
				}
			case <-late:
				if env.Deaths.prepare() {
					Die(last)
				}
			case <-over:
				return
			}
		}
	}()
	return ctx, func() { cancel(nil); close(over) }
}

const (
	atOnceSpan  = 100 * time.Millisecond // in which two signals have come at once
	atOnceGrace = 2 * time.Second        // how long a command has then to stop in order
)

// deaths are what is to be done before a second signal kills the process: commands that
// it has started must not outlive it, and a terminal is to be as it was. Nil keeps nothing.
type deaths struct {
	mu    sync.Mutex
	acts  []*func()
	never bool // signals are for somebody else
	dying bool // what is added is done at once
}

// deathGrace is how long all of it may take.
const deathGrace = time.Second

// Add notes something to be done, until remove is called.
func (d *deaths) Add(act func()) (remove func()) {
	if d == nil {
		return func() {}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dying {
		act()
	}
	d.acts = append(d.acts, &act)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.acts = slices.DeleteFunc(d.acts, func(a *func()) bool { return a == &act })
	}
}

// Forward says that signals are handed on: no number of them kills.
func (d *deaths) Forward() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.never = true
}

// prepare does what is to be done, and reports whether the process is to die.
func (d *deaths) prepare() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.never {
		return false
	}
	d.dying = true
	done := make(chan struct{})
	var acting sync.WaitGroup
	for _, act := range d.acts {
		acting.Go(*act)
	}
	go func() { acting.Wait(); close(done) }() // ends with the process, at the latest
	select {
	case <-done:
	case <-time.After(deathGrace):
	}
	return true
}

// dieGrace is how long a signal may take to end the process that sent it to itself.
const dieGrace = 200 * time.Millisecond

// Die ends the process as a signal does that nobody handles, and in any case.
func Die(s os.Signal) {
	signal.Reset(s)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(s)
	}
	if err == nil { // Windows has no signals
		<-time.After(dieGrace) // then it is ignored
	}
	_ = self.Kill() // nothing is left to be done
}
