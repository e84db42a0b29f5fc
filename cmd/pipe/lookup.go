package pipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/expr"
	"kstream/kafka"
)

// lookup is one of --lookup: a topic whose newest values expressions see.
type lookup struct {
	*expr.Lookup
	topic string
}

func (p *Plan) planLookups(texts []string) error {
	for _, text := range texts {
		name, topic, ok := strings.Cut(text, "=")
		if !ok || topic == "" {
			return cli.Usagef("--lookup %s: want NAME=TOPIC", text)
		}
		values, err := expr.NewLookup("--lookup", name)
		if err != nil {
			return cli.Usagef("%w", err)
		}
		p.lookups = append(p.lookups, lookup{values, topic})
	}
	return nil
}

// variables are what expressions see of them.
func (p *Plan) variables() []*expr.Lookup {
	var all []*expr.Lookup
	for _, l := range p.lookups {
		all = append(all, l.Lookup)
	}
	return all
}

// openLookups reads the topics up to their ends, before the first record is read, and follows
// them from there until unfollow.
func (l *pipeline) openLookups(ctx context.Context) error {
	ctx, l.unfollow = context.WithCancel(ctx)
	for _, look := range l.lookups {
		began := time.Now()
		topics, err := l.Admin.Topics(ctx, look.topic)
		if err != nil {
			return fmt.Errorf("--lookup: %w", connect.NearTopic(err))
		}
		var tps []kafka.TopicPartition
		for _, p := range topics[0].Partitions {
			tps = append(tps, kafka.TopicPartition{Topic: look.topic, Partition: p.ID})
		}
		marks, err := l.Admin.Watermarks(ctx, tps)
		if err != nil {
			return fmt.Errorf("--lookup: %w", err)
		}
		var before, behind []kafka.Span
		for _, tp := range tps {
			m := marks[tp]
			before = append(before, kafka.Span{TopicPartition: tp, From: m.Start, To: m.Stable})
			behind = append(behind, kafka.Span{TopicPartition: tp, From: m.Stable, To: kafka.Follow})
		}
		if err := l.readLookup(ctx, look, before, topics); err != nil {
			return fmt.Errorf("--lookup %s: %w", look.topic, err)
		}
		l.Env.Notice("read %s of %s in %v", cli.Count(int64(look.Len()), "key"), look.topic, time.Since(began).Round(time.Millisecond))
		l.following.Go(func() { // ends with ctx, by unfollow at the latest
			if err := l.readLookup(ctx, look, behind, topics); err != nil && ctx.Err() == nil {
				l.Stop(fmt.Errorf("--lookup %s: %w", look.topic, err))
			}
		})
	}
	return nil
}

// readLookup keeps what is read of spans.
func (l *pipeline) readLookup(ctx context.Context, look lookup, spans []kafka.Span, topics []kafka.Topic) (err error) {
	reader, err := kafka.OpenReader(l.cfg, kafka.ReaderConfig{Spans: spans}, topics)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	var b kafka.Batch
	for {
		err := reader.Next(ctx, &b)
		for i := range b.Records {
			look.Set(b.Records[i].Key, b.Records[i].Value)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
