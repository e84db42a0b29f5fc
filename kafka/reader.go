package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Follow as the end of a Span means that it has none.
const Follow int64 = -1

// Span is the part of a partition to read: offsets From up to, not including, To.
type Span struct {
	TopicPartition
	From, To int64
}

// ReaderConfig says what a Reader reads.
type ReaderConfig struct {
	Spans           []Span
	ReadUncommitted bool
	// Topics, when set, is asked now and then for the topics as they are, so that new
	// partitions are read too and a topic created anew is noticed. It is called from a
	// goroutine of the Reader.
	Topics func(context.Context) ([]Topic, error)
	// Every is how often Topics is asked; zero means every 30 seconds.
	Every time.Duration

	onePerCall bool
}

// Reader reads spans of partitions without a group. One goroutine owns it.
//
// Within a partition, records come in the order of their offsets, none twice and none
// left out silently: what is gone before it was read comes as a Notice.
type Reader struct {
	*consumer
	parts   map[TopicPartition]*readPart
	last    *readPart // that the newest record belonged to
	open    int       // partitions that are not at the end of their span
	follow  bool      // some span has no end
	member  bool      // the group decides which partitions are assigned
	pending []Notice
	ended   bool // the notice of the end was given
	failed  error

	downSince, probed time.Time

	topics   []Topic
	topology chan []Topic
	stop     context.CancelFunc
}

// readPart is the state of one partition.
type readPart struct {
	TopicPartition
	next  int64 // offset that comes next
	end   int64
	done  bool
	atEnd bool
	// corrupt is the offset at which a checksum failed last; a second failure there ends
	// the read. -1 while there is none.
	corrupt int64
}

// OpenReader starts reading. topics are the descriptions that the spans were made
// from. Spans that are empty need no broker and are done at once.
func OpenReader(cfg Config, rc ReaderConfig, topics []Topic) (*Reader, error) {
	r := &Reader{parts: map[TopicPartition]*readPart{}, topics: topics}
	var assign []ck.TopicPartition
	for _, s := range rc.Spans {
		p := &readPart{TopicPartition: s.TopicPartition, next: s.From, end: s.To, corrupt: -1}
		r.parts[s.TopicPartition] = p
		if s.To == Follow {
			r.follow = true
		} else if s.From >= s.To {
			p.done = true
			continue
		}
		r.open++
		assign = append(assign, ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition, Offset: ck.Offset(p.next)})
	}
	c, err := openConsumer(cfg, consumerConfig{
		readUncommitted: rc.ReadUncommitted, bounded: !r.follow, onePerCall: rc.onePerCall,
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
	if rc.Topics != nil && r.follow {
		c.logs.ended.Go(func() { watchTopics(ctx, rc, r.topology) }) // ends with stop
	}
	return r, nil
}

// watchTopics sends the topics as they are; it is the only sender.
func watchTopics(ctx context.Context, rc ReaderConfig, to chan<- []Topic) {
	every := rc.Every
	if every <= 0 {
		every = 30 * time.Second
	}
	for pause(ctx, every) == nil {
		topics, err := rc.Topics(ctx)
		if err != nil {
			continue // the reader itself notices what is wrong with the cluster
		}
		select {
		case to <- topics:
		case <-ctx.Done():
		}
	}
}

// Close ends the reader. Batches stay valid.
func (r *Reader) Close() error {
	r.stop()
	return r.close()
}

// Next fills b with the next records and notices, waiting for some. It returns io.EOF
// when every span is read, and the cause of ctx when that ends first.
func (r *Reader) Next(ctx context.Context, b *Batch) error {
	for {
		if r.open == 0 {
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
	if err := r.fetch(ctx, b, 100*time.Millisecond, r.onError); err != nil {
		return err
	}
	r.keepWithin(b)
	for i := range b.Signals {
		if err := r.signal(&b.Signals[i]); err != nil {
			return err
		}
	}
	if err := r.checkCluster(ctx); err != nil {
		return err
	}
	r.noteEnd()
	b.Notices = append(b.Notices[:0], r.pending...)
	r.pending = r.pending[:0]
	return nil
}

// Run hands everything that Next gives to emit until the spans are read, which is nil,
// emit fails, or ctx ends, whose cause it then returns. emit must be done with the
// batch when it returns.
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

// keepWithin drops the records that lie behind their span and moves the positions on.
func (r *Reader) keepWithin(b *Batch) {
	kept := b.Records[:0]
	for i := range b.Records {
		rec := &b.Records[i]
		p := r.part(rec.Topic, rec.Partition)
		if p == nil || p.done || rec.Offset < p.next {
			continue
		}
		if p.end != Follow && rec.Offset >= p.end {
			r.finish(p)
			continue
		}
		p.next, p.atEnd = rec.Offset+1, false
		kept = append(kept, *rec)
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

// finish ends a partition, so that the broker need not send the rest of it.
func (r *Reader) finish(p *readPart) {
	if p.done {
		return
	}
	p.done = true
	r.open--
	switch {
	case r.member: // the partition stays ours
		tps := []ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition}}
		if err := r.client.Pause(tps); err != nil {
			r.failed = explain(r.cfg, r.logs, err)
		}
	case r.open > 0:
		r.unassign(p)
	}
}

func (r *Reader) unassign(p *readPart) {
	tps := []ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition}}
	if err := r.client.IncrementalUnassign(tps); err != nil {
		r.failed = explain(r.cfg, r.logs, err)
	}
}

// signal acts on what a partition said beside its records.
func (r *Reader) signal(s *Signal) error {
	p := r.part(s.Topic, s.Partition)
	if p == nil || p.done {
		return nil
	}
	switch s.Code {
	case ck.ErrPartitionEOF:
		r.answered()
		p.atEnd = true
		if p.end != Follow {
			r.finish(p) // what lies between here and the end are markers or gaps
		}
		return nil
	case ck.ErrAutoOffsetReset, ck.ErrOffsetOutOfRange:
		return r.reposition(p)
	case ck.ErrLogTruncation:
		return r.truncated(p, s.Offset)
	case ck.ErrBadMsg, ck.ErrInvalidMsg, ck.ErrBadCompression:
		if p.corrupt == p.next {
			return fmt.Errorf("%s@%d: %w: %s", p.TopicPartition, p.next, ErrCorrupt, s.Text)
		}
		p.corrupt = p.next
		r.pending = append(r.pending, Notice{Kind: NoticeCorrupt, Topic: p.Topic, Partition: p.Partition, From: p.next})
		return r.seek(p)
	case ck.ErrUnknownTopicOrPart, ck.ErrUnknownTopic, ck.ErrUnknownPartition, ck.ErrUnknownTopicID:
		return r.deleted(p)
	case ck.ErrTransport, ck.ErrTimedOut, ck.ErrAllBrokersDown, ck.ErrMaxPollExceeded:
		return nil // the client tries again
	}
	return fmt.Errorf("%s@%d: %w: %s", p.TopicPartition, p.next, sentinelOf(s.Code), s.Text)
}

// reposition continues after the position of a partition fell out of its log: behind
// what retention deleted, or at the end of a log that became shorter.
func (r *Reader) reposition(p *readPart) error {
	start, end, err := r.client.QueryWatermarkOffsets(p.Topic, p.Partition, int(r.cfg.timeout().Milliseconds()))
	if err != nil {
		return fmt.Errorf("%s: %w", p.TopicPartition, explain(r.cfg, r.logs, err))
	}
	switch {
	case start > p.next:
		gone := start
		if p.end != Follow {
			gone = min(start, p.end)
		}
		r.pending = append(r.pending, Notice{Kind: NoticeLost, Topic: p.Topic, Partition: p.Partition, From: p.next, To: gone})
		p.next = start
	case end < p.next:
		return r.truncated(p, end)
	}
	if p.end != Follow && p.next >= p.end {
		r.finish(p)
		return nil
	}
	return r.seek(p)
}

func (r *Reader) truncated(p *readPart, end int64) error {
	if end < 0 || end > p.next {
		end = p.next
	}
	r.pending = append(r.pending, Notice{Kind: NoticeTruncated, Topic: p.Topic, Partition: p.Partition, From: p.next, To: end})
	p.next = end
	return r.seek(p)
}

// seek starts fetching a partition anew at its next offset.
func (r *Reader) seek(p *readPart) error {
	tps := []ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition, Offset: ck.Offset(p.next)}}
	if r.member {
		return explain(r.cfg, r.logs, r.client.Seek(tps[0], 0))
	}
	if err := r.client.IncrementalUnassign(tps); err != nil {
		return explain(r.cfg, r.logs, err)
	}
	r.forward(tps, true)
	return explain(r.cfg, r.logs, r.client.IncrementalAssign(tps))
}

// deleted handles a topic that is gone: an endless read waits for it to come back.
func (r *Reader) deleted(p *readPart) error {
	if !r.follow {
		return &UnknownTopicError{Topic: p.Topic}
	}
	i := slices.IndexFunc(r.topics, func(t Topic) bool { return t.Name == p.Topic })
	if i < 0 {
		return nil // said already
	}
	r.topics = slices.Delete(slices.Clone(r.topics), i, i+1)
	r.pending = append(r.pending, Notice{Kind: NoticeDeleted, Topic: p.Topic, Partition: -1})
	return nil
}

// checkCluster notices what concerns no single partition: brokers that are back, and
// topics that changed.
func (r *Reader) checkCluster(ctx context.Context) error {
	if r.failed != nil {
		return r.failed
	}
	if err := r.probe(ctx); err != nil {
		return err
	}
	select {
	case topics := <-r.topology:
		return r.adopt(topics)
	default:
		return nil
	}
}

// adopt compares the topics as they are with those that are read.
func (r *Reader) adopt(topics []Topic) error {
	for _, t := range topics {
		known, recreated := 0, false
		if i := slices.IndexFunc(r.topics, func(k Topic) bool { return k.Name == t.Name }); i >= 0 {
			known, recreated = len(r.topics[i].Partitions), r.topics[i].ID != t.ID
		} else {
			recreated = r.reads(t.Name)
		}
		switch {
		case recreated:
			known = 0
			r.pending = append(r.pending, Notice{Kind: NoticeRecreated, Topic: t.Name, Partition: -1})
		case len(t.Partitions) > known:
			r.pending = append(r.pending, Notice{Kind: NoticePartitions, Topic: t.Name, Partition: -1, From: int64(known), To: int64(len(t.Partitions))})
		}
		for i := known; i < len(t.Partitions); i++ {
			if err := r.start(TopicPartition{t.Name, t.Partitions[i].ID}); err != nil {
				return err
			}
		}
	}
	if len(topics) > 0 {
		r.topics = topics
	}
	return nil
}

func (r *Reader) reads(topic string) bool {
	for tp := range r.parts {
		if tp.Topic == topic {
			return true
		}
	}
	return false
}

// start reads a partition from its beginning, without an end.
func (r *Reader) start(tp TopicPartition) error {
	p := r.parts[tp]
	if p == nil {
		p = &readPart{TopicPartition: tp, end: Follow, corrupt: -1}
		r.parts[tp] = p
		r.open++
		tps := []ck.TopicPartition{{Topic: &p.Topic, Partition: p.Partition, Offset: 0}}
		r.forward(tps, true)
		return explain(r.cfg, r.logs, r.client.IncrementalAssign(tps))
	}
	if p.done {
		return nil
	}
	p.next, p.atEnd, p.corrupt = 0, false, -1
	return r.seek(p)
}

// onError handles an error of the client as a whole.
func (r *Reader) onError(err ck.Error) error {
	switch err.Code() {
	case ck.ErrAllBrokersDown, ck.ErrTransport, ck.ErrResolve, ck.ErrTimedOut:
		if err.Code() == ck.ErrAllBrokersDown && r.downSince.IsZero() {
			r.downSince = time.Now()
			r.pending = append(r.pending, Notice{Kind: NoticeDown, Partition: -1, Text: cmp.Or(r.logs.cause(), err.Error())})
		}
		return nil
	case ck.ErrAuthentication, ck.ErrSaslAuthenticationFailed, ck.ErrSsl, ck.ErrTopicAuthorizationFailed:
		return explain(r.cfg, r.logs, err)
	}
	if err.IsFatal() {
		return explain(r.cfg, r.logs, err)
	}
	return nil // what concerns the group that is not joined, and what librdkafka mends
}

// answered notes that a broker has sent something.
func (r *Reader) answered() {
	if !r.downSince.IsZero() {
		r.downSince = time.Time{}
		r.pending = append(r.pending, Notice{Kind: NoticeUp, Partition: -1})
	}
}

// probe looks once a second whether a broker accepts again. A bounded read gives up
// after the timeout; an endless one waits.
func (r *Reader) probe(ctx context.Context) error {
	if r.downSince.IsZero() || time.Since(r.probed) < time.Second {
		return nil
	}
	r.probed = time.Now()
	if preflight(ctx, Config{Brokers: r.cfg.Brokers, Timeout: 500 * time.Millisecond}) == nil {
		r.answered()
		return nil
	}
	if !r.follow && time.Since(r.downSince) > r.cfg.timeout() {
		return unanswered(r.cfg, r.logs)
	}
	return nil
}

// noteEnd gives the notice of the end once, when an endless read has reached it.
func (r *Reader) noteEnd() {
	if r.ended || !r.follow {
		return
	}
	for _, p := range r.parts {
		if !p.done && !p.atEnd {
			return
		}
	}
	r.ended = true
	r.pending = append(r.pending, Notice{Kind: NoticeEnd, Partition: -1})
}

// Positions gives, for each partition, the offset that comes next.
func (r *Reader) Positions() map[TopicPartition]int64 {
	positions := make(map[TopicPartition]int64, len(r.parts))
	for tp, p := range r.parts {
		positions[tp] = p.next
	}
	return positions
}
