package record

import (
	"context"
	"errors"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// Scan reads spans, one after the other or all at once, and shows how far it is. One
// goroutine owns it.
type Scan struct {
	*Reading
	Config kafka.Config
	Meter  *cli.Meter
	Total  int64 // offsets that are to be read in all
	done   int64 // of them by reads that have ended
}

// Read hands the batches of spans to add, until ctx ends.
func (s *Scan) Read(ctx context.Context, spans []kafka.Span, topics []kafka.Topic, add func(context.Context, *kafka.Batch) error) (err error) {
	reader, err := kafka.OpenReader(s.Config, kafka.ReaderConfig{Spans: spans, ReadUncommitted: s.Range.Uncommitted}, topics)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	left := func() int64 {
		positions := reader.Positions()
		n := s.Total - s.done
		for _, span := range spans {
			n -= max(0, min(span.To, positions[span.TopicPartition])-span.From)
		}
		return n
	}
	defer s.Meter.Clear()
	s.Tell = func(line string) {
		s.Meter.Clear()
		s.Env.Notice("%s", line)
	}
	err = reader.Run(ctx, func(ev kafka.Event) error {
		for _, n := range ev.Notices {
			if n.Kind == kafka.NoticeLost {
				s.Lost.Add(n.To - n.From)
			}
			s.Meter.Clear()
			s.Env.Notice("%s", n)
		}
		if ev.Batch != nil {
			if err := add(ctx, ev.Batch); err != nil {
				return OverOr(ctx, err)
			}
		}
		s.Meter.Show(s.Total, left)
		return nil
	})
	s.done += OffsetsOf(spans)
	return err
}

// OffsetsOf is the number of offsets in spans, so the most records that there can be.
func OffsetsOf(spans []kafka.Span) int64 {
	n := int64(0)
	for _, s := range spans {
		n += max(0, s.To-s.From)
	}
	return n
}
