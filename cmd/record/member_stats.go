package record

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/output"
)

// MemberStats is what is known of the members of this process: who has what, what each has
// done with, and the file of --events. Views of several members use it at once.
type MemberStats struct {
	Env *cli.Env

	Mu      sync.Mutex
	Members map[int]*MemberStat
	events  *os.File // nil without --events
	err     error    // of the first event that could not be written
}

// MemberStat is one member.
type MemberStat struct {
	partitions map[kafka.TopicPartition]bool // that it has, or had when it left
	Records    int64
	Bytes      int64
	Rebalances int
}

// openMemberStats returns empty statistics, and opens the file of --events.
func (r *Run) openMemberStats(events string) error {
	r.Stats = &MemberStats{Env: r.Env, Members: map[int]*MemberStat{}}
	if events == "" {
		return nil
	}
	var err error
	if r.Stats.events, err = os.OpenFile(events, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666); err != nil {
		return cli.Usagef("--events: %w", err)
	}
	return nil
}

// Close prints a line a member and closes the file of --events.
func (c *MemberStats) Close() error {
	if c == nil {
		return nil
	}
	c.Mu.Lock()
	defer c.Mu.Unlock()
	numbers := make([]int, 0, len(c.Members))
	for n := range c.Members {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		m := c.Members[n]
		c.Env.Notice("member %d: %s, %s, %s, %s", n,
			cli.Count(int64(len(m.partitions)), "partition"), cli.Count(m.Records, "record"), output.Bytes(m.Bytes), cli.Count(int64(m.Rebalances), "rebalance"))
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

// Member returns what is known of member n, which may be new. The caller holds c.Mu.
func (c *MemberStats) Member(n int) *MemberStat {
	m := c.Members[n]
	if m == nil {
		m = &MemberStat{partitions: map[kafka.TopicPartition]bool{}}
		c.Members[n] = m
	}
	return m
}

// drop notes that partitions are not the member's any more.
func (m *MemberStat) drop(offsets map[kafka.TopicPartition]int64) {
	for tp := range offsets {
		delete(m.partitions, tp)
	}
}

// Count counts records that a member has read and done with: what became of them was
// written.
func (c *MemberStats) Count(member int, records, bytes int64) {
	if c == nil || records == 0 {
		return
	}
	c.Mu.Lock()
	defer c.Mu.Unlock()
	m := c.Member(member)
	m.Records += records
	m.Bytes += bytes
}

// SizeOf is the number of bytes of a record's key and value.
func SizeOf(r *kafka.Record) int64 { return int64(len(r.Key) + len(r.Value)) }

// MemberEvent is a line of the file of --events. Fields are added, never taken away.
type MemberEvent struct {
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

// Changed notes a change and returns its notice, or "".
func (c *MemberStats) Changed(member int, change *kafka.Change) string {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	e := MemberEvent{
		Member: member, MemberID: change.MemberID, Event: string(change.Kind), Generation: change.Generation, Reason: change.Reason,
	}
	for _, tp := range group.SortedPartitions(change.Offsets) {
		e.Partitions = append(e.Partitions, partitionOffset{tp.Topic, tp.Partition, change.Offsets[tp]})
	}
	c.write(&e)
	m := c.Member(member)
	sign := ""
	switch change.Kind {
	case kafka.ChangeAssigned:
		m.Rebalances++
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
	line := fmt.Sprintf("member %d (%s): %s%s", member, change.MemberID, sign, PartitionList(change.Offsets))
	if change.Kind == kafka.ChangeLost {
		line += " (" + change.Reason + ")"
	}
	return line
}

// Noticed writes a notice to the file of --events.
func (c *MemberStats) Noticed(member int, n kafka.Notice) {
	if c == nil {
		return
	}
	c.Mu.Lock()
	defer c.Mu.Unlock()
	e := MemberEvent{Member: member, Event: string(n.Kind), Text: n.String()}
	if n.Partition >= 0 {
		e.Partitions = []partitionOffset{{n.Topic, n.Partition, n.From}}
	}
	c.write(&e)
}

// write appends one line. The caller holds c.Mu.
func (c *MemberStats) write(e *MemberEvent) {
	if c.events == nil || c.err != nil {
		return
	}
	e.Time = c.Env.Now().UTC().Format(time.RFC3339Nano)
	line, err := output.MarshalLine(e)
	if err == nil {
		_, err = c.events.Write(append(line, '\n'))
	}
	c.err = err
}
