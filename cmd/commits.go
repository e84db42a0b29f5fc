package cmd

import (
	"context"
	"errors"
	"fmt"

	"kstream/kafka"
)

// transaction is what is open of --transactional-id. It belongs to the goroutine that
// sends.
type transaction struct {
	sent      int64 // records of the open transaction
	failedBy  int64 // production.failed when it began
	committed int64 // records of those that were committed
	aborted   int64 // and of those that were not, without what failed by itself
}

// begin takes over the transactional id and opens the first transaction.
func (w *production) begin(ctx context.Context) error {
	if err := w.producer.InitTransactions(ctx); err != nil {
		return firstOf(stopped(ctx), err)
	}
	return w.producer.Begin()
}

// commit ends the open transaction, unless it is empty, and begins the next. One with
// a record that was not delivered is aborted: under --on-error stop that is the end.
func (w *production) commit(live context.Context) error {
	if w.transaction.sent == 0 {
		return nil
	}
	if err := w.producer.Flush(live); err != nil {
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
	if err := w.committed(live); err != nil {
		return err
	}
	return w.producer.Begin()
}

func (w *production) committed(live context.Context) error {
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
func (w *production) abort(live context.Context) error {
	err := w.producer.Abort(live)
	w.mu.Lock()
	failed := w.failed - w.transaction.failedBy
	w.transaction.failedBy = w.failed
	w.rejects.takeBack()
	w.mu.Unlock()
	n := max(0, w.transaction.sent-failed)
	w.transaction.aborted += n
	w.transaction.sent = 0
	if err != nil {
		return fmt.Errorf("abort: %w", err)
	}
	w.say("a transaction was aborted, and %d records with it", n)
	return nil
}

// renew replaces the producer after a transaction that failed.
func (w *production) renew(live context.Context) error {
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
	return w.begin(live)
}

// end commits the last transaction at the end of the input, or aborts it after a
// failure.
func (w *production) end(live context.Context, err error) error {
	err = firstOf(err, w.producer.Flush(live), w.broken())
	if err == nil && w.failures() == w.transaction.failedBy {
		if err = w.committed(live); err == nil {
			return nil
		}
	}
	if errors.Is(err, kafka.ErrFenced) || errors.Is(err, kafka.ErrUnreachable) {
		// The new owner of the id has aborted it, or the coordinator will in time.
		w.transaction.aborted += w.transaction.sent
		w.mu.Lock()
		defer w.mu.Unlock()
		w.rejects.takeBack()
		return err
	}
	return firstOf(err, w.abort(live))
}

// failures counts records that were not delivered so far.
func (w *production) failures() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}
