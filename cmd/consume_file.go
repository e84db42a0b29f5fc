package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"kstream/cmd/dump"
	"kstream/kafka"
	"kstream/kafka/position"
)

// filePrefix is what stands before the path of a dump where a topic could stand.
const filePrefix = "file:"

// planFile gives the path of the dump that is read instead of topics, "-" for stdin, or
// nothing. It refuses what only a cluster can do.
func (f *consumeFlags) planFile(topics []string) (string, error) {
	path, found := "", false
	for _, topic := range topics {
		if rest, ok := strings.CutPrefix(topic, filePrefix); ok {
			path, found = rest, true
		}
	}
	switch {
	case !found:
		return "", nil
	case path == "":
		return "", usagef("file: wants a path behind it, or - for stdin")
	case len(topics) > 1:
		return "", usagef("%s%s: a file is read alone, without other files or topics", filePrefix, path)
	}
	for _, name := range []string{"brokers", "group", "members", "assignor", "protocol", "instance-id", "offset-reset", "events", "join-every", "yes", "watch", "isolation", "regex", "wait-for-match"} {
		if f.changed(name) {
			return "", usagef("--%s does not go with %s%s: a file is no cluster", name, filePrefix, path)
		}
	}
	if strings.HasPrefix(f.onError, "dlq:") {
		return "", usagef("--on-error %s does not go with %s%s: a file is no cluster", f.onError, filePrefix, path)
	}
	return path, nil
}

// openFile makes a dump the source.
func (c *consumption) openFile(ctx context.Context) (source, error) {
	p := c.plan
	if err := p.flags.cluster.connectRegistry(ctx, c.env); err != nil {
		return nil, err
	}
	if p.filters.key != nil {
		key, err := p.encodeKey(ctx, *p.filters.key)
		if err != nil {
			return nil, err
		}
		p.filters.keepKey(key)
	}
	reader, err := openDump(c.env, p.file)
	if err != nil {
		return nil, err
	}
	ranges, err := p.reading.rangesIn(reader)
	if err == nil {
		err = p.output.files.goOnInFile(ranges, reader.Manifest())
	}
	if err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	if p.reading.narrows() || p.output.files != nil && len(ranges) > 0 {
		reader.Select(ranges...)
	}
	c.spans.Store(int64(len(ranges)))
	return alone{&dumpSource{
		env: c.env, batch: p.flags.batchSize(),
		blocks: intactBlocks{reader: reader, skip: p.failures.action == "skip"},
	}}, nil
}

// openDump opens a dump to be read; "-" is stdin.
func openDump(env *Env, path string) (*dump.Reader, error) {
	if path == "-" {
		r, err := dump.NewReader(env.Stdin)
		return r, dumpError(err)
	}
	r, err := dump.Open(path)
	var d *dump.DamageError
	if errors.As(err, &d) {
		err = hint(dumpError(err), "kstream consume file:- <%s reads the records before the damage", path)
	}
	return r, dumpError(err)
}

// dumpError gives an error of a dump its code.
func dumpError(err error) error {
	var d *dump.DamageError
	var known *fault
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &d), errors.Is(err, dump.ErrNotDump):
		return faultf(codeBadData, "%w", err)
	case errors.Is(err, dump.ErrExists):
		return faultf(codeAlreadyExists, "%w", err)
	}
	return err
}

// dumpedTopics gives the topics of a dump as a cluster would describe them.
func dumpedTopics(r *dump.Reader) []kafka.Topic {
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

// narrows reports whether only a part of what there is is to be read.
func (p *rangePlan) narrows() bool { return p.hasFrom || p.hasTo || p.partitions != nil }

// selectIn restricts a dump to what is to be read.
func (p *rangePlan) selectIn(r *dump.Reader) error {
	ranges, err := p.rangesIn(r)
	if err == nil && p.narrows() {
		r.Select(ranges...)
	}
	return err
}

// rangesIn returns the range of each partition of a dump that is to be read.
func (p *rangePlan) rangesIn(r *dump.Reader) ([]dump.Range, error) {
	topics := dumpedTopics(r)
	if err := p.checkPartitions(topics); err != nil {
		return nil, err
	}
	logs, err := logsOf(r, topics)
	if err != nil {
		return nil, err
	}
	ranges := []dump.Range{}
	for _, t := range topics {
		for _, one := range t.Partitions {
			tp := kafka.TopicPartition{Topic: t.Name, Partition: one.ID}
			log, there := logs[tp]
			if !p.selects(tp) || !there {
				continue
			}
			from, selected, err := place(r, p.from, tp, log)
			if err != nil {
				return nil, fmt.Errorf("--from-offset %s: %w", p.fromText, err)
			}
			to, hasTo := int64(math.MaxInt64), true
			if p.hasTo {
				if to, hasTo, err = place(r, p.to, tp, log); err != nil {
					return nil, fmt.Errorf("--to-offset %s: %w", p.end, err)
				}
			}
			if selected && hasTo {
				ranges = append(ranges, dump.Range{Topic: t.Name, Partition: one.ID, From: from, To: to})
			}
		}
	}
	return ranges, nil
}

// logsOf gives the offsets of each partition. Of a stream they are unknown, and all that
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
		return 0, false, hint(usagef("%w", dump.ErrNoIndex), "of a stream only beginning and offsets are known")
	}
	if point.Kind == position.Stored {
		return 0, false, usagef("stored is the committed offset of a group, and a file has none")
	}
	offset, err := point.Resolve(tp.Partition, log, timesOf{r, tp.Topic})
	return offset, true, dumpError(err)
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

// intactBlocks reads the blocks of a dump.
type intactBlocks struct {
	reader *dump.Reader
	skip   bool // leave damaged blocks out, and tell at the end
	last   *dump.DamageError
	hurt   failureCount
}

// next gives the records of the next block, or io.EOF.
func (b *intactBlocks) next() ([]kafka.Record, error) {
	for {
		records, err := b.reader.Next()
		var d *dump.DamageError
		switch {
		case errors.As(err, &d) && b.skip:
			if d == b.last {
				return nil, io.EOF // a stream cannot be read on
			}
			b.last = d
			b.hurt.add(decoded, d)
			continue
		case errors.As(err, &d) && d.Part == "block" && d.Path != "-":
			return nil, hint(dumpError(err), "--on-error skip leaves the block out")
		case err != nil:
			return nil, dumpError(err)
		}
		return records, nil
	}
}

// close tells what was left out.
func (b *intactBlocks) close(env *Env) error {
	if n, first := b.hurt.total(); n > 0 {
		env.notice("%s left out; the first: %s", countOf(n, "damaged block"), first)
	}
	return b.reader.Close()
}

// dumpSource hands on the records of a dump.
type dumpSource struct {
	env    *Env
	blocks intactBlocks
	batch  int // the most records at once; 0: a block
}

// Run implements source, inside alone.
func (s *dumpSource) Run(ctx context.Context, emit func(kafka.Event) error) error {
	var batch kafka.Batch
	for {
		records, err := s.blocks.next()
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
			if s.batch > 0 {
				n = min(n, s.batch)
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
func (s *dumpSource) Close() error { return s.blocks.close(s.env) }
