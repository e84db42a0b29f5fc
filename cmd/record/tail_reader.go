package record

import (
	"context"
	"errors"

	"kstream/kafka"
)

// tailReader reads the newest records of partitions, n of each or all it has. Offsets do not
// count records: transaction markers and compaction leave some out. So it reads the
// last n offsets, and where that gave fewer records goes on in front of them, twice as
// far each time.
type tailReader struct {
	cfg         kafka.Config
	n           int64
	uncommitted bool
	topics      []kafka.Topic
	whole       map[kafka.TopicPartition]kafka.Span // what may be read
	next        []kafka.Span                        // what is to be read in the next round
	found       map[kafka.TopicPartition]int64
}

// NewTailReader returns a reader of the last n records of each span.
func NewTailReader(cfg kafka.Config, n int, uncommitted bool, spans []kafka.Span, topics []kafka.Topic) *tailReader {
	t := &tailReader{
		cfg: cfg, n: int64(n), uncommitted: uncommitted, topics: topics,
		whole: map[kafka.TopicPartition]kafka.Span{}, found: map[kafka.TopicPartition]int64{},
	}
	for _, s := range spans {
		t.whole[s.TopicPartition] = s
		s.From = max(s.From, s.To-t.n)
		t.next = append(t.next, s)
	}
	return t
}

// Run hands on the newest records of each partition; those of an earlier round are
// newer.
func (t *tailReader) Run(ctx context.Context, emit func(kafka.Event) error) error {
	for round := t.next; len(round) > 0; round = t.earlier(round) {
		reader, err := kafka.OpenReader(t.cfg, kafka.ReaderConfig{Spans: round, ReadUncommitted: t.uncommitted}, t.topics)
		if err != nil {
			return err
		}
		err = reader.Run(ctx, func(ev kafka.Event) error {
			if ev.Batch != nil {
				for i := range ev.Batch.Records {
					r := &ev.Batch.Records[i]
					t.found[kafka.TopicPartition{Topic: r.Topic, Partition: r.Partition}]++
				}
			}
			return emit(ev)
		})
		if err := errors.Join(err, reader.Close()); err != nil {
			return err
		}
	}
	return nil
}

// earlier returns the spans in front of those that were read, where records are missing.
func (t *tailReader) earlier(round []kafka.Span) []kafka.Span {
	var next []kafka.Span
	for _, s := range round {
		whole := t.whole[s.TopicPartition]
		if t.found[s.TopicPartition] >= t.n || s.From <= whole.From {
			continue
		}
		width := 2 * (whole.To - s.From)
		s.To, s.From = s.From, max(whole.From, s.From-width)
		next = append(next, s)
	}
	return next
}

// Close has nothing to do: each round closes what it opened.
func (t *tailReader) Close() error { return nil }
