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

	// whole ends, with ErrTransaction as its cause, at the first record that is not
	// delivered: librdkafka sends nothing of the transaction any more, and would wait
	// until the others' deadlines.
	whole context.Context
	spoil context.CancelCauseFunc // guarded by run.mu
}

// takeOver takes over the transactional id and begins a transaction.
func (w *run) takeOver(ctx context.Context) error {
	if err := w.producer.InitTransactions(ctx); err != nil {
		return cli.FirstOf(cli.Stopped(ctx), err)
	}
	return w.begin(context.WithoutCancel(ctx))
}

func (w *run) begin(live context.Context) error {
	t := &w.transaction
	t.sent, t.failedBy = 0, w.failures()
	w.mu.Lock()
	if t.spoil != nil {
		t.spoil(nil)
	}
	t.whole, t.spoil = context.WithCancelCause(live)
	w.mu.Unlock()
	return w.producer.Begin()
}

// commit ends the open transaction, unless it is empty, and begins the next. One with
// a record that was not delivered is aborted: under --on-error stop that is the end.
func (w *run) commit(live context.Context) error {
	if w.transaction.sent == 0 {
		return nil
	}
	err := w.producer.Flush(w.transaction.whole)
	if err != nil && !errors.Is(err, kafka.ErrTransaction) {
		return err
	}
	if err := w.broken(); err != nil {
		return err
	}
	if w.failures() > w.transaction.failedBy {
		if err := w.abort(live); err != nil {
			return err
		}
		return w.renew(live)
	}
	if err := cli.FirstOf(err, w.committed(live)); err != nil {
		return err
	}
	return w.begin(live)
}

func (w *run) committed(live context.Context) error {
	if err := w.producer.Commit(live); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	w.transaction.committed += w.transaction.sent
	w.transaction.sent = 0
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rejects.forget()
	return nil
}

// abort takes the records of the open transaction back.
func (w *run) abort(live context.Context) error {
	err := w.producer.Abort(live)
	if n := w.lost(); err == nil {
		w.say("a transaction was aborted; records that it takes back: %d", n)
	} else {
		err = fmt.Errorf("abort: %w", err)
	}
	return err
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

// renew replaces the producer after a transaction that failed.
func (w *run) renew(live context.Context) error {
	if err := w.producer.Close(); err != nil {
		return err
	}
	next, err := w.openProducer()
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.producer = next
	w.mu.Unlock()
	return w.takeOver(live)
}

// end commits the last transaction at the end of the input, or aborts it after a
// failure.
func (w *run) end(live context.Context, err error) error {
	flushed := w.producer.Flush(w.transaction.whole)
	if errors.Is(flushed, kafka.ErrTransaction) {
		flushed = nil // what failed says more
	}
	err = cli.FirstOf(err, w.broken(), flushed)
	if err == nil && w.failures() == w.transaction.failedBy {
		if err = w.committed(live); err == nil {
			return nil
		}
	}
	if errors.Is(err, kafka.ErrFenced) || errors.Is(err, kafka.ErrUnreachable) {
		w.lost() // the new owner of the id has aborted it, or the coordinator will in time
		return err
	}
	return cli.FirstOf(err, w.abort(live))
}

// failures counts records that were not delivered so far.
func (w *run) failures() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}
