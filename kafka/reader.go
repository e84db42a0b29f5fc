package kafka

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Follow is the To of a Span without an end.
const Follow int64 = -1

// Span is the part of a partition to read: offsets From up to, not including, To.
//
// The offsets of a span are in the log when the span is made; if they turn out to be
// missing, a Notice reports it. A span that is Ahead starts or ends beyond End, the end of
// the log when the span was made (see Watermarks): the reader waits for the records that
// are still to come.
type Span struct {
	TopicPartition
	From, To int64
	Ahead    bool
	End      int64 // counts only with Ahead
	// Unled is where to begin in a partition that had no leader to ask, once it has one. From
	// is 0 then.
	Unled Unled
}

// Unled is where a partition begins of which nobody can tell the bounds.
type Unled int8

// Where it begins, unless it is 0.
const (
	UnledBeginning Unled = iota + 1
	UnledEnd
)

// start returns the offset to fetch first.
func (s Span) start() int64 {
	if s.Ahead {
		return min(s.From, s.End)
	}
	return s.From
}

// ReaderConfig is what a Reader reads.
type ReaderConfig struct {
	Spans           []Span
	ReadUncommitted bool
	// Topics, when set, returns the descriptions of the topics to read that exist. It is
	// called periodically on a goroutine of the Reader, because librdkafka does not report
	// that a topic was deleted, or created again.
	Topics func(context.Context) ([]Topic, error)
	// Grow makes the Reader read new partitions and new topics too, from their beginning
	// and without an end.
	Grow bool
	// Every is the interval between calls of Topics; zero means 30 seconds, or 5 if the
	// read is bounded. While a topic is missing it is a second at most.
	Every time.Duration
	// BatchSize is the largest number of records in a Batch; zero and more than 4,096 mean
	// 4,096.
	BatchSize int
	// Few says that only some records are wanted: little more is fetched.
	Few bool

	onePerCall bool
}

// Reader reads spans of partitions without a group. It is not safe for concurrent use.
//
// Within a partition, records come in the order of their offsets, none twice and none
// left out silently: records that were deleted before they were read are reported by a
// Notice.
type Reader struct {
	*consumer
	parts   map[TopicPartition]*readPart
	last    *readPart // that the newest record belonged to
	open    int       // partitions that are not at the end of their span
	silent  int       // partitions that were restarted and have said nothing since
	follow  bool      // some span waits for records to come
	ends    bool      // every span has an end, whether it waits for it or not
	grows   bool      // new partitions are read too
	member  bool      // the group decides which partitions are assigned
	pending []Notice
	ended   bool                 // the notice of the end was given
	refused func(ck.Error) error // of a member: why its group takes it no more
	ledger  *ledger              // of a member; nil without a group
	reached []mark               // how far partitions were read behind the records at hand
	ending  []*readPart          // that are done, which the client has not been told
	// nameless are errors that did not say which partition they concern.
	nameless []ck.ErrorCode

	downSince, probed time.Time

	asides    []*readPart // those that librdkafka does not read, see reader_old.go
	stalledAt time.Time   // when they were looked for last

	topics   []Topic // as they are known; of a member, those that it had partitions of
	ids      identities
	anew     func(topic string) // of a member: one of its topics is read from its beginning
	topology chan []Topic
	hurry    atomic.Bool // a topic is missing: look for it more often
	stop     context.CancelFunc
}

// readPart is the state of one partition.
type readPart struct {
	TopicPartition
	from  int64 // records before it are left out
	next  int64 // offset that comes next in the log
	end   int64
	waits bool // the span goes beyond the log as it was when the span was made
	done  bool
	gone  bool // the topic was deleted: what still comes is of no use
	atEnd bool
	heard time.Time // when records or its end came last
	// short is when the log turned out to end before a span that was in it.
	short time.Time
	// silent is set from a restart until the partition says something, see seek.
	silent bool
	// corrupt is the offset at which a checksum failed last; a second failure there ends
	// the read. -1 while there is none.
	corrupt int64

	aside      *aside    // not nil: what librdkafka returns of it is left out
	looked     int64     // offset at which its message format was looked at last; -1: nowhere
	leaderless bool      // the broker returns no leader's epoch: nothing to know old records by
	seen       int64     // next, as it was when stalled partitions were looked for
	since      time.Time // since when
	unled      bool      // nobody leads it, and that was said
}

// OpenReader returns a Reader, which begins to fetch. topics are the descriptions that the
// spans were made from. Spans that are empty are done at once. The caller must Close the
// Reader.
func OpenReader(cfg Config, rc ReaderConfig, topics []Topic) (*Reader, error) {
	r := &Reader{parts: map[TopicPartition]*readPart{}, topics: topics, grows: rc.Grow && rc.Topics != nil}
	r.follow, r.ends = r.grows, !r.grows
	var assign []ck.TopicPartition
	for _, s := range rc.Spans {
		p := &readPart{
			TopicPartition: s.TopicPartition, corrupt: -1, looked: -1,
			from: s.From, next: s.start(), end: s.To, waits: s.Ahead,
		}
		r.parts[s.TopicPartition] = p
		if s.To != Follow && s.From >= s.To {
			p.done = true
			continue
		}
		r.follow = r.follow || s.Ahead || s.To == Follow
		r.ends = r.ends && s.To != Follow
		r.open++
		at := ck.Offset(p.next)
		switch s.Unled {
		case UnledBeginning:
			at = ck.OffsetBeginning
		case UnledEnd:
			at = ck.OffsetEnd
		}
		assign = append(assign, ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition, Offset: at})
	}
	c, err := openConsumer(cfg, consumerConfig{
		partitions: len(rc.Spans), few: rc.Few,
		readUncommitted: rc.ReadUncommitted, bounded: !r.follow, batch: rc.BatchSize, onePerCall: rc.onePerCall,
	})
	if err != nil {
		return nil, err
	}
	r.consumer = c
	c.forward(assign, true)
	if err := c.client.Assign(assign); err != nil {
		return nil, errors.Join(explain(cfg, c.logs, err), c.close())
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.topology = make(chan []Topic, 1)
	if rc.Topics != nil && (r.grows || len(assign) > 0) {
		r.hurry.Store(len(topics) == 0)
		c.watched.Go(func() { r.watchTopics(ctx, rc) }) // ends with stop
	}
	return r, nil
}

// Close ends the reader. Batches stay valid.
func (r *Reader) Close() error {
	r.stop()
	return r.close()
}

// Next fills b with the next records and notices, waiting until there are some. It returns
// io.EOF when every span has been read, and the cause of ctx if that ends first.
func (r *Reader) Next(ctx context.Context, b *Batch) error {
	for {
		if r.open == 0 && !r.grows {
			b.reset(0, 0)
			return io.EOF
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.step(ctx, b); err != nil {
			return err
		}
		if len(b.Records)+len(b.Notices) > 0 {
			return nil
		}
	}
}

// step takes what is there, waiting a tenth of a second at most, and acts on all that
// is no record. The batch may stay empty.
func (r *Reader) step(ctx context.Context, b *Batch) error {
	r.forwardSilent()
	if err := r.fetch(ctx, b, r.patience(), r.onError); err != nil {
		return err
	}
	r.keepWithin(b)
	if len(r.ids.doubted) > 0 || r.ids.again {
		if err := r.verify(ctx, b); err != nil {
			return err
		}
	}
	for i := range b.Signals {
		if err := r.signal(ctx, &b.Signals[i]); err != nil {
			return err
		}
	}
	if err := errors.Join(r.suspect(ctx), r.checkCluster(ctx), r.leaveOut()); err != nil {
		return err
	}
	if err := r.findStalled(); err != nil {
		return err
	}
	if len(r.asides) > 0 {
		if err := r.readAside(ctx, b); err != nil {
			return err
		}
	}
	r.noteEnd()
	b.Notices = append(b.Notices[:0], r.pending...)
	r.pending = r.pending[:0]
	b.reached = append(b.reached[:0], r.reached...)
	r.reached = r.reached[:0]
	return nil
}

// Run calls emit with the results of Next. It returns nil when every span has been read,
// the error of emit, or the cause of ctx. emit must not retain the batch.
func (r *Reader) Run(ctx context.Context, emit func(Event) error) error {
	var b Batch
	for {
		err := r.Next(ctx, &b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = emit(Event{Member: 1, Batch: &b, Notices: b.Notices})
		}
		if err != nil {
			return err
		}
	}
}

// keepWithin drops the records that lie outside of their span and moves the positions
// on.
func (r *Reader) keepWithin(b *Batch) {
	kept := b.Records[:0]
	now := time.Now()
	var last *readPart
	for i := range b.Records {
		rec := &b.Records[i]
		p := r.part(rec.Topic, rec.Partition)
		if p != last && p != nil {
			r.heard(p, now, true)
		}
		last = p
		if p != nil && p.silent {
			r.spoke(p)
		}
		if p == nil || p.done || p.gone {
			r.ledger.drop(TopicPartition{rec.Topic, rec.Partition}, rec.Offset)
			continue
		}
		if rec.Offset < p.next || p.aside != nil {
			continue
		}
		if p.end != Follow && rec.Offset >= p.end {
			r.ledger.drop(p.TopicPartition, rec.Offset)
			p.next = p.end // between the last record and the end there is none
			r.finish(p)
			continue
		}
		if p.misread(rec) {
			r.putAside(p, true)
			continue
		}
		p.next, p.atEnd = rec.Offset+1, false
		if rec.Offset >= p.from {
			if len(kept) != i { // records are large: most batches are kept whole
				b.Records[len(kept)] = *rec
			}
			kept = b.Records[:len(kept)+1]
		}
		if p.next == p.end {
			r.finish(p)
		}
	}
	if len(b.Records) > 0 {
		r.answered()
	}
	b.Records = kept
}

func (r *Reader) part(topic string, partition int32) *readPart {
	if r.last == nil || r.last.Partition != partition || r.last.Topic != topic {
		r.last = r.parts[TopicPartition{topic, partition}]
	}
	return r.last
}

// Finish ends the span of a partition: no further records of it are read. It may be called
// by emit.
func (r *Reader) Finish(tp TopicPartition) {
	if p := r.parts[tp]; p != nil {
		r.finish(p)
	}
}

// finish ends a partition: nothing more of it is handed on.
func (r *Reader) finish(p *readPart) {
	if p.done {
		return
	}
	p.done = true
	r.open--
	r.ending = append(r.ending, p)
	r.reach(p, true)
}

// reach notes that a partition of a member was read up to its next offset, or that this
// is all that is read of it. That counts once the records at hand are done.
func (r *Reader) reach(p *readPart, over bool) {
	if r.ledger == nil {
		return
	}
	next := p.next
	if p.end != Follow {
		next = min(next, p.end)
	}
	r.reached = append(r.reached, mark{p.TopicPartition, r.ledger.now(), next, over})
}

// leaveOut tells the client which partitions are done, so that the broker need not send
// the rest of them.
func (r *Reader) leaveOut() error {
	if len(r.ending) == 0 {
		return nil
	}
	var tps []ck.TopicPartition
	for _, p := range r.ending {
		if p.done && r.parts[p.TopicPartition] == p {
			tps = append(tps, ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition})
		}
	}
	r.ending = r.ending[:0]
	var err error
	switch {
	case len(tps) == 0:
	case r.member: // the partitions stay ours
		err = r.client.Pause(tps)
	case r.open > 0:
		err = r.client.IncrementalUnassign(tps)
	}
	return explain(r.cfg, r.logs, err)
}

// noteEnd adds the notice of the end of all logs when an endless read has reached it, once.
func (r *Reader) noteEnd() {
	if r.ended || !r.follow {
		return
	}
	for _, p := range r.parts {
		if !p.done && !p.gone && !p.atEnd {
			return
		}
	}
	r.ended = true
	r.pending = append(r.pending, Notice{Kind: NoticeEnd, Partition: -1})
}

// Positions returns, for each partition, the offset to be read next.
func (r *Reader) Positions() map[TopicPartition]int64 {
	positions := make(map[TopicPartition]int64, len(r.parts))
	for tp, p := range r.parts {
		positions[tp] = max(p.next, p.from)
	}
	return positions
}
