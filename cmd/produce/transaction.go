package produce

import (
	"context"
	"errors"
	"fmt"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// transaction is what is open of --transactional-id. It belongs to the goroutine that
// sends.
type transaction struct {
	sent      int64 // records of the open transaction
	failedBy  int64 // run.failed when it began
	committed int64 // records of those that were committed
	aborted   int64 // and of those that were not, without what failed by itself
}

// takeOver takes over the transactional id, if there is one.
func (w *run) takeOver(ctx context.Context) error {
	if err := w.session.TakeOver(ctx); err != nil {
		return cli.FirstOf(cli.Stopped(ctx), err)
	}
	return nil
}

// commit ends the open transaction, unless it is empty. One with a record that was not
// delivered is taken back: under --on-error stop that is the end.
func (w *run) commit(live context.Context) error {
	if w.transaction.sent == 0 {
		return nil
	}
	err := w.session.Flush(live)
	if err != nil && !errors.Is(err, kafka.ErrTransaction) {
		return err
	}
	if err := w.broken(); err != nil {
		return err
	}
	if w.failures() > w.transaction.failedBy || w.replaced(live) {
		if err := w.broken(); err != nil {
			return err
		}
		return w.aborted(w.session.TakeBack(live))
	}
	return cli.FirstOf(err, w.committed(live))
}

func (w *run) committed(live context.Context) error {
	if err := w.session.Commit(live); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	w.transaction.committed += w.transaction.sent
	w.transaction.sent = 0
	w.mu.Lock()
	defer w.mu.Unlock()
	w.transaction.failedBy = w.failed
	w.rejects.forget()
	return nil
}

// aborted counts the records of the open transaction, which was taken back unless err says
// that this did not succeed.
func (w *run) aborted(err error) error {
	n := w.lost()
	if err != nil {
		return fmt.Errorf("abort: %w", err)
	}
	w.say("a transaction was aborted; records that it takes back: %d", n)
	return nil
}

// lost counts the records of the open transaction as aborted, those aside that failed
// by themselves, and keeps the input of them all.
func (w *run) lost() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &w.transaction
	n := max(0, t.sent-(w.failed-t.failedBy))
	t.aborted += n
	t.sent, t.failedBy = 0, w.failed
	w.rejects.takeBack()
	return n
}

// end commits the last transaction at the end of the input, or aborts it after a
// failure.
func (w *run) end(live context.Context, err error) error {
	flushed := w.session.Flush(live)
	if errors.Is(flushed, kafka.ErrTransaction) {
		flushed = nil // what failed says more
	}
	err = cli.FirstOf(err, w.broken(), flushed)
	if err == nil && w.failures() == w.transaction.failedBy && !w.replaced(live) {
		if err = w.committed(live); err == nil {
			return nil
		}
	}
	if errors.Is(err, kafka.ErrFenced) || errors.Is(err, kafka.ErrUnreachable) {
		w.lost() // the new owner of the id has aborted it, or the coordinator will in time
		return err
	}
	return cli.FirstOf(err, w.broken(), w.aborted(w.session.Abort(live)))
}

// failures counts records that were not delivered so far.
func (w *run) failures() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}
