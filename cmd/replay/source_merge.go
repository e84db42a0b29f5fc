package replay

import (
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"strconv"

	"kstream/kafka"
)

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
func (s *source) mergeByTime() {
	open := s.open
	s.depth = 1 // a batch points into those of the parts
	s.open = func(ctx context.Context, next map[int32]int64) (feed, error) {
		m := new(merge)
		for _, span := range s.rest(next) {
			if span.From >= span.To {
				continue
			}
			feed, err := s.openPart(ctx, open, span, next)
			if err != nil {
				return nil, errors.Join(err, m.Close())
			}
			m.parts = append(m.parts, &mergePart{feed: feed, time: math.MinInt64})
		}
		return m, nil
	}
}

// openPart opens a feed of one partition.
func (s *source) openPart(ctx context.Context, open func(context.Context, map[int32]int64) (feed, error), span kafka.Span, next map[int32]int64) (feed, error) {
	if s.plan.src.file != "" {
		alone := maps.Clone(next)
		for _, other := range s.spans {
			if other.Partition != span.Partition {
				alone[other.Partition] = other.To
			}
		}
		return open(ctx, alone)
	}
	cfg := s.clusters.source.Config
	cfg.Properties = maps.Clone(cfg.Properties)
	if cfg.Properties == nil {
		cfg.Properties = map[string]string{}
	}
	cfg.Properties["queued.max.messages.kbytes"] = strconv.Itoa(max(256, (64<<10)/len(s.spans))) // together no more than one reader
	return kafka.OpenReader(cfg, kafka.ReaderConfig{Spans: []kafka.Span{span}, ReadUncommitted: s.plan.Range.Uncommitted}, nil)
}

// Next implements feed. What b had before must be done with.
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

// Close implements feed.
func (m *merge) Close() error {
	var errs []error
	for _, p := range m.parts {
		errs = append(errs, p.feed.Close())
	}
	return errors.Join(errs...)
}
