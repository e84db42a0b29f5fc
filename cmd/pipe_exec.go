package cmd

import (
	"errors"

	"kstream/kafka"
	"kstream/output"
)

// execute asks the command about the records of a batch and writes its answers as their
// new values. It says how many records are done with.
func (m *pipeMember) execute(ev kafka.Event) (int, error) {
	m.execution = newExecution(m.worker, ev, &pipeJob{m, ev}, m.asking, func() bool { return m.polling.Err() != nil })
	defer func() { m.execution = nil }()
	n, err := m.execution.run()
	switch {
	case errors.Is(err, kafka.ErrTakenBack):
		return 0, err
	case errors.Is(err, errAskedEnough), m.asking.Err() != nil && !errors.As(err, new(*fault)):
		return n, nil // the answers that are missing come again
	}
	return n, err
}

// pipeJob writes what the command makes of the records of a batch.
type pipeJob struct {
	*pipeMember
	ev kafka.Event
}

// line renders a record, and what --map made of it, if the steps keep it.
func (j *pipeJob) line(i int, dst []byte) ([]byte, bool, error) {
	c, rec := j.changer, &j.ev.Batch.Records[i]
	keep, err := c.look(j.asking, rec)
	if err == nil && keep && c.changes.mapping != nil {
		keep, err = c.mapOnce(j.asking)
	}
	if err != nil {
		j.begin(rec)
		return dst, false, overOr(j.asking, j.settle(rec, err))
	}
	if !keep {
		return dst, false, nil
	}
	return output.JSON{}.Append(dst, &c.record.Message), true, nil
}

func (j *pipeJob) answer(i, next int, a execAnswer) error {
	value := a.value
	if !j.worker.json && len(a.line) > 0 {
		value = textJSON(a.line)
	}
	if err := j.answered(j.ev, i, next, value); err != nil || j.run.limits.count == 0 {
		return err
	}
	return j.commitDue(j.ev, next) // --count may be reached
}

func (j *pipeJob) flush() error {
	j.moved()
	return nil
}

func (j *pipeJob) done(n int) error {
	j.acknowledge(j.ev.Batch, n)
	return j.commitDue(j.ev, n)
}

func (j *pipeJob) foreign(int) { j.pipeMember.foreign++ }

func (j *pipeJob) unanswered(i int, reason error) error {
	rec := &j.ev.Batch.Records[i]
	j.begin(rec)
	return j.settle(rec, &unusable{reason, answered})
}

// answered writes a record with another value, which is JSON; without one it is dropped.
func (m *pipeMember) answered(ev kafka.Event, i, next int, value []byte) error {
	rec := &ev.Batch.Records[i]
	m.begin(rec)
	if value == nil {
		return nil
	}
	write := func() error {
		c := m.changer
		if m.route == nil {
			c.record.load(rec, c.key.rule, c.value.rule)
			c.keepHeaders(rec)
		} else if _, err := c.look(m.asking, rec); err != nil { // --route sees it decoded
			return err
		}
		return c.writeValue(m.working, value, m.put)
	}
	if m.suspected() {
		return m.alone(ev, i, next, write)
	}
	return m.settle(rec, write())
}
