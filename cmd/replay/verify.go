package replay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// sums are the numbers and checksums of --verify, of what was sent. The checksum of
// a record covers key, value, headers and, where it is kept, the timestamp; those of a
// partition are added up, so that their order does not matter.
type sums struct {
	seed    maphash.Seed
	buf     []byte
	keep    bool // partitions: compare each; else all together
	times   bool // compare timestamps
	sent    map[int32]sum
	pending map[int32]sum // not committed yet
	starts  map[kafka.TopicPartition]int64
	agree   bool
}

type sum struct {
	records int64
	sum     uint64
	parts   [4]uint64 // of keys, values, headers and timestamps alone, to tell what differs
}

// plus adds other.
func (a sum) plus(other sum) sum {
	a.records += other.records
	a.sum += other.sum
	for i, part := range other.parts {
		a.parts[i] += part
	}
	return a
}

// of returns the sums of one record.
func (s *sums) of(r *kafka.Record) sum {
	var ends [4]int
	field := func(b []byte) {
		n := int64(len(b))
		if b == nil {
			n = -1
		}
		s.buf = binary.AppendVarint(s.buf, n)
		s.buf = append(s.buf, b...)
	}
	s.buf = s.buf[:0]
	field(r.Key)
	ends[0] = len(s.buf)
	field(r.Value)
	ends[1] = len(s.buf)
	for _, h := range r.Headers {
		s.buf = binary.AppendUvarint(s.buf, uint64(len(h.Key)))
		s.buf = append(s.buf, h.Key...)
		field(h.Value)
	}
	ends[2] = len(s.buf)
	if s.times {
		s.buf = binary.AppendVarint(s.buf, kafka.WrittenTime(r.Timestamp))
	}
	ends[3] = len(s.buf)
	sum := sum{records: 1, sum: maphash.Bytes(s.seed, s.buf)}
	from := 0
	for i, end := range ends {
		sum.parts[i] = maphash.Bytes(s.seed, s.buf[from:end])
		from = end
	}
	return sum
}

func (s *sums) slot(partition int32) int32 {
	if s.keep {
		return partition
	}
	return kafka.AnyPartition
}

// add counts a record that is sent.
func (s *sums) add(r *kafka.Record) {
	slot := s.slot(r.Partition)
	s.pending[slot] = s.pending[slot].plus(s.of(r))
}

// commit notes that what was sent stays.
func (s *sums) commit() {
	if s != nil {
		s.count(s.pending)
		clear(s.pending)
	}
}

// count adds what stays.
func (s *sums) count(sums map[int32]sum) {
	if s == nil {
		return
	}
	for slot, p := range sums {
		s.sent[slot] = s.sent[slot].plus(p)
	}
}

// open returns a copy of what was sent and may still be taken back.
func (s *sums) open() map[int32]sum {
	if s == nil {
		return nil
	}
	return maps.Clone(s.pending)
}

// drop forgets what was sent: it was taken back.
func (s *sums) drop() {
	if s != nil {
		clear(s.pending)
	}
}

// openSums notes where DST ends before anything is written.
func (t *target) openSums(ctx context.Context) error {
	s := &sums{seed: maphash.MakeSeed(), keep: t.keep, sent: map[int32]sum{}, pending: map[int32]sum{}}
	t.sums = s
	if t.plan.dst.file != "" {
		s.keep, s.times = true, true
		return nil
	}
	s.times = t.keepsTimes()
	marks, err := t.clusters.admin.Watermarks(ctx, partitionsIn(t.topic))
	if err != nil {
		return err
	}
	s.starts = make(map[kafka.TopicPartition]int64, len(marks))
	for tp, m := range marks {
		s.starts[tp] = m.End
	}
	return nil
}

// partitionsIn lists the partitions of a topic.
func partitionsIn(t kafka.Topic) []kafka.TopicPartition {
	tps := make([]kafka.TopicPartition, len(t.Partitions))
	for i, p := range t.Partitions {
		tps[i] = kafka.TopicPartition{Topic: t.Name, Partition: p.ID}
	}
	return tps
}

// verify reads back what DST got since the start, so many records, and compares.
func (t *target) verify(ctx context.Context, records int64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, verifyPatience(records),
		fmt.Errorf("%w: %s: a transaction stays open", kafka.ErrUnreachable, t.plan.dst))
	defer cancel()
	feed, err := t.openWritten(ctx)
	if err != nil {
		return fmt.Errorf("--verify: %w", err)
	}
	s := t.sums
	found := map[int32]sum{}
	var b kafka.Batch
	for err == nil {
		err = feed.Next(ctx, &b)
		for i := range b.Records {
			rec := &b.Records[i]
			slot := s.slot(rec.Partition)
			found[slot] = found[slot].plus(s.of(rec))
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := cli.FirstOf(err, feed.Close()); err != nil {
		return fmt.Errorf("--verify: %w", err)
	}
	return s.compare(t.plan.dst, found)
}

// verifyPatience is how long reading so many records back may take, with an open
// transaction of somebody else before them.
func verifyPatience(records int64) time.Duration {
	return record.OpenTransactionsLast + time.Duration(records)*time.Millisecond
}

// openWritten opens what was written.
func (t *target) openWritten(ctx context.Context) (feed, error) {
	if t.plan.dst.file != "" {
		d, err := record.OpenDump(t.env, t.plan.dst.file)
		return &dumpFeed{d}, err
	}
	marks, err := t.clusters.admin.Watermarks(ctx, partitionsIn(t.topic))
	if err != nil {
		return nil, err
	}
	var spans []kafka.Span
	for tp, m := range marks {
		// The marker of the last transaction may take a moment: what it commits is waited for.
		spans = append(spans, kafka.Span{
			TopicPartition: tp, From: max(m.Start, t.sums.starts[tp]), To: m.End, Ahead: m.Stable < m.End, End: m.Stable,
		})
	}
	return kafka.OpenReader(t.clusters.target.Config, kafka.ReaderConfig{Spans: spans}, []kafka.Topic{t.topic})
}

// compare returns how what was found differs from what was sent.
func (s *sums) compare(dst place, found map[int32]sum) error {
	for slot := range found {
		if _, ok := s.sent[slot]; !ok {
			s.sent[slot] = sum{}
		}
	}
	for _, slot := range slices.Sorted(maps.Keys(s.sent)) {
		sent, have := s.sent[slot], found[slot]
		place := dst.String()
		if slot != kafka.AnyPartition {
			place = fmt.Sprintf("%s[%d]", dst, slot)
		}
		switch {
		case sent.records != have.records:
			return cli.Hint(cli.Errorf(cli.CodeUnmet, "--verify: %s has %s of %d that were sent", place, cli.Count(have.records, "record"), sent.records),
				"more may be there when others write too, fewer when it is compacted or its retention has passed")
		case sent.sum != have.sum:
			return cli.Hint(cli.Errorf(cli.CodeUnmet, "--verify: %s: %s differ from those that were sent", place, sent.differences(have)),
				"kstream topic diff SRC DST names the records")
		}
	}
	s.agree = true
	return nil
}

// differences names the parts of records that are not the same in both.
func (a sum) differences(b sum) string {
	var names []string
	for i, name := range []string{"keys", "values", "headers", "timestamps"} {
		if a.parts[i] != b.parts[i] {
			names = append(names, name)
		}
	}
	if names == nil {
		return "records" // the parts are all there, but belong together otherwise
	}
	return strings.Join(names, ", ")
}
