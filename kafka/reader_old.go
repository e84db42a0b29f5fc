package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Records in the message formats before Kafka 0.11, which a cluster that was upgraded may
// hold for ever. The librdkafka that we have misreads them (its issues 5504 and 5549): it
// returns nulls for keys and values, or errors, or nothing at all. So a partition is put
// aside where that may be the case: what librdkafka returns of it is left out, the broker is
// asked for the records themselves, and what is in an old format is read here. Everything
// else is left to librdkafka again.

// aside is the state of a partition that is put aside.
type aside struct {
	suspect bool     // a record came that may be no null: it must be looked at
	old     bool     // what comes next was in an old format when it was asked for last
	corrupt bool     // a checksum did not hold
	leader  int32    // -1: not known
	ready   []Record // fetched and not yet handed on
	from    int64    // position that ready continues
	asked   time.Time
	failing time.Time // since when no broker has answered
}

// putAside leaves out what librdkafka returns of p, from its next offset on.
func (r *Reader) putAside(p *readPart, suspect bool) {
	p.aside = &aside{suspect: suspect, leader: -1}
	r.asides = append(r.asides, p)
}

// misread reports whether a record is one that librdkafka may have made of an old one: they
// know no leader's epoch, and it returns a null for each key.
func (p *readPart) misread(rec *Record) bool {
	return rec.LeaderEpoch < 0 && rec.Key == nil && !p.leaderless
}

// readAside adds records of the partition that was put aside and has waited longest.
func (r *Reader) readAside(ctx context.Context, b *Batch) error {
	r.asides = slices.DeleteFunc(r.asides, func(p *readPart) bool {
		if p.done || p.gone {
			p.aside = nil
		}
		return p.aside == nil || r.parts[p.TopicPartition] != p
	})
	if len(r.asides) == 0 {
		return nil
	}
	p := slices.MinFunc(r.asides, func(p, q *readPart) int { return p.aside.asked.Compare(q.aside.asked) })
	a := p.aside
	a.asked = time.Now()
	if len(a.ready) == 0 || a.from != p.next {
		a.ready = nil
		if err := r.ask(ctx, p); err != nil {
			return err
		}
	}
	for len(a.ready) > 0 && len(b.Records) < r.most && !p.done {
		rec := a.ready[0]
		if p.end != Follow && rec.Offset >= p.end {
			r.ledger.drop(p.TopicPartition, rec.Offset)
			p.next = p.end
			r.finish(p)
			break
		}
		a.ready = a.ready[1:]
		p.next, p.atEnd = rec.Offset+1, false
		a.from = p.next
		if rec.Offset >= p.from {
			b.Records = append(b.Records, rec)
		}
		if p.next == p.end {
			r.finish(p)
		}
	}
	return nil
}

// patience is how long a step waits for librdkafka: not at all while an old record waits.
func (r *Reader) patience() time.Duration {
	for _, p := range r.asides {
		if p.aside != nil && !p.atEnd && p.aside.failing.IsZero() {
			return 0
		}
	}
	return 100 * time.Millisecond
}

// ask fetches what comes next of a partition and makes its old records ready, or gives
// the partition back to librdkafka.
func (r *Reader) ask(ctx context.Context, p *readPart) error {
	a := p.aside
	if r.wire == nil {
		var err error
		if r.wire, err = openWire(r.cfg); err != nil && a.suspect {
			return fmt.Errorf("%s@%d: %w: a null that may be a record in a format before Kafka 0.11: %w", p.TopicPartition, p.next, ErrUnreadable, err)
		} else if err != nil {
			return r.giveBack(p)
		}
	}
	set, end, err := r.askLeader(ctx, p)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, kerr.OffsetOutOfRange), errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.TopicAuthorizationFailed):
		a.suspect = false
		return r.giveBack(p) // librdkafka meets it too, and what is to be done then is known
	case err != nil:
		return r.askLater(ctx, p, err)
	}
	a.failing = time.Time{}
	format := formatOf(set)
	switch {
	case format >= batchFormat, format < 0 && (!a.old || p.next < end):
		p.leaderless = p.leaderless || a.suspect && !a.old && format >= 0
		return r.giveBack(p)
	case format < 0:
		r.reachedEnd(p, end)
		return nil
	}
	if !a.old {
		a.old = true
		if err := r.client.Pause([]ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition}}); err != nil {
			return explain(r.cfg, r.logs, err)
		}
	}
	messages := messageSet{tp: p.TopicPartition, limit: maxUnpacked, next: p.next}
	if err := messages.read(set); err != nil && len(messages.records) == 0 {
		return fmt.Errorf("%s@%d: %w: message format %d (before Kafka 0.11): %w", p.TopicPartition, p.next, ErrUnreadable, format, err)
	}
	if messages.next == p.next {
		return fmt.Errorf("%s@%d: %w: message format %d (before Kafka 0.11): the broker returns no whole message", p.TopicPartition, p.next, ErrUnreadable, format)
	}
	a.ready, a.from = messages.records, p.next
	if len(a.ready) == 0 {
		p.next = messages.next
	}
	return nil
}

// askLeader fetches what a partition holds at its next offset, and says where it ends.
func (r *Reader) askLeader(ctx context.Context, p *readPart) (set []byte, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, min(r.cfg.timeout(), 5*time.Second))
	defer cancel()
	if p.aside.leader < 0 {
		if p.aside.leader, err = r.wire.leader(ctx, p.TopicPartition); err != nil {
			return nil, 0, err
		}
	}
	found, err := r.wire.fetch(ctx, p.aside.leader, p.TopicPartition, p.next, !r.uncommitted)
	if err != nil {
		return nil, 0, err
	}
	end = found.HighWatermark
	if !r.uncommitted && found.LastStableOffset >= 0 {
		end = found.LastStableOffset
	}
	return found.RecordBatches, end, nil
}

// askLater waits a moment after a question had no answer; a bounded read gives up when
// its time is over.
func (r *Reader) askLater(ctx context.Context, p *readPart, err error) error {
	a := p.aside
	if a.leader = -1; a.failing.IsZero() {
		a.failing = time.Now()
	}
	if !r.follow && time.Since(a.failing) > r.cfg.timeout() {
		return fmt.Errorf("%s@%d: %w", p.TopicPartition, p.next, wireError(err))
	}
	return pause(ctx, pollInterval)
}

// giveBack leaves a partition to librdkafka again, from its next offset on.
func (r *Reader) giveBack(p *readPart) error {
	old := p.aside.old
	if p.aside.corrupt && !old {
		p.corrupt = p.next
		r.pending = append(r.pending, Notice{Kind: NoticeCorrupt, Topic: p.Topic, Partition: p.Partition, From: p.next})
	}
	p.aside, p.looked, p.atEnd = nil, p.next, false
	if err := r.seek(p); err != nil || !old {
		return err
	}
	return explain(r.cfg, r.logs, r.client.Resume([]ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition}}))
}
