package cmd

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kstream/kafka"
)

// Reasons for which a read ends before its records do.
var (
	errEnough = errors.New("enough records")
	errIdle   = errors.New("nothing has come for the idle timeout")
	errTimeUp = errors.New("the time is up")
	errGone   = errors.New("the reader of the output has gone")
)

// outputGrace is how long a signal waits for output that nobody takes.
const outputGrace = 4 * time.Second

// source hands on records until all are read or polling ends, whose cause it then
// returns. Each member has a receiver of its own, which runs on its goroutine; when live
// ends nobody takes what they emit.
type source interface {
	Run(polling, live context.Context, receiver func(member int) func(kafka.Event) error) error
	Close() error
}

// alone is a source without a group: its only member is number 1.
type alone struct {
	from interface {
		Run(ctx context.Context, emit func(kafka.Event) error) error
		Close() error
	}
}

func (a alone) Run(polling, _ context.Context, receiver func(member int) func(kafka.Event) error) error {
	return a.from.Run(polling, receiver(1))
}

func (a alone) Close() error { return a.from.Close() }

// consumption is the state that all goroutines of one consume share.
type consumption struct {
	*selected
	plan    *consumePlan
	printer *printer
	chunks  chan chunk
	order   *arrangement // nil: as the records come
	crew    *crew        // nil without a group
	workers workers      // of --exec
	watch   *watch       // nil without --watch
	admin   lentAdmin

	left    atomic.Int64 // of --count
	printed atomic.Int64
	spans   atomic.Int64               // partitions that are read
	full    atomic.Int64               // partitions that have all of --count-per-partition
	finish  func(kafka.TopicPartition) // nothing more of a partition is wanted; may be nil

	busy   atomic.Int32 // views that work on something
	newest atomic.Int64 // when the last of them was done, in nanoseconds since the epoch
	stop   context.CancelCauseFunc
}

func newConsumption(p *consumePlan, env *Env, stop context.CancelCauseFunc) *consumption {
	c := &consumption{
		selected: &selected{selection: p.selection, env: env}, plan: p, stop: stop,
		printer: &printer{stdout: env.Stdout, stderr: env.Stderr},
		chunks:  make(chan chunk, 2),
	}
	c.left.Store(math.MaxInt64)
	if p.flags.count > 0 {
		c.left.Store(p.flags.count)
	}
	if p.order != nil {
		c.order = p.order.open(c)
	}
	return c
}

// run carries records to stdout: one goroutine fetches, decodes and renders, one more
// prints.
func (p *consumePlan) run(ctx context.Context, env *Env) (err error) {
	defer p.close()
	polling, stop := context.WithCancelCause(ctx) // may we take on more work?
	defer stop(nil)
	if p.flags.limit.d > 0 {
		timer := time.AfterFunc(p.flags.limit.d, func() { stop(errTimeUp) })
		defer timer.Stop()
	}
	c := newConsumption(p, env, stop)
	defer func() { err = errors.Join(err, c.close()) }()
	src, err := c.open(polling)
	if cause := context.Cause(polling); err != nil && cause != nil && errors.Is(err, cause) {
		return c.ended(cause)
	}
	if err != nil {
		return err
	}
	return p.output.files.end(errors.Join(c.carry(polling, src), src.Close()))
}

// close gives back what the consumption itself opened.
func (c *consumption) close() error {
	c.admin.close()
	return errors.Join(c.order.close(), c.letters.close(), c.workers.close(), c.crew.close())
}

// carry runs the stages until the read ends and says how it ended.
func (c *consumption) carry(polling context.Context, src source) error {
	c.newest.Store(time.Now().UnixNano())
	stages, live := errgroup.WithContext(context.WithoutCancel(polling)) // may we finish what we hold?
	context.AfterFunc(live, func() { c.stop(nil) })
	giveUp, release := graceAfter(polling, outputGrace)
	defer release()
	c.printer.giveUp = giveUp
	if c.plan.output.header != "" {
		c.printer.pending = append(c.printer.pending, c.plan.output.header...)
	}
	c.show(polling, src)
	stages.Go(func() error {
		defer close(c.chunks)
		return c.read(polling, live, src)
	})
	stages.Go(func() error {
		defer c.watch.guard()
		return c.printer.print(c.chunks)
	})
	watches, done := context.WithCancel(polling)
	defer done()
	if c.plan.flags.idle.d > 0 {
		go c.watchIdle(watches) // ends with watches
	}
	go func() { // ends with watches
		if awaitHangup(watches, c.env.Stdout) {
			c.stop(errGone)
		}
	}()
	err := stages.Wait()
	if err := errors.Join(err, c.watch.end()); err != nil {
		return err
	}
	c.tellFailures()
	return errors.Join(c.unasked.err(), c.ended(context.Cause(polling)))
}

// read takes everything from src and then gives out what was arranged.
func (c *consumption) read(polling, live context.Context, src source) error {
	ticking := c.order.tick(live)
	err := src.Run(polling, live, c.watch.receiver(func(int) func(kafka.Event) error {
		view := c.newView()
		return func(ev kafka.Event) error { return view.render(live, ev) }
	}))
	ticking()
	cause := context.Cause(polling)
	if cause != nil && errors.Is(err, cause) {
		err = nil // the end was asked for; ended tells by whom
	}
	if err != nil || live.Err() != nil {
		return err
	}
	var interrupted *errInterrupted
	return c.order.finish(live, errors.As(cause, &interrupted))
}

// send hands a chunk to the printer; live ends when that has failed.
func (c *consumption) send(live context.Context, out chunk) error {
	select {
	case c.chunks <- out:
		return nil
	case <-live.Done():
		return context.Cause(live)
	}
}

// graceAfter gives a channel that closes some time after a signal has ended ctx.
func graceAfter(ctx context.Context, grace time.Duration) (over <-chan struct{}, release func()) {
	closing := make(chan struct{})
	ended, cancel := context.WithCancel(context.Background())
	unhook := context.AfterFunc(ctx, func() { // ends with release or the grace
		var interrupted *errInterrupted
		if !errors.As(context.Cause(ctx), &interrupted) {
			return
		}
		select {
		case <-time.After(grace):
			close(closing)
		case <-ended.Done():
		}
	})
	return closing, func() { unhook(); cancel() }
}

// watchIdle ends the read when nothing has come for the idle timeout. While records
// wait to be taken by whoever reads the output, the read is not idle.
func (c *consumption) watchIdle(ctx context.Context) {
	idle := c.plan.flags.idle.d
	for {
		quiet := time.Since(time.Unix(0, c.newest.Load()))
		if c.busy.Load() > 0 {
			quiet = 0
		}
		if quiet >= idle {
			c.stop(errIdle)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(idle - quiet):
		}
	}
}

// ended turns the reason for the end into the outcome of the command.
func (c *consumption) ended(cause error) error {
	f := c.plan.flags
	var interrupted *errInterrupted
	switch {
	case errors.Is(cause, errGone):
		return nil
	case errors.As(cause, &interrupted):
		if c.plan.endless {
			return nil
		}
		return interrupted
	case (errors.Is(cause, errIdle) || errors.Is(cause, errTimeUp)) && f.count > 0 && c.left.Load() > 0:
		return faultf(codeTimeout, "%d of %d records: %w", c.printed.Load(), f.count, cause)
	case c.plan.reading.bounded() && c.lost.Load() > 0:
		return faultf(codePartial, "%d records were gone before they were read", c.lost.Load())
	case f.failEmpty && c.printed.Load() == 0:
		return faultf(codeUnmet, "--fail-empty: nothing was printed")
	}
	return nil
}
