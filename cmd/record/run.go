package record

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// Source hands on records until all are read or polling ends, whose cause it then
// returns. Each member has a receiver of its own, which runs on its goroutine; when live
// ends nobody takes what they emit.
type Source interface {
	Run(polling, live context.Context, receiver func(member int) func(kafka.Event) error) error
	Close() error
}

// Alone is a source without a group: its only member is number 1.
type Alone struct {
	From interface {
		Run(ctx context.Context, emit func(kafka.Event) error) error
		Close() error
	}
}

// Run implements Source. The only member is number 1.
func (a Alone) Run(polling, _ context.Context, receiver func(member int) func(kafka.Event) error) error {
	return a.From.Run(polling, receiver(1))
}

// Close closes the reader.
func (a Alone) Close() error { return a.From.Close() }

// Limits say when a read ends before its records do, and what an end means.
type Limits struct {
	Count     int64         // of records that count; 0: all
	Idle      time.Duration // without a record; 0: for ever
	Within    time.Duration // in all; 0: for ever
	FailEmpty bool          // nothing printed is an error
	Endless   bool          // nothing but a signal ends the read, which is then no interruption
}

// Time ends the read when its time is up. Call release when the read is over.
func (l *Limits) Time(stop context.CancelCauseFunc) (release func()) {
	if l.Within <= 0 {
		return func() {}
	}
	timer := time.AfterFunc(l.Within, func() { stop(cli.ErrTimeUp) })
	return func() { timer.Stop() }
}

// Run is one reading until its records, its limits or a signal end it: alone or by
// members of a group, whose goroutines share it.
type Run struct {
	*Reading
	Members *Members // nil: without a group
	Limits  Limits
	Stats   *MemberStats // nil without a group
	workers cli.Workers  // of --exec
	Admin   lentAdmin

	left    atomic.Int64 // of limits.count
	Printed atomic.Int64
	Busy    atomic.Int32 // receivers that wait for whoever takes what they made
	Newest  atomic.Int64 // when something was last done, in nanoseconds since the epoch
	Stop    context.CancelCauseFunc
	joined  chan struct{} // closed when a member is told what it has to read
	join    sync.Once     // closes joined

	Signals context.Context // ends with a signal
	Polling context.Context // may we take on more work?
	Asking  context.Context // may we wait for the command of --exec?
}

// NewRun returns a run of s within l; members is nil for a reader of its own. What ends
// the run calls stop.
func NewRun(s *Selection, members *Members, l Limits, env *cli.Env, stop context.CancelCauseFunc) *Run {
	r := &Run{Reading: &Reading{Selection: s, Env: env, Endless: l.Endless}, Members: members, Limits: l, Stop: stop, joined: make(chan struct{})}
	r.left.Store(math.MaxInt64)
	if l.Count > 0 {
		r.left.Store(l.Count)
	}
	return r
}

// Close closes what the run itself opened.
func (r *Run) Close() error {
	r.Admin.close()
	return errors.Join(r.Letters.close(), r.workers.Close(cli.IsHasty(context.Cause(r.Polling)) || r.Signals.Err() != nil), r.Stats.Close())
}

// Claim takes one record from the budget of --count. It returns errEnough when none is
// left.
func (r *Run) Claim() error {
	switch left := r.left.Add(-1); {
	case left == 0:
		r.Stop(cli.ErrEnough)
	case left < 0:
		return cli.ErrEnough
	}
	return nil
}

// Find describes the topics. An endless read may begin with none, when that is asked
// for.
func (r *Run) Find(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	reading := r.Range
	switch {
	case reading.wait && reading.Grows():
		return reading.Refresh(ctx, admin)
	case reading.wait:
		return reading.await(ctx, admin)
	}
	return reading.Find(ctx, admin)
}

// Moved notes that something was done just now.
func (r *Run) Moved() { r.Newest.Store(r.Env.Now().UnixNano()) }

// Changed notes a change of what a member has to read, and returns its notice, or "".
func (r *Run) Changed(member int, c *kafka.Change) string {
	if c.Kind == kafka.ChangeAssigned {
		r.Moved()
		r.join.Do(func() { close(r.joined) })
	}
	return r.Stats.Changed(member, c)
}

// nothingAfter is how long a member of a group with the protocol consumer may be told nothing:
// it is not told that it has nothing to read (KIP-848), unlike one with the classic protocol.
const nothingAfter = 30 * time.Second

// WatchIdle ends the read when nothing has come for the idle timeout: no record, no
// answer of a command. While records wait to be taken by whoever reads the output, the
// read is not idle, nor is a group until it has told a member what to read.
func (r *Run) WatchIdle(ctx context.Context) {
	idle := r.Limits.Idle
	if r.Members != nil {
		var nothing <-chan time.Time
		if r.Members.Config.Protocol == "consumer" {
			nothing = time.After(nothingAfter)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.joined:
		case <-nothing:
		}
	}
	for {
		quiet := time.Since(time.Unix(0, r.Newest.Load()))
		if r.Busy.Load() > 0 {
			quiet = 0
		}
		if quiet >= idle {
			r.Stop(cli.ErrIdle)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(idle - quiet):
		}
	}
}

// Ended turns the reason for the end into the outcome of the command.
func (r *Run) Ended(cause error) error {
	var interrupted *cli.InterruptedError
	switch {
	case errors.Is(cause, cli.ErrGone):
		return nil
	case errors.As(cause, &interrupted):
		if r.Limits.Endless {
			return nil
		}
		return interrupted
	case (errors.Is(cause, cli.ErrIdle) || errors.Is(cause, cli.ErrTimeUp)) && r.Limits.Count > 0 && r.left.Load() > 0:
		return cli.Errorf(cli.CodeTimeout, "%d of %d records: %w", r.Printed.Load(), r.Limits.Count, cause)
	case r.Range.Bounded() && r.Lost.Load() > 0:
		return cli.Errorf(cli.CodePartial, "%d records were gone before they were read", r.Lost.Load())
	case r.Missing != nil:
		return r.Missing
	case r.Limits.FailEmpty && r.Printed.Load() == 0:
		return cli.Errorf(cli.CodeUnmet, "--fail-empty: nothing was printed")
	}
	return nil
}

// lentAdmin is an admin connection that may be closed early, aside from everything
// else.
type lentAdmin struct {
	*kafka.Admin
	closing sync.WaitGroup
}

// Release closes the connection in the background; close waits for that.
func (a *lentAdmin) Release() {
	if admin := a.Admin; admin != nil {
		a.Admin = nil
		a.closing.Go(admin.Close)
	}
}

func (a *lentAdmin) close() {
	a.Release()
	a.closing.Wait()
}
