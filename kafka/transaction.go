package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// The transactions of a producer, of which Session makes use. What may be tried again is;
// a call that never comes back is left behind, and the producer with it.

// takeOverTries is how many times the time-out of a request taking over an id may take.
const takeOverTries = 3

// takeOver takes over the transactional id (KIP-98): an older producer with the same id is
// fenced, and a transaction that it left open is aborted.
func (p *Producer) takeOver(ctx context.Context) error {
	take := func() error {
		return p.transact(ctx, func(ctx context.Context) error { return p.client.InitTransactions(ctx) })
	}
	err := take()
	for tries := 1; err != nil && tries < takeOverTries && p.Err() == nil && ctx.Err() == nil; tries++ {
		if errors.Is(err, ErrDenied) || errors.Is(err, ErrAuth) || errors.Is(err, ErrFenced) {
			break
		}
		err = take()
	}
	return err
}

// begin starts a transaction; what is sent until commit or abort belongs to it.
func (p *Producer) begin() error {
	return p.explain(p.client.BeginTransaction())
}

// commit makes the records of the transaction visible to read_committed readers. It
// flushes first, and returns an error if a record of the transaction was not delivered; the
// caller must then abort.
func (p *Producer) commit(ctx context.Context) error {
	return p.transact(ctx, func(ctx context.Context) error { return p.client.CommitTransaction(ctx) })
}

// abort aborts the transaction. If a record of it was not delivered the producer must be
// closed and another one opened: librdkafka has assigned sequence numbers that the broker
// has not seen, and the next transaction would fail because of them.
func (p *Producer) abort(ctx context.Context) error {
	if p.lost {
		return p.Err()
	}
	defer p.purging()()
	return p.transact(ctx, func(ctx context.Context) error { return p.client.AbortTransaction(ctx) })
}

// discard fails all that waits to be sent or acknowledged, so that the fate of every record
// is known: nothing is reported after Close.
func (p *Producer) discard(ctx context.Context) {
	if p.lost || p.settled() {
		return
	}
	p.fail(errUndelivered)
	defer p.purging()()
	ctx, cancel := context.WithTimeout(ctx, p.cfg.timeout())
	defer cancel()
	_ = p.Flush(ctx) // the error of the producer
}

// purging runs purge until the function that it returns is called.
func (p *Producer) purging() (stop func()) {
	over := make(chan struct{})
	var purging sync.WaitGroup
	purging.Go(func() { p.purge(over) }) // ends with over
	return func() { close(over); purging.Wait() }
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

// transact calls a transaction function until it succeeds, fails for good, or the time
// for it is over. A transactional error that may be tried again is (KIP-588).
func (p *Producer) transact(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.timeout())
	defer cancel()
	for {
		err := p.within(ctx, call)
		var ke ck.Error
		if err == nil || !errors.As(err, &ke) || !ke.IsRetriable() || ctx.Err() != nil {
			return p.explain(err)
		}
		if err := pause(ctx, pollInterval); err != nil {
			return p.explain(ke)
		}
	}
}

// answerGrace is how long a call may take beyond the time that it was given.
const answerGrace = 2 * time.Second

// within makes a call of the client, and leaves it behind when it does not come back:
// SendOffsetsToTransaction can wait for ever for a coordinator that leaves the cluster
// (librdkafka's issues 5456 and 5511). The producer is lost then. Another one under its
// transactional id takes back what it left open.
func (p *Producer) within(ctx context.Context, call func(context.Context) error) error {
	if p.lost {
		return p.Err()
	}
	answer := make(chan error, 1)
	p.calls.Go(func() { answer <- call(ctx) }) // ends with the call; the client lives as long
	refused := time.NewTicker(pollInterval)
	defer refused.Stop()
	for ctx.Err() == nil {
		select {
		case err := <-answer:
			return err
		case <-refused.C:
			if err := p.Err(); errors.Is(err, ErrAuth) { // which the call would wait out
				p.lost = true
				return err
			}
		case <-ctx.Done():
		}
	}
	timer := time.NewTimer(answerGrace)
	defer timer.Stop()
	select {
	case err := <-answer:
		return err
	case <-timer.C:
	}
	p.lost = true
	p.fail(fmt.Errorf("%w: the transaction had no answer within %v", ErrUnreachable, p.cfg.timeout()))
	return p.Err()
}

// groupMetadata says in whose name a transaction commits offsets: a member as its
// group's coordinator knew it at that moment.
type groupMetadata struct {
	group *ck.ConsumerGroupMetadata
}

// sendOffsets makes the offsets of a group part of the transaction: they are committed
// with its records, or not at all. An offset is that of the record to be read next.
//
// The coordinator refuses them from a member that is no longer what group says
// (KIP-447), because another one may have its partitions. Then, and whenever the error
// is ErrTransaction, all that remains is to abort. Readers of the group's offsets wait
// while a transaction with such offsets is open, if they read only what is committed.
func (p *Producer) sendOffsets(ctx context.Context, offsets map[TopicPartition]int64, group *groupMetadata) error {
	list := clientOffsets(offsets)
	if len(list) == 0 {
		return nil
	}
	return p.transact(ctx, func(ctx context.Context) error {
		err := p.client.SendOffsetsToTransaction(ctx, list, group.group)
		var ke ck.Error
		if !errors.As(err, &ke) || !ke.TxnRequiresAbort() {
			return err
		}
		why := p.explain(ck.NewError(ke.Code(), ke.Code().String(), false))
		if errors.Is(why, ErrFenced) {
			return why
		}
		return fmt.Errorf("%w: offsets of the group: %w", ErrTransaction, why)
	})
}
