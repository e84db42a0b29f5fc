package replay

import (
	"context"
	"math"
	"slices"

	"kstream/cmd/cli"
	"kstream/cmd/dump"
	"kstream/cmd/record"
	"kstream/kafka"
)

// source is what is read of SRC.
type source struct {
	plan        *Plan
	env         *cli.Env
	say         func(format string, args ...any)
	clusters    *clusters
	topic       string
	id          string // of the topic; the checksum of a dump
	partitions  int
	replication int
	config      map[string]string // settings that are not defaults
	spans       []kafka.Span
	total       int64 // offsets in them
	depth       int   // batches that may be in hand at once
	lost        int64 // records that were gone before they were read
	open        func(ctx context.Context, next map[int32]int64) (feed, error)
	dump        *dump.Reader // SRC, when it is a file and not read yet
}

// feed returns records: those of a partition in order, all within the spans.
type feed interface {
	Next(ctx context.Context, b *kafka.Batch) error
	Close() error
}

// find finds what is to be read.
func (s *source) find(ctx context.Context) error {
	if s.plan.src.file != "" {
		return s.findDump(ctx)
	}
	admin := s.clusters.sourceAdmin
	topics, err := s.plan.Range.Find(ctx, admin)
	if err != nil {
		return err
	}
	topic := topics[0]
	c := &record.Reading{Selection: s.plan.Selection, Env: s.env}
	if err := c.PlaceKey(ctx, topics); err != nil {
		return err
	}
	part, err := s.plan.Range.Spans(ctx, admin, topics)
	if err = part.Whole(err); err != nil {
		return err
	}
	for _, note := range part.Notes {
		s.say("%s", note)
	}
	s.topic, s.id, s.partitions, s.replication = topic.Name, topic.ID, len(topic.Partitions), topic.Replication()
	s.spans, s.depth = part.Spans, 4
	for _, span := range part.Spans {
		if !span.Ahead {
			s.total += max(0, span.To-span.From)
		}
	}
	s.open = func(_ context.Context, next map[int32]int64) (feed, error) {
		return kafka.OpenReader(s.clusters.source.Config, kafka.ReaderConfig{
			Spans: s.rest(next), ReadUncommitted: s.plan.Range.Uncommitted,
			Topics: func(ctx context.Context) ([]kafka.Topic, error) { return s.plan.Range.Refresh(ctx, admin) },
		}, topics)
	}
	return nil
}

// askSettings asks for the settings of SRC that are its own.
func (s *source) askSettings(ctx context.Context) error {
	if s.plan.src.file != "" {
		return nil // the manifest has told them
	}
	answers, err := s.clusters.sourceAdmin.TopicSettings(ctx, s.topic)
	if err == nil {
		err = answers[s.topic].Err
	}
	if err != nil {
		return err
	}
	s.config = record.OwnSettings(answers[s.topic])
	return nil
}

// starts are the offsets at which the spans begin.
func (s *source) starts() map[int32]int64 {
	starts := make(map[int32]int64, len(s.spans))
	for _, span := range s.spans {
		starts[span.Partition] = span.From
	}
	return starts
}

// rest returns the spans without what comes before next.
func (s *source) rest(next map[int32]int64) []kafka.Span {
	rest := slices.Clone(s.spans)
	for i := range rest {
		span := &rest[i]
		span.From = next[span.Partition]
		span.Ahead = span.Ahead || span.From > span.To
	}
	return rest
}

// ended moves next to the end, for everything was read: behind the last record there may be
// markers of transactions, and what compaction took.
func (s *source) ended(next map[int32]int64) {
	for _, span := range s.spans {
		if span.To != kafka.Follow && span.To != math.MaxInt64 { // as of a stream, whose end is unknown
			next[span.Partition] = max(next[span.Partition], span.To)
		}
	}
}

// remaining counts the offsets that are still to be read.
func (s *source) remaining(next map[int32]int64) int64 {
	n := int64(0)
	for _, span := range s.spans {
		n += max(0, span.To-max(span.From, next[span.Partition]))
	}
	return n
}

// again reads spans aside from the copy; nil when SRC can be read only once.
func (s *source) again(spans []kafka.Span) (feed, error) {
	if len(spans) == 0 || s.plan.src.file == "-" {
		return nil, nil
	}
	if s.plan.src.file == "" {
		return kafka.OpenReader(s.clusters.source.Config, kafka.ReaderConfig{Spans: spans, ReadUncommitted: s.plan.Range.Uncommitted}, nil)
	}
	d, err := record.OpenDump(s.env, s.plan.src.file)
	if err != nil {
		return nil, err
	}
	d.Select(rangesOf(spans)...)
	return &dumpFeed{d}, nil
}
