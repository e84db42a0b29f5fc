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
	"kstream/cmd/dump"
	"kstream/cmd/input"
	"kstream/cmd/record"
	"kstream/kafka"
)

// run is one run. One goroutine fetches; the one that calls run changes and sends; the
// producer's own report what became of the records.
type run struct {
	*Plan
	env    *cli.Env
	stop   context.CancelCauseFunc
	meter  *cli.Meter
	began  time.Time
	ends   ends
	from   *sourceTopic
	sink   sink
	sender *sender        // the sink, when that is a topic; replaced by each attempt
	store  *progressStore // nil when no progress is kept

	changer    *record.Changer
	changing   context.Context // may we wait for expressions and serdes?
	here       record.Origin   // of the record that is being changed
	next       map[int32]int64
	kept       map[int32]int64 // the positions that are kept as progress
	pending    tally           // since the last checkpoint
	total      tally
	left       int64 // of --count
	clock      input.Clock
	pacer      *pacer
	due        time.Time       // of the next checkpoint
	starts     map[int32]int64 // where this run began
	source     *dump.Reader    // SRC, when it is a file and not read yet
	dump       *dump.Writer    // DST, when it is a file
	pruned     int64           // records that were gone before they were read
	lost       int64           // letters that were not delivered
	sums       *sums
	sent       map[string]string // ids of topics, besides DST, that records went to since the last checkpoint
	gone       bool              // such a topic, or DST
	discarded  bool              // the dump, unfinished
	commits    int               // that succeeded
	unresolved *unresolvedCommit // of the last pass

	mu      sync.Mutex
	failure error           // the first delivery that failed for good
	cause   *record.Cause   // of failure
	causes  record.Failures // of all deliveries that failed for good
	failed  int64           // records among them
	missing tally           // what was sent since the last checkpoint and not delivered, without transactions
	first   *failedDelivery
	refused map[record.Origin]error // what is not to be sent again, with transactions
	aside   map[record.Origin]error // what --on-error dlq is still to put aside, without
	gaveUp  error                   // why deliveries are not waited for
}

// failedDelivery is a record that was not delivered.
type failedDelivery struct {
	at     record.Origin
	letter bool // it was to be put aside
	err    error
}

// sink takes records to where they are copied.
type sink interface {
	// put takes a record, whose topic and partition are those to go to.
	put(live context.Context, r *kafka.Record, at record.Origin) error
	// hand leaves nothing behind that would wait for the next record.
	hand(live context.Context) error
	// settle returns when all that was put has arrived, or failed.
	settle(live context.Context) error
}

// fetched is a batch on its way from the goroutine that fetches, or why there are no more.
type fetched struct {
	batch kafka.Batch
	err   error
}

// Run copies until the records, ctx or an error ends it, and reports what was copied.
func (p *Plan) Run(ctx context.Context, env *cli.Env) (err error) {
	if err := p.OpenSerdes(env); err != nil {
		return err
	}
	defer p.Close()
	polling, stop := context.WithCancelCause(ctx) // may we take on more work?
	defer stop(nil)
	live := context.WithoutCancel(ctx) // may we finish what we hold? yes: deliveries have deadlines
	r := &run{
		Plan: p, env: env, stop: stop, meter: cli.NewMeter(env, "copied"), began: env.Now(),
		left: math.MaxInt64, refused: map[record.Origin]error{}, aside: map[record.Origin]error{},
	}
	r.clock = clock{r, live}
	if p.flags.Count > 0 {
		r.left = p.flags.Count
	}
	defer func() { err = errors.Join(err, r.ends.close()) }()
	if err := r.open(polling, live); err != nil {
		return cli.FirstOf(cli.Stopped(polling), err)
	}
	if limit := p.flags.Limit.D; limit > 0 {
		timer := time.AfterFunc(limit, func() { stop(cli.ErrTimeUp) })
		defer timer.Stop()
	}
	return r.ended(polling, r.carry(polling, live))
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
	if err := r.openSink(polling); err != nil {
		return err
	}
	defer func() { err = cli.FirstOf(err, r.closeSink()) }()
	if err := r.resume(polling, live); err != nil {
		return err
	}
	feed, err := r.from.open(polling, r.next)
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
	batches, free := make(chan *fetched), make(chan *fetched, r.from.depth)
	for range r.from.depth {
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
			err = r.take(polling, live, &f.batch)
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
			r.atEnd()
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

// take copies a batch, as fast as the pace allows.
func (r *run) take(polling, live context.Context, b *kafka.Batch) error {
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
			if err := r.copyOne(live, &records[i]); err != nil {
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
	return r.sink.hand(live)
}

// copyOne changes and sends one record, or lets --on-error decide.
func (r *run) copyOne(live context.Context, rec *kafka.Record) error {
	r.here = record.Origin{Partition: rec.Partition, Offset: rec.Offset}
	var err error
	refused, known := error(nil), false
	if len(r.refused) > 0 {
		refused, known = r.refused[r.here]
	}
	switch {
	case known:
		err = &record.Unusable{Err: refused}
	case r.changer.Plain():
		err = r.write(live, rec)
	default:
		err = record.OverOr(r.changing, r.changer.Change(r.changing, rec, func(out *kafka.Record) error { return r.write(live, out) }))
	}
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

// write sends a record to DST.
func (r *run) write(live context.Context, rec *kafka.Record) error {
	out := *rec
	r.ends.address(&out)
	if r.redrive != nil {
		if goes, err := r.readdress(live, &out); err != nil || !goes {
			if err == nil {
				r.pending.exhausted++
			}
			return err
		}
	}
	if err := r.sink.put(live, &out, r.here); err != nil {
		return err
	}
	r.left--
	r.pending.add(r.here.Partition, len(rec.Key)+len(rec.Value))
	if r.sums != nil {
		r.sums.add(&out)
	}
	return nil
}
