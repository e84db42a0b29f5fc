package bench

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// follower reads what is written to a topic from now on, and measures how old each record
// is when it arrives.
type follower struct {
	reader *kafka.Reader
	cancel context.CancelFunc
	ended  chan error

	mu   sync.Mutex
	seen int64
	wake chan struct{} // closed when wanted records were seen
	want int64
	h    *hdrhistogram.Histogram
}

// follow starts to read at the ends of the topics' partitions.
func follow(ctx context.Context, cfg kafka.Config, admin *kafka.Admin, topics []kafka.Topic) (*follower, error) {
	var all []kafka.TopicPartition
	for _, t := range topics {
		for _, p := range t.Partitions {
			all = append(all, kafka.TopicPartition{Topic: t.Name, Partition: p.ID})
		}
	}
	marks, err := admin.Watermarks(ctx, all)
	if err != nil {
		return nil, err
	}
	spans := make([]kafka.Span, 0, len(all))
	for _, tp := range all {
		end := marks[tp].End
		spans = append(spans, kafka.Span{TopicPartition: tp, From: end, To: math.MaxInt64, Ahead: true, End: end})
	}
	reader, err := kafka.OpenReader(cfg, kafka.ReaderConfig{Spans: spans, ReadUncommitted: true}, topics)
	if err != nil {
		return nil, err
	}
	f := &follower{reader: reader, ended: make(chan error, 1), want: -1, wake: make(chan struct{}), h: newHistogram()}
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	since := time.Now()
	go func() { // ends with reading
		f.ended <- reader.Run(reading, func(ev kafka.Event) error { return f.take(ev, since) })
	}()
	return f, nil
}

func (f *follower) take(ev kafka.Event, since time.Time) error {
	if ev.Batch == nil {
		return nil
	}
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range ev.Batch.Records {
		observe(f.h, ev.Batch.Records[i].Value, since, now)
	}
	f.seen += int64(len(ev.Batch.Records))
	f.look()
	return nil
}

// look wakes await when all has come. The caller holds the lock.
func (f *follower) look() {
	if f.want >= 0 && f.seen >= f.want {
		f.want = -1
		close(f.wake)
	}
}

// await waits until n records have come, for ten seconds at most: what is late by more
// than that would be measured wrong anyway.
func (f *follower) await(n int64) error {
	f.mu.Lock()
	f.want = n
	f.look()
	f.mu.Unlock()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	select {
	case <-f.wake:
		return nil
	case err := <-f.ended:
		f.ended <- nil // for close
		return err
	case <-limit.C:
		return cli.Errorf(cli.CodeFailed, "of %d records %d have come back within 10s", n, f.seenSoFar())
	}
}

func (f *follower) seenSoFar() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// latencies returns what was measured. The follower must not be used afterwards but to
// close it.
func (f *follower) latencies() *hdrhistogram.Histogram {
	f.mu.Lock()
	defer f.mu.Unlock()
	return hdrhistogram.Import(f.h.Export())
}

func (f *follower) close() error {
	f.cancel()
	err := <-f.ended
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return cli.FirstOf(err, f.reader.Close())
}
