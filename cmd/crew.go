package cmd

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"kstream/kafka"
	"kstream/output"
)

// crew is what is known of the members of this process: who has what, what each has
// read, and the file of --events. Views of several members use it at once.
type crew struct {
	env *Env

	mu      sync.Mutex
	members map[int]*crewMember
	events  *os.File // nil without --events
	err     error    // of the first event that could not be written
}

// crewMember is one member.
type crewMember struct {
	partitions map[kafka.TopicPartition]bool // that it has, or had when it left
	records    int64
	bytes      int64
	rebalances int
}

// openCrew makes the crew, and the file of --events.
func (r *run) openCrew(events string) error {
	r.crew = &crew{env: r.env, members: map[int]*crewMember{}}
	if events == "" {
		return nil
	}
	var err error
	if r.crew.events, err = os.OpenFile(events, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666); err != nil {
		return usagef("--events: %w", err)
	}
	return nil
}

// close tells how it was, a line a member, and closes the file of --events.
func (c *crew) close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	numbers := make([]int, 0, len(c.members))
	for n := range c.members {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		m := c.members[n]
		c.env.notice("member %d: %s, %s, %s, %s", n,
			groupedCountOf(int64(len(m.partitions)), "partition"), groupedCountOf(m.records, "record"), output.Bytes(m.bytes), groupedCountOf(int64(m.rebalances), "rebalance"))
	}
	if c.events != nil {
		if err := c.events.Close(); c.err == nil {
			c.err = err
		}
	}
	if c.err != nil {
		return fmt.Errorf("--events: %w", c.err)
	}
	return nil
}

func (c *crew) member(n int) *crewMember {
	m := c.members[n]
	if m == nil {
		m = &crewMember{partitions: map[kafka.TopicPartition]bool{}}
		c.members[n] = m
	}
	return m
}

// drop notes that partitions are not the member's any more.
func (m *crewMember) drop(offsets map[kafka.TopicPartition]int64) {
	for tp := range offsets {
		delete(m.partitions, tp)
	}
}

// read counts what a member has read and done with.
func (c *crew) read(member int, records []kafka.Record) {
	if c == nil || len(records) == 0 {
		return
	}
	bytes := 0
	for i := range records {
		bytes += len(records[i].Key) + len(records[i].Value)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.member(member)
	m.records += int64(len(records))
	m.bytes += int64(bytes)
}

// memberEvent is a line of the file of --events. Fields are added, never taken away.
type memberEvent struct {
	Time       string            `json:"time"`
	Member     int               `json:"member"`
	MemberID   string            `json:"member_id,omitempty"`
	Event      string            `json:"event"`
	Partitions []partitionOffset `json:"partitions,omitempty"`
	Generation int32             `json:"generation,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Text       string            `json:"text,omitempty"`
}

type partitionOffset struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// changed notes a change and gives its notice, or "".
func (c *crew) changed(member int, change *kafka.Change) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := memberEvent{
		Member: member, MemberID: change.MemberID, Event: string(change.Kind), Generation: change.Generation, Reason: change.Reason,
	}
	for _, tp := range sortedPartitions(change.Offsets) {
		e.Partitions = append(e.Partitions, partitionOffset{tp.Topic, tp.Partition, change.Offsets[tp]})
	}
	c.write(&e)
	m := c.member(member)
	sign := ""
	switch change.Kind {
	case kafka.ChangeAssigned:
		m.rebalances++
		for tp := range change.Offsets {
			m.partitions[tp] = true
		}
		sign = "+"
	case kafka.ChangeRevoked:
		if change.Reason != kafka.ReasonLeaving {
			m.drop(change.Offsets)
		}
		sign = "-"
	case kafka.ChangeLost:
		m.drop(change.Offsets)
		sign = "lost "
	}
	if sign == "" || len(change.Offsets) == 0 {
		return ""
	}
	line := fmt.Sprintf("member %d (%s): %s%s", member, change.MemberID, sign, partitionList(change.Offsets))
	if change.Kind == kafka.ChangeLost {
		line += " (" + change.Reason + ")"
	}
	return line
}

// noticed writes a notice to the file of --events.
func (c *crew) noticed(member int, n kafka.Notice) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := memberEvent{Member: member, Event: string(n.Kind), Text: n.String()}
	if n.Partition >= 0 {
		e.Partitions = []partitionOffset{{n.Topic, n.Partition, n.From}}
	}
	c.write(&e)
}

// write appends one line. The caller holds the lock.
func (c *crew) write(e *memberEvent) {
	if c.events == nil || c.err != nil {
		return
	}
	e.Time = c.env.Now().UTC().Format(time.RFC3339Nano)
	line, err := output.MarshalLine(e)
	if err == nil {
		_, err = c.events.Write(append(line, '\n'))
	}
	c.err = err
}
