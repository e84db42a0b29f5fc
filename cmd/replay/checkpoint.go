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

// openTarget makes ready where records go to, for one pass.
func (r *run) openTarget(polling context.Context) error {
	pc := kafka.ProducerConfig{Compression: r.compression, MaxBatch: r.target.maxBatch}
	if r.transactions {
		pc.Transactional = r.idPrefix + r.progress.name
	}
	if r.pacer == nil {
		pc.Linger = record.BulkLinger
	}
	r.mu.Lock()
	r.first = nil
	r.mu.Unlock()
	return r.target.open(polling, pc, r.undelivered)
}

// closeTarget ends a pass. What was not settled is lost, and with transactions nobody counts
// on it.
func (r *run) closeTarget() error {
	if sender := r.target.sender; sender != nil && !r.transactions {
		r.mu.Lock()
		for _, p := range sender.Packed { // and never sent
			for i, at := range p.Origins {
				if r.isLetter(p.Topic()) {
					r.missing.letters++
				} else {
					r.missing.addOutgoing(&p.Outgoing, i, at)
				}
			}
		}
		r.mu.Unlock()
	}
	return r.target.close()
}

// resume finds where a pass begins: where the progress under the name ends, or at the
// beginning of what is read, which is then kept as progress at once, so that a relative
// position means the same to the next run.
func (r *run) resume(polling, live context.Context) (err error) {
	defer func() {
		if r.starts == nil && err == nil {
			r.starts = maps.Clone(r.next)
		}
	}()
	r.next = r.source.starts()
	r.due = r.env.Now().Add(checkpointEvery)
	if r.store == nil {
		r.kept = maps.Clone(r.next)
		return nil
	}
	found, lost, err := r.progress.load(polling)
	if err == nil && lost {
		err = r.checkCopied(polling)
	}
	if err != nil {
		return err
	}
	kept := map[int32]int64{}
	for partition := range r.next {
		if at, ok := found[partition]; ok {
			r.next[partition] = at.Next
			if !at.old {
				kept[partition] = at.Next
			}
		}
	}
	if len(kept) == len(r.next) {
		r.kept = kept
		r.resolve(r.target.sums)
		return nil
	}
	if r.dryRun {
		return nil
	}
	return r.keep(live, kept)
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
	if err := cli.FirstOf(r.target.sink.hand(live), r.settle(live)); err != nil {
		return err
	}
	if err := r.broken(); err != nil {
		return err
	}
	if r.pending.records+r.pending.letters > 0 {
		if err := r.target.check(live); err != nil {
			return err
		}
	}
	if r.keeps() && !maps.Equal(r.next, r.kept) {
		if err := r.keep(live, r.kept); err != nil {
			return err
		}
	}
	r.deduct()
	r.total.take(&r.pending)
	r.target.sums.commit()
	return nil
}

// settle waits until the fate of all that was sent is known, and puts aside what DST refused.
func (r *run) settle(live context.Context) error {
	return cli.FirstOf(r.target.sink.settle(live), r.putAside(live))
}

// keep stores the positions but for those that are kept already, and ends the transaction
// that they belong to.
func (r *run) keep(live context.Context, kept map[int32]int64) error {
	err := r.store.save(live, r.target.sender, r.next, kept)
	if err == nil {
		err = r.broken()
	}
	if err != nil {
		return fmt.Errorf("keep the progress of %s: %w", r.progress.name, err)
	}
	if r.transactions {
		if err := r.target.sender.session.Commit(live); err != nil {
			r.unresolved = &unresolvedCommit{maps.Clone(r.next), r.pending, r.target.sums.open()}
			return fmt.Errorf("commit: %w", err)
		}
		r.commits++
	}
	r.kept = maps.Clone(r.next)
	return nil
}

// abort takes the open transaction back after an error, and reports whether another pass
// makes sense: after a takeover, or where nobody may write, it does not.
func (r *run) abort(live context.Context, err error) error {
	r.mu.Lock()
	first, gaveUp := r.first, r.gaveUp
	r.mu.Unlock()
	r.pending = tally{}
	r.target.sums.drop()
	if errors.Is(err, kafka.ErrFenced) {
		return err
	}
	aborted := r.target.sender.session.Abort(live)
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
	r.change.refused[first.at] = first.err
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
	if err := c.r.target.sink.hand(c.live); err != nil {
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
