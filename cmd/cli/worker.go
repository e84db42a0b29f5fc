package cli

import (
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

// Worker is the command of --exec for one member: a process that reads record lines and
// answers each with a line. It is started when it is first needed, and again when it has
// died. One goroutine owns it; one of its own writes what it is asked, one reads what it
// answers.
type Worker struct {
	Command string
	Env     *Env
	Vars    func() []string // NAME=VALUE, more for the environment of a process that starts now; nil: none
	JSON    bool            // --exec-mode json: answers carry the numbers of records

	Child   *exec.Cmd
	Kill    func() // ends the process and what it has started
	spared  func() // from then on a second signal need not kill it
	in      io.WriteCloser
	Asks    chan []byte // to the goroutine that writes; closed when the process is gone
	Answers chan []byte // whole lines; closed when the output has ended, and outErr says why
	Free    chan []byte
	outErr  error
	Backoff time.Duration
	Number  int64 // of the last record that was asked about
	Window  int   // how many records are asked about at once
}

const (
	workerBackoff    = 100 * time.Millisecond // before the second start, doubled each time
	workerBackoffMax = 5 * time.Second
	workerGrace      = 4 * time.Second // for the command to end when its stdin has
	workerHaste      = time.Second     // the same, when a signal has ended the run
	workerLine       = 64 << 20        // the longest answer
)

// WorkerDied is why a worker did not answer.
type WorkerDied struct{ How error }

func (e *WorkerDied) Error() string {
	if e.How == nil {
		return "the command ended"
	}
	return "the command ended: " + e.How.Error()
}

// Start makes sure that a process runs, waiting after deaths.
func (w *Worker) Start(ctx context.Context) error {
	if w.Child != nil {
		return nil
	}
	if w.Backoff > 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(w.Backoff):
		}
	}
	w.Backoff = min(max(workerBackoff, 2*w.Backoff), workerBackoffMax)
	child := exec.Command("sh", "-c", w.Command)
	child.Stderr, child.Env = w.Env.Stderr, w.Env.ChildEnviron()
	if w.Vars != nil {
		child.Env = append(child.Env, w.Vars()...)
	}
	child.WaitDelay = time.Second // a process that left the group may keep stderr
	group := OwnGroup(child, false)
	in, err := child.StdinPipe()
	if err != nil {
		return err
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return Usagef("--exec: %w", err)
	}
	w.Child, w.in, w.outErr = child, in, nil
	w.Kill = func() {
		group.Send(syscall.SIGKILL)
		_ = child.Process.Kill() // where there are no groups; it may have ended
	}
	w.spared = w.Env.Deaths.Add(w.Kill)
	w.Asks, w.Answers, w.Free = make(chan []byte, 1), make(chan []byte), make(chan []byte, 2)
	go writeAsks(in, w.Asks)                 // ends with asks
	go w.readAnswers(out, w.Answers, w.Free) // ends with the output, and reap or close take what it has
	return nil
}

// writeAsks writes to the process what it is asked. That it has died is for who reads its
// answers to say.
func writeAsks(in io.Writer, asks <-chan []byte) {
	for text := range asks {
		_, _ = in.Write(text)
	}
}

// readAnswers hands on what the process says, in whole lines.
func (w *Worker) readAnswers(out io.Reader, answers chan<- []byte, free <-chan []byte) {
	defer close(answers)
	var rest []byte
	for {
		var buf []byte
		select {
		case buf = <-free:
		default:
			buf = make([]byte, 0, 64<<10)
		}
		buf = append(buf[:0], rest...)
		if cap(buf)-len(buf) < 4096 {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		n, err := out.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		end := bytes.LastIndexByte(buf, '\n') + 1
		rest = append(rest[:0], buf[end:]...)
		if end > 0 {
			answers <- buf[:end]
		}
		if len(rest) > workerLine {
			w.outErr = fmt.Errorf("an answer of more than %d bytes", workerLine)
			return
		}
		if err != nil {
			return
		}
	}
}

// Reap waits for a process whose output has ended, or that was killed, and returns how it
// ended.
func (w *Worker) Reap() error { return w.end(workerGrace) }

// end waits for the end of the process, for so long, and then ends it.
func (w *Worker) end(grace time.Duration) error {
	_ = w.in.Close() // it may still read, or be gone
	timer := time.AfterFunc(grace, w.Kill)
	defer timer.Stop()
	drained := make(chan struct{})
	go func() { // ends with the output, which Wait closes
		defer close(drained)
		for range w.Answers { // nobody waits for them any more
		}
	}()
	err := w.Child.Wait()
	<-drained
	w.Kill() // what it has left running
	w.spared()
	close(w.Asks)
	w.Child = nil
	switch {
	case w.outErr != nil:
		return w.outErr
	case errors.Is(err, exec.ErrWaitDelay):
		return nil
	}
	return err
}

// close ends the process: its stdin ends, and it has a moment to do what it still wants
// to do. Complaints of a process that was asked to end are its own.
func (w *Worker) close(hasty bool) error {
	if w == nil || w.Child == nil {
		return nil
	}
	grace := workerGrace
	if hasty {
		grace = workerHaste
	}
	var exit *exec.ExitError
	if err := w.end(grace); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("--exec: %w", err)
	}
	return nil
}

// Workers are the workers of all members.
type Workers struct {
	mu  sync.Mutex
	all []*Worker
}

// Add makes w responsible for one. It is safe for concurrent use.
func (w *Workers) Add(one *Worker) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, one)
}

// Close ends them, sooner when the run was to end at once; their members must have ended.
func (w *Workers) Close(hasty bool) error {
	errs := make([]error, len(w.all))
	var closing sync.WaitGroup
	for i, one := range w.all {
		closing.Go(func() { errs[i] = one.close(hasty) }) // ends with the command, which is killed in time
	}
	closing.Wait()
	return errors.Join(errs...)
}
