package replay

import (
	"context"
	"fmt"
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

// checkFile refuses a name that is taken, before anything is read.
func checkFile(dst place) error {
	if dst.file == "-" {
		return nil
	}
	if _, err := os.Lstat(dst.file); err == nil {
		return cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "%s: the file exists", dst), "name a new one, or remove it")
	}
	return nil
}

// openDump begins the file, which has a temporary name until closeDump.
func (t *target) openDump() (sink, error) {
	m := dump.Manifest{
		Cluster: t.clusters.sourceID, Created: t.env.Now().UTC(),
		Topics:   []dump.Topic{{Name: t.source.topic, ID: t.source.id, Partitions: t.source.partitions, Config: t.source.config}},
		KeySerde: t.plan.keySerde, ValueSerde: t.plan.valueSerde,
	}
	for _, s := range t.source.spans {
		m.Topics[0].Ranges = append(m.Topics[0].Ranges, dump.Range{Partition: s.Partition, From: s.From, To: s.To})
	}
	var err error
	if t.plan.dst.file == "-" {
		t.dump, err = dump.NewWriter(t.env.Stdout, m)
	} else {
		t.dump, err = dump.Create(t.plan.dst.file, m)
	}
	return dumpSink{t.dump}, record.DumpError(err)
}

// closeDump renames the file to its name when all went well, else removes it.
func (t *target) closeDump(err error) error {
	if t.dump == nil {
		return err
	}
	if err != nil {
		t.discarded = t.plan.dst.file != "-"
		t.dump.Abort()
		return err
	}
	if err := t.dump.Close(); err != nil {
		t.discarded = t.plan.dst.file != "-"
		return fmt.Errorf("%s: %w", t.plan.dst, record.DumpError(err))
	}
	return nil
}
