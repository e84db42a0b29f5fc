package kafka

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// watchTopics sends the topics as they are; it is the only sender. A failure to
// describe them is not told: the reader itself notices what is wrong with the cluster.
func (r *Reader) watchTopics(ctx context.Context, rc ReaderConfig) {
	every := cmp.Or(max(rc.Every, 0), 30*time.Second)
	soon := min(every, time.Second)
	for asked := time.Now(); pause(ctx, soon) == nil; {
		if !r.hurry.Load() && time.Since(asked) < every {
			continue
		}
		asked = time.Now()
		topics, err := rc.Topics(ctx)
		if err != nil {
			continue
		}
		select {
		case r.topology <- topics:
		case <-ctx.Done():
		}
	}
}

// deleted handles a topic that is gone: an endless read waits for it to come back.
func (r *Reader) deleted(topic string) error {
	if !r.follow {
		return fmt.Errorf("%s was deleted while it was read: %w", topic, ErrUnknownTopic)
	}
	i := slices.IndexFunc(r.topics, func(t Topic) bool { return t.Name == topic })
	if i < 0 {
		return nil // said already
	}
	r.topics = slices.Delete(slices.Clone(r.topics), i, i+1)
	r.hurry.Store(true)
	r.pending = append(r.pending, Notice{Kind: NoticeDeleted, Topic: topic, Partition: -1})
	return nil
}

// adopt compares the topics as they are with those that are read.
func (r *Reader) adopt(topics []Topic) error {
	for _, t := range topics {
		i := slices.IndexFunc(r.topics, func(k Topic) bool { return k.Name == t.Name })
		known := 0
		switch {
		case i < 0 && !r.reads(t.Name):
			r.pending = append(r.pending, Notice{Kind: NoticeTopic, Topic: t.Name, Partition: -1, To: int64(len(t.Partitions))})
		case i < 0 || r.topics[i].ID != t.ID:
			r.pending = append(r.pending, Notice{Kind: NoticeRecreated, Topic: t.Name, Partition: -1})
		default:
			known = len(r.topics[i].Partitions)
			if known < len(t.Partitions) {
				r.pending = append(r.pending, Notice{Kind: NoticePartitions, Topic: t.Name, Partition: -1, From: int64(known), To: int64(len(t.Partitions))})
			}
		}
		for ; known < len(t.Partitions); known++ {
			if err := r.start(TopicPartition{t.Name, t.Partitions[known].ID}); err != nil {
				return err
			}
		}
	}
	var gone []string
	for _, known := range r.topics {
		if !slices.ContainsFunc(topics, func(t Topic) bool { return t.Name == known.Name }) {
			gone = append(gone, known.Name)
		}
	}
	for _, name := range gone {
		if err := r.deleted(name); err != nil {
			return err
		}
	}
	r.topics = topics
	missing := slices.ContainsFunc(r.names(), func(name string) bool {
		return !slices.ContainsFunc(topics, func(t Topic) bool { return t.Name == name })
	})
	r.hurry.Store(missing || len(topics) == 0)
	return nil
}

// names are the topics of which partitions are read.
func (r *Reader) names() []string {
	var names []string
	for tp := range r.parts {
		if !slices.Contains(names, tp.Topic) {
			names = append(names, tp.Topic)
		}
	}
	return names
}

func (r *Reader) reads(topic string) bool { return slices.Contains(r.names(), topic) }

// start reads a partition from its beginning, without an end.
func (r *Reader) start(tp TopicPartition) error {
	p := r.parts[tp]
	if p != nil && p.done {
		return nil
	}
	if p != nil {
		p.from, p.next, p.atEnd, p.corrupt = 0, 0, false, -1
		return r.seek(p)
	}
	p = &readPart{TopicPartition: tp, end: Follow, corrupt: -1}
	r.parts[tp] = p
	r.last = nil
	r.open++
	tps := []ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition, Offset: 0}}
	r.forward(tps, true)
	return explain(r.cfg, r.logs, r.client.IncrementalAssign(tps))
}
