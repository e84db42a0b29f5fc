package pipe

import (
	"errors"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

// execute asks the command about the records of a batch and writes its answers as their
// new values. It returns how many records are done with.
func (m *member) execute(ev kafka.Event) (int, error) {
	m.execution = record.NewExecution(m.Asking, m.worker, ev, &pipeJob{m, ev}, func() bool { return m.Polling.Err() != nil })
	defer func() { m.execution = nil }()
	n, err := m.execution.Run()
	switch {
	case errors.Is(err, kafka.ErrTakenBack):
		return 0, err
	case errors.Is(err, record.ErrAskedEnough), m.Asking.Err() != nil && !errors.As(err, new(*cli.CodedError)):
		return n, nil // the answers that are missing come again
	}
	return n, err
}

// pipeJob writes what the command makes of the records of a batch.
type pipeJob struct {
	*member
	ev kafka.Event
}

// Line renders a record, and what --map made of it, if the steps keep it.
func (j *pipeJob) Line(i int, dst []byte) ([]byte, bool, error) {
	c, rec := j.changer, &j.ev.Batch.Records[i]
	keep, err := c.Look(j.Asking, rec)
	if err == nil && keep && c.Changes.Mapping != nil {
		keep, err = c.MapOnce(j.Asking)
	}
	if err != nil {
		j.begin(rec)
		return dst, false, record.OverOr(j.Asking, j.settle(rec, err))
	}
	if !keep {
		return dst, false, nil
	}
	return output.JSON{}.Append(dst, &c.Record.Message), true, nil
}

func (j *pipeJob) Answer(i, next int, a record.ExecAnswer) error {
	value := a.Value
	if !j.worker.JSON && len(a.Line) > 0 {
		value = record.TextJSON(a.Line)
	}
	if err := j.answered(j.ev, i, next, value); err != nil || j.Run.Limits.Count == 0 {
		return err
	}
	return j.commitDue(j.ev, next) // --count may be reached
}

func (j *pipeJob) Flush() error {
	j.Moved()
	return nil
}

func (j *pipeJob) Done(n int) error {
	j.acknowledge(j.ev.Batch, n)
	return j.commitDue(j.ev, n)
}

func (j *pipeJob) Foreign(int) { j.member.foreign++ }

func (j *pipeJob) Unanswered(i int, reason error) error {
	rec := &j.ev.Batch.Records[i]
	j.begin(rec)
	return j.settle(rec, &record.Unusable{Err: reason, What: record.Answered})
}

// answered writes a record with another value, which is JSON; without one it is dropped.
func (m *member) answered(ev kafka.Event, i, next int, value []byte) error {
	rec := &ev.Batch.Records[i]
	m.begin(rec)
	if value == nil {
		return nil
	}
	write := func() error {
		c := m.changer
		if m.route == nil {
			c.Record.Load(rec, c.Key.Rule, c.Value.Rule)
			c.KeepHeaders(rec)
		} else if _, err := c.Look(m.Asking, rec); err != nil { // --route sees it decoded
			return err
		}
		return c.WriteValue(m.working, value, m.put)
	}
	if m.suspected() {
		return m.alone(ev, i, next, write)
	}
	return m.settle(rec, write())
}
