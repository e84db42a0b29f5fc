package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// What a member commits belongs to the topics that it has read, and to none that was
// created under the same name since.

// topicsOf lists the topics of partitions.
func topicsOf[V any](partitions map[TopicPartition]V) []string {
	names := map[string]bool{}
	for tp := range partitions {
		names[tp.Topic] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// learn notes which topics a member is given partitions of.
func (m *member) learn(partitions []ck.TopicPartition) error {
	given := map[TopicPartition]bool{}
	for _, p := range partitions {
		given[TopicPartition{*p.Topic, p.Partition}] = true
	}
	held := topicsOf(m.parts)
	found, _ := m.identify(context.Background(), topicsOf(given))
	for _, t := range found {
		i := m.known(t.Name)
		switch {
		case i < 0 && !slices.Contains(m.ids.former, t.Name):
			m.topics = append(slices.Clone(m.topics), t)
		case i >= 0 && m.topics[i].ID == t.ID:
		case slices.Contains(held, t.Name): // they begin anew too, but not in a rebalance
			m.ids.again = true
		case !m.follow:
			return fmt.Errorf("%s was deleted, and created again, while it was read: %w", t.Name, ErrUnknownTopic)
		default:
			m.remember(t)
			m.pending = append(m.pending, Notice{Kind: NoticeRecreated, Topic: t.Name, Partition: -1})
			m.freshen(t.Name)
		}
	}
	return nil
}

func (m *member) freshen(topic string) {
	if m.fresh == nil {
		m.fresh = map[string]bool{}
	}
	m.fresh[topic] = true
}

// renew prepares for reading a topic from its beginning: what was carried since the last
// commit is of the one before, or of the wrong place in this one.
func (m *member) renew(topic string) {
	m.freshen(topic)
	var tps []TopicPartition
	for tp := range m.parts {
		if tp.Topic == topic {
			tps = append(tps, tp)
		}
	}
	m.drop(tps)
	if m.committer != nil {
		m.committer.TakeBack()
		m.takenBack()
	}
}

// stillDue is what is to be committed of topics that are what they were. What is due of
// another is dropped: that one is read from its beginning.
func (m *member) stillDue() (map[TopicPartition]int64, error) {
	due := m.ledger.due()
	if len(due) == 0 || !m.ids.fetched {
		return due, nil
	}
	found, others := m.identify(m.group.live, topicsOf(due))
	for _, name := range others {
		if err := m.deleted(name); err != nil {
			return nil, err
		}
	}
	for _, t := range found {
		if i := m.known(t.Name); i >= 0 && m.topics[i].ID != t.ID {
			others = append(others, t.Name)
		}
	}
	if len(others) == 0 {
		return due, nil
	}
	m.ids.again = true
	if m.committer != nil {
		m.committer.TakeBack()
		m.takenBack()
		return nil, nil
	}
	var dropped []TopicPartition
	for tp := range due {
		if slices.Contains(others, tp.Topic) {
			dropped = append(dropped, tp)
			delete(due, tp)
		}
	}
	m.ledger.disown(dropped)
	return due, nil
}
