package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// CheckExec refuses an --exec-mode that is none.
func CheckExec(command, mode string, changed func(name string) bool) error {
	switch {
	case mode != "lines" && mode != "json":
		return cli.Usagef("--exec-mode %s: want lines or json", mode)
	case command == "" && changed("exec-mode"):
		return cli.Usagef("--exec-mode goes with --exec")
	}
	return nil
}

// ExecBatch is how many records a member fetches at once under --exec.
const ExecBatch = 1024

// execDeaths is how often a command may die on one record before --on-error decides.
const execDeaths = 3

// Records are asked about one at a time at first, and more at once while the command is
// fast: what it has been given is waited for before partitions are given away.
const (
	execWindow = 256
	execFast   = 50 * time.Millisecond  // for all that was asked at once
	execSlow   = 250 * time.Millisecond // the same
)

// execPoll is how often the group is served while the command works.
const execPoll = 500 * time.Millisecond

// execQuiet is how long a command that has answered all is watched for a line too many;
// one that takes longer for its answers is watched longer.
const (
	execQuiet    = time.Millisecond
	execQuietMax = 20 * time.Millisecond
)

// execJob is what is asked, and what becomes of the answers.
type execJob interface {
	// Line appends record i of the batch as a record line. keep reports whether it is asked.
	Line(i int, dst []byte) (text []byte, keep bool, err error)
	// Answer takes what the command has made of record i; of the batch, the first next
	// records are done with then.
	Answer(i, next int, a ExecAnswer) error
	// Flush is called when no further answer is there.
	Flush() error
	// Done says that the first n records of the batch are done with.
	Done(n int) error
	// Foreign says that record i is somebody else's by now, and is passed over.
	Foreign(i int)
	// Unanswered lets --on-error decide about record i.
	Unanswered(i int, err error) error
}

// ExecAnswer is what a command has made of a record: a line, or under --exec-mode json a
// value, which is nil when there is none.
type ExecAnswer struct {
	Line  []byte
	Value []byte
}

// Execution asks a command about the records of one batch, and serves the member's group
// meanwhile. The member's goroutine owns it.
type Execution struct {
	*cli.Worker
	ev     kafka.Event
	job    execJob
	asking context.Context // may answers be waited for?
	over   func() bool     // is nothing more to be asked?

	next    int // the first record of the batch that was not looked at
	open    []question
	text    []byte
	first   int   // of the records at hand, the one that was answered last, or is to be
	leaving bool  // the member is
	dropped bool  // answers count no more: the batch was taken back
	ending  error // why no further record is looked at
	polled  time.Time
}

// question is a record that the command was asked about.
type question struct {
	index      int // in the batch
	number     int64
	start, end int // of its line in text
	got        *ExecAnswer
	err        error // the command's own, in its answer
}

// NewExecution returns what asks w about the records of ev. It waits for answers until
// asking ends or over reports that nothing more is wanted.
func NewExecution(asking context.Context, w *cli.Worker, ev kafka.Event, job execJob, over func() bool) *Execution {
	if w.Window == 0 {
		w.Window = 1
	}
	return &Execution{Worker: w, ev: ev, job: job, asking: asking, over: over, polled: time.Now()}
}

// Run asks about all records of the batch, or until there is a reason to ask no more. It
// returns how many of them are done with.
func (x *Execution) Run() (int, error) {
	for x.ending == nil && x.next < len(x.ev.Batch.Records) {
		if err := x.gather(); err != nil {
			return x.doneWith(), err
		}
		if len(x.open) == 0 {
			continue
		}
		if err := x.converse(); err != nil {
			if errors.Is(err, kafka.ErrTakenBack) {
				x.forget()
			}
			return x.doneWith(), err
		}
		if err := x.job.Done(x.next); err != nil {
			return x.next, err
		}
	}
	return x.next, x.ending
}

// ErrAskedEnough ends a batch of which nothing more is to be asked.
var ErrAskedEnough = errors.New("nothing more is to be asked")

// gather looks at records until as many are to be asked about as are asked at once.
func (x *Execution) gather() error {
	x.text = x.text[:0]
	for x.next < len(x.ev.Batch.Records) && len(x.open) < x.Window {
		if x.leaving || x.over() {
			x.ending = ErrAskedEnough
			return nil
		}
		if len(x.open) == 0 { // what is gathered is the member's until it is asked
			if err := x.pollDue(); err != nil {
				return err
			}
		}
		i := x.next
		if !x.ev.Batch.Owned(i) {
			x.job.Foreign(i)
			x.next++
			continue
		}
		number := x.Number + 1
		start := len(x.text)
		if x.JSON {
			x.text = fmt.Appendf(x.text, `{"number":%d,`, number)
		}
		at := len(x.text)
		text, keep, err := x.job.Line(i, x.text)
		if err != nil {
			x.text = x.text[:start]
			x.ending = err
			return nil
		}
		x.next++
		if x.text = text; !keep {
			x.text = text[:start]
			continue
		}
		if x.JSON { // the line's own brace
			x.text = append(x.text[:at], x.text[at+1:]...)
		}
		x.Number = number
		x.open = append(x.open, question{index: i, number: number, start: start, end: len(x.text)})
	}
	return nil
}

// doneWith is how many records of the batch are done with: those before the first that
// has no answer.
func (x *Execution) doneWith() int {
	if len(x.open) > 0 {
		return x.open[0].index
	}
	return x.next
}

// place names a record of the batch.
func (x *Execution) place(i int) string { return PlaceOf(&x.ev.Batch.Records[i]) }

// converse asks about the records that were gathered, again when the command dies, until
// all are answered.
func (x *Execution) converse() error {
	deaths := 0
	began := time.Now()
	for len(x.open) > 0 {
		if err := x.Start(x.asking); err != nil {
			return err
		}
		select {
		case block, more := <-x.Answers:
			if more {
				return x.surplus(x.open[0].index, block)
			}
		default:
		}
		var text []byte
		for _, q := range x.open {
			if q.got == nil {
				text = append(text, x.text[q.start:q.end]...)
			}
		}
		before := len(x.open)
		select {
		case x.Asks <- text:
		case <-x.asking.Done(): // it has answered before, and reads nothing
		}
		err := x.listen()
		var died *cli.WorkerDied
		if !errors.As(err, &died) {
			if err != nil {
				return err
			}
			continue
		}
		if len(x.open) < before {
			deaths = 0
		}
		if deaths++; deaths < execDeaths || len(x.open) == 0 {
			continue
		}
		if err := x.job.Unanswered(x.open[0].index, fmt.Errorf("--exec: died %d times on this record: %w", execDeaths, died)); err != nil {
			return err
		}
		x.open, deaths, x.Backoff = x.open[1:], 0, 0
	}
	took := time.Since(began)
	switch {
	case took < execFast:
		x.Window = min(2*x.Window, execWindow)
	case took > execSlow:
		x.Window = max(1, x.Window/4)
	}
	return x.quiet(took)
}

// listen takes answers until all questions have theirs. It returns a *workerDied when the
// command ends, and why the run ends when answers are waited for no longer.
func (x *Execution) listen() error {
	tick := time.NewTicker(execPoll)
	defer tick.Stop()
	for len(x.open) > 0 {
		select {
		case block, more := <-x.Answers:
			if !more {
				return &cli.WorkerDied{How: x.Reap()}
			}
			if err := x.take(block); err != nil {
				return err
			}
		case <-x.asking.Done():
			x.Kill()
			_ = x.Reap() // we ended it
			return context.Cause(x.asking)
		case <-tick.C:
			if err := x.pollDue(); err != nil {
				return err
			}
		}
	}
	return nil
}

// pollDue serves the group when it is time. What was answered long ago is done with.
func (x *Execution) pollDue() error {
	if x.ev.Poll == nil || time.Since(x.polled) < execPoll {
		return nil
	}
	if !x.dropped {
		if err := x.job.Done(x.doneWith()); err != nil {
			return err
		}
	}
	err := x.ev.Poll()
	x.polled = time.Now()
	if errors.Is(err, kafka.ErrLeaving) {
		x.leaving = true
		return nil
	}
	return err
}

// execSettle is how long partitions are kept for answers that are still to come.
const execSettle = 30 * time.Second

// Settle waits for the answers to what was asked, before partitions are given away.
func (x *Execution) Settle() error {
	if x == nil || len(x.open) == 0 || x.Child == nil {
		return nil
	}
	timer := time.NewTimer(execSettle)
	defer timer.Stop()
	for len(x.open) > 0 {
		select {
		case block, more := <-x.Answers:
			if !more {
				return nil // whoever listens says so
			}
			if err := x.take(block); err != nil {
				return err
			}
		case <-x.asking.Done():
			return nil
		case <-timer.C:
			return nil
		}
	}
	return x.job.Done(x.doneWith())
}

// forget takes the answers of a batch that was taken back, so that they are not those of
// the next.
func (x *Execution) forget() {
	x.dropped = true
	for len(x.open) > 0 {
		if err := x.listen(); err != nil && !errors.Is(err, kafka.ErrTakenBack) {
			return // the command has ended
		}
	}
}
