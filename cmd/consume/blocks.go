package consume

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// blocks lets several goroutines work on one batch: each takes the next block of its records,
// runs the steps that need no decision and renders. What they made is put together in the
// order of the records by the member's own goroutine, which also takes from budgets and looks
// again at each record that --on-error has to decide about: so the result is that of one
// goroutine alone. They end before the member goes on.
//
// They pay where a record takes long, as gojq does. Fetching and printing have goroutines of
// their own, which keep two processors busy as long as records take less.
type blocks struct {
	scouts []*record.Looker // one a goroutine
	each   time.Duration    // a record takes, on one goroutine
	recent []time.Duration  // what it took; the least is each, for the others waited for the processor, too
	list   []block          // of the round at hand
}

// block is a run of records of a batch.
type block struct {
	first, end int           // its records
	next       int           // the first that is not done; end when all are
	out        cli.Chunk     // what they became
	earlier    cli.RecordEnd // how much of out is of other blocks: its text, its records
}

const (
	recordPays  = time.Microsecond       // the least that a record takes where blocks are made
	blocksPay   = time.Millisecond       // the least that all of them take
	blockTime   = time.Millisecond       // a block is to take
	blocksRound = 100 * time.Millisecond // until the group is thought of
	blockMost   = 1024                   // records
)

// newBlocks is nil where the records of a batch must be worked on one after the other, and
// where members have the processors already.
func (v *view) newBlocks() *blocks {
	n := runtime.GOMAXPROCS(0)
	if v.plan.members != nil {
		n /= v.plan.members.Config.Members
	}
	if n < 2 || v.order != nil || v.perPart != nil || v.Letters != nil || v.worker != nil {
		return nil
	}
	b := &blocks{scouts: make([]*record.Looker, n)}
	for i := range b.scouts {
		b.scouts[i] = v.NewScout()
	}
	return b
}

// pay reports whether n records are worth it.
func (b *blocks) pay(n int) bool {
	return b != nil && n > 1 && b.each >= recordPays && b.each*time.Duration(n) >= blocksPay
}

// took notes how long n records took one goroutine.
func (b *blocks) took(d time.Duration, n int) {
	if b != nil && n > 0 {
		b.recent = append(b.recent, d/time.Duration(n))
		b.recent = b.recent[max(0, len(b.recent)-4):]
		b.each = slices.Min(b.recent)
	}
}

// cut divides the records from first up to end.
func (b *blocks) cut(first, end int) {
	share := (end - first + 2*len(b.scouts) - 1) / (2 * len(b.scouts)) // a goroutine has two, so that none waits long for another
	size := max(1, min(share, blockMost, int(blockTime/b.each)))
	b.list = b.list[:0]
	for ; first < end; first += size {
		b.list = append(b.list, block{first: first, next: first, end: min(first+size, end)})
	}
}

// run works on blocks, from the first on, until all are done or the time of a round is over. It
// returns how many it has worked on.
func (b *blocks) run(work func(*record.Looker, *block)) int {
	began := time.Now()
	var taken atomic.Int64
	var working sync.WaitGroup
	for _, scout := range b.scouts[:min(len(b.scouts), len(b.list))] {
		working.Go(func() { // ends with the round
			for time.Since(began) < blocksRound { // asked before a block is taken, so that each that was taken is worked on
				n := int(taken.Add(1)) - 1
				if n >= len(b.list) {
					return
				}
				work(scout, &b.list[n])
			}
		})
	}
	working.Wait()
	n := min(int(taken.Load()), len(b.list))
	if n > 0 {
		b.took(time.Since(began)*time.Duration(min(len(b.scouts), len(b.list))), b.list[n-1].end-b.list[0].first)
	}
	return n
}

// renderBlocks renders records of the batch from the one at first on, and prints all but those
// of the last block, which are in out. It returns how many records of the batch are done with.
func (v *view) renderBlocks(ctx, live context.Context, ev kafka.Event, first int, shared bool, out *cli.Chunk) (int, error) {
	b := v.blocks
	b.cut(first, len(ev.Batch.Records))
	n := b.run(func(scout *record.Looker, work *block) {
		work.out = v.printer.Chunk()
		if work.first == first {
			work.out = *out
		}
		v.scout(ctx, scout, ev.Batch, shared, work)
	})
	for i := range b.list[:n] {
		done := &b.list[i]
		if i > 0 {
			v.acknowledges(out, ev, done.first)
			if err := v.send(live, *out); err != nil {
				return done.first, err
			}
			done.out.From = done.first
		}
		*out = done.out
		if at, err := v.finishBlock(ctx, ev, done, shared, out); err != nil {
			return at, err
		}
		first = done.end
	}
	clear(b.list)
	return first, nil
}

// scout renders the records of a block up to the first about which something is to be decided.
func (v *view) scout(ctx context.Context, scout *record.Looker, batch *kafka.Batch, shared bool, b *block) {
	b.earlier = cli.RecordEnd{Text: len(b.out.Text), Records: len(b.out.Ends)}
	for ; b.next < b.end; b.next++ {
		if shared && !batch.Owned(b.next) {
			continue
		}
		scout.Load(&batch.Records[b.next])
		keep, err := scout.Keep(ctx)
		if err != nil {
			return
		}
		if keep {
			v.show(&scout.Record, b.next, &b.out)
		}
	}
}

// finishBlock takes what a block became from the budget, and does the rest of its records.
func (v *view) finishBlock(ctx context.Context, ev kafka.Event, b *block, shared bool, out *cli.Chunk) (int, error) {
	if v.Limits.Count == 0 {
		v.printed += int64(len(out.Ends) - b.earlier.Records)
	} else {
		text := b.earlier.Text
		for i := b.earlier.Records; i < len(out.Ends); i++ {
			if err := v.Claim(); err != nil {
				at := out.Ends[i].Records - 1
				out.Text, out.Ends = out.Text[:text], out.Ends[:i]
				return at, err
			}
			text = out.Ends[i].Text
			v.printed++
		}
	}
	for ; b.next < b.end; b.next++ {
		if err := v.renderRecord(ctx, ev, b.next, shared, out); err != nil {
			return b.next, err
		}
	}
	return b.end, nil
}
