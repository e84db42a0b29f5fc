package cmd

import (
	"errors"
	"fmt"

	"kstream/kafka"
	"kstream/output"
)

// execute asks the command about the records of a batch and writes its answers as their
// new values. It says how many records are done with.
func (m *pipeMember) execute(ev kafka.Event) (int, error) {
	b := ev.Batch
	q, end, ending := m.question(b)
	deaths := 0
	for at := 0; at < len(q.lines); {
		first := at
		n, err := m.worker.ask(m.asking, q.lines[at:], func(i int, line []byte, _ bool) error {
			next := q.next(first+i+1, end)
			if err := m.answered(ev, q.index[first+i], next, line); err != nil {
				return err
			}
			if err := m.commitDue(ev, next); err != nil {
				return err
			}
			return m.polling.Err()
		})
		at += n
		var died *workerDied
		switch {
		case err == nil:
			continue
		case errors.Is(err, kafka.ErrTakenBack):
			return 0, err
		case m.polling.Err() != nil && !errors.As(err, new(*fault)):
			return q.next(at, end), nil // the answers that are missing come again
		case !errors.As(err, &died):
			return q.next(max(0, at-1), end), err
		}
		if n > 0 {
			deaths = 0
		}
		if deaths++; deaths < execDeaths {
			continue
		}
		rec := &b.Records[q.index[at]]
		m.begin(rec)
		if err := m.settle(rec, &unusable{fmt.Errorf("--exec: died %d times on this record: %w", execDeaths, died), answered}); err != nil {
			return q.next(at, end), err
		}
		at, deaths, m.worker.backoff = at+1, 0, 0
	}
	return end, ending
}

// question renders the records that the steps keep, and what --map made of them, as
// record lines.
func (m *pipeMember) question(b *kafka.Batch) (q question, end int, err error) {
	c := m.changer
	var ends []int
	for i := range b.Records {
		rec := &b.Records[i]
		keep, err := c.look(m.working, rec)
		if err == nil && keep && c.changes.mapping != nil {
			keep, err = c.mapOnce(m.working)
		}
		if err != nil {
			m.begin(rec)
			if err = m.settle(rec, err); err != nil {
				return q.cut(ends), i, err // once those before it are answered
			}
			continue
		}
		if keep {
			q.text = output.JSON{}.Append(q.text, &c.record.Message)
			q.index, ends = append(q.index, i), append(ends, len(q.text))
		}
	}
	return q.cut(ends), len(b.Records), nil
}

// answered writes a record with the answer as its value.
func (m *pipeMember) answered(ev kafka.Event, i, next int, line []byte) error {
	rec := &ev.Batch.Records[i]
	m.begin(rec)
	if len(line) == 0 {
		return nil
	}
	write := func() error {
		c := m.changer
		if m.route == nil {
			c.record.load(rec, c.key.rule, c.value.rule)
			c.keepHeaders(rec)
		} else if _, err := c.look(m.working, rec); err != nil { // --route sees it decoded
			return err
		}
		return c.writeValue(m.working, textJSON(line), m.put)
	}
	if m.suspected() {
		return m.alone(ev, i, next, write)
	}
	return m.settle(rec, write())
}
