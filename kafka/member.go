package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// member is one consumer of a group. Its goroutine, that of run, owns it.
type member struct {
	*Reader
	group  *Group
	number int
	id     string // that the coordinator gave last
	term   int32  // the generation, as it was last
	emit   func(Event) error
	ledger *ledger // also of the Reader

	polling   context.Context
	leave     context.CancelFunc
	frozen    atomic.Bool
	committed time.Time // when last
	beaten    time.Time // when last, see beatCheck
	ticked    time.Time // when last, see GroupConfig.Tick
	failure   error     // of a rebalance callback, whose error the client drops
	closing   bool
	committer Committer                // nil: the member commits by itself
	rewinding bool                     // what was taken back is to be read again
	behind    map[TopicPartition]int64 // what an OffsetKeeper knows and the group has not committed, of the last starts
	fresh     map[string]bool          // topics that were created again: read from their beginning
	stuck     time.Time                // since when
	paused    bool                     // see pollNow
}

func newMember(g *Group, number int) *member {
	m := &member{group: g, number: number, ledger: newLedger()}
	ctx, leave := context.WithCancel(g.polling)
	m.polling = ctx
	m.leave = leave
	return m
}

// heartbeat is the interval of heartbeats in milliseconds. By them a member hears of a
// rebalance; where members join one after the other it takes two until each has its part,
// and that within a second.
const heartbeat = 400

// beatCheck is how often librdkafka is made to see whether a heartbeat is due. By itself it
// looks once a second where nothing else happens.
const beatCheck = 100 * time.Millisecond

// properties returns the properties of one member for the configuration of the group.
func (m *member) properties() ck.ConfigMap {
	gc := m.group.gc
	own := ck.ConfigMap{
		"go.application.rebalance.enable": true,
		"client.id":                       "kstream-" + strconv.Itoa(m.number),
	}
	if gc.InstanceID != "" {
		own["group.instance.id"] = gc.InstanceID + "-" + strconv.Itoa(m.number-1)
	}
	if gc.Protocol == "consumer" {
		own["group.protocol"] = "consumer"
		if gc.Assignor != "" {
			own["group.remote.assignor"] = gc.Assignor
		}
		return own
	}
	own["partition.assignment.strategy"] = "cooperative-sticky"
	if gc.Assignor != "" {
		own["partition.assignment.strategy"] = gc.Assignor
	}
	if gc.SessionTimeout > 0 {
		own["session.timeout.ms"] = int(gc.SessionTimeout.Milliseconds())
		own["heartbeat.interval.ms"] = min(heartbeat, max(1, int(gc.SessionTimeout.Milliseconds()/10)))
	} else {
		own["heartbeat.interval.ms"] = heartbeat
	}
	return own
}

// run joins, hands on what comes until the member is to leave, and leaves.
func (m *member) run() error {
	defer m.leave()
	g := m.group
	c, err := openConsumer(g.cfg, consumerConfig{
		group: g.gc.Name, readUncommitted: g.gc.ReadUncommitted, share: g.gc.Members,
		bounded: !g.gc.follows(), batch: g.gc.BatchSize, onePerCall: g.gc.onePerCall, own: m.properties(),
	})
	if err != nil {
		return err
	}
	m.Reader = &Reader{
		consumer: c, parts: map[TopicPartition]*readPart{}, member: true,
		follow: g.gc.follows(), ended: true, ledger: m.ledger, refused: m.refused,
	}
	m.anew = m.renew
	m.emit = g.emit(m.number)
	if g.gc.Committer != nil {
		m.committer = g.gc.Committer(m.number)
	}
	m.committed = time.Now()
	if err := c.client.SubscribeTopics(g.gc.Topics, m.rebalance); err != nil {
		err = explain(g.cfg, c.logs, err)
		_ = c.close() // of a group that it never joined
		return err
	}
	err = m.work()
	left := time.Now().Add(leaveLimit)
	if err == nil { // else there may be no join to wait for
		m.arrive()
	}
	m.id, m.term = m.memberID(), m.generation()
	m.closing = true
	if left := m.relinquish(time.Until(left)); err == nil {
		err = left
	}
	m.depart(left)
	if closed := c.closeWithin(max(time.Until(left), leaveGrace)); err == nil {
		err = closed
	}
	if err == nil {
		err = m.failure
	}
	return errors.Join(err, m.tell(Change{Kind: ChangeLeft}))
}

// work is the member's loop.
func (m *member) work() error {
	var b Batch
	for m.polling.Err() == nil {
		if m.frozen.Load() {
			_ = pause(m.polling, pollInterval) // ends with the loop
			continue
		}
		if m.rewinding {
			if err := m.rewind(); err != nil {
				return err
			}
		}
		if err := m.step(m.polling, &b); err != nil {
			return err
		}
		if m.failure != nil {
			return m.failure
		}
		if m.rewinding { // in a rebalance: what was fetched follows on what was taken back
			b.Records, b.reached = b.Records[:0], b.reached[:0]
		}
		if len(b.Records)+len(b.Notices)+len(b.reached) > 0 {
			b.ledger, b.turn = m.ledger, m.ledger.now()
			err := m.emit(Event{Member: m.number, Batch: &b, Notices: b.Notices, Commit: m.commitNow, Poll: m.pollNow})
			if err = errors.Join(err, m.resumeAll()); err != nil {
				return err
			}
		}
		if err := m.tick(); err != nil {
			return err
		}
		if err := m.commitDue(); err != nil {
			return err
		}
		if time.Since(m.beaten) >= beatCheck {
			m.beaten = time.Now()
			m.memberID() // any question to the group's part of the client will do
		}
	}
	return nil
}

// tick emits a Silence when it is time for one.
func (m *member) tick() error {
	every := m.group.gc.Tick
	if every <= 0 || m.rewinding || time.Since(m.ticked) < every {
		return nil
	}
	m.ticked = time.Now()
	s := Silence{Commit: m.ledger.again}
	for tp, p := range m.parts {
		if p.atEnd && !p.gone {
			s.AtEnd = append(s.AtEnd, tp)
		}
	}
	return m.emit(Event{Member: m.number, Silence: &s})
}

// joinGrace is how long a member that is to leave waits for its first join to end.
const joinGrace = 3 * time.Second

// arrive lets a join end that is under way: a member that hangs up in the middle of its
// first one stays in the group, unheard of, until its session is over.
func (m *member) arrive() {
	deadline := time.Now().Add(joinGrace)
	for m.rk != nil && m.generation() < 0 && time.Now().Before(deadline) && m.group.live.Err() == nil {
		m.client.Poll(20) // nothing but the rebalance matters any more
	}
}

// leaveLimit is how long a member may take to leave: to let a join end, to commit, to give
// its partitions away and to close. leaveGrace is what each of the last two have at least.
const (
	leaveLimit = 4 * time.Second
	leaveGrace = time.Second
)

// depart gives the partitions up, through the callback, and leaves the group before the
// client closes: one that closes while the callback runs may never answer it again.
func (m *member) depart(deadline time.Time) {
	if m.lost() || m.client.Unsubscribe() != nil {
		return // Close does what can be done
	}
	for deadline = latest(deadline, time.Now().Add(leaveGrace)); time.Now().Before(deadline); {
		m.client.Poll(20)
		if len(m.parts) > 0 {
			continue
		}
		if assigned, err := m.client.Assignment(); err != nil || len(assigned) == 0 {
			return
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// commitDue commits when the interval is over.
func (m *member) commitDue() error {
	every := m.group.gc.CommitEvery
	if every <= 0 {
		every = time.Second
	}
	if time.Since(m.committed) < every && !m.finished() {
		return nil
	}
	return m.commit()
}

// finished reports whether a member with a committer has read all it is to read: then others
// may wait for what it has not committed.
func (m *member) finished() bool {
	return m.committer != nil && m.group.gc.Ends != nil && m.open == 0 && len(m.parts) > 0
}

// commitLimit is how long a member waits for the answer to a commit; meanwhile it reads
// nothing.
const commitLimit = time.Second

// commit commits what is due. A commit that a running rebalance refuses stays due
// (KIP-447 tells such refusals from final ones); so does one that found no
// coordinator.
func (m *member) commit() error {
	m.committed = time.Now()
	due, err := m.stillDue()
	if err != nil || len(due) == 0 {
		return err
	}
	err = m.store(due)
	if err == nil {
		m.ledger.settle(due)
		return m.tell(Change{Kind: ChangeCommitted, Offsets: due})
	}
	if errors.Is(err, ErrTakenBack) {
		m.takenBack()
		return nil
	}
	var ke ck.Error
	if errors.As(err, &ke) && (passing(ke) || m.login.refused(ke)) {
		return nil
	}
	if refused := m.refused(errorOf(err)); refused != nil {
		return refused
	}
	return fmt.Errorf("commit: %w", explain(m.cfg, m.logs, err))
}

// passing reports whether err is a refusal of a commit that a later one need not meet.
func passing(err ck.Error) bool {
	switch err.Code() {
	case ck.ErrIllegalGeneration, ck.ErrRebalanceInProgress, ck.ErrUnknownMemberID, ck.ErrStaleMemberEpoch,
		ck.ErrCoordinatorNotAvailable, ck.ErrNotCoordinator, ck.ErrCoordinatorLoadInProgress, ck.ErrWaitCoord,
		ck.ErrTransport, ck.ErrTimedOut, ck.ErrRequestTimedOut, ck.ErrNoOffset, ck.ErrAssignmentLost, ck.ErrNotLeaderForPartition:
		return true
	}
	return err.IsRetriable()
}

// mends reports whether err passes once the cluster has elected leaders again.
func mends(err error) bool {
	var ke ck.Error
	if !errors.As(err, &ke) {
		return false
	}
	switch ke.Code() {
	case ck.ErrLeaderNotAvailable, ck.ErrAllBrokersDown,
		ck.ErrFencedLeaderEpoch, ck.ErrUnknownLeaderEpoch: // a broker has not heard of the new leader, or we have not (KIP-320)
		return true
	}
	return passing(ke)
}

// tell emits a change.
func (m *member) tell(c Change) error {
	if !m.closing { // a client that is closing may not answer
		m.id, m.term = m.memberID(), m.generation()
	}
	c.MemberID, c.Generation = m.id, m.term
	return m.emit(Event{Member: m.number, Change: &c})
}
