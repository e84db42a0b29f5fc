package cmd

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"kstream/kafka"
)

// Reasons for which a read ends before its records do.
var (
	errEnough  = errors.New("enough records")
	errTooMany = errors.New("more records came")
	errIdle    = errors.New("nothing has come for the idle timeout")
	errTimeUp  = errors.New("the time is up")
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

// limits say when a read ends before its records do, and what an end means.
type limits struct {
	count     int64         // of records that count; 0: all
	idle      time.Duration // without a record; 0: for ever
	within    time.Duration // in all; 0: for ever
	failEmpty bool          // nothing printed is an error
	endless   bool          // nothing but a signal ends the read, which is then no interruption
}

// time ends the read when its time is up. Call release when the read is over.
func (l *limits) time(stop context.CancelCauseFunc) (release func()) {
	if l.within <= 0 {
		return func() {}
	}
	timer := time.AfterFunc(l.within, func() { stop(errTimeUp) })
	return func() { timer.Stop() }
}

// run is one reading until its records, its limits or a signal end it: alone or by
// members of a group, whose goroutines share it.
type run struct {
	*selected
	members *memberPlan // nil: without a group
	limits  limits
	crew    *crew   // nil without a group
	workers workers // of --exec
	admin   lentAdmin

	left    atomic.Int64 // of limits.count
	printed atomic.Int64
	busy    atomic.Int32 // receivers that wait for whoever takes what they made
	newest  atomic.Int64 // when something was last done, in nanoseconds since the epoch
	stop    context.CancelCauseFunc

	signals context.Context // ends with a signal
	polling context.Context // may we take on more work?
	asking  context.Context // may we wait for the command of --exec?
}

func newRun(s *selection, members *memberPlan, l limits, env *Env, stop context.CancelCauseFunc) *run {
	r := &run{selected: &selected{selection: s, env: env}, members: members, limits: l, stop: stop}
	r.left.Store(math.MaxInt64)
	if l.count > 0 {
		r.left.Store(l.count)
	}
	return r
}

// close gives back what the run itself opened.
func (r *run) close() error {
	r.admin.close()
	return errors.Join(r.letters.close(), r.workers.close(isHasty(context.Cause(r.polling)) || r.signals.Err() != nil), r.crew.close())
}

// claim takes one record from the budget of --count. It returns errEnough when none is
// left.
func (r *run) claim() error {
	switch left := r.left.Add(-1); {
	case left == 0:
		r.stop(errEnough)
	case left < 0:
		return errEnough
	}
	return nil
}

// find describes the topics. An endless read may begin with none, when that is asked
// for.
func (r *run) find(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	reading := r.reading
	switch {
	case reading.wait && reading.grows():
		return reading.refresh(ctx, admin)
	case reading.wait:
		return reading.await(ctx, admin)
	}
	return reading.find(ctx, admin)
}

// moved notes that something was done just now.
func (r *run) moved() { r.newest.Store(r.env.Now().UnixNano()) }

// watchIdle ends the read when nothing has come for the idle timeout: no record, no
// answer of a command. While records wait to be taken by whoever reads the output, the
// read is not idle.
func (r *run) watchIdle(ctx context.Context) {
	idle := r.limits.idle
	for {
		quiet := time.Since(time.Unix(0, r.newest.Load()))
		if r.busy.Load() > 0 {
			quiet = 0
		}
		if quiet >= idle {
			r.stop(errIdle)
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
func (r *run) ended(cause error) error {
	var interrupted *errInterrupted
	switch {
	case errors.Is(cause, errGone):
		return nil
	case errors.As(cause, &interrupted):
		if r.limits.endless {
			return nil
		}
		return interrupted
	case (errors.Is(cause, errIdle) || errors.Is(cause, errTimeUp)) && r.limits.count > 0 && r.left.Load() > 0:
		return faultf(codeTimeout, "%d of %d records: %w", r.printed.Load(), r.limits.count, cause)
	case r.reading.bounded() && r.lost.Load() > 0:
		return faultf(codePartial, "%d records were gone before they were read", r.lost.Load())
	case r.missing != nil:
		return r.missing
	case r.limits.failEmpty && r.printed.Load() == 0:
		return faultf(codeUnmet, "--fail-empty: nothing was printed")
	}
	return nil
}

// lentAdmin is an admin connection that may be closed early, aside from everything
// else.
type lentAdmin struct {
	*kafka.Admin
	closing sync.WaitGroup
}

// release closes the connection in the background; close waits for that.
func (a *lentAdmin) release() {
	if admin := a.Admin; admin != nil {
		a.Admin = nil
		a.closing.Go(admin.Close)
	}
}

func (a *lentAdmin) close() {
	a.release()
	a.closing.Wait()
}
