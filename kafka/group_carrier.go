package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Carrier carries the records of one member on, and commits what came of them instead
// of the member itself. Its calls come on the member's goroutine, inside rebalances too.
type Carrier interface {
	// Commit makes all that the member has acknowledged last, and all that came of it:
	// the one not without the other. It returns ErrTakenBack when it has undone what was
	// carried since the last Commit instead: the member then reads that again. Any other
	// error ends the member, and Commit is called once more before it leaves.
	Commit(c *Commitment) error
	// TakeBack undoes what was carried since the last Commit, as far as it can be: the
	// partitions belong to somebody else already, who reads it again.
	TakeBack()
}

// ErrTakenBack says that what was carried since the last commit was undone.
var ErrTakenBack = errors.New("what was done since the last commit was taken back")

// NoticeAborted is the notice that a Carrier gives of what it took back.
const NoticeAborted NoticeKind = "aborted"

// ChangeRewound says that a member reads again what was taken back; Offsets are where it
// goes on.
const ChangeRewound ChangeKind = "rewound"

// Commitment is what a member has acknowledged and not yet committed.
type Commitment struct {
	// Offsets are those of the records to be read next.
	Offsets map[TopicPartition]int64

	member *member
}

// Plain commits the offsets as a member without a Carrier does. Its error is to be
// returned as it is: some only mean that the commit is to be tried again later.
func (c *Commitment) Plain() error { return c.member.consumer.commit(c.Offsets, commitLimit) }

// Group is the member as its coordinator knows it now, for Producer.SendOffsets: the
// coordinator refuses the offsets when that is not true any more (KIP-447).
func (c *Commitment) Group() (*GroupMetadata, error) {
	group, err := c.member.client.GetConsumerGroupMetadata()
	if err != nil {
		return nil, explain(c.member.cfg, c.member.logs, err)
	}
	return &GroupMetadata{group}, nil
}

// store commits offsets, by the carrier where there is one.
func (m *member) store(due map[TopicPartition]int64) error {
	if m.carrier == nil {
		return m.consumer.commit(due, commitLimit)
	}
	return m.carrier.Commit(&Commitment{due, m})
}

// takenBack notes that the member must read again what it has read since the last
// commit. That has to wait until no rebalance callback runs.
func (m *member) takenBack() {
	m.rewindSoon()
	m.ledger.forget()
}

// rewindSoon lets the member drop what it fetches until rewind has succeeded.
func (m *member) rewindSoon() {
	if !m.rewinding {
		m.rewinding, m.stuck = true, time.Now()
	}
}

// rewindLimit is how long a member may not know where to begin, beyond the time-out of
// transactions: the offsets of one that somebody has left open are not stable (KIP-447).
const rewindLimit = 2 * time.Minute

// startLater says whether a member that cannot be told now where to begin may take the
// partitions all the same, and rewind when it can.
func (m *member) startLater(err error) bool {
	if m.carrier == nil || !errors.Is(err, errNoAnswer) {
		return false
	}
	m.rewindSoon()
	return true
}

// errNoAnswer says that the committed offsets cannot be told now.
var errNoAnswer = errors.New("committed offsets")

// commitNow is Event.Commit.
func (m *member) commitNow() error {
	err := m.commit()
	if err == nil && m.rewinding {
		return ErrTakenBack
	}
	return err
}

// rewind goes back to what the group has committed: the outcome of a commit may not be
// known, so the coordinator is asked. Nothing that was fetched before comes any more,
// because a seek makes it outdated. What was carried meanwhile of other partitions, and
// was not taken back, is committed first: it would be carried twice.
func (m *member) rewind() error {
	if len(m.parts) == 0 {
		m.rewinding = false
		return nil
	}
	if err := m.commit(); err != nil || len(m.ledger.due()) > 0 {
		return err
	}
	own := make(map[TopicPartition]int64, len(m.parts))
	for tp, p := range m.parts {
		if !p.gone {
			own[tp] = 0
		}
	}
	if len(own) == 0 { // of topics that were deleted nothing can be read again
		m.rewinding = false
		return nil
	}
	starts, unled, err := m.starts(clientOffsets(own))
	if m.polling.Err() != nil || errors.Is(err, errNoAnswer) && time.Since(m.stuck) < rewindLimit {
		return nil // never, or in a while
	}
	if m.rewinding = false; err != nil {
		return err
	}
	to := clientOffsets(starts)
	m.await(to, unled)
	refused, err := m.client.SeekPartitions(to)
	if err != nil {
		return explain(m.cfg, m.logs, err)
	}
	for _, r := range refused {
		if r.Error != nil {
			return fmt.Errorf("%s[%d]@%d: %w", *r.Topic, r.Partition, r.Offset, explain(m.cfg, m.logs, r.Error))
		}
	}
	m.ledger.disown(slices.Collect(maps.Keys(starts)))
	m.drop(slices.Collect(maps.Keys(starts)))
	m.ledger.own(starts)
	var resume []ck.TopicPartition
	for tp, start := range starts {
		p := m.parts[tp]
		p.next, p.from, p.atEnd = start, min(p.from, start), false
		if p.end != Follow && start >= p.end {
			m.finish(p)
			continue
		}
		if p.done {
			p.done = false
			m.open++
		}
		resume = append(resume, ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition})
	}
	m.last = nil
	if err := m.client.Resume(resume); err != nil {
		return explain(m.cfg, m.logs, err)
	}
	return m.tell(Change{Kind: ChangeRewound, Offsets: starts})
}
