package kafka

import (
	"context"
	"errors"
	"io"
	"maps"
)

// RecordTimes reads the timestamp, in milliseconds since the epoch, of the first record
// of each span: where that one was compacted away or is a transaction's marker, of the
// one behind it. Spans that are empty, or whose records carry no timestamp, are missing
// in the result. It reads one batch of most partitions and takes at most the
// timeout; what it found until an error is valid.
func (a *Admin) RecordTimes(ctx context.Context, spans []Span) (map[TopicPartition]int64, error) {
	times := make(map[TopicPartition]int64, len(spans))
	wanted := make(map[TopicPartition]bool, len(spans))
	kept := make([]Span, 0, len(spans))
	for _, s := range spans {
		if s.From < s.To {
			wanted[s.TopicPartition] = true
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return times, nil
	}
	cfg := a.cfg
	cfg.Properties = maps.Clone(cfg.Properties)
	if cfg.Properties == nil {
		cfg.Properties = map[string]string{}
	}
	// A broker sends one whole batch, however large, and of the other partitions those that
	// are within the limit (KIP-74): most are.
	cfg.Properties["fetch.message.max.bytes"] = "32768"
	cfg.Properties["queued.min.messages"] = "1"
	cfg.Properties["fetch.queue.backoff.ms"] = "1"
	reader, err := OpenReader(cfg, ReaderConfig{Spans: kept, ReadUncommitted: true}, nil)
	if err != nil {
		return times, err
	}
	bounded, cancel := a.bounded(ctx)
	defer cancel()
	var b Batch
	for len(wanted) > 0 && err == nil {
		err = reader.Next(bounded, &b)
		for i := range b.Records {
			r := &b.Records[i]
			tp := TopicPartition{r.Topic, r.Partition}
			if !wanted[tp] {
				continue
			}
			delete(wanted, tp)
			reader.Finish(tp) // a fetch that is about others, too, brings one batch of one of them
			if r.TimestampType != TimestampNone && r.Timestamp >= 0 {
				times[tp] = r.Timestamp
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return times, errors.Join(explain(a.cfg, a.logs, err), reader.Close())
}
