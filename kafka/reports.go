package kafka

// #include "native_produce.h"
import "C"

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// reports takes delivery reports from the queue until stop.
func (p *Producer) reports() {
	runtime.LockOSThread() // it waits in C all the time
	all := C.int(0)
	if p.pc.Delivered != nil {
		all = 1
	}
	poller := C.ks_poller_new(all, sendGroup)
	defer C.ks_poller_free(poller)
	for {
		if C.ks_poll(p.rk, p.queue, 100, poller) == 0 {
			select {
			case <-p.stop:
				return
			default:
				p.checkDown()
				if err := p.login.failed(context.Background()); err != nil {
					p.GiveUp(err)
				}
				continue
			}
		}
		if poller.err != 0 {
			p.onError(ck.NewError(ck.ErrorCode(poller.err), C.GoString(&poller.text[0]), poller.fatal != 0))
		}
		if poller.report_count > 0 {
			p.take(unsafe.Slice(poller.reports, int(poller.report_count)))
		}
		for _, r := range unsafe.Slice(poller.runs, int(poller.run_count)) {
			p.settle(p.find(int64(r.sequence)), int(r.count), 0)
		}
		p.arrived(int64(poller.bytes), poller.run_count > 0)
	}
}

// take settles reports, a run of one batch at a time.
func (p *Producer) take(reports []C.ks_report) {
	var o *Outgoing
	var ok, failed int
	for i := range reports {
		r := &reports[i]
		number := int64(r.sequence)
		if o == nil || number < o.first || number >= o.first+int64(len(o.records)) {
			p.settle(o, ok, failed)
			o, ok, failed = p.find(number), 0, 0
		}
		n := int(number - o.first)
		if r.err != 0 {
			p.failedRecord(o, n, p.recordError(o, ck.ErrorCode(r.err)))
			failed++
			continue
		}
		if p.pc.Delivered != nil {
			p.pc.Delivered(o, n, Receipt{int32(r.partition), int64(r.offset), int64(r.timestamp)})
		}
		ok++
	}
	p.settle(o, ok, failed)
}

// arrived is called after reports were taken, when the queue may have room again. bytes is
// the size of what was acknowledged; that it is positive, or up, means that a broker
// answers.
func (p *Producer) arrived(bytes int64, up bool) {
	p.mu.Lock()
	p.bytes += bytes
	up = p.down && (up || bytes > 0)
	if up {
		p.down = false
	}
	p.mu.Unlock()
	if up {
		p.notice(Notice{Kind: NoticeUp, Partition: -1})
	}
	select {
	case p.space <- struct{}{}:
	default:
	}
}

func (p *Producer) find(number int64) *Outgoing {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent[number/sendGroup]
}

func (p *Producer) failedRecord(o *Outgoing, i int, err error) {
	if p.pc.Failed != nil {
		p.pc.Failed(o, i, err)
	}
}

// settle counts records of o whose fate is known, and calls Done after the last of them.
func (p *Producer) settle(o *Outgoing, ok, failed int) {
	if o == nil || ok+failed == 0 {
		return
	}
	p.mu.Lock()
	p.waiting -= int64(ok + failed)
	p.acked += int64(ok)
	p.failed += int64(failed)
	o.waiting -= ok + failed
	last := o.waiting == 0
	if last {
		for n := 0; n < o.Len(); n += sendGroup {
			delete(p.sent, (o.first+int64(n))/sendGroup)
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

// settled reports whether no record waits.
func (p *Producer) settled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting == 0
}

// recordError explains why one record was not delivered.
func (p *Producer) recordError(o *Outgoing, code ck.ErrorCode) error {
	return p.mayWrite(o, p.recordCause(code))
}

// mayWrite names the right that is missing when a record was denied. An idempotent producer
// asks for a number first; WRITE on a topic allows that too.
func (p *Producer) mayWrite(o *Outgoing, err error) error {
	return p.cfg.deniedOn(err, "write", "topic", o.topic)
}

func (p *Producer) recordCause(code ck.ErrorCode) error {
	switch code {
	case ck.ErrMsgTimedOut, ck.ErrTimedOut:
		cause := p.logs.cause()
		if cause == "" {
			cause = "no acknowledgement"
		}
		return fmt.Errorf("%w: not delivered within %v: %s", ErrUnreachable, p.cfg.timeout(), cause)
	case ck.ErrMsgSizeTooLarge:
		return ErrTooLarge
	case ck.ErrUnknownPartition:
		return fmt.Errorf("%w: the topic has no such partition", ErrFailed)
	case ck.ErrUnknownTopic, ck.ErrUnknownTopicOrPart:
		return fmt.Errorf("%w: it was deleted", ErrUnknownTopic)
	case ck.ErrPurgeQueue, ck.ErrPurgeInflight:
		switch err := p.Err(); {
		case errors.Is(err, ErrFenced):
			return err
		case err != nil:
			return fmt.Errorf("given up: %w", err)
		}
		return ErrTransaction // it was aborted
	case ck.ErrFatal:
		if err := p.client.GetFatalError(); err != nil {
			return p.explain(err)
		}
	}
	return p.explain(ck.NewError(code, code.String(), false))
}

// explain is like the function explain; for ErrFenced it also names the transactional id.
func (p *Producer) explain(err error) error {
	cause := err
	err = explain(p.cfg, p.logs, err)
	if errors.Is(err, ErrFenced) && p.pc.Transactional != "" {
		return fmt.Errorf("%w: transactional id %s was taken over", ErrFenced, p.pc.Transactional)
	}
	var ke ck.Error
	if errors.As(cause, &ke) && ke.Code() == ck.ErrTransactionalIDAuthorizationFailed {
		return p.cfg.deniedOn(err, "write", "transactional_id", p.pc.Transactional)
	}
	return err
}

// onError handles an error that concerns no single record.
func (p *Producer) onError(err ck.Error) {
	switch {
	case err.IsFatal():
		p.fail(p.explain(err))
	case err.Code() == ck.ErrAuthentication, err.Code() == ck.ErrSaslAuthenticationFailed:
		if !p.login.refused(err) {
			p.GiveUp(p.explain(err))
		}
	case err.Code() == ck.ErrAllBrokersDown:
		p.mu.Lock()
		first := !p.down
		p.down = true
		p.mu.Unlock()
		if first {
			p.notice(Notice{Kind: NoticeDown, Partition: -1, Text: cmp.Or(p.logs.cause(), "silence")})
		}
	}
}

// checkDown sends the notice that brokers are back while no records are being sent whose
// delivery would show it.
func (p *Producer) checkDown() {
	p.mu.Lock()
	down := p.down && p.err == nil
	p.mu.Unlock()
	if down && p.login.since().IsZero() && preflight(context.Background(), Config{Brokers: p.cfg.Brokers, Timeout: 200 * time.Millisecond}) == nil {
		p.arrived(0, true)
	}
}
