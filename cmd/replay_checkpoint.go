package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"kstream/cmd/input"
	"kstream/kafka"
)

// A checkpoint makes what was copied, and that it was, a fact: a transaction ends with so
// many records or after so long. Larger ones cost less and show readers the records
// later; the client holds back as many at most.
const (
	checkpointRecords = 100_000
	checkpointEvery   = 500 * time.Millisecond
)

// openSink makes ready where records go to, for one pass.
func (r *replay) openSink(polling, live context.Context) error {
	if r.dst.file != "" || r.flags.dryRun {
		sink, err := r.openOther()
		r.sink = sink
		return err
	}
	ship, err := openShipper(r.ends.target.Config, r.producerConfig(), r.undelivered, r.producerNotice)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.ship, r.sink, r.first = ship, ship, nil
	r.mu.Unlock()
	if !r.transactions {
		return nil
	}
	if err := ship.producer.TakeOver(polling); err != nil {
		return errors.Join(err, r.closeSink())
	}
	return ship.begin(live)
}

func (r *replay) producerConfig() kafka.ProducerConfig {
	pc := kafka.ProducerConfig{Compression: r.flags.compression, MaxBatch: r.ends.maxBatch}
	if r.transactions {
		pc.Transactional = transactionalPrefix + r.flags.name
	}
	if r.tempo == nil {
		pc.Linger = bulkLinger
	}
	return pc
}

// closeSink ends a pass. What was not settled is lost.
func (r *replay) closeSink() error {
	r.mu.Lock()
	ship := r.ship
	r.ship = nil
	r.mu.Unlock()
	return ship.close()
}

// checkpointDue makes a checkpoint when it is time for one.
func (r *replay) checkpointDue(live context.Context) error {
	if !r.named || r.pending.records < checkpointRecords && r.env.Now().Before(r.due) {
		return nil
	}
	return r.checkpoint(live)
}

// checkpoint waits for what was sent, and keeps how far that is: in its transaction where
// there are such.
func (r *replay) checkpoint(live context.Context) error {
	r.due = r.env.Now().Add(checkpointEvery)
	if err := firstOf(r.sink.hand(live), r.sink.settle(live)); err != nil {
		return err
	}
	if err := firstOf(r.broken(), r.checkTargets(live)); err != nil {
		return err
	}
	if r.keeps() && !maps.Equal(r.next, r.kept) {
		if err := r.keep(live, r.kept); err != nil {
			return err
		}
	}
	r.total.take(&r.pending)
	r.sums.commit()
	return nil
}

// keeps says whether progress is stored.
func (r *replay) keeps() bool { return r.store != nil && !r.flags.dryRun }

// keep stores the positions but for those that are kept already, and ends the transaction
// that they belong to.
func (r *replay) keep(live context.Context, kept map[int32]int64) error {
	err := r.store.save(live, r.ship, r.next, kept)
	if err == nil {
		err = r.broken()
	}
	if err != nil {
		return fmt.Errorf("keep the progress of %s: %w", r.flags.name, err)
	}
	if r.transactions {
		if err := r.ship.producer.Commit(live); err != nil {
			r.doubt = &doubt{maps.Clone(r.next), r.pending, r.sums.open()}
			return fmt.Errorf("commit: %w", err)
		}
		r.commits++
		if err := r.ship.begin(live); err != nil {
			return err
		}
	}
	r.kept = maps.Clone(r.next)
	return nil
}

// doubt is what belongs to a transaction whose commit had no answer: the next pass finds
// out whether it counts.
type doubt struct {
	next  map[int32]int64
	tally replayTally
	sums  map[int32]replaySum
}

// settleDoubt counts what was in doubt when the positions that are kept are its own.
func (r *replay) settleDoubt() {
	if d := r.doubt; d != nil && maps.Equal(d.next, r.kept) {
		r.total.take(&d.tally)
		r.sums.count(d.sums)
	}
	r.doubt = nil
}

// abort takes the open transaction back after an error, and says whether another pass
// makes sense: after a takeover, or where nobody may write, it does not.
func (r *replay) abort(live context.Context, err error) error {
	r.mu.Lock()
	first, gaveUp := r.first, r.gaveUp
	r.mu.Unlock()
	r.pending = replayTally{}
	r.sums.drop()
	if errors.Is(err, kafka.ErrFenced) {
		return err
	}
	aborted := r.ship.producer.Abort(live)
	if errors.Is(aborted, kafka.ErrFenced) {
		return aborted
	}
	var interrupted *errInterrupted
	var f *fault
	switch {
	case gaveUp != nil:
		return gaveUp
	case first != nil && errors.Is(first.err, kafka.ErrUnreachable):
		return &passFailed{first.err}
	case first != nil:
		return r.refuse(first)
	case errors.As(err, &f), errors.As(err, &interrupted),
		errors.Is(err, kafka.ErrDenied), errors.Is(err, kafka.ErrAuth), errors.Is(err, kafka.ErrUnknownTopic), errors.Is(err, kafka.ErrCorrupt):
		return err
	}
	return &passFailed{err}
}

// refuse lets --on-error decide about a record that DST does not take: the next pass
// leaves it out.
func (r *replay) refuse(first *failedDelivery) error {
	err := r.deliveryError(first)
	if r.rules.action == "stop" || deliveryCode(first.err) != codeDeliveryFailed {
		return err
	}
	r.mu.Lock()
	r.refused[first.at] = first.err
	r.mu.Unlock()
	r.commits++ // it will come further
	return &passFailed{err}
}

// replayClock sleeps for a pace: what is packed goes out before, and checkpoints are made
// meanwhile.
type replayClock struct {
	r    *replay
	live context.Context // of the run
}

func (c replayClock) Now() time.Time { return c.r.env.Now() }

func (c replayClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := c.r.sink.hand(c.live); err != nil {
		return err
	}
	for until := c.Now().Add(d); ; {
		left := until.Sub(c.Now())
		if left <= 0 {
			return nil
		}
		if c.r.named {
			left = min(left, checkpointEvery)
		}
		if err := (input.WallClock{}).Sleep(ctx, left); err != nil {
			return err
		}
		if err := c.r.checkpointDue(c.live); err != nil {
			return err
		}
	}
}
