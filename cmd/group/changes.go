package group

import (
	"fmt"
	"strconv"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
	"kstream/output"
)

// changeEvent is a change that somebody who watches a group from outside has seen: a
// line of `group describe --watch`. Members are added, never taken away.
type changeEvent struct {
	Time       time.Time         `json:"time"`
	Group      string            `json:"group"`
	Event      string            `json:"event"`
	From       string            `json:"from,omitempty"` // state
	To         string            `json:"to,omitempty"`
	Member     string            `json:"member,omitempty"`
	ClientID   string            `json:"client_id,omitempty"`
	Host       string            `json:"host,omitempty"`
	Partitions []TopicPartitions `json:"partitions,omitempty"` // assigned, revoked
	Lag        *int64            `json:"lag,omitempty"`
	Before     *int64            `json:"lag_before,omitempty"`
	Snapshot   *Item             `json:"snapshot,omitempty"`
}

// Changes compares each look at groups with the one before and prints what changed.
type Changes struct {
	Listing *cli.Listing
	before  map[string]Snapshot
}

// Show prints what differs between snapshots and those of the call before. The first
// call prints them all.
func (c *Changes) Show(snapshots []Snapshot) error {
	if c.before == nil {
		c.before = map[string]Snapshot{}
	}
	var text []byte
	for i := range snapshots {
		s := &snapshots[i]
		c.carryOver(s)
		for _, e := range c.events(s) {
			var err error
			if text, err = c.append(text, &e); err != nil {
				return err
			}
		}
		c.before[s.Info.Name] = *s
	}
	_, err := c.Listing.Env.Stdout.Write(text)
	return err
}

// carryOver lets members keep what they had while a rebalance hides what they have:
// that nobody tells is no revocation.
func (c *Changes) carryOver(s *Snapshot) {
	before, ok := c.before[s.Info.Name]
	if !ok || !s.Info.Rebalancing() {
		return
	}
	was := membersByID(before.Info)
	for i := range s.Info.Members {
		m := &s.Info.Members[i]
		if old := was[m.ID]; old != nil && len(m.Partitions) == 0 {
			m.Partitions = old.Partitions
		}
	}
}

// events lists the changes, those that took something away first.
func (c *Changes) events(s *Snapshot) []changeEvent {
	base := changeEvent{Time: s.at.UTC(), Group: s.Info.Name}
	with := func(event string, set func(*changeEvent)) changeEvent {
		e := base
		e.Event = event
		set(&e)
		return e
	}
	before, ok := c.before[s.Info.Name]
	if !ok {
		item := ItemOf(s)
		return []changeEvent{with("snapshot", func(e *changeEvent) { e.Snapshot = &item })}
	}
	var events []changeEvent
	if before.Info.State != s.Info.State {
		events = append(events, with("state", func(e *changeEvent) { e.From, e.To = string(before.Info.State), string(s.Info.State) }))
	}
	was, is := membersByID(before.Info), membersByID(s.Info)
	about := func(event string, m *kafka.GroupMember, tps []kafka.TopicPartition) {
		events = append(events, with(event, func(e *changeEvent) {
			e.Member, e.ClientID, e.Host, e.Partitions = m.ID, m.ClientID, m.Host, ByTopic(tps)
		}))
	}
	for i := range before.Info.Members {
		m := &before.Info.Members[i]
		now := is[m.ID]
		if now == nil {
			about("left", m, m.Partitions)
		} else if gone := Without(m.Partitions, now.Partitions); len(gone) > 0 {
			about("revoked", m, gone)
		}
	}
	for i := range s.Info.Members {
		m := &s.Info.Members[i]
		var had []kafka.TopicPartition
		if old := was[m.ID]; old != nil {
			had = old.Partitions
		} else {
			about("joined", m, nil)
		}
		if came := Without(m.Partitions, had); len(came) > 0 {
			about("assigned", m, came)
		}
	}
	if now, then := s.Lag(), before.Lag(); now != then {
		events = append(events, with("lag", func(e *changeEvent) { e.Lag, e.Before = &now, &then }))
	}
	return events
}

func membersByID(g *kafka.GroupInfo) map[string]*kafka.GroupMember {
	members := make(map[string]*kafka.GroupMember, len(g.Members))
	for i := range g.Members {
		members[g.Members[i].ID] = &g.Members[i]
	}
	return members
}

// Without returns the partitions of a that b has not.
func Without(a, b []kafka.TopicPartition) []kafka.TopicPartition {
	has := make(map[kafka.TopicPartition]bool, len(b))
	for _, tp := range b {
		has[tp] = true
	}
	var rest []kafka.TopicPartition
	for _, tp := range a {
		if !has[tp] {
			rest = append(rest, tp)
		}
	}
	return rest
}

// append appends an event as one line.
func (c *Changes) append(dst []byte, e *changeEvent) ([]byte, error) {
	if c.Listing.Format != "json" {
		line := e.Time.Format(time.RFC3339) + " " + e.Group + " " + e.text()
		return append(output.AppendEscapedString(dst, line), '\n'), nil
	}
	line, err := output.MarshalLine(e)
	if err != nil {
		return dst, err
	}
	if c.Listing.Env.StdoutTerminal {
		dst = output.AppendEscapedJSON(dst, line)
	} else {
		dst = append(dst, line...)
	}
	return append(dst, '\n'), nil
}

// text describes what happened.
func (e *changeEvent) text() string {
	switch {
	case e.Snapshot != nil:
		return fmt.Sprintf("snapshot: %s, %d members, lag %d", e.Snapshot.State, len(e.Snapshot.Members), e.Snapshot.Lag)
	case e.Event == "state":
		return "state: " + e.From + " -> " + e.To
	case e.Event == "lag":
		return "lag: " + strconv.FormatInt(*e.Before, 10) + " -> " + strconv.FormatInt(*e.Lag, 10)
	case len(e.Partitions) > 0:
		return e.Event + ": " + e.Member + " " + ShortPartitions(e.Partitions)
	}
	return e.Event + ": " + e.Member
}
