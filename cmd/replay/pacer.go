package replay

import (
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"strconv"
	"time"

	"kstream/cmd/input"
	"kstream/kafka"
)

// pacer says when the next records may go. A nil one lets all go at once.
type pacer struct {
	pace *input.Pace // of --rate; nil under --speed

	clock input.Clock
	speed float64
	began time.Time
	zero  int64 // the first timestamp
	now   int64 // the latest timestamp: the next record is not before it
}

// pacerQuantum is the shortest wait: what is due within it goes at once.
const pacerQuantum = time.Millisecond

// openPacer starts what was asked for by --rate or --speed.
func (r *run) openPacer() {
	switch {
	case r.pace != nil:
		r.pacer = &pacer{pace: r.pace(r.clock)}
	case r.speed > 0 && !r.flags.DryRun:
		r.pacer = &pacer{clock: r.clock, speed: r.speed}
		r.mergeByTime()
	}
}

// take waits until at least one of the records may go, and returns how many may.
func (t *pacer) take(ctx context.Context, records []kafka.Record) (int, error) {
	switch {
	case t == nil:
		return len(records), nil
	case t.pace != nil:
		return t.pace.Take(ctx, len(records))
	}
	t.now = max(t.now, records[0].Timestamp)
	if t.began.IsZero() {
		t.began, t.zero = t.clock.Now(), t.now
	}
	if wait := t.due(t.now) - t.clock.Now().Sub(t.began); wait > 0 {
		if err := t.clock.Sleep(ctx, max(wait, pacerQuantum)); err != nil {
			return 0, err
		}
	}
	n, elapsed := 1, t.clock.Now().Sub(t.began)
	for n < len(records) {
		at := max(t.now, records[n].Timestamp)
		if t.due(at) > elapsed {
			break
		}
		t.now = at
		n++
	}
	return n, nil
}

// due is when a record of that time may go, counted from the first.
func (t *pacer) due(millis int64) time.Duration {
	return time.Duration(min(float64(millis-t.zero)/t.speed*float64(time.Millisecond), math.MaxInt64/2))
}

// merge is a feed of the records of several feeds, a partition each, in the order of their
// times. Records of a partition stay in their order: one that is older than the one
// before it counts as that old.
type merge struct {
	parts []*mergePart
}

// mergePart is a feed and what was taken of it.
type mergePart struct {
	feed  feed
	batch kafka.Batch
	rest  []kafka.Record // of batch
	time  int64          // of the record that comes next
	ended bool
}

// mergeByTime makes the source one that returns records in the order of their times. Each
// partition is read by itself, so that none has to be held back while others are read.
func (r *run) mergeByTime() {
	o := r.from
	open := o.open
	o.depth = 1 // a batch points into those of the parts
	o.open = func(ctx context.Context, next map[int32]int64) (feed, error) {
		m := new(merge)
		for _, s := range o.rest(next) {
			if s.From >= s.To {
				continue
			}
			feed, err := r.openPart(ctx, open, s, next)
			if err != nil {
				return nil, errors.Join(err, m.Close())
			}
			m.parts = append(m.parts, &mergePart{feed: feed, time: math.MinInt64})
		}
		return m, nil
	}
}

// openPart opens a feed of one partition.
func (r *run) openPart(ctx context.Context, open func(context.Context, map[int32]int64) (feed, error), s kafka.Span, next map[int32]int64) (feed, error) {
	if r.src.file != "" {
		alone := maps.Clone(next)
		for _, other := range r.from.spans {
			if other.Partition != s.Partition {
				alone[other.Partition] = other.To
			}
		}
		return open(ctx, alone)
	}
	cfg := r.ends.source.Config
	cfg.Properties = maps.Clone(cfg.Properties)
	if cfg.Properties == nil {
		cfg.Properties = map[string]string{}
	}
	cfg.Properties["queued.max.messages.kbytes"] = strconv.Itoa(max(256, (64<<10)/len(r.from.spans))) // together no more than one reader
	return kafka.OpenReader(cfg, kafka.ReaderConfig{Spans: []kafka.Span{s}, ReadUncommitted: r.Range.Uncommitted}, nil)
}

// Next implements replayFeed. What b had before must be done with.
func (m *merge) Next(ctx context.Context, b *kafka.Batch) error {
	b.Records, b.Notices = b.Records[:0], nil
	open := 0
	for _, p := range m.parts {
		notices, err := p.fill(ctx)
		if err != nil {
			return err
		}
		b.Notices = append(b.Notices, notices...)
		if !p.ended {
			open++
		}
	}
	if open == 0 {
		if len(b.Notices) > 0 {
			return nil
		}
		return io.EOF
	}
	for {
		var first *mergePart
		for _, p := range m.parts {
			if !p.ended && (first == nil || p.time < first.time) {
				first = p
			}
		}
		b.Records = append(b.Records, first.rest[0])
		if first.rest = first.rest[1:]; len(first.rest) == 0 {
			return nil // what comes next may be older than what the others have
		}
		first.time = max(first.time, first.rest[0].Timestamp)
	}
}

// fill makes sure that the next record is known, unless there is none.
func (p *mergePart) fill(ctx context.Context) (notices []kafka.Notice, err error) {
	for len(p.rest) == 0 && !p.ended {
		err := p.feed.Next(ctx, &p.batch)
		notices = append(notices, p.batch.Notices...)
		switch {
		case errors.Is(err, io.EOF):
			p.ended = true
		case err != nil:
			return notices, err
		}
		if p.rest = p.batch.Records; len(p.rest) > 0 && !p.ended {
			p.time = max(p.time, p.rest[0].Timestamp)
		}
	}
	return notices, nil
}

// Close implements replayFeed.
func (m *merge) Close() error {
	var errs []error
	for _, p := range m.parts {
		errs = append(errs, p.feed.Close())
	}
	return errors.Join(errs...)
}
