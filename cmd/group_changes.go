package cmd

import (
	"fmt"
	"strconv"
	"time"

	"kstream/kafka"
	"kstream/output"
)

// groupEvent is a change that somebody who watches a group from outside has seen: a
// line of `group describe --watch`. Members are added, never taken away.
type groupEvent struct {
	Time       time.Time         `json:"time"`
	Group      string            `json:"group"`
	Event      string            `json:"event"`
	From       string            `json:"from,omitempty"` // state
	To         string            `json:"to,omitempty"`
	Member     string            `json:"member,omitempty"`
	ClientID   string            `json:"client_id,omitempty"`
	Host       string            `json:"host,omitempty"`
	Partitions []topicPartitions `json:"partitions,omitempty"` // assigned, revoked
	Lag        *int64            `json:"lag,omitempty"`
	Before     *int64            `json:"lag_before,omitempty"`
	Snapshot   *groupItem        `json:"snapshot,omitempty"`
}

// groupChanges compares each look at groups with the one before and prints what changed.
type groupChanges struct {
	listing *listing
	before  map[string]groupSnapshot
}

func (c *groupChanges) show(snapshots []groupSnapshot) error {
	if c.before == nil {
		c.before = map[string]groupSnapshot{}
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
		c.before[s.info.Name] = *s
	}
	_, err := c.listing.env.Stdout.Write(text)
	return err
}

// carryOver lets members keep what they had while a rebalance hides what they have:
// that nobody tells is no revocation.
func (c *groupChanges) carryOver(s *groupSnapshot) {
	before, ok := c.before[s.info.Name]
	if !ok || !s.info.Rebalancing() {
		return
	}
	was := membersByID(before.info)
	for i := range s.info.Members {
		m := &s.info.Members[i]
		if old := was[m.ID]; old != nil && len(m.Partitions) == 0 {
			m.Partitions = old.Partitions
		}
	}
}

// events lists the changes, those that took something away first.
func (c *groupChanges) events(s *groupSnapshot) []groupEvent {
	base := groupEvent{Time: s.at.UTC(), Group: s.info.Name}
	with := func(event string, set func(*groupEvent)) groupEvent {
		e := base
		e.Event = event
		set(&e)
		return e
	}
	before, ok := c.before[s.info.Name]
	if !ok {
		item := itemOf(s)
		return []groupEvent{with("snapshot", func(e *groupEvent) { e.Snapshot = &item })}
	}
	var events []groupEvent
	if before.info.State != s.info.State {
		events = append(events, with("state", func(e *groupEvent) { e.From, e.To = string(before.info.State), string(s.info.State) }))
	}
	was, is := membersByID(before.info), membersByID(s.info)
	about := func(event string, m *kafka.GroupMember, tps []kafka.TopicPartition) {
		events = append(events, with(event, func(e *groupEvent) {
			e.Member, e.ClientID, e.Host, e.Partitions = m.ID, m.ClientID, m.Host, byTopic(tps)
		}))
	}
	for i := range before.info.Members {
		m := &before.info.Members[i]
		now := is[m.ID]
		if now == nil {
			about("left", m, m.Partitions)
		} else if gone := without(m.Partitions, now.Partitions); len(gone) > 0 {
			about("revoked", m, gone)
		}
	}
	for i := range s.info.Members {
		m := &s.info.Members[i]
		var had []kafka.TopicPartition
		if old := was[m.ID]; old != nil {
			had = old.Partitions
		} else {
			about("joined", m, nil)
		}
		if came := without(m.Partitions, had); len(came) > 0 {
			about("assigned", m, came)
		}
	}
	if now, then := s.lag(), before.lag(); now != then {
		events = append(events, with("lag", func(e *groupEvent) { e.Lag, e.Before = &now, &then }))
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

// without gives the partitions of a that b has not.
func without(a, b []kafka.TopicPartition) []kafka.TopicPartition {
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
func (c *groupChanges) append(dst []byte, e *groupEvent) ([]byte, error) {
	if c.listing.format != "json" {
		line := e.Time.Format(time.RFC3339) + " " + e.Group + " " + e.text()
		return append(output.AppendEscapedString(dst, line), '\n'), nil
	}
	line, err := output.MarshalLine(e)
	if err != nil {
		return dst, err
	}
	if c.listing.env.StdoutTerminal {
		dst = output.AppendEscapedJSON(dst, line)
	} else {
		dst = append(dst, line...)
	}
	return append(dst, '\n'), nil
}

// text says what happened, in words.
func (e *groupEvent) text() string {
	switch {
	case e.Snapshot != nil:
		return fmt.Sprintf("snapshot: %s, %d members, lag %d", e.Snapshot.State, len(e.Snapshot.Members), e.Snapshot.Lag)
	case e.Event == "state":
		return "state: " + e.From + " -> " + e.To
	case e.Event == "lag":
		return "lag: " + strconv.FormatInt(*e.Before, 10) + " -> " + strconv.FormatInt(*e.Lag, 10)
	case len(e.Partitions) > 0:
		return e.Event + ": " + e.Member + " " + shortPartitions(e.Partitions)
	}
	return e.Event + ": " + e.Member
}
