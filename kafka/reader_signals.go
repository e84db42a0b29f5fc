package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// signal acts on what a partition said beside its records.
func (r *Reader) signal(ctx context.Context, s *Signal) error {
	p := r.part(s.Topic, s.Partition)
	if p != nil && p.silent {
		r.spoke(p)
	}
	if p == nil || p.done || p.gone || p.aside != nil {
		return nil
	}
	switch s.code {
	case ck.ErrPartitionEOF:
		r.answered()
		r.reachedEnd(p, s.Offset)
		return nil
	case ck.ErrAutoOffsetReset, ck.ErrOffsetOutOfRange, ck.ErrLogTruncation:
		if other, err := r.other(ctx, p.Topic); other || err != nil {
			return err
		}
		if s.code == ck.ErrLogTruncation {
			return r.truncated(p, s.Offset)
		}
		return r.reposition(ctx, p)
	case ck.ErrBadMsg, ck.ErrInvalidMsg, ck.ErrBadCompression:
		if p.corrupt == p.next {
			return fmt.Errorf("%s@%d: %w: %s", p.TopicPartition, p.next, ErrCorrupt, s.Text)
		}
		if p.looked != p.next {
			r.putAside(p, false)
			p.aside.corrupt = true
			return nil
		}
		p.corrupt = p.next
		r.pending = append(r.pending, Notice{Kind: NoticeCorrupt, Topic: p.Topic, Partition: p.Partition, From: p.next})
		return r.seek(p)
	case ck.ErrUnknownTopicOrPart, ck.ErrUnknownTopic, ck.ErrUnknownPartition, ck.ErrUnknownTopicID:
		return r.deleted(p.Topic)
	case ck.ErrTransport, ck.ErrTimedOut, ck.ErrAllBrokersDown, ck.ErrMaxPollExceeded:
		return nil // the client tries again
	}
	if p.looked != p.next {
		r.putAside(p, false)
		return nil
	}
	err := fmt.Errorf("%s@%d: %w: %s", p.TopicPartition, p.next, sentinelOf(s.code), s.Text)
	return r.cfg.deniedOn(err, "read", "topic", p.Topic)
}

// reachedEnd notes that the log of a partition ends at an offset for now. Between the
// last record and there may be transaction markers and what compaction left out.
func (r *Reader) reachedEnd(p *readPart, end int64) {
	p.next = max(p.next, end)
	p.atEnd = true
	r.heard(p, time.Now(), false)
	switch {
	case p.end == Follow:
		r.reach(p, false)
	case end >= p.end:
		r.finish(p)
	default:
		r.reach(p, false)
		if !p.waits && p.short.IsZero() {
			p.short = time.Now()
		}
	}
}

// checkShort ends partitions whose log has stayed shorter than it was when the read
// began. A new leader may take a moment to know how far its log is committed.
func (r *Reader) checkShort() {
	for _, p := range r.parts {
		if p.done || p.short.IsZero() {
			continue
		}
		if !p.atEnd {
			p.short = time.Time{}
		} else if time.Since(p.short) > min(r.cfg.timeout(), 5*time.Second) {
			r.pending = append(r.pending, Notice{Kind: NoticeLost, Topic: p.Topic, Partition: p.Partition, From: p.next, To: p.end, Text: "the log has become shorter"})
			r.finish(p)
		}
	}
}

// reposition continues after the position of a partition fell out of its log: behind
// what retention deleted, or at the end of a log that became shorter.
func (r *Reader) reposition(ctx context.Context, p *readPart) error {
	start, end, err := r.bounds(ctx, p.TopicPartition)
	if err != nil {
		return err
	}
	switch {
	case start > p.next:
		first, gone := max(p.next, p.from), start
		if p.end != Follow {
			gone = min(start, p.end)
		}
		if first < gone {
			r.pending = append(r.pending, Notice{Kind: NoticeLost, Topic: p.Topic, Partition: p.Partition, From: first, To: gone})
		}
		p.next = start
	case end < p.next:
		return r.truncated(p, end)
	}
	if p.end != Follow && p.next >= p.end {
		r.finish(p)
		return nil
	}
	return r.seek(p)
}

// bounds asks for the bounds of a partition's log, in short requests so that ctx is
// heeded.
func (r *Reader) bounds(ctx context.Context, tp TopicPartition) (start, end int64, err error) {
	for began := time.Now(); ; {
		start, end, err = r.client.QueryWatermarkOffsets(tp.Topic, tp.Partition, 500)
		switch {
		case err == nil:
			return start, end, nil
		case ctx.Err() != nil:
			return 0, 0, context.Cause(ctx)
		case time.Since(began) > r.cfg.timeout() && !(r.follow && mends(err)):
			return 0, 0, fmt.Errorf("%s: %w", tp, explain(r.cfg, r.logs, err))
		}
		// Else the next request would go to the leader that is remembered again.
		_, _ = r.client.GetMetadata(&tp.Topic, false, 500)
	}
}

func (r *Reader) truncated(p *readPart, end int64) error {
	if end < 0 || end > p.next {
		end = p.next
	}
	r.pending = append(r.pending, Notice{Kind: NoticeTruncated, Topic: p.Topic, Partition: p.Partition, From: p.next, To: end})
	p.next, p.from = end, min(p.from, end)
	return r.seek(p)
}

// seek starts fetching a partition anew at its next offset. After an error librdkafka
// has stopped it, so it must be assigned again.
//
// The stop runs in librdkafka's own time and takes the forwarding back, after forward
// has set it or before: so it is set again until the partition says something. What has
// come in between is forwarded then too.
func (r *Reader) seek(p *readPart) error {
	tps := []ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition, Offset: ck.Offset(p.next)}}
	if r.member && r.client.GetRebalanceProtocol() != "COOPERATIVE" {
		return r.reassign()
	}
	if err := r.client.IncrementalUnassign(tps); err != nil {
		return explain(r.cfg, r.logs, err)
	}
	r.forward(tps, true)
	if !p.silent {
		p.silent = true
		r.silent++
	}
	return explain(r.cfg, r.logs, r.client.IncrementalAssign(tps))
}

func (r *Reader) spoke(p *readPart) {
	p.silent = false
	r.silent--
}

func (r *Reader) forwardSilent() {
	if r.silent == 0 {
		return
	}
	for _, p := range r.parts {
		if p.silent && !p.done {
			r.forward([]ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition}}, true)
		}
	}
}

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
