package consume

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// run is the state that all goroutines of one consume share.
type run struct {
	*record.Run
	plan    *Plan
	printer *cli.Printer
	chunks  chan cli.Chunk
	order   *ordering     // nil: as the records come
	stderr  *stderrSwitch // under --watch; nil without
	watch   *watch        // nil without --watch

	spans  atomic.Int64               // partitions that are read
	full   atomic.Int64               // partitions that have all of --count-per-partition
	finish func(kafka.TopicPartition) // nothing more of a partition is wanted; may be nil
}

// Summary is what one consume has counted.
type Summary struct {
	Printed int64 // records
	Lost    int64 // records that were gone before they were read
}

func newRun(p *Plan, env *cli.Env, stop context.CancelCauseFunc) *run {
	var stderr *stderrSwitch
	if p.watch { // what stderr is told goes to the log of the view while that is shown
		stderr = &stderrSwitch{to: env.Stderr}
		watched := *env
		watched.Stderr = stderr
		env = &watched
	}
	c := &run{
		stderr: stderr,
		Run:    record.NewRun(p.Selection, p.members, p.limits, env, stop), plan: p,
		printer: &cli.Printer{Stdout: env.Stdout, Stderr: env.Stderr},
		chunks:  make(chan cli.Chunk, 2),
	}
	if p.order != nil {
		c.order = p.order.open(c)
	}
	return c
}

// Run carries the records of the plan to stdout: one goroutine fetches, decodes and renders,
// one more prints.
func Run(ctx context.Context, env *cli.Env, p *Plan) (s Summary, err error) {
	polling, stop := context.WithCancelCause(ctx) // may we take on more work?
	defer stop(nil)
	defer p.limits.Time(stop)()
	c := newRun(p, env, stop)
	if err := p.OpenSerdes(c.Env); err != nil {
		return s, err
	}
	defer p.Close()
	c.Signals, c.Polling = ctx, polling
	defer func() { err = errors.Join(err, c.close()) }()
	src, err := c.open(polling)
	if cause := context.Cause(polling); err != nil && cause != nil && errors.Is(err, cause) {
		return s, c.Ended(cause)
	}
	if err != nil {
		return s, err
	}
	err = p.output.files.end(errors.Join(c.carry(polling, src), src.Close()))
	return Summary{Printed: c.Printed.Load(), Lost: c.Lost.Load()}, err
}

// close closes what the run itself opened.
func (c *run) close() error {
	return errors.Join(c.order.close(), c.Run.Close())
}

// carry runs the stages until the read ends and returns how it ended.
func (c *run) carry(polling context.Context, src record.Source) error {
	c.Newest.Store(time.Now().UnixNano())
	stages, live := errgroup.WithContext(context.WithoutCancel(polling)) // may we finish what we hold?
	context.AfterFunc(live, func() { c.Stop(nil) })
	defer c.bound()()
	if c.plan.output.header != "" {
		c.printer.Pending = append(c.printer.Pending, c.plan.output.header...)
	}
	c.show(polling, src)
	stages.Go(func() error { // ends with src
		defer close(c.chunks)
		return c.read(polling, live, src)
	})
	stages.Go(func() error { // ends when chunks is closed, or at a failed write
		defer c.watch.guard()
		return c.printer.Print(c.chunks)
	})
	watches, done := context.WithCancel(polling)
	defer done()
	if c.Limits.Idle > 0 {
		go c.WatchIdle(watches) // ends with watches
	}
	go func() { // ends with watches
		if cli.AwaitHangup(watches, c.Env.Stdout) {
			c.Stop(cli.ErrGone)
		}
	}()
	err := stages.Wait()
	if err := errors.Join(err, c.watch.end()); err != nil {
		return err
	}
	c.TellFailures()
	cause := context.Cause(polling)
	if c.printer.Cut {
		cause = cli.FirstOf(cli.Stopped(c.Signals), cause)
	}
	return errors.Join(c.Outage.Err(), c.Ended(cause))
}

// bound limits how long the run may take once it is to end.
func (c *run) bound() (release func()) {
	hurry, unhurry := cli.GraceAfter(cli.WritePatience, cli.IsHasty, c.Signals, c.Polling)
	giveUp, unbind := cli.GraceAfter(cli.OutputGrace, cli.IsHasty, c.Signals, c.Polling)
	p := c.printer
	p.Hurry, p.GiveUp, p.Gone, p.Notice = hurry, giveUp, c.Stop, c.Env.Notice
	asking, unask := cli.GraceOf(cli.AskingGrace, cli.IsHasty, c.Signals, c.Polling)
	c.Asking = asking
	return func() { unhurry(); unbind(); unask() }
}

// read renders everything from src, and then what --last and the like have held back.
func (c *run) read(polling, live context.Context, src record.Source) error {
	c.Tell = func(line string) {
		if !c.Env.Quiet && c.watch == nil {
			_ = c.send(live, cli.Chunk{Notices: []string{cli.OneLine(line)}}) // it fails when live ends, which the next chunk finds out
		}
	}
	ticking := c.order.tick(live)
	err := src.Run(polling, live, c.watch.receiver(func(member int) func(kafka.Event) error {
		view := c.newView(member)
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
	var interrupted *cli.InterruptedError
	return c.order.finish(live, errors.As(cause, &interrupted))
}

// send hands a chunk to the printer; live ends when that has failed.
func (c *run) send(live context.Context, out cli.Chunk) error {
	c.Busy.Add(1)
	defer func() {
		c.Moved()
		c.Busy.Add(-1)
	}()
	select {
	case c.chunks <- out:
		return nil
	case <-live.Done():
		return context.Cause(live)
	}
}
