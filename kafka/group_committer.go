package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Committer commits in place of one member: the offsets of the records that the member
// has acknowledged, together with the results that were made of them. Its methods are
// called on the member's goroutine, also while a rebalance is under way.
type Committer interface {
	// Commit makes permanent the results since the last Commit and then, or in the same
	// transaction, the offsets of c. It returns ErrTakenBack if it has undone the results
	// instead; the member then reads their records again. Any other error ends the member,
	// and Commit is called once more before the member leaves.
	Commit(c *Commitment) error
	// TakeBack undoes the results since the last Commit, as far as that is possible: the
	// partitions have been lost to another member, which reads their records again.
	TakeBack()
}

// OffsetKeeper is a Committer that keeps offsets with the results itself, in a database: they
// win over those that the group has committed.
type OffsetKeeper interface {
	Committer
	// Begin is called for partitions that the member was given, and for all of its own when
	// results were taken back, with what the group has committed of each, -1 for nothing. It
	// returns where to begin; a partition that is missing begins where the group's offset or
	// GroupConfig.Reset says. An error ends the member.
	Begin(committed map[TopicPartition]int64) (map[TopicPartition]int64, error)
}

// ErrTakenBack is returned by Commit when the results since the last commit were undone.
var ErrTakenBack = errors.New("what was done since the last commit was taken back")

// NoticeAborted is the kind of the notice by which a Committer reports that it has undone
// results.
const NoticeAborted NoticeKind = "aborted"

// ChangeRewound is the kind of the change by which a member goes back to read records
// again whose results were undone. Offsets are where it goes on.
const ChangeRewound ChangeKind = "rewound"

// Commitment is what a member has acknowledged and not yet committed. It is valid until
// Commit returns.
type Commitment struct {
	// Offsets are the offsets to commit: those of the records to be read next.
	Offsets map[TopicPartition]int64

	member *member
}

// Plain commits the offsets as a member without a Committer does. Commit must return its
// error unchanged: the member retries after some errors.
func (c *Commitment) Plain() error { return c.member.consumer.commit(c.Offsets, commitLimit) }

// group returns the member's id and generation as of now, for a transaction. The
// coordinator refuses offsets that come with an outdated generation (KIP-447).
func (c *Commitment) group() (*groupMetadata, error) {
	group, err := c.member.client.GetConsumerGroupMetadata()
	if err != nil {
		return nil, explain(c.member.cfg, c.member.logs, err)
	}
	return &groupMetadata{group}, nil
}

// store commits offsets, through the committer if there is one.
func (m *member) store(due map[TopicPartition]int64) error {
	if m.committer == nil {
		return m.consumer.commit(due, commitLimit)
	}
	return m.committer.Commit(&Commitment{due, m})
}

// takenBack notes that the member must read again what it has read since the last
// commit. The seek itself has to wait until no rebalance callback runs.
func (m *member) takenBack() {
	m.rewindSoon()
	m.ledger.forget()
}

// rewindSoon makes the member drop what it fetches until rewind has succeeded.
func (m *member) rewindSoon() {
	if !m.rewinding {
		m.rewinding, m.stuck = true, time.Now()
	}
}

// rewindLimit is how long a member asks in vain where to begin. It exceeds the default
// transaction.timeout.ms of one minute: until a transaction that was left open times out,
// the offsets in it are not stable (KIP-447).
const rewindLimit = 2 * time.Minute

// kept asks a committer that keeps the offsets itself where to begin.
func (m *member) kept(committed []ck.TopicPartition) (map[TopicPartition]int64, error) {
	keeper, ok := m.committer.(OffsetKeeper)
	if !ok {
		return nil, nil
	}
	group := make(map[TopicPartition]int64, len(committed))
	for _, c := range committed {
		if c.Error == nil {
			group[TopicPartition{*c.Topic, c.Partition}] = max(int64(c.Offset), -1)
		}
	}
	return keeper.Begin(group)
}

// startLater reports whether a member that could not learn where to begin, because of err,
// may take the partitions all the same; it then rewinds once the offsets are known.
func (m *member) startLater(err error) bool {
	if m.committer == nil || !errors.Is(err, errNoAnswer) {
		return false
	}
	m.rewindSoon()
	return true
}

// errNoAnswer is wrapped by errors that mean the committed offsets are not known yet.
var errNoAnswer = errors.New("committed offsets")

// commitNow is Event.Commit.
func (m *member) commitNow() error {
	err := m.commit()
	if err == nil && m.rewinding {
		return ErrTakenBack
	}
	return err
}

// rewind seeks to what the group has committed. The coordinator is asked for it, because
// the outcome of the last commit may be unknown. Records fetched before the seek are
// discarded by the client. Results that were made since, of other partitions, and not
// undone are committed first, or their records would be processed twice.
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
	m.ledger.owe(m.behind)
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
