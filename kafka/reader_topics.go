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
	every := cmp.Or(max(rc.Every, 0), 5*time.Second)
	if rc.Every <= 0 && r.follow {
		every = 30 * time.Second
	}
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
	if r.ends || !r.follow {
		return fmt.Errorf("%s was deleted while it was read: %w", topic, ErrUnknownTopic)
	}
	i := r.known(topic)
	if i < 0 {
		return nil // said already
	}
	r.topics = slices.Delete(slices.Clone(r.topics), i, i+1)
	r.hurry.Store(true)
	if r.member {
		r.ids.former, r.ids.again = append(r.ids.former, topic), true
	}
	for tp, p := range r.parts {
		p.gone = p.gone || tp.Topic == topic
	}
	r.pending = append(r.pending, Notice{Kind: NoticeDeleted, Topic: topic, Partition: -1})
	return nil
}

// adopt compares the topics as they are with those that are read.
func (r *Reader) adopt(ctx context.Context, topics []Topic) error {
	topics = slices.Clone(topics)
	for _, known := range r.topics {
		i := slices.IndexFunc(topics, func(t Topic) bool { return t.Name == known.Name })
		if i >= 0 && topics[i].ID == known.ID {
			continue
		}
		// What it looked like when the others were asked for may be long ago.
		switch found, gone := r.identify(ctx, []string{known.Name}); {
		case len(gone) > 0 && i < 0:
			if err := r.deleted(known.Name); err != nil {
				return err
			}
		case len(found) == 0 && i < 0: // it may only not be seen any more: its partitions say so
			topics = append(topics, known)
		case len(found) > 0 && i < 0:
			topics = append(topics, found[0])
		case len(found) > 0:
			topics[i] = found[0]
		}
	}
	names := r.names()
	adopted := 0
	for _, t := range topics {
		read := slices.Contains(names, t.Name)
		if !read && !r.grows {
			continue
		}
		if read {
			adopted++
		}
		if err := r.adoptTopic(t, read); err != nil {
			return err
		}
	}
	r.topics = topics
	r.hurry.Store(adopted < len(names) || len(topics) == 0)
	return nil
}

// adoptTopic starts reading the new partitions of a topic. read is whether others of its
// partitions are being read already.
func (r *Reader) adoptTopic(t Topic, read bool) error {
	known := 0
	i := r.known(t.Name)
	switch {
	case !read:
		r.pending = append(r.pending, Notice{Kind: NoticeTopic, Topic: t.Name, Partition: -1, To: int64(len(t.Partitions))})
	case i >= 0 && r.topics[i].ID == t.ID:
		known = len(r.topics[i].Partitions)
		if r.grows && known < len(t.Partitions) {
			r.pending = append(r.pending, Notice{Kind: NoticePartitions, Topic: t.Name, Partition: -1, From: int64(known), To: int64(len(t.Partitions))})
		}
	case r.ends || !r.follow:
		return fmt.Errorf("%s was deleted, and created again, while it was read: %w", t.Name, ErrUnknownTopic)
	default:
		r.pending = append(r.pending, Notice{Kind: NoticeRecreated, Topic: t.Name, Partition: -1})
		if r.anew != nil {
			r.anew(t.Name)
		}
	}
	for ; known < len(t.Partitions); known++ {
		if err := r.start(TopicPartition{t.Name, t.Partitions[known].ID}); err != nil {
			return err
		}
	}
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

// start reads a partition from its beginning, without an end.
func (r *Reader) start(tp TopicPartition) error {
	p := r.parts[tp]
	switch {
	case p == nil && !r.grows, p != nil && p.done:
		return nil
	case p != nil:
		p.from, p.next, p.gone, p.atEnd, p.corrupt, p.looked, p.aside = 0, 0, false, false, -1, -1, nil
		p.heard, p.short = time.Time{}, time.Time{}
		if r.ledger != nil {
			r.ledger.disown([]TopicPartition{tp})
			r.ledger.own(map[TopicPartition]int64{tp: 0})
		}
		return r.seek(p)
	}
	p = &readPart{TopicPartition: tp, end: Follow, corrupt: -1, looked: -1}
	r.parts[tp] = p
	r.last = nil
	r.open++
	tps := []ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition, Offset: 0}}
	r.forward(tps, true)
	return explain(r.cfg, r.logs, r.client.IncrementalAssign(tps))
}
