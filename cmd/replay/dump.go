package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"

	"kstream/cmd/cli"
	"kstream/cmd/dump"
	"kstream/cmd/record"
	"kstream/kafka"
)

// dumpSink copies records into a file.
type dumpSink struct{ w *dump.Writer }

func (s dumpSink) put(_ context.Context, r *kafka.Record, _ record.Origin) error {
	return s.w.Append(*r)
}

func (dumpSink) hand(context.Context) error { return nil }

func (dumpSink) settle(context.Context) error { return nil }

// checkDumpFile refuses a name that is taken, before anything is read.
func (r *run) checkDumpFile() error {
	if r.dst.file == "-" {
		return nil
	}
	if _, err := os.Lstat(r.dst.file); err == nil {
		return cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "%s: the file exists", r.dst), "name a new one, or remove it")
	}
	return nil
}

// openDumpSink begins the file, which has a temporary name until closeDump.
func (r *run) openDumpSink() (sink, error) {
	m := dump.Manifest{
		Cluster: r.ends.sourceID, Created: r.env.Now().UTC(),
		Topics: []dump.Topic{{Name: r.from.topic, ID: r.from.id, Partitions: r.from.partitions, Config: r.from.config}},
	}
	f := r.flags
	if f.Set("key-serde") {
		m.KeySerde = f.Reading.Serdes.Key
	}
	if f.Set("value-serde") {
		m.ValueSerde = f.Reading.Serdes.Value
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
	return dumpSink{r.dump}, record.DumpError(err)
}

// closeDump renames the file to its name when all went well, else removes it.
func (r *run) closeDump(err error) error {
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
		return fmt.Errorf("%s: %w", r.dst, record.DumpError(err))
	}
	return nil
}

// openDump finds what is to be read of a dump.
func (r *run) openDump(ctx context.Context) error {
	d, err := record.OpenDump(r.env, r.src.file)
	if err != nil {
		return err
	}
	r.source = d
	m := d.Manifest()
	topics := record.DumpedTopics(d)
	if len(topics) != 1 {
		return cli.Errorf(cli.CodeBadData, "%s holds records of %d topics, and those of one can be replayed", r.src, len(topics))
	}
	o := &sourceTopic{topic: topics[0].Name, partitions: len(topics[0].Partitions), depth: 1}
	if t := m.Topic(o.topic); t != nil {
		o.config = maps.Clone(t.Config)
	}
	c := &record.Reading{Selection: r.Selection, Env: r.env}
	if err := c.PlaceKey(ctx, topics); err != nil {
		return err
	}
	if o.spans, err = r.Range.SpansIn(d, topics); err != nil {
		return err
	}
	for _, s := range o.spans {
		if s.To < math.MaxInt64 {
			o.total += max(0, s.To-s.From)
		}
	}
	o.open = func(_ context.Context, next map[int32]int64) (feed, error) { return r.openDumpFeed(next) }
	id, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(id)
	o.id = hex.EncodeToString(sum[:])
	r.from = o
	return nil
}

// openDumpFeed returns a feed of the records of the dump from positions on. A stream can be read
// once.
func (r *run) openDumpFeed(next map[int32]int64) (feed, error) {
	d := r.source
	r.source = nil
	if d == nil {
		if r.src.file == "-" {
			return nil, fmt.Errorf("%s: a stream cannot be read again from the last transaction on", r.src)
		}
		var err error
		if d, err = record.OpenDump(r.env, r.src.file); err != nil {
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
