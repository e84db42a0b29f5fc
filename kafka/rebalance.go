package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// What a member does when partitions come and go.

// rebalance is the callback: it runs inside Poll, and inside Close, on the member's
// goroutine.
func (m *member) rebalance(_ *ck.Consumer, ev ck.Event) error {
	if m.abandoned.Load() {
		return nil
	}
	var err error
	switch ev := ev.(type) {
	case ck.AssignedPartitions:
		err = m.assigned(ev.Partitions)
	case ck.RevokedPartitions:
		err = m.revoked(ev.Partitions)
	}
	if err != nil && m.failure == nil {
		m.failure = err
	}
	return err
}

// cooperative reports whether rebalances are incremental (KIP-429). It is derived from the
// configuration, because librdkafka may never answer while a client is closing.
func (m *member) cooperative() bool {
	own := m.properties()
	return own["group.protocol"] == "consumer" || own["partition.assignment.strategy"] == "cooperative-sticky"
}

// assigned starts reading partitions at their committed offsets. A member that is
// leaving takes them without reading: they are revoked at once.
func (m *member) assigned(partitions []ck.TopicPartition) error {
	if m.closing {
		if m.cooperative() {
			return explain(m.cfg, m.logs, m.client.IncrementalAssign(partitions))
		}
		return explain(m.cfg, m.logs, m.client.Assign(partitions))
	}
	read, unread := m.divide(partitions)
	if err := m.learn(read); err != nil {
		return err
	}
	starts := map[TopicPartition]int64{}
	var unled []TopicPartition
	if len(read) > 0 {
		var err error
		starts, unled, err = m.starts(read)
		switch {
		case err == nil:
		case m.startLater(err):
			starts = map[TopicPartition]int64{}
			for _, p := range read {
				starts[TopicPartition{*p.Topic, p.Partition}] = 0
			}
		default:
			return err
		}
	}
	assign := clientOffsets(starts)
	m.await(assign, unled)
	paused := unread
	if m.rewinding { // nothing is read before it is known from where
		paused = append(assign, unread...)
	}
	m.forward(assign, true)
	assign = append(assign, unread...)
	var err error
	if m.cooperative() {
		err = m.client.IncrementalAssign(assign)
	} else {
		err = m.client.Assign(assign)
	}
	if err == nil && len(paused) > 0 {
		err = m.client.Pause(paused)
	}
	if err != nil {
		return explain(m.cfg, m.logs, err)
	}
	m.ledger.own(starts)
	m.ledger.owe(m.behind)
	m.last = nil
	for tp, start := range starts {
		p := &readPart{TopicPartition: tp, from: start, next: start, end: Follow, waits: true, corrupt: -1, looked: -1}
		m.parts[tp] = p
		m.open++
		if end, ok := m.group.gc.Ends[tp]; ok {
			p.waits = end.Ahead
			if p.end = end.Offset; start >= p.end {
				m.finish(p)
			}
		}
	}
	return m.tell(Change{Kind: ChangeAssigned, Offsets: starts, Unknown: m.rewinding})
}

// divide tells the partitions that are read from those that are only held, which are to be
// paused: their offset is of no meaning.
func (m *member) divide(partitions []ck.TopicPartition) (read, unread []ck.TopicPartition) {
	for _, p := range partitions {
		if only := m.group.gc.Only; only == nil || only(TopicPartition{*p.Topic, p.Partition}) {
			read = append(read, p)
			continue
		}
		p.Offset = 0
		unread = append(unread, p)
	}
	return read, unread
}

// await lets the client find out where to begin in partitions of which nobody can tell it
// yet: where Reset says, once they have a leader.
func (m *member) await(assign []ck.TopicPartition, unled []TopicPartition) {
	for i := range assign {
		if tp := (TopicPartition{*assign[i].Topic, assign[i].Partition}); slices.Contains(unled, tp) {
			if assign[i].Offset = ck.OffsetBeginning; m.group.gc.Reset == "latest" {
				assign[i].Offset = ck.OffsetEnd
			}
		}
	}
}

// starts finds where to begin: the committed offset, or where Reset says. Partitions in
// which the group has committed nothing and that nobody leads begin at 0 for now.
func (m *member) starts(partitions []ck.TopicPartition) (starts map[TopicPartition]int64, unled []TopicPartition, err error) {
	most, tries := millis(m.cfg.timeout(), 0, maxSpan), 3
	wait := most
	if m.committer != nil { // it is asked again, and the group waits for those in a callback
		wait, tries = min(most, int(commitLimit.Milliseconds())), 0
	}
	committed, err := m.client.Committed(partitions, wait)
	for ; err != nil && tries > 0 && m.group.live.Err() == nil; tries-- {
		committed, err = m.client.Committed(partitions, wait)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNoAnswer, explain(m.cfg, m.logs, err))
	}
	kept, err := m.kept(committed)
	if err != nil {
		return nil, nil, err
	}
	m.behind = map[TopicPartition]int64{}
	starts = map[TopicPartition]int64{}
	for _, c := range committed {
		tp := TopicPartition{*c.Topic, c.Partition}
		if offset, ok := kept[tp]; ok {
			if starts[tp] = offset; c.Offset != ck.Offset(offset) {
				m.behind[tp] = offset
			}
			continue
		}
		if c.Error != nil && m.committer != nil {
			return nil, nil, fmt.Errorf("%s: %w: %w", tp, errNoAnswer, explain(m.cfg, m.logs, c.Error))
		}
		if c.Error != nil {
			return nil, nil, fmt.Errorf("%s: committed offset: %w", tp, explain(m.cfg, m.logs, c.Error))
		}
		starts[tp] = int64(c.Offset)
		if c.Offset >= 0 {
			continue
		}
		if m.group.gc.Reset == "error" && !m.fresh[tp.Topic] {
			return nil, nil, fmt.Errorf("%s: %w: group %s has no committed offset here, and --offset-reset is error", tp, ErrFailed, m.group.gc.Name)
		}
		if end, ok := m.group.gc.Ends[tp]; ok && end.Empty { // nothing of it is read
			starts[tp] = end.Offset
			continue
		}
		start, end, err := m.client.QueryWatermarkOffsets(tp.Topic, tp.Partition, most)
		if err != nil && (mends(err) || errorOf(err).Code() == ck.ErrUnknownPartition) {
			starts[tp], unled = 0, append(unled, tp)
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", tp, explain(m.cfg, m.logs, err))
		}
		if starts[tp] = start; m.group.gc.Reset == "latest" && !m.fresh[tp.Topic] {
			starts[tp] = end
		}
	}
	return starts, unled, nil
}

// relinquish ends all reading before the client is closed: what was fetched is written
// out and committed. The callback inside Close would be too late for that: when an
// assignment is still to be handed over, librdkafka leaves the group first.
func (m *member) relinquish(limit time.Duration) error {
	tps := slices.Collect(maps.Keys(m.parts))
	if len(tps) == 0 {
		return nil
	}
	err := m.release(tps, ReasonLeaving, min(m.cfg.timeout()/2, limit), func() error {
		m.client.Poll(int(pollInterval.Milliseconds())) // so that a rebalance that refuses the commit goes on
		return m.failure
	})
	m.ledger.disown(tps)
	return err
}

// revoked gives partitions up, after what was fetched from them has been written out and
// committed. Partitions that were lost may belong to another member already; they are only
// forgotten.
func (m *member) revoked(partitions []ck.TopicPartition) error {
	var all, tps []TopicPartition
	for _, p := range partitions {
		tp := TopicPartition{*p.Topic, p.Partition}
		all = append(all, tp)
		if m.parts[tp] != nil {
			tps = append(tps, tp)
		}
	}
	var err error
	if len(tps) > 0 {
		err = m.release(tps, "rebalance", m.cfg.timeout()/2, func() error { return pause(m.group.live, pollInterval) })
	} else { // relinquish is at it: this is its last chance
		err = m.commit()
	}
	m.ledger.disown(all)
	m.drop(all)
	m.forward(partitions, false)
	if m.cooperative() {
		return errors.Join(err, explain(m.cfg, m.logs, m.client.IncrementalUnassign(partitions)))
	}
	return errors.Join(err, explain(m.cfg, m.logs, m.client.Unassign()))
}

// release writes out and commits what was fetched from partitions, and reads no more of
// them. A refused commit that may succeed later is tried again, after wait, for a while;
// then the next owner reads again what was not committed.
func (m *member) release(tps []TopicPartition, reason string, limit time.Duration, wait func() error) error {
	change := Change{Kind: ChangeRevoked, Reason: reason, Offsets: map[TopicPartition]int64{}}
	for _, tp := range tps {
		p := m.parts[tp]
		change.Offsets[tp] = p.next
		if !p.done {
			m.open--
		}
		if p.silent {
			m.spoke(p)
		}
		delete(m.parts, tp)
	}
	m.last = nil
	// A member that was silent for max.poll.interval.ms has left, and has no id any more.
	if m.client.AssignmentLost() || !m.closing && m.rk != nil && m.memberID() == "" {
		change.Kind, change.Reason = ChangeLost, "the session timed out, or the member was silent for max.poll.interval.ms"
		if m.committer != nil {
			m.committer.TakeBack()
			m.takenBack()
		}
		return m.tell(change)
	}
	written := make(chan struct{})
	change.Written = func() { close(written) }
	if err := m.tell(change); err != nil {
		return err
	}
	select {
	case <-written:
	case <-m.group.live.Done():
		return nil
	}
	for deadline := time.Now().Add(limit); ; {
		err := m.commit()
		if err != nil || len(m.ledger.due()) == 0 || m.client.AssignmentLost() {
			return err
		}
		if time.Now().After(deadline) {
			return m.uncommitted()
		}
		if wait() != nil {
			return m.failure
		}
	}
}

// uncommitted is the error of a member that had to give up what it could not commit.
func (m *member) uncommitted() error {
	if !m.closing {
		return nil // the next owner reads it again
	}
	return fmt.Errorf("commit: %w; what was printed since the last commit comes again", unanswered(m.cfg, m.logs))
}

// reassign starts fetching all partitions anew, each at its next offset: under the eager
// protocol none can be assigned alone. Those that are only held stay so.
func (r *Reader) reassign() error {
	held, err := r.client.Assignment()
	if err != nil {
		return explain(r.cfg, r.logs, err)
	}
	held = slices.DeleteFunc(held, func(p ck.TopicPartition) bool { return r.parts[TopicPartition{*p.Topic, p.Partition}] != nil })
	for i := range held {
		held[i].Offset = 0
	}
	all, done := slices.Clone(held), held
	for _, p := range r.parts {
		tp := ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition, Offset: ck.Offset(p.next)}
		all = append(all, tp)
		if p.done {
			done = append(done, tp)
		} else if !p.silent { // see seek
			p.silent = true
			r.silent++
		}
	}
	if err := r.client.Assign(all); err != nil {
		return explain(r.cfg, r.logs, err)
	}
	r.forward(all, true)
	return explain(r.cfg, r.logs, r.client.Pause(done))
}
