package cmd

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kstream/kafka"
)

// consumption is the state that all goroutines of one consume share.
type consumption struct {
	*run
	plan    *consumePlan
	printer *printer
	chunks  chan chunk
	order   *arrangement // nil: as the records come
	watch   *watch       // nil without --watch

	spans  atomic.Int64               // partitions that are read
	full   atomic.Int64               // partitions that have all of --count-per-partition
	finish func(kafka.TopicPartition) // nothing more of a partition is wanted; may be nil
}

func newConsumption(p *consumePlan, env *Env, stop context.CancelCauseFunc) *consumption {
	c := &consumption{
		run: newRun(p.selection, p.members, p.limits, env, stop), plan: p,
		printer: &printer{stdout: env.Stdout, stderr: env.Stderr},
		chunks:  make(chan chunk, 2),
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
	defer p.limits.time(stop)()
	c := newConsumption(p, env, stop)
	c.signals, c.polling = ctx, polling
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
	return errors.Join(c.order.close(), c.run.close())
}

// carry runs the stages until the read ends and says how it ended.
func (c *consumption) carry(polling context.Context, src source) error {
	c.newest.Store(time.Now().UnixNano())
	stages, live := errgroup.WithContext(context.WithoutCancel(polling)) // may we finish what we hold?
	context.AfterFunc(live, func() { c.stop(nil) })
	defer c.bound()()
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
	if c.limits.idle > 0 {
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
	cause := context.Cause(polling)
	if c.printer.cut {
		cause = firstOf(stopped(c.signals), cause)
	}
	return errors.Join(c.unasked.err(), c.ended(cause))
}

// askingGrace is how long the command of --exec has for its answers once the run is to
// end.
const askingGrace = outputGrace / 2

// bound says how long the run may take once it is to end.
func (c *consumption) bound() (release func()) {
	hurry, unhurry := graceAfter(writePatience, isHasty, c.signals, c.polling)
	giveUp, unbind := graceAfter(outputGrace, isHasty, c.signals, c.polling)
	p := c.printer
	p.hurry, p.giveUp, p.gone, p.notice = hurry, giveUp, c.stop, c.env.notice
	asking, unask := graceOf(askingGrace, isHasty, c.signals, c.polling)
	c.asking = asking
	return func() { unhurry(); unbind(); unask() }
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
	c.busy.Add(1)
	defer func() {
		c.moved()
		c.busy.Add(-1)
	}()
	select {
	case c.chunks <- out:
		return nil
	case <-live.Done():
		return context.Cause(live)
	}
}
