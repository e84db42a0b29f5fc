package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/input"
	"kstream/cmd/record"
	"kstream/kafka"
)

// run is one run: it carries records from the source to the target, changed, and keeps the
// progress. One goroutine fetches; the one that calls Run changes and sends; the producer's
// own report what became of the records.
type run struct {
	*Plan
	env    *cli.Env
	source *source
	change *change
	target *target
	*progress

	stop   context.CancelCauseFunc
	meter  *cli.Meter
	began  time.Time
	result *Summary // once the run is over
	left   int64    // of --count
	clock  input.Clock
	pacer  *pacer
	due    time.Time // of the next checkpoint

	changing context.Context // may we wait for expressions and serdes?
	here     record.Origin   // of the record that is being changed
	write    func(*kafka.Record) error

	mu      sync.Mutex
	failure error           // the first delivery that failed for good
	cause   *record.Cause   // of failure
	causes  record.Failures // of all deliveries that failed for good
	failed  int64           // records among them
	lost    int64           // letters that were not delivered
	missing tally           // what was sent since the last checkpoint and not delivered, without transactions
	first   *failedDelivery
	aside   map[record.Origin]error // what --on-error dlq is still to put aside, without transactions
	gaveUp  error                   // why deliveries are not waited for
}

// failedDelivery is a record that was not delivered.
type failedDelivery struct {
	at     record.Origin
	letter bool // it was to be put aside
	err    error
}

// fetched is a batch on its way from the goroutine that fetches, or why there are no more.
type fetched struct {
	batch kafka.Batch
	err   error
}

// Run copies what the plan says until the records, ctx or an error ends it, and reports what
// was copied. The summary is nil when nothing was begun.
func Run(ctx context.Context, env *cli.Env, p *Plan) (*Summary, error) {
	if err := p.OpenSerdes(env); err != nil {
		return nil, err
	}
	defer p.Close()
	polling, stop := context.WithCancelCause(ctx) // may we take on more work?
	defer stop(nil)
	live := context.WithoutCancel(ctx) // may we finish what we hold? yes: deliveries have deadlines
	r := &run{Plan: p, env: env, stop: stop, meter: cli.NewMeter(env, "copied"), began: env.Now(), left: math.MaxInt64, aside: map[record.Origin]error{}}
	if p.count > 0 {
		r.left = p.count
	}
	r.write = func(rec *kafka.Record) error { return r.send(live, rec) }
	clusters, err := r.open(polling, live)
	defer clusters.close()
	if err != nil {
		return nil, cli.FirstOf(cli.Stopped(polling), err)
	}
	if p.limit > 0 {
		timer := time.AfterFunc(p.limit, func() { stop(cli.ErrTimeUp) })
		defer timer.Stop()
	}
	err = r.ended(polling, r.carry(polling, live))
	return r.result, err
}

// open connects, finds SRC and DST, and refuses what cannot be.
func (r *run) open(ctx, live context.Context) (*clusters, error) {
	p := r.Plan
	if p.dst.file != "" && !p.dryRun {
		if err := checkFile(p.dst); err != nil {
			return nil, err
		}
	}
	clusters, err := connectBoth(ctx, r.env, p)
	if err != nil {
		return clusters, err
	}
	r.source = &source{plan: p, env: r.env, say: r.say, clusters: clusters}
	r.target = &target{plan: p, env: r.env, say: r.say, clusters: clusters, source: r.source}
	r.progress = &progress{plan: p, say: r.say, clusters: clusters, source: r.source}
	if err := r.source.find(ctx); err != nil {
		return clusters, err
	}
	if err := r.target.find(ctx); err != nil {
		return clusters, err
	}
	r.change = newChange(p)
	r.clock = clock{r, live}
	if r.pacer = newPacer(p, r.clock); r.pacer != nil && r.pacer.pace == nil {
		r.source.mergeByTime()
	}
	if p.verify {
		if err := r.target.openSums(live); err != nil {
			return clusters, err
		}
	}
	if p.named {
		return clusters, r.progress.open(ctx, r.target.topic)
	}
	return clusters, nil
}

// passes is how often a run begins again at the progress that is kept, without coming
// further, before it gives up.
const passes = 3

// carry copies until the end of the source. After a transaction that failed it begins
// again where the last one ended.
func (r *run) carry(polling, live context.Context) error {
	giveUp, release := cli.GraceAfter(cli.OutputGrace, cli.IsSignal, polling)
	defer release()
	changing, unbind := cli.GraceOf(cli.AskingGrace, cli.IsHasty, polling)
	defer unbind()
	r.changing = changing
	over := make(chan struct{})
	var patience sync.WaitGroup
	patience.Go(func() { // ends with over or the grace
		select {
		case <-giveUp:
			r.giveUp(fmt.Errorf("no acknowledgement %v after the signal: %w", cli.OutputGrace, cli.Stopped(polling)))
		case <-over:
		}
	})
	defer patience.Wait()
	defer close(over)
	for tries := 1; ; tries++ {
		commits := r.commits
		err := r.pass(polling, live)
		var again *passFailed
		if !errors.As(err, &again) {
			return err
		}
		if r.commits > commits {
			tries = 1
		}
		if tries == passes || polling.Err() != nil {
			return again.cause
		}
		if !again.refusal { // else the end names it, and how many there were
			r.say("%v; going on from the last transaction", again.cause)
		}
	}
}

// passFailed ends a pass whose transaction was taken back, and after which another may
// succeed.
type passFailed struct {
	cause   error
	refusal bool // of a record, which the next pass leaves out
}

func (e *passFailed) Error() string { return e.cause.Error() }

// pass copies from the progress that is kept, or the beginning, to the end.
func (r *run) pass(polling, live context.Context) (err error) {
	if err := r.openTarget(polling); err != nil {
		return err
	}
	defer func() { err = cli.FirstOf(err, r.closeTarget()) }()
	if err := r.resume(polling, live); err != nil {
		return err
	}
	feed, err := r.source.open(polling, r.next)
	if err != nil {
		return err
	}
	err = r.transfer(polling, live, feed)
	closed := feed.Close()
	r.undraw()
	switch {
	case err == nil:
		err = r.checkpoint(live)
	case !r.transactions:
		err = cli.FirstOf(err, r.settle(live)) // what was sent is delivered, or named
	}
	if err != nil && r.transactions {
		err = r.abort(live, err)
	}
	return cli.FirstOf(err, closed)
}

// transfer copies what feed returns. The end of the source, of --count and of polling are
// no errors: ended tells them apart.
func (r *run) transfer(polling, live context.Context, feed feed) error {
	fetching, done := context.WithCancelCause(polling)
	defer done(nil)
	batches, free := make(chan *fetched), make(chan *fetched, r.source.depth)
	for range r.source.depth {
		free <- new(fetched)
	}
	var fetcher sync.WaitGroup
	fetcher.Go(func() { fetch(fetching, feed, free, batches) }) // ends with fetching, or at the end of feed
	defer fetcher.Wait()
	defer done(nil)
	tick := time.NewTicker(checkpointEvery / 4)
	defer tick.Stop()
	for {
		var err error
		select {
		case f, more := <-batches:
			if !more {
				return nil // polling has ended
			}
			r.tell(f.batch.Notices)
			err = r.copyBatch(polling, live, &f.batch)
			if err == nil {
				err = f.err
			}
			free <- f
		case <-tick.C:
		}
		if err == nil {
			err = r.checkpointDue(live)
		}
		switch {
		case errors.Is(err, io.EOF):
			r.source.ended(r.next)
			return nil
		case errors.Is(err, cli.ErrEnough):
			return nil
		case err != nil && polling.Err() != nil && errors.Is(err, context.Cause(polling)):
			return nil
		case err != nil:
			return err
		}
	}
}

// fetch fills free batches until feed ends, fails, or ctx does. It closes batches.
func fetch(ctx context.Context, feed feed, free <-chan *fetched, batches chan<- *fetched) {
	defer close(batches)
	for {
		select {
		case f := <-free:
			f.err = feed.Next(ctx, &f.batch)
			last := f.err != nil
			if last && ctx.Err() != nil {
				return
			}
			select {
			case batches <- f:
			case <-ctx.Done():
				return
			}
			if last {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// copyBatch copies a batch, as fast as the pace allows.
func (r *run) copyBatch(polling, live context.Context, b *kafka.Batch) error {
	records := b.Records
	r.draw()
	for len(records) > 0 {
		if polling.Err() != nil {
			return context.Cause(polling)
		}
		n, err := r.pacer.take(polling, records)
		if err != nil {
			return err
		}
		for i := range records[:n] {
			if err := r.copyRecord(live, &records[i]); err != nil {
				return err
			}
		}
		records = records[n:]
		if r.pending.records >= checkpointRecords {
			if err := r.checkpointDue(live); err != nil {
				return err
			}
		}
		if err := r.asideDue(live); err != nil {
			return err
		}
	}
	return r.target.sink.hand(live)
}

// copyRecord changes and sends one record, or lets --on-error decide.
func (r *run) copyRecord(live context.Context, rec *kafka.Record) error {
	r.here = originOf(rec)
	err := r.change.apply(r.changing, rec, r.write)
	var bad *record.Unusable
	if errors.As(err, &bad) {
		err = r.unusable(live, rec, bad)
	}
	if err != nil {
		return err
	}
	r.next[rec.Partition] = rec.Offset + 1
	if r.left <= 0 { // more than so many, when the last record became several
		return cli.ErrEnough
	}
	return nil
}

// send writes and counts what the record at hand becomes.
func (r *run) send(live context.Context, rec *kafka.Record) error {
	out := *rec
	goes, err := r.target.put(live, &out, r.here)
	if err != nil {
		return err
	}
	if !goes {
		r.pending.exhausted++
		return nil
	}
	r.left--
	r.pending.add(r.here.Partition, len(rec.Key)+len(rec.Value))
	return nil
}
