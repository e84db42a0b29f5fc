package consume

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/group"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output/live"
)

// Bounds of what the view remembers.
const (
	watchedLines = 200 // of the log
	watchedRates = 120 // seconds
)

// watchState gathers what the members of this process do, for the live view. What they
// have read is counted by record.MemberStats. Its methods may be called by any goroutine.
type watchState struct {
	env     *cli.Env
	stats   *record.MemberStats
	reading *record.Range
	group   live.Snapshot // what never changes

	mu         sync.Mutex
	members    map[int]*watchedMember // those that are there
	partitions map[kafka.TopicPartition]*live.Partition
	order      []kafka.TopicPartition // of partitions; nil when it has to be made again
	log        []live.Entry
	sampled    time.Time // when the rates were
}

// watchedMember is what record.MemberStats does not count.
type watchedMember struct {
	id      string
	state   live.State
	counted int64 // records, when the rates were sampled
	rate    []float64
}

func newWatchState(env *cli.Env, stats *record.MemberStats, p *Plan) *watchState {
	config := p.members.Config
	assignor := config.Assignor
	if assignor == "" && config.Protocol != "consumer" {
		assignor = "cooperative-sticky"
	}
	return &watchState{
		env: env, stats: stats, reading: p.Range,
		group:   live.Snapshot{Group: config.Name, Topics: p.Range.Topics, Protocol: config.Protocol, Assignor: assignor},
		members: map[int]*watchedMember{}, partitions: map[kafka.TopicPartition]*live.Partition{}, sampled: env.Now(),
	}
}

// note adds a line to the log.
func (s *watchState) note(member int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say(member, text)
}

// say is note for who holds the lock.
func (s *watchState) say(member int, text string) {
	if len(s.log) >= watchedLines {
		s.log = slices.Delete(s.log, 0, watchedLines/2)
	}
	s.log = append(s.log, live.Entry{Time: s.env.Now(), Member: member, Text: text})
}

// join adds a member that has begun to connect.
func (s *watchState) join(member int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[member] = &watchedMember{state: live.Joining}
}

func (s *watchState) leaving(member int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.members[member]; m != nil {
		m.state = live.Leaving
		s.say(member, "leaves")
	}
}

func (s *watchState) freeze(member int, frozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.members[member]
	if m == nil || m.state == live.Leaving {
		return
	}
	if frozen {
		m.state = live.Frozen
		s.say(member, "frozen: the group loses it after max.poll.interval.ms")
		return
	}
	m.state = live.Running
	s.say(member, "polls again")
}

// partition returns a partition, which it makes if it is new. The caller holds the lock.
func (s *watchState) partition(tp kafka.TopicPartition) *live.Partition {
	p := s.partitions[tp]
	if p == nil {
		p = &live.Partition{Topic: tp.Topic, Number: tp.Partition, Position: live.Unknown, End: live.Unknown}
		s.partitions[tp] = p
		s.order = nil
	}
	return p
}

// changed notes a change: who owns what, and a line of the log.
func (s *watchState) changed(member int, c *kafka.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.members[member]
	if m == nil {
		return
	}
	m.id = cmp.Or(c.MemberID, m.id)
	var text string
	switch c.Kind {
	case kafka.ChangeAssigned:
		if m.state == live.Joining {
			m.state = live.Running
		}
		for tp, at := range c.Offsets {
			p := s.partition(tp)
			p.Owner, p.Moved, p.Position = member, s.env.Now(), at
		}
		text = "+" + record.PartitionList(c.Offsets)
	case kafka.ChangeRevoked, kafka.ChangeLost:
		for tp := range c.Offsets {
			if p := s.partition(tp); p.Owner == member { // else somebody has it already
				p.Owner, p.Moved, p.Position = 0, s.env.Now(), live.Unknown
			}
		}
		text = "-" + record.PartitionList(c.Offsets)
		if c.Kind == kafka.ChangeLost {
			text = "lost " + record.PartitionList(c.Offsets)
		}
	case kafka.ChangeLeft:
		delete(s.members, member)
		s.say(member, "left")
		return
	default:
		return
	}
	if len(c.Offsets) == 0 {
		text = "owns nothing yet"
		if c.Kind != kafka.ChangeAssigned || s.owns(member) {
			return
		}
	}
	if c.Reason != "" {
		text += "  " + c.Reason
	}
	s.say(member, text)
}

// owns reports whether a member has a partition. The caller holds the lock.
func (s *watchState) owns(member int) bool {
	for _, p := range s.partitions {
		if p.Owner == member {
			return true
		}
	}
	return false
}

// read notes how far a batch has come: by the last record of each run of records of
// one partition.
func (s *watchState) read(b *kafka.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Records {
		r := &b.Records[i]
		if i+1 < len(b.Records) && r.Partition == b.Records[i+1].Partition && r.Topic == b.Records[i+1].Topic {
			continue
		}
		s.partition(kafka.TopicPartition{Topic: r.Topic, Partition: r.Partition}).Position = r.Offset + 1
	}
}

// grow adds the partitions of topics.
func (s *watchState) grow(topics []kafka.Topic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range topics {
		for _, p := range t.Partitions {
			s.partition(kafka.TopicPartition{Topic: t.Name, Partition: p.ID})
		}
	}
}

// known returns the partitions in order. Nobody may change the result.
func (s *watchState) known() []kafka.TopicPartition {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.order == nil {
		s.order = group.SortedPartitions(s.partitions)
	}
	return s.order
}

// ends notes where logs end.
func (s *watchState) ends(marks map[kafka.TopicPartition]kafka.Watermarks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for tp, m := range marks {
		s.partition(tp).End = s.reading.EndOf(m)
	}
}

// snapshot returns what there is to see now.
func (s *watchState) snapshot() live.Snapshot {
	order := s.known()
	s.stats.Mu.Lock()
	defer s.stats.Mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sample()
	shown := s.group
	shown.Time = s.env.Now()
	shown.Log = slices.Clone(s.log)
	for _, m := range s.stats.Members {
		shown.Records += m.Records
	}
	at := map[int]int{}
	for i, n := range slices.Sorted(maps.Keys(s.members)) {
		m, counts := s.members[n], s.stats.Member(n)
		at[n] = i
		shown.Members = append(shown.Members, live.Member{
			Number: n, ID: m.id, State: m.state, Rate: m.rate,
			Records: counts.Records, Bytes: counts.Bytes, Rebalances: counts.Rebalances,
		})
	}
	for _, tp := range order {
		p := *s.partitions[tp]
		p.Lag = live.Unknown
		if p.Position != live.Unknown && p.End != live.Unknown {
			p.Lag = max(p.End-p.Position, 0)
		}
		shown.Partitions = append(shown.Partitions, p)
		i, ok := at[p.Owner]
		if !ok {
			continue
		}
		m := &shown.Members[i]
		m.Partitions++
		if p.Lag == live.Unknown || m.Lag == live.Unknown {
			m.Lag = live.Unknown
		} else {
			m.Lag += p.Lag
		}
	}
	if s.reading.Patterns != nil {
		shown.Topics = topicsOf(order)
	}
	return shown
}

// sample takes the rates, once a second. The caller holds both locks. The slices that
// snapshots have are never written again.
func (s *watchState) sample() {
	now := s.env.Now()
	passed := now.Sub(s.sampled).Seconds()
	if passed < 1 {
		return
	}
	s.sampled = now
	for n, m := range s.members {
		total := s.stats.Member(n).Records
		rates := slices.Clone(m.rate[max(0, len(m.rate)-watchedRates+1):])
		m.rate = append(rates, float64(total-m.counted)/passed)
		m.counted = total
	}
}

// topicsOf names the topics of partitions that are in order.
func topicsOf(order []kafka.TopicPartition) []string {
	var names []string
	for _, tp := range order {
		if len(names) == 0 || strings.Compare(names[len(names)-1], tp.Topic) != 0 {
			names = append(names, tp.Topic)
		}
	}
	return names
}
