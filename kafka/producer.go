package kafka

// #include <stdlib.h>
// #include "native_produce.h"
import "C"

import (
	"context"
	"errors"
	"sync"
	"time"
	"unsafe"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Producer sends records. Its methods are not safe for concurrent use, except for Err,
// GiveUp and Totals. A record counts as delivered when the broker has acknowledged it.
//
// A record that cannot be delivered is passed to Failed and does not end the
// producer. An error of the producer itself (fenced, denied, GiveUp) is permanent: every
// later call returns it.
type Producer struct {
	cfg    Config
	pc     ProducerConfig
	client *ck.Producer
	logs   *logs
	admin  *Admin // on the connections of client
	login  *login
	topics map[string]*C.rd_kafka_topic_t

	rk    *C.rd_kafka_t // nil: the packed path is missing, Produce takes every record
	queue *C.rd_kafka_queue_t

	ended  sync.WaitGroup // events
	served sync.WaitGroup // reports
	stop   chan struct{}
	space  chan struct{} // a report came in: the queue may have room again
	notice func(Notice)

	calls sync.WaitGroup // of transactions
	lost  bool           // one of calls does not end

	saidZero bool

	mu      sync.Mutex
	next    int64
	sent    map[int64]*Outgoing // by number of the first record / sendGroup
	waiting int64               // records without a report
	acked   int64
	failed  int64
	bytes   int64
	err     error
	down    bool
}

// OpenProducer returns a producer without waiting for a connection. Check with its Admin
// that the topic exists before the first Send, which would otherwise wait for it. notice
// is called with NoticeDown and NoticeUp on a goroutine of the producer, and with
// NoticeZeroTime inside Send; it may be nil.
func OpenProducer(cfg Config, pc ProducerConfig, notice func(Notice)) (*Producer, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	pc.onePerCall = pc.onePerCall || C.ks_complete_produce() == 0
	l := newLogs(cfg.Log)
	client, err := ck.NewProducer(cfg.properties("producer", pc.properties(cfg, l)))
	if err != nil {
		l.stop(nil)
		return nil, explain(cfg, l, err)
	}
	l.take(client)
	login, err := keepLogin(cfg, client, l)
	if err != nil {
		l.stop(client.Close)
		return nil, err
	}
	admin, err := ck.NewAdminClientFromProducer(client)
	if err != nil {
		login.stop()
		l.stop(client.Close)
		return nil, explain(cfg, l, err)
	}
	if notice == nil {
		notice = func(Notice) {}
	}
	p := &Producer{
		admin: &Admin{cfg: cfg, client: admin, logs: l},
		login: login,
		cfg:   cfg, pc: pc, client: client, logs: l, notice: notice,
		topics: map[string]*C.rd_kafka_topic_t{},
		stop:   make(chan struct{}), space: make(chan struct{}, 1),
		sent: map[int64]*Outgoing{},
	}
	if !pc.onePerCall {
		if err := p.takeQueue(); err != nil { // the client is not what it was: see TestPackedPathIsThere
			login.stop()
			l.stop(client.Close)
			pc.onePerCall = true
			return OpenProducer(cfg, pc, notice)
		}
	}
	p.ended.Go(p.events) // ends when the client closes its channel
	if p.rk != nil {
		p.served.Go(p.reports) // ends with stop
	}
	return p, nil
}

// Admin returns an Admin that uses the connections of the producer. It is valid until the
// producer is closed, and must not be closed itself.
func (p *Producer) Admin() *Admin { return p.admin }

// takeQueue makes events come to reports, many in one call, instead of to the client's
// poller, which makes an object of each. It ends the poller first: nothing else reads
// the channel on which the client tells it to (the client has no poller of logs, see
// properties), and a value that could be sent was taken.
func (p *Producer) takeQueue() error {
	rk, err := nativeClient(p.client)
	if err != nil {
		return err
	}
	end, err := pollerEnd(p.client)
	if err != nil {
		return err
	}
	queue := C.ks_queue_main(rk)
	C.ks_queue_yield(queue)
	select {
	case end <- true:
	case <-time.After(10 * time.Second): // a hundred times as long as it polls
		C.ks_queue_destroy(queue)
		return errors.New("the client's poller goes on")
	}
	p.rk, p.queue = rk, queue
	return nil
}

// Send queues the records of o in order, waiting while the queue is full. The producer
// owns o until it calls Done. Send returns early only if ctx ends, or the transaction
// (ErrTransaction) or the producer has failed; it then reports the records that it did
// not queue as failed.
func (p *Producer) Send(ctx context.Context, o *Outgoing) error {
	if o.Len() == 0 {
		p.done(o)
		return p.Err()
	}
	if o.zero && !p.saidZero {
		p.saidZero = true
		p.notice(Notice{Kind: NoticeZeroTime, Topic: o.topic, Partition: -1})
	}
	p.register(o)
	queue := p.queuePacked
	if p.rk == nil {
		queue = p.queueOne
	}
	for i, count := 0, o.Len(); ; { // o may be done, and used again, with its last record
		if err := p.Err(); err != nil {
			err = p.mayWrite(o, err)
			p.abandon(o, i, err)
			return err
		}
		n, stop := queue(o, i)
		if i += n; i == count {
			return p.Err()
		}
		if stop == 0 {
			continue
		}
		if err := p.pause(ctx, stop); err != nil {
			err = p.mayWrite(o, err)
			p.abandon(o, i, err)
			return err
		}
	}
}

// queuePacked queues records of o from i on and returns how many it dealt with, and
// what stopped it.
func (p *Producer) queuePacked(o *Outgoing, i int) (int, ck.ErrorCode) {
	var refused, stop C.int32_t
	records := o.records[i:]
	n := int(C.ks_produce(p.rk, p.topic(o.topic), (*C.uchar)(unsafe.SliceData(o.buf)), &records[0], C.int32_t(len(records)),
		C.int64_t(o.first+int64(i)), &refused, &stop))
	if refused > 0 { // so o is not done yet
		for k := range records[:n] {
			if err := records[k].err; err != 0 {
				p.failedRecord(o, i+k, p.recordError(o, ck.ErrorCode(err)))
			}
		}
		p.settle(o, 0, int(refused))
	}
	return n, ck.ErrorCode(stop)
}

// pause decides what to do about a record that could not be queued: try again after a
// while, or give up with an error.
func (p *Producer) pause(ctx context.Context, code ck.ErrorCode) error {
	switch code {
	case ck.ErrQueueFull:
		timer := time.NewTimer(pollInterval)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.space:
		case <-timer.C:
		}
		return nil
	case ck.ErrState:
		return errUndelivered
	}
	err := p.client.GetFatalError()
	if err == nil {
		err = ck.NewError(code, code.String(), true)
	}
	p.fail(p.explain(err))
	return p.Err()
}

// register assigns numbers to the records of a batch, by which reports refer to them.
func (p *Producer) register(o *Outgoing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o.first, o.waiting = p.next, o.Len()
	for n := 0; n < o.Len(); n += sendGroup {
		p.sent[p.next/sendGroup] = o
		p.next += sendGroup
	}
	p.waiting += int64(o.Len())
}

// abandon reports the records from i on as not sent.
func (p *Producer) abandon(o *Outgoing, i int, err error) {
	rest := o.Len() - i
	for ; i < o.Len(); i++ {
		p.failedRecord(o, i, err)
	}
	p.settle(o, 0, rest)
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

// Err returns the error of the producer as a whole, or nil. It is safe for concurrent use.
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

// GiveUp ends the producer with cause: records that wait fail with it at once instead
// of at their deadlines. Flush then waits for the reports of all of them. GiveUp is safe
// for concurrent use.
func (p *Producer) GiveUp(cause error) {
	p.fail(cause)
	// The error would be that of a producer that never sent anything.
	_ = p.client.Purge(ck.PurgeQueue | ck.PurgeInFlight | ck.PurgeNonBlocking)
}

// Totals are the numbers of records so far, by their fate.
type Totals struct {
	Acknowledged, Failed, Waiting int64
	Bytes                         int64 // keys and values of the acknowledged records
}

// Totals returns the totals so far. It is safe for concurrent use.
func (p *Producer) Totals() Totals {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Totals{p.acked, p.failed, p.waiting, p.bytes}
}

// Flush sends what lingers and waits until the fate of every record is known, which is at
// the latest at its deadline (Config.Timeout). It returns the error of the producer, or
// the cause of ctx if that ends first.
func (p *Producer) Flush(ctx context.Context) error {
	timer := time.NewTicker(pollInterval)
	defer timer.Stop()
	for !p.settled() {
		if p.rk != nil && ctx.Err() == nil {
			C.ks_flush(p.rk, C.int(pollInterval.Milliseconds()))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.space:
		case <-timer.C:
		}
	}
	return p.Err()
}

// Close ends the producer; no callback is called after it returns. Records that were not
// flushed are lost. The connections are closed in the background, which takes the client
// a tenth of a second or two.
func (p *Producer) Close() error {
	close(p.stop)
	p.login.stop()
	release := func() {
		p.calls.Wait()
		p.admin.coordinators.close()
		p.logs.stop(p.client.Close)
		p.ended.Wait()
	}
	if p.rk != nil {
		C.ks_queue_yield(p.queue)
		p.served.Wait()
		C.ks_queue_destroy(p.queue)
		for _, t := range p.topics {
			C.ks_topic_destroy(t)
		}
	}
	if p.lost || p.rk != nil {
		go release() // ends with the client's own goroutines, or the process
		return p.Err()
	}
	release() // on the other path its callbacks come from events
	return p.Err()
}
