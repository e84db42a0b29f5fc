package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"

	"kstream/cmd/dump"
	"kstream/kafka"
)

// dumpSink copies records into a file.
type dumpSink struct{ w *dump.Writer }

func (s dumpSink) put(_ context.Context, r *kafka.Record, _ origin) error { return s.w.Append(*r) }
func (dumpSink) hand(context.Context) error                               { return nil }
func (dumpSink) settle(context.Context) error                             { return nil }

// checkDumpFile refuses a name that is taken, before anything is read.
func (r *replay) checkDumpFile() error {
	if r.dst.file == "-" {
		return nil
	}
	if _, err := os.Lstat(r.dst.file); err == nil {
		return hint(faultf(codeAlreadyExists, "%s: the file exists", r.dst), "name a new one, or remove it")
	}
	return nil
}

// openDumpSink begins the file, which has a temporary name until closeDump.
func (r *replay) openDumpSink() (replaySink, error) {
	m := dump.Manifest{
		Cluster: r.ends.sourceID, Created: r.env.Now().UTC(),
		Topics: []dump.Topic{{Name: r.from.topic, ID: r.from.id, Partitions: r.from.partitions, Config: r.from.config}},
	}
	f := r.flags
	if f.set("key-serde") {
		m.KeySerde = f.reading.serdes.key
	}
	if f.set("value-serde") {
		m.ValueSerde = f.reading.serdes.value
	}
	for _, s := range r.from.spans {
		m.Topics[0].Ranges = append(m.Topics[0].Ranges, dump.Range{Partition: s.Partition, From: s.From, To: s.To})
	}
	var err error
	if r.dst.file == "-" {
		r.dump, err = dump.NewWriter(r.env.Stdout, m)
	} else {
		r.dump, err = dump.Create(r.dst.file, m)
	}
	return dumpSink{r.dump}, dumpError(err)
}

// closeDump gives the file its name when all went well, and else leaves nothing behind.
func (r *replay) closeDump(err error) error {
	if r.dump == nil {
		return err
	}
	if err != nil {
		r.discarded = r.dst.file != "-"
		r.dump.Abort()
		return err
	}
	if err := r.dump.Close(); err != nil {
		r.discarded = r.dst.file != "-"
		return fmt.Errorf("%s: %w", r.dst, dumpError(err))
	}
	return nil
}

// openDump finds what is to be read of a dump.
func (r *replay) openDump(ctx context.Context) error {
	d, err := openDump(r.env, r.src.file)
	if err != nil {
		return err
	}
	r.source = d
	m := d.Manifest()
	topics := dumpedTopics(d)
	if len(topics) != 1 {
		return faultf(codeBadData, "%s holds records of %d topics, and those of one can be replayed", r.src, len(topics))
	}
	o := &replayOrigin{topic: topics[0].Name, partitions: len(topics[0].Partitions), depth: 1}
	if t := m.Topic(o.topic); t != nil {
		o.config = maps.Clone(t.Config)
	}
	c := &selected{selection: r.selection, env: r.env}
	if err := c.placeKey(ctx, topics); err != nil {
		return err
	}
	if o.spans, err = r.reading.spansIn(d, topics); err != nil {
		return err
	}
	for _, s := range o.spans {
		if s.To < math.MaxInt64 {
			o.total += max(0, s.To-s.From)
		}
	}
	o.open = func(_ context.Context, next map[int32]int64) (replayFeed, error) { return r.openDumpFeed(next) }
	id, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(id)
	o.id = hex.EncodeToString(sum[:])
	r.from = o
	return nil
}

// spansIn turns positions into offsets of a dump.
func (p *rangePlan) spansIn(d *dump.Reader, topics []kafka.Topic) ([]kafka.Span, error) {
	if err := p.checkPartitions(topics); err != nil {
		return nil, err
	}
	logs, err := logsOf(d, topics)
	if err != nil {
		return nil, dumpError(err)
	}
	var spans []kafka.Span
	for _, one := range topics[0].Partitions {
		tp := kafka.TopicPartition{Topic: topics[0].Name, Partition: one.ID}
		log, there := logs[tp]
		if !there || !p.selects(tp) {
			continue
		}
		from, selected, err := place(d, p.from, tp, log)
		if err != nil {
			return nil, fmt.Errorf("--from-offset %s: %w", p.fromText, err)
		}
		to, ends := log.End, true
		if p.hasTo {
			if to, ends, err = place(d, p.to, tp, log); err != nil {
				return nil, fmt.Errorf("--to-offset %s: %w", p.end, err)
			}
		}
		if selected && ends {
			spans = append(spans, kafka.Span{TopicPartition: tp, From: max(from, log.Start), To: min(to, log.End)})
		}
	}
	return spans, nil
}

// openDumpFeed gives the records of the dump from positions on. A stream can be read
// once.
func (r *replay) openDumpFeed(next map[int32]int64) (replayFeed, error) {
	d := r.source
	r.source = nil
	if d == nil {
		if r.src.file == "-" {
			return nil, fmt.Errorf("%s: a stream cannot be read again from the last transaction on", r.src)
		}
		var err error
		if d, err = openDump(r.env, r.src.file); err != nil {
			return nil, err
		}
	}
	ranges := []dump.Range{}
	for _, s := range r.from.rest(next) {
		ranges = append(ranges, dump.Range{Topic: s.Topic, Partition: s.Partition, From: s.From, To: s.To})
	}
	d.Select(ranges...)
	return &dumpFeed{d}, nil
}

// dumpFeed gives the records of a dump, a block at a time.
type dumpFeed struct{ r *dump.Reader }

func (f *dumpFeed) Next(ctx context.Context, b *kafka.Batch) error {
	b.Records, b.Notices = nil, nil
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	records, err := f.r.Next()
	if err != nil {
		return dumpError(err)
	}
	b.Records = records
	return nil
}

func (f *dumpFeed) Close() error { return f.r.Close() }
