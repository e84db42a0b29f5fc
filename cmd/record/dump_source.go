package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"kstream/cmd/cli"
	"kstream/cmd/dump"
	"kstream/kafka"
	"kstream/kafka/position"
)

// FilePrefix is what stands before the path of a dump where a topic could stand.
const FilePrefix = "file:"

// OpenDump opens a dump to be read; "-" is stdin.
func OpenDump(env *cli.Env, path string) (*dump.Reader, error) {
	if path == "-" {
		r, err := dump.NewReader(env.Stdin)
		return r, DumpError(err)
	}
	r, err := dump.Open(path)
	var d *dump.DamageError
	if errors.As(err, &d) {
		err = cli.Hint(DumpError(err), "kstream consume file:- <%s reads the records before the damage", path)
	}
	return r, DumpError(err)
}

// DumpError adds its code to an error of a dump.
func DumpError(err error) error {
	var d *dump.DamageError
	var known *cli.CodedError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &d), errors.Is(err, dump.ErrNotDump):
		return cli.Errorf(cli.CodeBadData, "%w", err)
	case errors.Is(err, dump.ErrExists):
		return cli.Errorf(cli.CodeAlreadyExists, "%w", err)
	}
	return err
}

// DumpedTopics returns the topics of a dump as a cluster would describe them.
func DumpedTopics(r *dump.Reader) []kafka.Topic {
	most := map[string]int{}
	var names []string
	note := func(name string, partitions int) {
		if _, ok := most[name]; !ok {
			names = append(names, name)
		}
		most[name] = max(most[name], partitions)
	}
	for _, t := range r.Manifest().Topics {
		note(t.Name, min(max(t.Partitions, 0), maxPartitions))
	}
	if contents, err := r.Contents(); err == nil {
		for _, c := range contents {
			note(c.Topic, int(c.Partition)+1)
		}
	}
	topics := make([]kafka.Topic, 0, len(names))
	for _, name := range names {
		t := kafka.Topic{Name: name}
		for id := range min(most[name], maxPartitions) {
			t.Partitions = append(t.Partitions, kafka.Partition{ID: int32(id)})
		}
		topics = append(topics, t)
	}
	return topics
}

// maxPartitions is more than a topic can have in practice; a manifest that claims more is
// not believed.
const maxPartitions = 200_000

// Narrows reports whether only a part of what there is is to be read.
func (p *Range) Narrows() bool { return p.HasFrom || p.HasTo || p.partitions != nil }

// SelectIn restricts a dump to what is to be read.
func (p *Range) SelectIn(r *dump.Reader) error {
	ranges, err := p.RangesIn(r)
	if err == nil && p.Narrows() {
		r.Select(ranges...)
	}
	return err
}

// RangesIn returns the range of each partition of a dump that is to be read.
func (p *Range) RangesIn(r *dump.Reader) ([]dump.Range, error) {
	ranges := []dump.Range{}
	err := p.placeIn(r, DumpedTopics(r), func(tp kafka.TopicPartition, _ position.Log, from, to int64) {
		ranges = append(ranges, dump.Range{Topic: tp.Topic, Partition: tp.Partition, From: from, To: to})
	})
	return ranges, err
}

// SpansIn returns the same for the first of topics as spans of what is in the dump.
func (p *Range) SpansIn(r *dump.Reader, topics []kafka.Topic) ([]kafka.Span, error) {
	var spans []kafka.Span
	err := p.placeIn(r, topics[:1], func(tp kafka.TopicPartition, log position.Log, from, to int64) {
		spans = append(spans, kafka.Span{TopicPartition: tp, From: max(from, log.Start), To: min(to, log.End)})
	})
	return spans, err
}

// placeIn resolves the range in each partition of topics that a dump holds and that is
// selected. A range without an end ends at math.MaxInt64.
func (p *Range) placeIn(r *dump.Reader, topics []kafka.Topic, add func(tp kafka.TopicPartition, log position.Log, from, to int64)) error {
	if err := p.checkPartitions(topics); err != nil {
		return err
	}
	logs, err := logsOf(r, topics)
	if err != nil {
		return DumpError(err)
	}
	for _, t := range topics {
		for _, one := range t.Partitions {
			tp := kafka.TopicPartition{Topic: t.Name, Partition: one.ID}
			log, there := logs[tp]
			if !p.selects(tp) || !there {
				continue
			}
			from, selected, err := place(r, p.From, tp, log)
			if err != nil {
				return fmt.Errorf("--from-offset %s: %w", p.fromText, err)
			}
			to, ends := int64(math.MaxInt64), true
			if p.HasTo {
				if to, ends, err = place(r, p.to, tp, log); err != nil {
					return fmt.Errorf("--to-offset %s: %w", p.end, err)
				}
			}
			if selected && ends {
				add(tp, log, from, to)
			}
		}
	}
	return nil
}

// logsOf returns the offsets of each partition. Of a stream they are unknown, and all that
// there can be.
func logsOf(r *dump.Reader, topics []kafka.Topic) (map[kafka.TopicPartition]position.Log, error) {
	logs := map[kafka.TopicPartition]position.Log{}
	contents, err := r.Contents()
	if errors.Is(err, dump.ErrNoIndex) {
		for _, t := range topics {
			for _, one := range t.Partitions {
				logs[kafka.TopicPartition{Topic: t.Name, Partition: one.ID}] = position.Log{Start: 0, End: math.MaxInt64}
			}
		}
		return logs, nil
	}
	for _, c := range contents {
		logs[kafka.TopicPartition{Topic: c.Topic, Partition: c.Partition}] = position.Log{Start: c.First, End: c.Last + 1}
	}
	for _, t := range r.Manifest().Topics {
		for _, span := range t.Ranges { // the end of the log may lie behind its last record
			tp := kafka.TopicPartition{Topic: t.Name, Partition: span.Partition}
			if log, ok := logs[tp]; ok {
				log.End = max(log.End, span.To)
				logs[tp] = log
			}
		}
	}
	return logs, err
}

// place turns a position into an offset of one partition of a dump, if it selects that.
func place(r *dump.Reader, pos position.Position, tp kafka.TopicPartition, log position.Log) (int64, bool, error) {
	point, ok := pos.For(tp.Partition)
	if !ok {
		return 0, false, nil
	}
	if log.End == math.MaxInt64 && point.Kind != position.Beginning && point.Kind != position.Absolute {
		return 0, false, cli.Hint(cli.Usagef("%w", dump.ErrNoIndex), "of a stream only beginning and offsets are known")
	}
	if point.Kind == position.Stored {
		return 0, false, cli.Usagef("stored is the committed offset of a group, and a file has none")
	}
	offset, err := point.Resolve(tp.Partition, log, timesOf{r, tp.Topic})
	return offset, true, DumpError(err)
}

// timesOf answers for one topic of a dump what a cluster would.
type timesOf struct {
	*dump.Reader
	topic string
}

func (t timesOf) OffsetAt(partition int32, ms int64) (int64, error) {
	return t.Reader.OffsetAt(t.topic, partition, ms)
}

func (t timesOf) Committed(int32) (int64, error) { return -1, nil }

// IntactBlocks reads the blocks of a dump.
type IntactBlocks struct {
	Reader *dump.Reader
	Skip   bool // leave damaged blocks out, and tell at the end
	last   *dump.DamageError
	hurt   sharedFailures
}

// next returns the records of the next block, or io.EOF.
func (b *IntactBlocks) next() ([]kafka.Record, error) {
	for {
		records, err := b.Reader.Next()
		var d *dump.DamageError
		switch {
		case errors.As(err, &d) && b.Skip:
			if d == b.last {
				return nil, io.EOF // a stream cannot be read on
			}
			b.last = d
			b.hurt.Add(decoded, "", d)
			continue
		case errors.As(err, &d) && d.Part == "block" && d.Path != "-":
			return nil, cli.Hint(DumpError(err), "--on-error skip leaves the block out")
		case err != nil:
			return nil, DumpError(err)
		}
		return records, nil
	}
}

// close prints what was left out.
func (b *IntactBlocks) close(env *cli.Env) error {
	if n, first := b.hurt.Total(); n > 0 {
		env.Notice("%s left out; the first: %s", cli.Count(n, "damaged block"), first)
	}
	return b.Reader.Close()
}

// DumpSource hands on the records of a dump.
type DumpSource struct {
	Env    *cli.Env
	Blocks IntactBlocks
	Batch  int // the most records at once; 0: a block
}

// Run implements source, inside alone.
func (s *DumpSource) Run(ctx context.Context, emit func(kafka.Event) error) error {
	var batch kafka.Batch
	for {
		records, err := s.Blocks.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for len(records) > 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			n := len(records)
			if s.Batch > 0 {
				n = min(n, s.Batch)
			}
			batch.Records = records[:n]
			if err := emit(kafka.Event{Member: 1, Batch: &batch}); err != nil {
				return err
			}
			records = records[n:]
		}
	}
}

// Close implements source.
func (s *DumpSource) Close() error { return s.Blocks.close(s.Env) }
