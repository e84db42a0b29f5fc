package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"

	"kstream/cmd/cli"
	"kstream/cmd/dump"
	"kstream/cmd/record"
	"kstream/kafka"
)

// loader fills the broker of a sandbox from dumps before the command starts.
type loader struct {
	env   *cli.Env
	dumps []string
}

// check refuses what is no dump, before anything is started.
func (l *loader) check() error {
	for _, path := range l.dumps {
		if path == "-" {
			return cli.Usagef("--load -: stdin belongs to the command")
		}
		r, err := record.OpenDump(l.env, path)
		if err != nil {
			return err
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

// load makes the topics of the dumps with their partitions, and writes the records into
// them: keys, values, headers, partitions and the times of creation are kept, offsets
// begin with 0.
func (l *loader) load(ctx context.Context, brokers string) error {
	if len(l.dumps) == 0 {
		return nil
	}
	var mu sync.Mutex
	var refused error
	producer, err := kafka.OpenProducer(kafka.Config{Brokers: strings.Split(brokers, ",")}, kafka.ProducerConfig{
		Failed: func(o *kafka.Outgoing, i int, err error) {
			mu.Lock()
			defer mu.Unlock()
			if refused == nil {
				refused = fmt.Errorf("%s[%d]: %w", o.Topic(), o.Record(i).Partition, err)
			}
		},
		Done: func(*kafka.Outgoing) {},
	}, func(n kafka.Notice) {
		if n.Kind == kafka.NoticeZeroTime {
			l.env.Notice("--load: %s", n)
		}
	})
	if err != nil {
		return err
	}
	for _, path := range l.dumps {
		if err = l.copy(ctx, producer, path); err != nil {
			break
		}
	}
	if err == nil {
		err = producer.Flush(ctx)
	}
	err = errors.Join(err, producer.Close())
	mu.Lock()
	defer mu.Unlock()
	if err == nil {
		err = refused
	}
	return err
}

func (l *loader) copy(ctx context.Context, producer *kafka.Producer, path string) (err error) {
	r, err := record.OpenDump(l.env, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, t := range record.DumpedTopics(r) {
		if err := l.create(ctx, producer.Admin(), t, r.Manifest().Topic(t.Name)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	for {
		records, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return record.DumpError(err)
		}
		for len(records) > 0 {
			o := new(kafka.Outgoing)
			o.Reset(records[0].Topic)
			for len(records) > 0 && !o.Full() {
				rec := &records[0]
				o.Add(rec.Key, rec.Value, rec.Headers, rec.Partition, rec.Timestamp)
				records = records[1:]
			}
			if err := producer.Send(ctx, o); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
}

// create makes a topic, unless --topics or another dump has. Settings by which records
// would vanish or change are left out, and so are all when the broker refuses some.
func (l *loader) create(ctx context.Context, admin *kafka.Admin, t kafka.Topic, of *dump.Topic) error {
	topic := kafka.TopicConfig{Name: t.Name, Partitions: len(t.Partitions), Replication: 1}
	if of != nil {
		topic.Config = maps.Clone(of.Config)
		maps.DeleteFunc(topic.Config, func(name, _ string) bool {
			return strings.HasPrefix(name, "retention.") || strings.HasPrefix(name, "message.timestamp.") || strings.Contains(name, "replica")
		})
	}
	err := admin.CreateTopic(ctx, topic)
	if err != nil && !errors.Is(err, kafka.ErrExists) && len(topic.Config) > 0 {
		l.env.Notice("--load: %v; the topic is made without its settings", err)
		topic.Config = nil
		err = admin.CreateTopic(ctx, topic)
	}
	if errors.Is(err, kafka.ErrExists) {
		return nil
	}
	return err
}
