package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"

	"kstream/cmd/cli"
	"kstream/cmd/dump"
	"kstream/cmd/record"
	"kstream/kafka"
)

// findDump finds what is to be read of a dump.
func (s *source) findDump(ctx context.Context) error {
	d, err := record.OpenDump(s.env, s.plan.src.file)
	if err != nil {
		return err
	}
	s.dump = d
	m := d.Manifest()
	topics := record.DumpedTopics(d)
	if len(topics) != 1 {
		return cli.Errorf(cli.CodeBadData, "%s holds records of %d topics, and those of one can be replayed", s.plan.src, len(topics))
	}
	s.topic, s.partitions, s.depth = topics[0].Name, len(topics[0].Partitions), 1
	if t := m.Topic(s.topic); t != nil {
		s.config = maps.Clone(t.Config)
	}
	c := &record.Reading{Selection: s.plan.Selection, Env: s.env}
	if err := c.PlaceKey(ctx, topics); err != nil {
		return err
	}
	if s.spans, err = s.plan.Range.SpansIn(d, topics); err != nil {
		return err
	}
	for _, span := range s.spans {
		if span.To < math.MaxInt64 {
			s.total += max(0, span.To-span.From)
		}
	}
	s.open = func(_ context.Context, next map[int32]int64) (feed, error) { return s.openDump(next) }
	id, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(id)
	s.id = hex.EncodeToString(sum[:])
	return nil
}

// openDump returns a feed of the records of the dump from positions on. A stream can be read
// once.
func (s *source) openDump(next map[int32]int64) (feed, error) {
	d := s.dump
	s.dump = nil
	if d == nil {
		if s.plan.src.file == "-" {
			return nil, fmt.Errorf("%s: a stream cannot be read again from the last transaction on", s.plan.src)
		}
		var err error
		if d, err = record.OpenDump(s.env, s.plan.src.file); err != nil {
			return nil, err
		}
	}
	d.Select(rangesOf(s.rest(next))...)
	return &dumpFeed{d}, nil
}

// rangesOf returns spans as dumps name them.
func rangesOf(spans []kafka.Span) []dump.Range {
	ranges := []dump.Range{}
	for _, s := range spans {
		ranges = append(ranges, dump.Range{Topic: s.Topic, Partition: s.Partition, From: s.From, To: s.To})
	}
	return ranges
}

// dumpFeed reads the records of a dump, a block at a time.
type dumpFeed struct{ r *dump.Reader }

func (f *dumpFeed) Next(ctx context.Context, b *kafka.Batch) error {
	b.Records, b.Notices = nil, nil
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	records, err := f.r.Next()
	if err != nil {
		return record.DumpError(err)
	}
	b.Records = records
	return nil
}

func (f *dumpFeed) Close() error { return f.r.Close() }
