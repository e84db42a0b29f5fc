package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// What a member commits belongs to the topics that it has read, and to none that was
// created under the same name since.

// topicsOf lists the topics of partitions.
func topicsOf[V any](partitions map[TopicPartition]V) []string {
	names := map[string]bool{}
	for tp := range partitions {
		names[tp.Topic] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// learn notes which topics a member is given partitions of.
func (m *member) learn(partitions []ck.TopicPartition) error {
	given := map[TopicPartition]bool{}
	for _, p := range partitions {
		given[TopicPartition{*p.Topic, p.Partition}] = true
	}
	held := topicsOf(m.parts)
	found, _ := m.identify(context.Background(), topicsOf(given))
	for _, t := range found {
		i := m.known(t.Name)
		switch {
		case i < 0 && !slices.Contains(m.ids.former, t.Name):
			m.topics = append(slices.Clone(m.topics), t)
		case i >= 0 && m.topics[i].ID == t.ID:
		case slices.Contains(held, t.Name): // they begin anew too, but not in a rebalance
			m.ids.again = true
		case !m.follow:
			return fmt.Errorf("%s was deleted, and created again, while it was read: %w", t.Name, ErrUnknownTopic)
		default:
			m.remember(t)
			m.pending = append(m.pending, Notice{Kind: NoticeRecreated, Topic: t.Name, Partition: -1})
			m.freshen(t.Name)
		}
	}
	return nil
}

func (m *member) freshen(topic string) {
	if m.fresh == nil {
		m.fresh = map[string]bool{}
	}
	m.fresh[topic] = true
}

// renew prepares for reading a topic from its beginning: what was carried since the last
// commit is of the one before, or of the wrong place in this one.
func (m *member) renew(topic string) {
	m.freshen(topic)
	var tps []TopicPartition
	for tp := range m.parts {
		if tp.Topic == topic {
			tps = append(tps, tp)
		}
	}
	m.drop(tps)
	if m.committer != nil {
		m.committer.TakeBack()
		m.takenBack()
	}
}

// stillDue is what is to be committed of topics that are what they were. What is due of
// another is dropped: that one is read from its beginning.
func (m *member) stillDue() (map[TopicPartition]int64, error) {
	due := m.ledger.due()
	if len(due) == 0 || !m.ids.fetched {
		return due, nil
	}
	found, others := m.identify(m.group.live, topicsOf(due))
	for _, name := range others {
		if err := m.deleted(name); err != nil {
			return nil, err
		}
	}
	for _, t := range found {
		if i := m.known(t.Name); i >= 0 && m.topics[i].ID != t.ID {
			others = append(others, t.Name)
		}
	}
	if len(others) == 0 {
		return due, nil
	}
	m.ids.again = true
	if m.committer != nil {
		m.committer.TakeBack()
		m.takenBack()
		return nil, nil
	}
	var dropped []TopicPartition
	for tp := range due {
		if slices.Contains(others, tp.Topic) {
			dropped = append(dropped, tp)
			delete(due, tp)
		}
	}
	m.ledger.disown(dropped)
	return due, nil
}
