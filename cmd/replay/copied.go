package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// Without progress a run begins at the beginning. When there was some once, and it is
// lost, that would copy everything again: then the records are in DST already.

const (
	probedPartitions = 4    // of SRC, of which records are looked for in DST
	probeReach       = 64   // offsets of SRC in which there may be no record
	searchReach      = 4096 // offsets of DST that are looked through for one
)

// checkCopied refuses to begin anew when DST has records that this run would write. It
// looks for a few of them.
func (r *run) checkCopied(ctx context.Context) error {
	if r.dst.topic != "" {
		n, err := r.target.content(ctx)
		if err != nil || n == 0 {
			return err
		}
		r.say("%s is not empty: it has up to %s", r.dst, cli.Count(n, "record"))
	}
	for _, at := range []func(kafka.Span) int64{
		func(s kafka.Span) int64 { return s.From },
		func(s kafka.Span) int64 { return s.From + (s.To-s.From)/2 },
	} {
		probes, err := r.probes(ctx, at)
		if err != nil {
			return err
		}
		for i := range probes {
			there, err := r.target.isWritten(ctx, &probes[i])
			if errors.Is(err, kafka.ErrDenied) || errors.Is(err, kafka.ErrUnknownTopic) {
				return nil // who may write a topic need not be allowed to read it
			}
			if err != nil {
				return err
			}
			if there {
				return cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "%s has records of %s already, and no progress is kept under %s: this would copy them again", probes[i].Topic, r.src, r.progress.name),
					"--restart copies them again; --from-offset and --restart go on from a place of your choice")
			}
		}
	}
	return nil
}

// probes returns what would be written of some records of SRC, one of a partition.
func (r *run) probes(ctx context.Context, at func(kafka.Span) int64) ([]kafka.Record, error) {
	var spans []kafka.Span
	for _, s := range r.source.spans {
		if s.From < s.To && !s.Ahead && len(spans) < probedPartitions {
			from := at(s)
			spans = append(spans, kafka.Span{TopicPartition: s.TopicPartition, From: from, To: min(s.To, from+probeReach)})
		}
	}
	feed, err := r.source.again(spans)
	if err != nil || feed == nil {
		return nil, err
	}
	var probes []kafka.Record
	seen := map[int32]bool{}
	var b kafka.Batch
	for err == nil && len(seen) < len(spans) {
		err = feed.Next(ctx, &b)
		for i := range b.Records {
			rec := &b.Records[i]
			if !seen[rec.Partition] {
				seen[rec.Partition] = true
				probes = append(probes, r.wouldWrite(ctx, rec)...)
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return probes, cli.FirstOf(err, feed.Close())
}

// wouldWrite returns copies of the records that rec becomes. What cannot be changed, or goes
// nowhere, becomes none: the copy itself reports why.
func (r *run) wouldWrite(ctx context.Context, rec *kafka.Record) []kafka.Record {
	var made []kafka.Record
	put := func(rec *kafka.Record) error {
		out := *rec
		if goes, err := r.target.address(ctx, &out); err != nil || !goes {
			return err
		}
		out.Key, out.Value = bytes.Clone(out.Key), bytes.Clone(out.Value)
		out.Headers = slices.Clone(out.Headers)
		for i := range out.Headers {
			out.Headers[i].Value = bytes.Clone(out.Headers[i].Value)
		}
		made = append(made, out)
		return nil
	}
	if r.change.apply(ctx, rec, put) != nil {
		return nil
	}
	return made
}

// isWritten reports whether the topic of want has a record like it: from its time on, or
// where times are not kept at the beginning.
func (t *target) isWritten(ctx context.Context, want *kafka.Record) (bool, error) {
	admin := t.clusters.admin
	topics, err := admin.Topics(ctx, want.Topic)
	if err != nil {
		return false, err
	}
	tps := partitionsIn(topics[0])
	marks, err := admin.Watermarks(ctx, tps)
	if err != nil {
		return false, err
	}
	times, reach := t.keepsTimes(), int64(searchReach)
	if !times {
		reach = 1
	}
	from := map[kafka.TopicPartition]int64{}
	for tp, m := range marks {
		from[tp] = m.Start
	}
	if times && want.Timestamp >= 0 {
		millis := map[kafka.TopicPartition]int64{}
		for _, tp := range tps {
			millis[tp] = want.Timestamp
		}
		if from, err = admin.OffsetsAt(ctx, millis); err != nil {
			return false, err
		}
	}
	var spans []kafka.Span
	for tp, m := range marks {
		if at := from[tp]; at >= 0 && at < m.Stable {
			spans = append(spans, kafka.Span{TopicPartition: tp, From: max(at, m.Start), To: min(at+reach, m.Stable)})
		}
	}
	if len(spans) == 0 {
		return false, nil
	}
	reader, err := kafka.OpenReader(t.clusters.target.Config, kafka.ReaderConfig{Spans: spans}, topics)
	if err != nil {
		return false, err
	}
	there := false
	var b kafka.Batch
	for err == nil && !there {
		err = reader.Next(ctx, &b)
		there = slices.ContainsFunc(b.Records, func(have kafka.Record) bool {
			return (!times || have.Timestamp == kafka.WrittenTime(want.Timestamp)) && sameRecord(&have, want)
		})
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := cli.FirstOf(err, reader.Close()); err != nil {
		return false, fmt.Errorf("%s: %w", want.Topic, err)
	}
	return there, nil
}

// sameRecord reports whether keys, values and headers are the same.
func sameRecord(a, b *kafka.Record) bool {
	same := func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
	return same(a.Key, b.Key) && same(a.Value, b.Value) && slices.EqualFunc(a.Headers, b.Headers, func(a, b kafka.Header) bool {
		return a.Key == b.Key && same(a.Value, b.Value)
	})
}
