package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/input"
	"kstream/cmd/record"
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
func (r *run) openSink(polling context.Context) error {
	if r.dst.file != "" || r.flags.DryRun {
		sink, err := r.openOther()
		r.sink = sink
		return err
	}
	sender, err := openSender(r.ends.target.Config, r.producerConfig(), r.undelivered, r.producerNotice)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.sender, r.sink, r.first = sender, sender, nil
	r.mu.Unlock()
	if err := sender.session.TakeOver(polling); err != nil {
		return errors.Join(err, r.closeSink())
	}
	return nil
}

func (r *run) producerConfig() kafka.ProducerConfig {
	pc := kafka.ProducerConfig{Compression: r.flags.Compression, MaxBatch: r.ends.maxBatch}
	if r.transactions {
		pc.Transactional = transactionalPrefix + r.flags.Name
	}
	if r.pacer == nil {
		pc.Linger = record.BulkLinger
	}
	return pc
}

// closeSink ends a pass. What was not settled is lost.
func (r *run) closeSink() error {
	r.mu.Lock()
	sender := r.sender
	r.sender = nil
	if sender != nil && !r.transactions {
		for _, p := range sender.Packed { // and never sent
			for i, at := range p.Origins {
				if r.isLetter(p.Topic()) {
					r.missing.letters++
				} else {
					r.missing.addOutgoing(&p.Outgoing, i, at)
				}
			}
		}
	}
	r.mu.Unlock()
	return sender.close()
}

// checkpointDue makes a checkpoint when it is time for one.
func (r *run) checkpointDue(live context.Context) error {
	if !r.named || r.pending.records < checkpointRecords && r.env.Now().Before(r.due) {
		return nil
	}
	return r.checkpoint(live)
}

// checkpoint waits for what was sent, and keeps how far that is: in its transaction where
// there are such.
func (r *run) checkpoint(live context.Context) error {
	r.due = r.env.Now().Add(checkpointEvery)
	if err := cli.FirstOf(r.sink.hand(live), r.settle(live)); err != nil {
		return err
	}
	if err := cli.FirstOf(r.broken(), r.checkTargets(live)); err != nil {
		return err
	}
	if r.keeps() && !maps.Equal(r.next, r.kept) {
		if err := r.keep(live, r.kept); err != nil {
			return err
		}
	}
	r.deduct()
	r.total.take(&r.pending)
	r.sums.commit()
	return nil
}

// settle waits until the fate of all that was sent is known, and puts aside what DST refused.
func (r *run) settle(live context.Context) error {
	return cli.FirstOf(r.sink.settle(live), r.putAside(live))
}

// keeps reports whether progress is stored.
func (r *run) keeps() bool { return r.store != nil && !r.flags.DryRun }

// keep stores the positions but for those that are kept already, and ends the transaction
// that they belong to.
func (r *run) keep(live context.Context, kept map[int32]int64) error {
	err := r.store.save(live, r.sender, r.next, kept)
	if err == nil {
		err = r.broken()
	}
	if err != nil {
		return fmt.Errorf("keep the progress of %s: %w", r.flags.Name, err)
	}
	if r.transactions {
		if err := r.sender.session.Commit(live); err != nil {
			r.unresolved = &unresolvedCommit{maps.Clone(r.next), r.pending, r.sums.open()}
			return fmt.Errorf("commit: %w", err)
		}
		r.commits++
	}
	r.kept = maps.Clone(r.next)
	return nil
}

// unresolvedCommit is what belongs to a transaction whose commit had no answer: the next pass finds
// out whether it counts.
type unresolvedCommit struct {
	next  map[int32]int64
	tally tally
	sums  map[int32]sum
}

// resolve counts what belongs to the unresolved commit when the positions that are kept are
// its own.
func (r *run) resolve() {
	if u := r.unresolved; u != nil && maps.Equal(u.next, r.kept) {
		r.total.take(&u.tally)
		r.sums.count(u.sums)
	}
	r.unresolved = nil
}

// abort takes the open transaction back after an error, and reports whether another pass
// makes sense: after a takeover, or where nobody may write, it does not.
func (r *run) abort(live context.Context, err error) error {
	r.mu.Lock()
	first, gaveUp := r.first, r.gaveUp
	r.mu.Unlock()
	r.pending = tally{}
	r.sums.drop()
	if errors.Is(err, kafka.ErrFenced) {
		return err
	}
	aborted := r.sender.session.Abort(live)
	if errors.Is(aborted, kafka.ErrFenced) {
		return aborted
	}
	var interrupted *cli.InterruptedError
	var f *cli.CodedError
	switch {
	case gaveUp != nil:
		return gaveUp
	case first != nil && errors.Is(first.err, kafka.ErrUnreachable):
		return &passFailed{cause: first.err}
	case first != nil:
		return r.refuse(first)
	case errors.As(err, &f), errors.As(err, &interrupted),
		errors.Is(err, kafka.ErrDenied), errors.Is(err, kafka.ErrAuth), errors.Is(err, kafka.ErrUnknownTopic), errors.Is(err, kafka.ErrCorrupt):
		return err
	}
	return &passFailed{cause: err}
}

// refuse lets --on-error decide about a record that DST does not take: the next pass
// leaves it out.
func (r *run) refuse(first *failedDelivery) error {
	place, cause := r.deliveryError(first)
	err := fmt.Errorf("%s: %w", place, cause)
	if r.rules.Action == "stop" || cli.CodeOf(cause) != cli.CodeDeliveryFailed {
		return err
	}
	r.mu.Lock()
	r.refused[first.at] = first.err
	r.mu.Unlock()
	r.commits++ // it will come further
	return &passFailed{err, true}
}

// clock sleeps for a pace: what is packed goes out before, and checkpoints are made
// meanwhile.
type clock struct {
	r    *run
	live context.Context // of the run
}

func (c clock) Now() time.Time { return c.r.env.Now() }

func (c clock) Sleep(ctx context.Context, d time.Duration) error {
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
