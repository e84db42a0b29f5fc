package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
)

// ConsumeOptions are the flags of bench consume, as typed.
type ConsumeOptions struct {
	Cluster connect.Options
	Listing cli.ListingOptions
	Records int64
	For     cli.Duration
	Members int
	Follow  bool
	Set     func(name string) bool
}

// ConsumePlan is a valid command line of bench consume.
type ConsumePlan struct {
	*ConsumeOptions
	topic   string
	listing *cli.Listing
}

// Plan returns what is read of topic, or a usage error.
func (f *ConsumeOptions) Plan(env *cli.Env, topic string) (*ConsumePlan, error) {
	switch {
	case f.Records < 0:
		return nil, cli.Usagef("--records %d: want a number of records", f.Records)
	case f.Members < 0 || f.Members > 1000:
		return nil, cli.Usagef("--members %d: want 1 to 1000", f.Members)
	case f.Set("members") && f.Members == 0:
		return nil, cli.Usagef("--members 0: want 1 to 1000")
	case f.Follow && f.Records == 0 && f.For.D == 0:
		return nil, cli.Usagef("--follow: want --records or --for, or it never ends")
	}
	listing, err := f.Listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &ConsumePlan{f, topic, listing}, f.Cluster.Plan(env)
}

// counting is one run of bench consume. Members count side by side.
type counting struct {
	*ConsumePlan
	began  time.Time
	finish context.CancelCauseFunc // there are enough

	mu             sync.Mutex
	records, bytes int64
	first, last    time.Time // when records came
	h              *hdrhistogram.Histogram
}

// RunConsume reads the topic, and prints and returns what was measured: from the first
// fetch to the last record, without the time that it takes to connect or to join.
func RunConsume(ctx context.Context, env *cli.Env, p *ConsumePlan) (result *Result, err error) {
	err = connect.WithAdmin(ctx, env, &p.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		topics, err := admin.Topics(ctx, p.topic)
		if err != nil {
			return connect.NearTopic(err)
		}
		spans, err := p.spans(ctx, admin, topics)
		if err != nil {
			return err
		}
		reading, finish := context.WithCancelCause(ctx)
		defer finish(nil)
		if p.For.D > 0 {
			var cancel context.CancelFunc
			reading, cancel = context.WithTimeoutCause(reading, p.For.D, cli.ErrTimeUp)
			defer cancel()
		}
		c := &counting{ConsumePlan: p, finish: finish, began: time.Now(), h: newHistogram()}
		if p.Members == 0 {
			err = c.alone(reading, cluster, topics, spans)
		} else {
			err = c.grouped(ctx, reading, cluster, admin, spans)
		}
		if cause := context.Cause(reading); cause != nil && errors.Is(err, cause) {
			err = nil // what was read until then is measured
		}
		if err != nil {
			return err
		}
		result = newResult(c.records, c.bytes, c.last.Sub(c.first), c.h)
		return cli.FirstOf(result.print(p.listing), cli.Stopped(ctx))
	})
	return result, err
}

// spans are all records up to now, or, to follow, those from now on.
func (p *ConsumePlan) spans(ctx context.Context, admin *kafka.Admin, topics []kafka.Topic) ([]kafka.Span, error) {
	var spans []kafka.Span
	var all []kafka.TopicPartition
	for _, part := range topics[0].Partitions {
		all = append(all, kafka.TopicPartition{Topic: p.topic, Partition: part.ID})
	}
	marks, err := admin.Watermarks(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, tp := range all {
		m := marks[tp]
		s := kafka.Span{TopicPartition: tp, From: m.Start, To: m.Stable, End: m.Stable}
		if p.Follow {
			s.From, s.To, s.End, s.Ahead = m.End, math.MaxInt64, m.End, true
		}
		spans = append(spans, s)
	}
	return spans, nil
}

func (c *counting) alone(ctx context.Context, cluster *connect.Cluster, topics []kafka.Topic, spans []kafka.Span) error {
	reader, err := kafka.OpenReader(cluster.Config, kafka.ReaderConfig{Spans: spans}, topics)
	if err != nil {
		return err
	}
	return cli.FirstOf(reader.Run(ctx, c.take), reader.Close())
}

// grouped reads as a new group, which is deleted afterwards.
func (c *counting) grouped(ctx, reading context.Context, cluster *connect.Cluster, admin *kafka.Admin, spans []kafka.Span) (err error) {
	if err := cluster.RefuseWrites(); err != nil {
		return err
	}
	gc := kafka.GroupConfig{Name: "kstream-bench-" + rand.Text()[:8], Topics: []string{c.topic}, Members: c.Members, Reset: "earliest"}
	if c.Follow {
		gc.Reset = "latest"
	} else {
		gc.Ends = map[kafka.TopicPartition]kafka.End{}
		for _, s := range spans {
			gc.Ends[s.TopicPartition] = kafka.End{Offset: s.To, Empty: s.To <= s.From}
		}
	}
	g, err := kafka.OpenGroup(cluster.Config, gc)
	if err != nil {
		return err
	}
	defer func() {
		gone := admin.DeleteGroup(context.WithoutCancel(ctx), gc.Name)
		if unknown := (*kafka.UnknownGroupError)(nil); !errors.As(gone, &unknown) {
			err = cli.FirstOf(err, gone)
		}
	}()
	return g.Run(reading, context.WithoutCancel(ctx), func(int) func(kafka.Event) error { return c.take })
}

// take counts a batch. It ends the run when there are enough.
func (c *counting) take(ev kafka.Event) error {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if ev.Change != nil {
		if c.first.IsZero() && len(ev.Change.Offsets) > 0 && !c.Follow {
			c.first = now // joining is over
		}
		if ev.Change.Written != nil {
			defer ev.Change.Written()
		}
	}
	if ev.Batch == nil {
		return nil
	}
	if c.first.IsZero() {
		c.first = c.began
		if c.Follow { // the writer has begun
			c.first = now
		}
	}
	n := 0
	for i := range ev.Batch.Records {
		if c.Records > 0 && c.records == c.Records {
			break
		}
		r := &ev.Batch.Records[i]
		c.records++
		c.bytes += int64(len(r.Key) + len(r.Value))
		observe(c.h, r.Value, c.began, now)
		n++
	}
	c.last = now
	if ack := ev.Batch.Ack(n); ack != nil {
		ack()
	}
	if c.Records > 0 && c.records >= c.Records {
		c.finish(cli.ErrEnough)
	}
	return nil
}
