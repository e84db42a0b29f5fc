package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/input"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/kafka/position"
)

// ProduceOptions are the flags of bench produce, as typed.
type ProduceOptions struct {
	Cluster     connect.Options
	Listing     cli.ListingOptions
	Records     int64
	Size        int
	Rate        string
	For         cli.Duration
	Compression string
	Acks        string
	Latency     bool
	Create      bool
	Partitions  int
	Yes         bool
	Set         func(name string) bool
}

// ProducePlan is a valid command line of bench produce.
type ProducePlan struct {
	*ProduceOptions
	topic   string
	listing *cli.Listing
	rate    float64 // records a second; 0: as fast as it goes
}

// Plan returns what is written to topic, or a usage error.
func (f *ProduceOptions) Plan(env *cli.Env, topic string) (*ProducePlan, error) {
	p := &ProducePlan{ProduceOptions: f, topic: topic}
	switch {
	case f.Records < 1:
		return nil, cli.Usagef("--records %d: want 1 or more", f.Records)
	case f.Size < 1 || f.Size > 100<<20:
		return nil, cli.Usagef("--size %d: want 1 to %d bytes", f.Size, 100<<20)
	case f.Acks != "all" && f.Acks != "1" && f.Acks != "0":
		return nil, cli.Usagef("--acks %s: want all, 1 or 0", f.Acks)
	case f.Set("partitions") && !f.Create:
		return nil, cli.Usagef("--partitions goes with --create")
	case f.Set("partitions") && f.Partitions < 1:
		return nil, cli.Usagef("--partitions %d: want 1 or more", f.Partitions)
	case f.Latency && f.Set("latency") && f.Size < stampBytes:
		return nil, cli.Usagef("--latency: a value of --size %d cannot carry the time, it takes %d bytes", f.Size, stampBytes)
	}
	if err := record.CheckCompression(f.Compression); err != nil {
		return nil, err
	}
	if f.Rate != "" {
		rate, err := position.ParseRate(f.Rate)
		if err != nil {
			return nil, cli.Usagef("--rate %s: %w", f.Rate, err)
		}
		p.rate = rate.Count / rate.Per.Seconds()
	}
	var err error
	if p.listing, err = f.Listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.Cluster.Plan(env)
}

// RunProduce writes the records, and prints and returns what was measured.
func RunProduce(ctx context.Context, env *cli.Env, p *ProducePlan) (result *Result, err error) {
	err = connect.WithAdmin(ctx, env, &p.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		if err := cluster.RefuseWrites(); err != nil {
			return err
		}
		topics, err := p.prepare(ctx, env, admin)
		if err != nil {
			return err
		}
		w := &writer{ProducePlan: p, free: make(chan *kafka.Outgoing, batches)}
		if p.Latency && p.Size >= stampBytes {
			if w.follower, err = follow(ctx, cluster.Config, admin, topics); err != nil {
				return err
			}
			defer func() { err = cli.FirstOf(err, w.follower.close()) }()
		}
		result, err = w.run(ctx, cluster.Config)
		if err != nil {
			return err
		}
		return cli.FirstOf(result.print(p.listing), cli.Stopped(ctx))
	})
	return result, err
}

// prepare makes the topic where that was asked for. One that is there already may be
// somebody's: writing to it wants a yes.
func (p *ProducePlan) prepare(ctx context.Context, env *cli.Env, admin *kafka.Admin) ([]kafka.Topic, error) {
	topics, err := admin.Topics(ctx, p.topic)
	var unknown *kafka.UnknownTopicError
	switch {
	case errors.As(err, &unknown) && p.Create:
		if err := admin.CreateTopic(ctx, kafka.TopicConfig{Name: p.topic, Partitions: p.Partitions}); err != nil {
			return nil, err
		}
		env.Notice("created %s", p.topic)
		return admin.Topics(ctx, p.topic)
	case errors.As(err, &unknown):
		return nil, connect.NearOrNew(err)
	case err != nil:
		return nil, err
	case !p.Yes:
		return nil, cli.Hint(cli.Errorf(cli.CodeNeedsYes, "%s: the topic exists, and would get %d records of no meaning", p.topic, p.Records),
			"--create with a new name makes one; --yes writes to this one")
	}
	return topics, nil
}

// batches is how many batches are in flight at most.
const batches = 16

// batchRecords and batchBytes bound a batch.
const (
	batchRecords = 1024
	batchBytes   = 1 << 20
)

// writer is one run of bench produce.
type writer struct {
	*ProducePlan
	follower *follower // nil: no latency
	free     chan *kafka.Outgoing

	mu     sync.Mutex
	failed error
}

func (w *writer) run(ctx context.Context, cfg kafka.Config) (_ *Result, err error) {
	p, err := kafka.OpenProducer(cfg, kafka.ProducerConfig{
		Acks: w.Acks, NoIdempotence: w.Acks != "all", Compression: w.Compression, Linger: record.BulkLinger,
		Failed: func(_ *kafka.Outgoing, _ int, err error) { w.fail(err) },
		Done:   func(o *kafka.Outgoing) { w.free <- o },
	}, nil)
	if err != nil {
		return nil, err
	}
	for range batches {
		w.free <- new(kafka.Outgoing)
	}
	began := time.Now()
	err = w.send(ctx, p)
	flushed := p.Flush(context.WithoutCancel(ctx)) // deliveries have deadlines
	took := time.Since(began)
	err = cli.FirstOf(err, w.failure(), flushed)
	totals := p.Totals()
	if err == nil && w.follower != nil {
		err = w.follower.await(totals.Acknowledged)
	}
	if err = cli.FirstOf(err, p.Close()); err != nil {
		return nil, err
	}
	if w.follower == nil {
		return newResult(totals.Acknowledged, totals.Bytes, took, nil), nil
	}
	return newResult(totals.Acknowledged, totals.Bytes, took, w.follower.latencies()), nil
}

// send hands over records until there are enough, the time is up, or a signal comes: what
// was written until then is measured.
func (w *writer) send(ctx context.Context, p *kafka.Producer) error {
	if w.For.D > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.For.D)
		defer cancel()
	}
	var pace *input.Pace
	if w.rate > 0 {
		pace = input.NewRate(w.rate, input.WallClock{})
	}
	values := newValues(w.Size)
	per := max(1, min(batchRecords, batchBytes/w.Size))
	for sent := int64(0); sent < w.Records && ctx.Err() == nil && w.failure() == nil; {
		n := int(min(int64(per), w.Records-sent))
		if pace != nil {
			due, err := pace.Take(ctx, n)
			if err != nil {
				return nil // the time is up, or a signal came
			}
			n = due
		}
		o := <-w.free
		o.Reset(w.topic)
		for range n {
			o.Add(nil, values.next(), nil, kafka.AnyPartition, kafka.Now)
		}
		if err := p.Send(context.WithoutCancel(ctx), o); err != nil {
			return err
		}
		sent += int64(n)
	}
	return nil
}

func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
}

func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// values are texts of random capitals, which compress about as well as data does, each
// with the time at its beginning where it has room.
type values struct {
	pool [256][]byte
	turn int
}

func newValues(size int) *values {
	v := &values{}
	for i := range v.pool {
		v.pool[i] = make([]byte, size)
		for j := range v.pool[i] {
			v.pool[i][j] = byte('A' + rand.IntN(26))
		}
	}
	return v
}

// next returns a value that is valid until the next call but 255.
func (v *values) next() []byte {
	value := v.pool[v.turn]
	v.turn = (v.turn + 1) % len(v.pool)
	if len(value) >= stampBytes {
		strconv.AppendInt(value[:0], time.Now().UnixNano(), 10)
	}
	return value
}
