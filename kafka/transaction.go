package kafka

import (
	"context"
	"errors"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// InitTransactions takes over the transactional id (KIP-98): an older producer with
// it is fenced, and a transaction that it left open is aborted.
func (p *Producer) InitTransactions(ctx context.Context) error {
	return p.transact(ctx, func(ctx context.Context) error { return p.client.InitTransactions(ctx) })
}

// Begin starts a transaction; what is sent until Commit or Abort belongs to it.
func (p *Producer) Begin() error {
	return p.explain(p.client.BeginTransaction())
}

// Commit makes the records of the transaction visible to read_committed readers. It
// flushes first, and fails when a record of the transaction was not delivered: then
// Abort.
func (p *Producer) Commit(ctx context.Context) error {
	return p.transact(ctx, func(ctx context.Context) error { return p.client.CommitTransaction(ctx) })
}

// Abort takes the records of the transaction back. When one of them was not delivered,
// close the producer and open another: librdkafka has given it sequence numbers that
// the broker has not seen, and the next transaction would fail because of them.
func (p *Producer) Abort(ctx context.Context) error {
	over := make(chan struct{})
	var purging sync.WaitGroup
	purging.Go(func() { p.purge(over) }) // ends with over
	defer purging.Wait()
	defer close(over)
	return p.transact(ctx, func(ctx context.Context) error { return p.client.AbortTransaction(ctx) })
}

// purge drops what waits to be sent, again and again until over is closed. An abort
// does so once, at its beginning, and then waits for the fate of every record: one whose
// request is answered in between, with an error that allows a retry, is put into the
// queue again and would stay there until its deadline.
func (p *Producer) purge(over <-chan struct{}) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			_ = p.client.Purge(ck.PurgeQueue | ck.PurgeInFlight | ck.PurgeNonBlocking) // the abort says what is wrong
		}
	}
}

// transact calls a transaction function until it succeeds, fails for good, or ctx
// ends. A transactional error that may be tried again is (KIP-588).
func (p *Producer) transact(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.timeout())
	defer cancel()
	for {
		err := call(ctx)
		var ke ck.Error
		if err == nil || !errors.As(err, &ke) || !ke.IsRetriable() || ctx.Err() != nil {
			return p.explain(err)
		}
		if err := pause(ctx, pollInterval); err != nil {
			return p.explain(ke)
		}
	}
}
