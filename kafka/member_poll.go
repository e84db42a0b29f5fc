package kafka

import (
	"errors"
	"slices"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// What a member does for its group while a receiver is at work on a batch.

// ErrLeaving is returned by Event.Poll when the member is to leave: its receiver must begin
// no further record.
var ErrLeaving = errors.New("the member is leaving")

// pollNow is Event.Poll. Records that come meanwhile wait for the next fetch; where every
// record comes through the client's Poll, none is to come.
func (m *member) pollNow() error {
	if m.frozen.Load() {
		return nil
	}
	if m.fetcher == nil && !m.paused {
		m.paused = true
		if err := m.client.Pause(m.unfinished()); err != nil {
			return explain(m.cfg, m.logs, err)
		}
	}
	if err := m.serve(&m.held, m.onError); err != nil {
		return err
	}
	if m.failure != nil {
		return m.failure
	}
	if !m.rewinding {
		if err := m.commitDue(); err != nil {
			return err
		}
	}
	switch {
	case m.rewinding:
		return ErrTakenBack
	case m.polling.Err() != nil:
		return ErrLeaving
	}
	return nil
}

// resumeAll lets records come again after pollNow.
func (m *member) resumeAll() error {
	if !m.paused {
		return nil
	}
	m.paused = false
	return explain(m.cfg, m.logs, m.client.Resume(m.unfinished()))
}

// unfinished lists the member's partitions of which more is to be read.
func (m *member) unfinished() []ck.TopicPartition {
	var tps []ck.TopicPartition
	for _, p := range m.parts {
		if !p.done {
			tps = append(tps, ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition})
		}
	}
	return tps
}

// drop forgets what has come of partitions that are given away, or read from another
// place: it comes again, to whoever reads them.
func (m *member) drop(tps []TopicPartition) {
	gone := func(topic string, partition int32) bool {
		return slices.Contains(tps, TopicPartition{topic, partition})
	}
	h := &m.held
	h.Records = slices.DeleteFunc(h.Records, func(r Record) bool { return gone(r.Topic, r.Partition) })
	h.Signals = slices.DeleteFunc(h.Signals, func(s Signal) bool { return gone(s.Topic, s.Partition) })
}

// Owned reports whether record i of the batch is still the member's, by the assignment
// that it was fetched under. Without a group every record is.
func (b *Batch) Owned(i int) bool {
	if b.ledger == nil {
		return true
	}
	r := &b.Records[i]
	return b.ledger.owns(TopicPartition{r.Topic, r.Partition}, b.turn)
}

// Trail has the positions of the records of a batch, so that they can be acknowledged after
// the batch has been reused. It is not safe for concurrent use.
type Trail struct {
	ledger *ledger
	turn   int64
	runs   []trailRun
	next   []int64 // behind each record
}

// trailRun is a row of records of one partition.
type trailRun struct {
	TopicPartition
	first int // of its records
}

// Trail fills t with the positions of the batch's records; without a group it stays empty.
func (b *Batch) Trail(t *Trail) {
	t.ledger, t.turn, t.runs, t.next = b.ledger, b.turn, t.runs[:0], t.next[:0]
	if b.ledger == nil {
		return
	}
	var last *Record
	for i := range b.Records {
		r := &b.Records[i]
		if last == nil || r.Partition != last.Partition || r.Topic != last.Topic {
			t.runs = append(t.runs, trailRun{TopicPartition{r.Topic, r.Partition}, i})
		}
		last = r
		t.next = append(t.next, r.Offset+1)
	}
}

// Ack acknowledges the first n records.
func (t *Trail) Ack(n int) {
	if t.ledger == nil {
		return
	}
	var marks []mark
	for i, run := range t.runs {
		if run.first >= n {
			break
		}
		end := n
		if i+1 < len(t.runs) {
			end = min(n, t.runs[i+1].first)
		}
		marks = append(marks, mark{TopicPartition: run.TopicPartition, turn: t.turn, next: t.next[end-1]})
	}
	t.ledger.ack(marks)
}
