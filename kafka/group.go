package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// GroupConfig is what the members of a group have in common.
type GroupConfig struct {
	Name   string
	Topics []string // a name that begins with ^ is a regular expression
	// Members is the number of members to start; Group.Add and Group.Remove change it.
	Members int
	// Assignor is range, roundrobin or cooperative-sticky (also when empty) under the
	// classic protocol, uniform or range under consumer (empty: the broker's choice).
	Assignor string
	// Protocol is classic (also when empty) or consumer (KIP-848).
	Protocol string
	// InstanceID makes the members static (KIP-345): NAME-0, NAME-1, …
	InstanceID string
	// Reset is where to start in a partition without a committed offset: earliest (also
	// when empty), latest, or error.
	Reset           string
	ReadUncommitted bool
	SessionTimeout  time.Duration // classic protocol; zero: the client's default
	// Only, when set, reports whether a partition is to be read. The group assigns the
	// others to its members too, but they are neither read nor committed.
	Only func(TopicPartition) bool
	// BatchSize is the largest number of records in a Batch; zero and more than 4,096 mean
	// 4,096.
	BatchSize int
	// JoinEvery is the time between the joins of one member and the next.
	JoinEvery time.Duration
	// CommitEvery is how often a member commits what was written out; zero: a second.
	CommitEvery time.Duration
	// Tick, when set, makes members emit an Event with a Silence so often.
	Tick time.Duration
	// Ends, when set, are where to stop. Run returns when every partition in it has been
	// read to its end. Committed returns what the group has committed, from which it is
	// known how far members of other processes are; nil: there are none.
	Ends      map[TopicPartition]End
	Committed func(context.Context) (map[TopicPartition]int64, error)
	// Committer, when set, is called for each member before it joins; what it returns
	// commits instead of the member. Nil: members commit by themselves.
	Committer func(member int) Committer

	onePerCall bool
}

// End is where to stop in a partition. If Ahead is set, it was beyond the end of the log
// when it was determined, and the members wait for the records before it.
type End struct {
	Offset int64
	Ahead  bool
	Empty  bool // no record lies before it: nobody need read that far
}

// follows reports whether some members wait for records to come.
func (gc *GroupConfig) follows() bool {
	if gc.Ends == nil {
		return true
	}
	for _, end := range gc.Ends {
		if end.Ahead {
			return true
		}
	}
	return false
}

// Group runs members of one consumer group, a goroutine each.
//
// What a member fetched is committed only after its receiver has acknowledged it, see
// Batch.Ack. That happens every CommitEvery, before a partition is given up, and when the
// member leaves. Within a partition, records come in the order of their offsets, across
// rebalances too: a member gives a partition up only when all that it fetched from it has
// been written out.
type Group struct {
	cfg  Config
	gc   GroupConfig
	emit func(member int) func(Event) error

	polling, live context.Context
	stop          context.CancelCauseFunc
	running       sync.WaitGroup

	mu      sync.Mutex
	members map[int]*member // those that run
	last    int             // number of the newest
	err     error
}

// errDone ends the members when every partition has reached its end.
var errDone = errors.New("every partition is read to its end")

// OpenGroup returns a group, or an error if the configuration is not valid. No member
// joins before Run.
func OpenGroup(cfg Config, gc GroupConfig) (*Group, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	return &Group{cfg: cfg, gc: gc, members: map[int]*member{}}, nil
}

// Run starts the members and returns when they have left, with the first error of one
// of them, the cause of polling, or nil when all Ends are reached.
//
// emit returns the receiver of a member's events, which is called on that member's
// goroutine; receivers of different members run concurrently. When polling ends, the
// members commit and leave; when live ends, their events are no longer received.
func (g *Group) Run(polling, live context.Context, emit func(member int) func(Event) error) error {
	g.polling, g.stop = context.WithCancelCause(polling)
	defer g.stop(nil)
	g.live, g.emit = live, emit
	if g.gc.Ends != nil {
		g.running.Go(g.watchEnds)
	}
	for i := range g.gc.Members {
		if i > 0 && g.gc.JoinEvery > 0 && pause(g.polling, g.gc.JoinEvery) != nil {
			break
		}
		g.Add()
	}
	<-g.polling.Done()
	g.running.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return g.err
	}
	if cause := context.Cause(g.polling); !errors.Is(cause, errDone) {
		return cause
	}
	return nil
}

// Add starts one more member and returns its number, or 0 if the group is already
// leaving. It is safe for concurrent use, as are Remove and Freeze.
func (g *Group) Add() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.polling == nil || g.polling.Err() != nil {
		return 0
	}
	g.last++
	m := newMember(g, g.last)
	g.members[m.number] = m
	g.running.Go(func() { // ends when the member has left
		err := m.run()
		g.mu.Lock()
		delete(g.members, m.number)
		if err != nil && g.err == nil {
			g.err = fmt.Errorf("member %d: %w", m.number, err)
			g.stop(g.err)
		}
		g.mu.Unlock()
	})
	return m.number
}

// Remove makes a member commit and leave the group. It reports whether there is a member
// with the number.
func (g *Group) Remove(number int) bool { return g.with(number, func(m *member) { m.leave() }) }

// Freeze makes a member stop polling, or resume. A member that does not poll for
// max.poll.interval.ms is removed from the group. Freeze reports whether there is a member
// with the number.
func (g *Group) Freeze(number int, frozen bool) bool {
	return g.with(number, func(m *member) { m.frozen.Store(frozen) })
}

func (g *Group) with(number int, do func(*member)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, ok := g.members[number]
	if ok {
		do(m)
	}
	return ok
}

// watchEnds ends the group when every partition has been read to its end. For members of
// other processes that is known from what they have committed.
func (g *Group) watchEnds() {
	open := map[TopicPartition]int64{}
	for tp, end := range g.gc.Ends {
		if !end.Empty {
			open[tp] = end.Offset
		}
	}
	for rounds := 0; ; rounds++ {
		for tp, end := range open {
			if g.reached(tp, end) {
				delete(open, tp)
			}
		}
		if len(open) > 0 && rounds%5 == 4 && g.gc.Committed != nil {
			committed, err := g.gc.Committed(g.polling)
			for tp, end := range open {
				if err == nil && committed[tp] >= end {
					delete(open, tp)
				}
			}
		}
		if len(open) == 0 {
			g.stop(errDone)
			return
		}
		if pause(g.polling, pollInterval) != nil {
			return
		}
	}
}

// reached reports whether a member of this process has written a partition out to its
// end, and committed it when what was written can be taken back.
func (g *Group) reached(tp TopicPartition, end int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.members {
		if m.ledger.reached(tp, end, g.gc.Committer != nil) {
			return true
		}
	}
	return false
}
