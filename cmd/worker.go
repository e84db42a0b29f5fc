package cmd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// worker is the command of --exec for one member: a process that reads record lines and
// writes one line for each. It is started when it is first needed, and again when it has
// died. One goroutine owns it.
type worker struct {
	command string
	stderr  io.Writer

	child   *exec.Cmd
	group   childGroup
	in      io.WriteCloser
	out     *bufio.Reader
	backoff time.Duration
}

const (
	workerBackoff    = 100 * time.Millisecond // before the second start, doubled each time
	workerBackoffMax = 5 * time.Second
	workerGrace      = 4 * time.Second // for the command to end when its stdin has
)

// workerDied is why a worker gave no answer.
type workerDied struct{ how error }

func (e *workerDied) Error() string {
	if e.how == nil {
		return "the command ended"
	}
	return "the command ended: " + e.how.Error()
}

// start makes sure that a process runs, waiting after deaths.
func (w *worker) start(ctx context.Context) error {
	if w.child != nil {
		return nil
	}
	if w.backoff > 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(w.backoff):
		}
	}
	w.backoff = min(max(workerBackoff, 2*w.backoff), workerBackoffMax)
	child := exec.Command("sh", "-c", w.command)
	child.Stderr = w.stderr
	group := ownGroup(child, false)
	in, err := child.StdinPipe()
	if err != nil {
		return err
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return usagef("--exec: %w", err)
	}
	w.child, w.group, w.in, w.out = child, group, in, bufio.NewReaderSize(out, 64<<10)
	return nil
}

// ask gives the process lines, which end in newlines, and hands each answer on, without
// its newline, in order. It returns how many were answered; when these are not all, the
// error is a *workerDied, that of answer, or the cause of ctx.
func (w *worker) ask(ctx context.Context, lines [][]byte, answer func(i int, line []byte, more bool) error) (answered int, err error) {
	if err := w.start(ctx); err != nil {
		return 0, err
	}
	child, in := w.child, w.in
	wrote := make(chan struct{})
	go func() { // ends when the process has read all, or is gone
		defer close(wrote)
		if _, err := in.Write(bytes.Join(lines, nil)); err != nil {
			return // it died: reading its answers says so
		}
	}()
	unhook := context.AfterFunc(ctx, func() { w.kill(child) })
	defer unhook()
	for answered < len(lines) {
		line, err := w.out.ReadBytes('\n')
		if err != nil {
			how := w.reap()
			<-wrote
			if cause := context.Cause(ctx); cause != nil {
				return answered, cause
			}
			return answered, &workerDied{how}
		}
		w.backoff = 0
		err = answer(answered, line[:len(line)-1], w.out.Buffered() > 0 && answered+1 < len(lines))
		answered++
		if err != nil {
			w.kill(child)
			<-wrote
			return answered, err
		}
	}
	<-wrote
	return answered, nil
}

func (w *worker) kill(child *exec.Cmd) {
	if child == w.child {
		w.group.send(syscall.SIGKILL)
	}
}

// reap waits for a process whose output has ended, and says how it ended.
func (w *worker) reap() error {
	_ = w.in.Close() // it may still read
	timer := time.AfterFunc(workerGrace, func() { w.group.send(syscall.SIGKILL) })
	defer timer.Stop()
	err := w.child.Wait()
	w.child = nil
	return err
}

// close ends the process: its stdin ends, and it has a moment to do what it still wants
// to do. Complaints of a process that was asked to end are its own.
func (w *worker) close() error {
	if w == nil || w.child == nil {
		return nil
	}
	err := w.in.Close()
	timer := time.AfterFunc(workerGrace, func() { w.group.send(syscall.SIGKILL) })
	defer timer.Stop()
	if _, copied := io.Copy(io.Discard, w.out); copied != nil && err == nil {
		err = copied
	}
	var exit *exec.ExitError
	if waited := w.child.Wait(); waited != nil && !errors.As(waited, &exit) {
		err = errors.Join(err, waited)
	}
	w.child = nil
	if err != nil {
		return fmt.Errorf("--exec: %w", err)
	}
	return nil
}

// workers are the workers of all members.
type workers struct {
	mu  sync.Mutex
	all []*worker
}

func (w *workers) add(one *worker) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, one)
}

// close ends them; their members must have ended.
func (w *workers) close() error {
	errs := make([]error, len(w.all))
	var closing sync.WaitGroup
	for i, one := range w.all {
		closing.Go(func() { errs[i] = one.close() })
	}
	closing.Wait()
	return errors.Join(errs...)
}
