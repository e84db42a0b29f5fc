package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"kstream/cmd/dump"
	"kstream/kafka"
)

// sortedSlots lists partitions in order.
func sortedSlots(m map[int32]replaySum) []int32 { return slices.Sorted(maps.Keys(m)) }

// dumpSink copies records into a file.
type dumpSink struct{ w *dump.Writer }

func (s dumpSink) put(_ context.Context, r *kafka.Record, _ origin) error { return s.w.Append(*r) }
func (dumpSink) hand(context.Context) error                               { return nil }
func (dumpSink) settle(context.Context) error                             { return nil }

// openDumpSink begins the file.
func (r *replay) openDumpSink() (replaySink, error) {
	m := dump.Manifest{
		Cluster: r.ends.sourceID, Created: r.env.Now().UTC(),
		Topics: []dump.Topic{{Name: r.from.topic, ID: r.stamp.Source, Partitions: r.from.partitions, Config: r.from.config}},
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
	if errors.Is(err, dump.ErrExists) {
		return nil, hint(&fault{codeAlreadyExists, err}, "name a new file, or remove it")
	}
	if err != nil {
		return nil, err
	}
	return dumpSink{r.dump}, nil
}

// openDump finds what is to be read of a dump.
func (r *replay) openDump(context.Context) error {
	d, err := r.readDump()
	if err != nil {
		return err
	}
	m := d.Manifest()
	if len(m.Topics) != 1 {
		return faultf(codeBadData, "%s: it holds %d topics, and one can be replayed", r.src, len(m.Topics))
	}
	t := m.Topics[0]
	o := &replayOrigin{topic: t.Name, partitions: t.Partitions, config: t.Config, depth: 1}
	_ = o
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	r.stamp.Source = hex.EncodeToString(sum[:])
	r.from = o
	return errors.New("not yet")
}

// readDump opens the file of SRC.
func (r *replay) readDump() (*dump.Reader, error) {
	if r.src.file == "-" {
		return dump.NewReader(r.env.Stdin)
	}
	d, err := dump.Open(r.src.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, faultf(codeNoSuchFile, "%s: no such file", r.src)
	}
	return d, err
}

// dumpFeed gives the records of a dump.
type dumpFeed struct{ r *dump.Reader }

// openDumpFeed opens a dump, or the ranges of it.
func openDumpFeed(path string, ranges []dump.Range) (replayFeed, error) {
	d, err := dump.Open(path)
	if err != nil {
		return nil, err
	}
	if ranges != nil {
		d.Select(ranges...)
	}
	return &dumpFeed{d}, nil
}

func (f *dumpFeed) Next(ctx context.Context, b *kafka.Batch) error {
	b.Records, b.Notices = b.Records[:0], b.Notices[:0]
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	records, err := f.r.Next()
	if err == nil {
		b.Records = records
	}
	return err
}

func (f *dumpFeed) Close() error { return f.r.Close() }

var _ = fmt.Sprint
var _ = io.EOF
var _ = os.Stdin
