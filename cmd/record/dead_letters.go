package record

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
)

// Headers of a record in a dead letter topic, behind its own: where it was, and why it
// is here.
const (
	HeaderTopic     = "kstream.source.topic"
	HeaderPartition = "kstream.source.partition"
	headerOffset    = "kstream.source.offset"
	HeaderError     = "kstream.error"
)

// deadLetters sends records to the topic of --on-error dlq. Views of several members
// share it. A nil one has nothing to do.
type deadLetters struct {
	topic    string
	producer *kafka.Producer
	mu       sync.Mutex      // of what follows, and of the producer
	outgoing *kafka.Outgoing // not sent yet; what was sent is the producer's
	sent     bool            // something was sent since the last flush

	refusal sync.Mutex
	refused error // the first record that could not be delivered
}

// OpenDeadLetters refuses a topic that does not exist or is read itself.
func OpenDeadLetters(ctx context.Context, cfg *connect.Cluster, admin *kafka.Admin, topic string, sources []kafka.Topic) (*deadLetters, error) {
	if err := cfg.RefuseWrites(); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(sources, func(t kafka.Topic) bool { return t.Name == topic }) {
		return nil, cli.Errorf(cli.CodeSameTopic, "--on-error dlq:%s: that topic is read itself", topic)
	}
	if _, err := admin.Topics(ctx, topic); err != nil {
		return nil, fmt.Errorf("--on-error dlq: %w", connect.NearTopic(err))
	}
	d := &deadLetters{topic: topic, outgoing: new(kafka.Outgoing)}
	d.outgoing.Reset(topic)
	var err error
	d.producer, err = kafka.OpenProducer(cfg.Config, kafka.ProducerConfig{Failed: d.fail}, nil)
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (d *deadLetters) fail(_ *kafka.Outgoing, _ int, err error) {
	d.refusal.Lock()
	defer d.refusal.Unlock()
	if d.refused == nil {
		d.refused = fmt.Errorf("--on-error dlq:%s: %w", d.topic, err)
	}
}

// Add sends the record as it is, with headers that tell where it comes from.
func (d *deadLetters) Add(ctx context.Context, r *Record, reason error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outgoing.Add(r.Record.Key, r.Record.Value, LetterHeaders(r.Record, reason), kafka.AnyPartition, r.Record.Timestamp)
	if d.outgoing.Full() {
		return d.send(ctx)
	}
	return nil
}

func (d *deadLetters) send(ctx context.Context) error {
	if d.outgoing.Len() == 0 {
		return nil
	}
	d.sent = true
	full := d.outgoing
	d.outgoing = new(kafka.Outgoing)
	d.outgoing.Reset(d.topic)
	return d.producer.Send(ctx, full)
}

// Flush waits until the broker has acknowledged every record that was added: only then
// may the batch that held them count as done.
func (d *deadLetters) Flush(ctx context.Context) error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.send(ctx); err != nil || !d.sent {
		return err
	}
	d.sent = false
	if err := d.producer.Flush(ctx); err != nil {
		return err
	}
	d.refusal.Lock()
	defer d.refusal.Unlock()
	return d.refused
}

func (d *deadLetters) close() error {
	if d == nil {
		return nil
	}
	return d.producer.Close()
}

// LetterHeaders are the headers of a dead letter: its own, where it was, and why.
func LetterHeaders(rec *kafka.Record, reason error) []kafka.Header {
	return append(rec.Headers[:len(rec.Headers):len(rec.Headers)],
		kafka.Header{Key: HeaderTopic, Value: []byte(rec.Topic)},
		kafka.Header{Key: HeaderPartition, Value: strconv.AppendInt(nil, int64(rec.Partition), 10)},
		kafka.Header{Key: headerOffset, Value: strconv.AppendInt(nil, rec.Offset, 10)},
		kafka.Header{Key: HeaderError, Value: []byte(cli.OneLine(reason.Error()))},
	)
}
