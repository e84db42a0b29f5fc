package produce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/input"
)

// reading is what the reading goroutine hands over: records, and how they end.
type reading struct {
	batch    *input.Batch
	preamble []byte
	err      error
}

// read is the goroutine that owns the source.
func (w *run) read(polling context.Context, source input.Reader, preamble func() []byte, to chan<- reading) {
	defer close(to)
	made := 0
	for {
		b := w.batch(&made)
		b.SetLimit(batchLimit)
		if w.commitCount > 0 {
			b.SetLimit(int(min(w.commitCount, batchLimit)))
		}
		err := source.ReadBatch(b)
		to <- reading{b, preamble(), err}
		var bad *input.BadRecord
		if err != nil && !errors.As(err, &bad) || bad != nil && !w.skip {
			return
		}
		if polling.Err() != nil && err != nil {
			return
		}
	}
}

// Batches are read ahead of their acknowledgements: so many of so many records, or what
// came meanwhile when input trickles. The fewer, the more of their memory stays in the
// processor's caches; where acknowledgements take long, more are needed.
const (
	batchLimit = 1024
	fewBatches = 32
	maxBatches = 96
	longWait   = 20 * time.Millisecond
)

// batch returns an empty batch: one that came back, or a new one. made counts those.
func (w *run) batch(made *int) *input.Batch {
	select {
	case b := <-w.free:
		return b
	default:
	}
	if *made >= fewBatches {
		timer := time.NewTimer(longWait)
		defer timer.Stop()
		late := timer.C
		if *made == maxBatches {
			late = nil
		}
		select {
		case b := <-w.free:
			return b
		case <-late:
		}
	}
	*made++
	return input.NewBatch()
}

// lookEvery is how often a topic is looked for that records go to, which may be another one,
// and how long a failure is not told that the end may tell of.
const lookEvery = time.Second

// sendAll sends until the readings end, or until something ends them.
func (w *run) sendAll(live context.Context, readings <-chan reading) error {
	runtime.LockOSThread() // or malloc keeps a heap for each thread that the client copies records on
	defer runtime.UnlockOSThread()
	var tick <-chan time.Time
	if w.commitAfter > 0 {
		ticker := time.NewTicker(w.commitAfter)
		defer ticker.Stop()
		tick = ticker.C
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-tick:
			if err := w.commit(live); err != nil {
				return err
			}
		case <-look.C:
			w.tellNews()
			if err := w.session.Err(); err != nil { // also while no input comes
				return err
			}
			if !w.transactional() && w.replaced(live) { // else each commit looks
				if err := w.broken(); err != nil {
					return err
				}
			}
		case r, more := <-readings:
			if !more {
				return nil
			}
			if err := w.take(live, r); err != nil {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}
		}
	}
}

// take sends one reading and looks at how it ended.
func (w *run) take(live context.Context, r reading) error {
	l := w.track(r)
	defer w.release(l)
	n, err := 0, w.broken()
	if err == nil {
		n, err = w.encode(live, l)
	}
	if err != nil {
		w.notSent(l, n)
		return err
	}
	var bad *input.BadRecord
	var interrupted *cli.InterruptedError
	switch {
	case errors.As(r.err, &bad):
		return w.bad(l, bad)
	case errors.Is(r.err, context.Canceled) || errors.As(r.err, &interrupted):
		return io.EOF
	case r.err != nil && r.err != io.EOF && w.generated != nil:
		return cli.Errorf(cli.CodeBadData, "%w", r.err) // the template's
	}
	return r.err
}

// broken reports whether --on-error stop applies: something failed already. Nothing more is
// read either when what fails cannot be kept.
func (w *run) broken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.rejects.err; err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	if w.failure != nil && !w.skip {
		return w.failure
	}
	return nil
}

// leave counts what was read ahead and is not sent.
func (w *run) leave(readings <-chan reading) {
	for r := range readings {
		l := w.track(r)
		w.notSent(l, 0)
		w.release(l)
	}
}
