package kafka

import (
	"errors"
	"fmt"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// stalledAfter is how long nothing comes of a partition that is not at its end before the
// reader looks for the reason.
const stalledAfter = 2 * time.Second

// findStalled looks once a second for partitions of which nothing comes: they may hold
// records that librdkafka cannot read, or have no leader. A bounded read gives up when
// nothing else is left to read and the leaders have been missed for the timeout.
func (r *Reader) findStalled() error {
	if time.Since(r.stalledAt) < time.Second {
		return nil
	}
	r.stalledAt = time.Now()
	var stalled []*readPart
	for _, p := range r.parts {
		if p.seen != p.next || p.since.IsZero() || p.atEnd {
			p.seen, p.since, p.unled = p.next, r.stalledAt, false
		} else if !p.done && !p.gone && p.aside == nil && r.stalledAt.Sub(p.since) >= stalledAfter {
			stalled = append(stalled, p)
		}
	}
	for _, p := range stalled {
		if _, end, err := r.client.GetWatermarkOffsets(p.Topic, p.Partition); p.looked != p.next && err == nil && p.next < end {
			r.putAside(p, false)
		}
	}
	return r.findUnled(stalled)
}

// findUnled adds a notice for each of the stalled partitions that has lost its leader. For a
// bounded read it returns an error once only such partitions are left, for the timeout.
func (r *Reader) findUnled(stalled []*readPart) error {
	led := map[string]map[int32]bool{} // of topics that a broker has described
	var cause error
	var unled []TopicPartition
	for _, p := range stalled {
		leaders, asked := led[p.Topic]
		if !asked && cause == nil {
			leaders, cause = r.leaders(p.Topic)
			led[p.Topic] = leaders
		}
		if errors.Is(cause, ErrDenied) { // it is not to be seen who leads it
			return cause
		}
		if leaders == nil { // nobody says
			continue
		}
		if p.unled = p.unled && !leaders[p.Partition]; leaders[p.Partition] {
			continue
		}
		if !p.unled {
			p.unled = true
			r.pending = append(r.pending, Notice{Kind: NoticeUnled, Topic: p.Topic, Partition: p.Partition, From: p.next})
		}
		if r.stalledAt.Sub(p.since) > r.cfg.timeout() {
			unled = append(unled, p.TopicPartition)
		}
	}
	if r.follow || len(unled) == 0 || len(unled) < r.open {
		return nil
	}
	return silentIn(unled, ErrNoLeader, r.cfg.timeout())
}

// leaders returns which partitions of a topic have a leader that is up.
func (r *Reader) leaders(topic string) (map[int32]bool, error) {
	m, err := r.client.GetMetadata(&topic, false, 500)
	if err != nil {
		return nil, err
	}
	if err := m.Topics[topic].Error; err.Code() == ck.ErrTopicAuthorizationFailed {
		return nil, explain(r.cfg, r.logs, fmt.Errorf("%s: %w", topic, err))
	}
	leaders := map[int32]bool{}
	for _, p := range m.Topics[topic].Partitions {
		for _, b := range m.Brokers {
			if b.ID == p.Leader {
				leaders[p.ID] = true
			}
		}
	}
	return leaders, nil
}
