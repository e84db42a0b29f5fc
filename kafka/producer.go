package kafka

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	"unsafe"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ProducerConfig is how records are sent.
type ProducerConfig struct {
	Acks          string // all, 1 or 0; empty is all
	NoIdempotence bool   // allows duplicates and reordering when a broker fails
	Compression   string // none, gzip, snappy, lz4, zstd; empty is the client's default
	Partitioner   string // librdkafka's name; empty is murmur2_random, Java's choice
	Transactional string // the transactional id, or empty

	// Delivered is called for every record that the broker acknowledged, with the batch
	// and its index there; nil when nobody asks. Failed is called for every record that
	// was refused or given up. Done is called when the fate of the whole batch is known:
	// the batch may be used again. All three run on one goroutine of the producer.
	Delivered func(o *Outgoing, i int, r Receipt)
	Failed    func(o *Outgoing, i int, err error)
	Done      func(o *Outgoing)

	onePerCall bool
}

// Receipt is where a record was stored.
type Receipt struct {
	Partition int32
	Offset    int64
	Timestamp int64 // milliseconds since the epoch; -1 when unknown
}

// Producer sends records. Send, Flush and the transaction calls belong to one
// goroutine. What it counts as delivered, the broker has acknowledged.
//
// A record that cannot be delivered is handed to Failed and does not end the
// producer; an error of the producer itself (fenced, denied, unreachable for good)
// stays, and every later call returns it.
type Producer struct {
	cfg    Config
	pc     ProducerConfig
	client *ck.Producer
	logs   *logs
	topics map[string]*C.rd_kafka_topic_t

	rk    *C.rd_kafka_t // nil: the packed path is missing, Produce takes every record
	queue *C.rd_kafka_queue_t

	ended  sync.WaitGroup // events
	served sync.WaitGroup // reports
	stop   chan struct{}
	space  chan struct{} // a report came in: the queue may have room again
	notice func(Notice)

	mu      sync.Mutex
	next    int64
	strays  [2]int64            // reports that came past reports, delivered and failed
	chunks  map[int64]*Outgoing // by number of the first record / outgoingMax
	waiting int64               // records without a report
	acked   int64
	failed  int64
	bytes   int64
	err     error
	down    bool
}

// OpenProducer makes a producer. It connects lazily: ask an Admin whether the topic
// exists before the first Send, which would otherwise wait for it. notice gets
// NoticeDown and NoticeUp from a goroutine of the producer; it may be nil.
func OpenProducer(cfg Config, pc ProducerConfig, notice func(Notice)) (*Producer, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	l := newLogs(cfg.Log)
	millis := int(cfg.timeout().Milliseconds())
	own := ck.ConfigMap{
		"go.logs.channel.enable":       true,
		"go.logs.channel":              l.channel,
		"go.delivery.report.fields":    "none",
		"partitioner":                  "murmur2_random",
		"acks":                         "all",
		"enable.idempotence":           !pc.NoIdempotence,
		"delivery.timeout.ms":          millis,
		"request.timeout.ms":           max(1, millis),
		"queue.buffering.max.messages": 100000,
		"queue.buffering.max.kbytes":   32 << 10, // what waits is in memory three times
		"linger.ms":                    5,
		"message.max.bytes":            maxMessage,
	}
	for name, value := range map[string]string{
		"acks": pc.Acks, "compression.type": pc.Compression, "partitioner": pc.Partitioner, "transactional.id": pc.Transactional,
	} {
		if value != "" {
			own[name] = value
		}
	}
	if pc.Transactional != "" {
		own["transaction.timeout.ms"] = max(60000, millis)
	}
	client, err := ck.NewProducer(cfg.properties("producer", own))
	if err != nil {
		l.stop()
		return nil, explain(cfg, l, err)
	}
	if notice == nil {
		notice = func(Notice) {}
	}
	p := &Producer{
		cfg: cfg, pc: pc, client: client, logs: l, notice: notice,
		topics: map[string]*C.rd_kafka_topic_t{},
		stop:   make(chan struct{}), space: make(chan struct{}, 1),
		chunks: map[int64]*Outgoing{},
	}
	if !pc.onePerCall {
		p.takeQueue()
	}
	p.ended.Go(p.events) // ends when the client closes its channel
	if p.rk != nil {
		p.served.Go(p.reports) // ends with stop
	}
	return p, nil
}

// maxMessage lets a record be as large as a topic can be configured for; the broker
// decides, and names the record that it refuses.
const maxMessage = 64 << 20

// takeQueue makes delivery reports come to reports, many in one call, instead of to
// the client's poller, which makes an object of each.
//
// The poller keeps polling a queue on which nothing comes. It could still take one
// event of the old queue if it is between reading the pointer and polling; events
// counts what comes that way.
func (p *Producer) takeQueue() {
	rk, err := nativeClient(p.client)
	if err != nil {
		return
	}
	place, err := handleField(p.client, "rkq")
	if err != nil {
		return
	}
	p.rk, p.queue = rk, C.ks_queue_main(rk)
	old := (*C.rd_kafka_queue_t)(*place)
	C.ks_swap_pointer(C.uintptr_t(uintptr(unsafe.Pointer(place))), unsafe.Pointer(C.ks_queue_new(rk)))
	C.ks_queue_yield(old)
	C.ks_queue_destroy(old)
}

// Send queues the records of o in order, waiting while the queue is full. It owns o
// until Done; it returns early only when ctx ends or the producer has failed, and then
// reports the records that it did not queue as failed.
func (p *Producer) Send(ctx context.Context, o *Outgoing) error {
	if o.Len() == 0 {
		p.done(o)
		return nil
	}
	p.register(o)
	if p.rk == nil {
		return p.sendSlowly(ctx, o)
	}
	topic := p.topic(o.topic)
	for i := 0; i < o.Len(); {
		var code C.int
		n := C.ks_produce(p.rk, topic, (*C.uchar)(unsafe.SliceData(o.buf)), &o.records[i], C.int32_t(o.Len()-i), C.int64_t(o.first+int64(i)), &code)
		i += int(n)
		if i == o.Len() {
			break
		}
		wait, err := p.refused(ctx, o, i, ck.ErrorCode(code))
		if err != nil {
			p.abandon(o, i, err)
			return err
		}
		if !wait {
			i++
		}
	}
	return p.Err()
}

// refused decides about record i, which librdkafka did not queue: wait and try it
// again, go on behind it, or give up with an error.
func (p *Producer) refused(ctx context.Context, o *Outgoing, i int, code ck.ErrorCode) (wait bool, err error) {
	if code == ck.ErrQueueFull {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-p.space:
		case <-time.After(100 * time.Millisecond):
		}
		return true, p.Err()
	}
	if code == ck.ErrFatal || code == ck.ErrState || code == ck.ErrFenced {
		p.fail(explain(p.cfg, p.logs, ck.NewError(code, "", true)))
		return false, p.Err()
	}
	p.failedRecord(o, i, p.recordError(code))
	p.settle(o, 0, 1, 0)
	return false, nil
}

// register gives the batch its numbers, so that reports find it.
func (p *Producer) register(o *Outgoing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o.first = p.next
	p.next += outgoingMax * ((int64(o.Len()) + outgoingMax - 1) / outgoingMax)
	for n := o.first; n < o.first+int64(o.Len()); n += outgoingMax {
		p.chunks[n/outgoingMax] = o
	}
	o.waiting = o.Len()
	p.waiting += int64(o.Len())
}

// abandon reports the records from i on as not sent.
func (p *Producer) abandon(o *Outgoing, i int, err error) {
	rest := o.Len() - i
	for ; i < o.Len(); i++ {
		p.failedRecord(o, i, err)
	}
	p.settle(o, 0, rest, 0)
}

func (p *Producer) topic(name string) *C.rd_kafka_topic_t {
	if t, ok := p.topics[name]; ok {
		return t
	}
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	t := C.ks_topic_new(p.rk, c)
	p.topics[name] = t
	return t
}

// reports takes delivery reports from the queue until stop.
func (p *Producer) reports() {
	poller := C.ks_poller_new(1)
	defer C.ks_poller_free(poller)
	for {
		if C.ks_poll(p.rk, p.queue, 100, poller) == 0 {
			select {
			case <-p.stop:
				return
			default:
				p.checkDown()
				continue
			}
		}
		if poller.err != 0 {
			p.onError(ck.NewError(ck.ErrorCode(poller.err), C.GoString(&poller.text[0]), poller.fatal != 0))
		}
		p.take(unsafe.Slice(poller.reports, int(poller.report_count)))
	}
}

// take settles reports, a run of one batch at a time.
func (p *Producer) take(reports []C.ks_report) {
	var o *Outgoing
	var ok, failed int
	var bytes int64
	for i := range reports {
		r := &reports[i]
		if o == nil || int64(r.sequence) < o.first || int64(r.sequence) >= o.first+int64(len(o.records)) {
			p.settle(o, ok, failed, bytes)
			o, ok, failed, bytes = p.chunk(int64(r.sequence)), 0, 0, 0
		}
		n := int(int64(r.sequence) - o.first)
		if r.err != 0 {
			p.failedRecord(o, n, p.recordError(ck.ErrorCode(r.err)))
			failed++
			continue
		}
		if p.pc.Delivered != nil {
			p.pc.Delivered(o, n, Receipt{int32(r.partition), int64(r.offset), int64(r.timestamp)})
		}
		c := &o.records[n]
		bytes += int64(max(0, c.key_len) + max(0, c.value_len))
		ok++
	}
	p.settle(o, ok, failed, bytes)
	select {
	case p.space <- struct{}{}:
	default:
	}
}

func (p *Producer) chunk(sequence int64) *Outgoing {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.chunks[sequence/outgoingMax]
}

func (p *Producer) failedRecord(o *Outgoing, i int, err error) {
	if p.pc.Failed != nil {
		p.pc.Failed(o, i, err)
	}
}

// settle counts records of o whose fate is known, and hands o back after its last.
func (p *Producer) settle(o *Outgoing, ok, failed int, bytes int64) {
	if o == nil || ok+failed == 0 {
		return
	}
	p.mu.Lock()
	p.waiting -= int64(ok + failed)
	p.acked += int64(ok)
	p.failed += int64(failed)
	p.bytes += bytes
	o.waiting -= ok + failed
	last := o.waiting == 0
	if last {
		for n := o.first; n < o.first+int64(o.Len()); n += outgoingMax {
			delete(p.chunks, n/outgoingMax)
		}
	}
	p.mu.Unlock()
	if last {
		p.done(o)
	}
}

func (p *Producer) done(o *Outgoing) {
	if p.pc.Done != nil {
		p.pc.Done(o)
	}
}

// recordError explains why one record was not delivered.
func (p *Producer) recordError(code ck.ErrorCode) error {
	switch code {
	case ck.ErrMsgTimedOut, ck.ErrTimedOut:
		cause := p.logs.cause()
		if cause == "" {
			cause = "no acknowledgement"
		}
		return fmt.Errorf("%w: not delivered within %v: %s", ErrUnreachable, p.cfg.timeout(), cause)
	case ck.ErrMsgSizeTooLarge:
		return fmt.Errorf("%w: larger than the topic's max.message.bytes allows", ErrFailed)
	case ck.ErrUnknownPartition:
		return fmt.Errorf("%w: the topic has no such partition", ErrFailed)
	}
	return explain(p.cfg, p.logs, ck.NewError(code, code.String(), false))
}

// events takes what the client's own poller still gets: everything on the slow path.
func (p *Producer) events() {
	for ev := range p.client.Events() {
		switch ev := ev.(type) {
		case *ck.Message:
			p.delivered(ev)
		case ck.Error:
			p.onError(ev)
		}
	}
}

// Err is the error of the producer as a whole, or nil.
func (p *Producer) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// fail keeps the first error of the producer as a whole.
func (p *Producer) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
}

func (p *Producer) onError(err ck.Error) {
	switch {
	case err.IsFatal():
		p.fail(explain(p.cfg, p.logs, err))
	case err.Code() == ck.ErrAuthentication, err.Code() == ck.ErrSaslAuthenticationFailed:
		p.fail(explain(p.cfg, p.logs, err))
	case err.Code() == ck.ErrAllBrokersDown:
		p.mu.Lock()
		first := !p.down
		p.down = true
		p.mu.Unlock()
		if first {
			p.notice(Notice{Kind: NoticeDown, Partition: -1, Text: p.logs.cause()})
		}
	}
}

// checkDown gives the notice that brokers are back once a report has come since.
func (p *Producer) checkDown() {
	p.mu.Lock()
	down := p.down
	p.mu.Unlock()
	if down && preflight(context.Background(), Config{Brokers: p.cfg.Brokers, Timeout: 200 * time.Millisecond}) == nil {
		p.mu.Lock()
		p.down = false
		p.mu.Unlock()
		p.notice(Notice{Kind: NoticeUp, Partition: -1})
	}
}

// Totals counts what became of the records so far.
type Totals struct {
	Acknowledged, Failed, Waiting int64
	Bytes                         int64 // keys and values of the acknowledged records
}

// Totals may be called from any goroutine.
func (p *Producer) Totals() Totals {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Totals{p.acked, p.failed, p.waiting, p.bytes}
}

// Flush waits until the fate of every record is known. Each record has a deadline of
// its own (Config.Timeout), so Flush ends by itself; it returns the producer's error,
// or the cause of ctx when that ends first.
func (p *Producer) Flush(ctx context.Context) error {
	for !p.settled() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.space:
		case <-time.After(20 * time.Millisecond):
		}
	}
	return p.Err()
}

// settled says whether no record waits, counting those whose reports went astray.
func (p *Producer) settled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	ok, failed := p.strays[0], p.strays[1]
	if p.waiting != ok+failed {
		return false
	}
	p.waiting, p.acked, p.failed = 0, p.acked+ok, p.failed+failed
	p.strays = [2]int64{}
	return true
}

// Close ends the producer. What was not flushed is lost, so Flush first.
func (p *Producer) Close() error {
	close(p.stop)
	if p.rk != nil {
		C.ks_queue_yield(p.queue)
		p.served.Wait()
		C.ks_queue_destroy(p.queue)
		for _, t := range p.topics {
			C.ks_topic_destroy(t)
		}
	}
	p.client.Close()
	p.ended.Wait()
	p.logs.stop()
	return p.Err()
}

// sendSlowly is Send without the packed path: one call a record.
func (p *Producer) sendSlowly(ctx context.Context, o *Outgoing) error {
	for i := 0; i < o.Len(); {
		err := p.client.Produce(p.message(o, i), nil)
		if err == nil {
			i++
			continue
		}
		var ke ck.Error
		if !errors.As(err, &ke) {
			ke = ck.NewError(ck.ErrFail, err.Error(), false)
		}
		wait, err := p.refused(ctx, o, i, ke.Code())
		if err != nil {
			p.abandon(o, i, err)
			return err
		}
		if !wait {
			i++
		}
	}
	return p.Err()
}

// message makes the client's form of record i; its Opaque is the record's number.
func (p *Producer) message(o *Outgoing, i int) *ck.Message {
	r := o.Record(i)
	m := &ck.Message{
		TopicPartition: ck.TopicPartition{Topic: &o.topic, Partition: r.Partition},
		Key:            r.Key, Value: r.Value, Opaque: o.first + int64(i),
	}
	if r.Timestamp != 0 {
		m.Timestamp = time.UnixMilli(r.Timestamp)
	}
	for _, h := range r.Headers {
		m.Headers = append(m.Headers, ck.Header{Key: h.Key, Value: h.Value})
	}
	return m
}

// delivered takes a report that came through the client's own poller.
func (p *Producer) delivered(m *ck.Message) {
	var ke ck.Error
	failed := errors.As(m.TopicPartition.Error, &ke)
	sequence, known := m.Opaque.(int64)
	if !known {
		p.mu.Lock()
		if failed {
			p.strays[1]++
		} else {
			p.strays[0]++
		}
		p.mu.Unlock()
		return
	}
	r := C.ks_report{
		sequence: C.int64_t(sequence), offset: C.int64_t(m.TopicPartition.Offset),
		partition: C.int32_t(m.TopicPartition.Partition), timestamp: -1,
	}
	if failed {
		r.err = C.int32_t(ke.Code())
	}
	p.take([]C.ks_report{r})
}
