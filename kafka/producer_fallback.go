package kafka

// #include "native_produce.h"
import "C"

import (
	"errors"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// The path without the packed one: a call for each record, an object for each report.

// queueOne is queuePacked through the client's own Produce.
func (p *Producer) queueOne(o *Outgoing, i int) (int, ck.ErrorCode) {
	err := p.client.Produce(message(o, i, o.first+int64(i)), nil)
	if err == nil {
		return 1, 0
	}
	var ke ck.Error
	if !errors.As(err, &ke) {
		ke = ck.NewError(ck.ErrFail, err.Error(), false)
	}
	switch ke.Code() {
	case ck.ErrQueueFull, ck.ErrState, ck.ErrFatal, ck.ErrFenced:
		return 0, ke.Code()
	}
	p.failedRecord(o, i, p.recordError(o, ke.Code()))
	p.settle(o, 0, 1)
	return 1, 0
}

// message makes the client's form of record i; its Opaque is the record's number.
func message(o *Outgoing, i int, number int64) *ck.Message {
	r := o.Record(i)
	m := &ck.Message{
		TopicPartition: ck.TopicPartition{Topic: &o.topic, Partition: r.Partition},
		Key:            r.Key, Value: r.Value, Opaque: number,
	}
	if r.Timestamp != Now {
		m.Timestamp = time.UnixMilli(r.Timestamp)
	}
	for _, h := range r.Headers {
		m.Headers = append(m.Headers, ck.Header{Key: h.Key, Value: h.Value})
	}
	return m
}

// events takes what the client's own poller gets: everything on this path, and on the
// packed one an error of the moment before the poller was ended.
func (p *Producer) events() {
	for ev := range p.client.Events() {
		select {
		case <-p.stop:
			continue // nobody listens any more
		default:
		}
		switch ev := ev.(type) {
		case *ck.Message:
			p.delivered(ev)
		case ck.Error:
			p.onError(ev)
		}
	}
}

// delivered takes a report that came through the client's own poller.
func (p *Producer) delivered(m *ck.Message) {
	var ke ck.Error
	failed := errors.As(m.TopicPartition.Error, &ke)
	number, _ := m.Opaque.(int64) // message has put it there
	r := C.ks_report{
		sequence: C.int64_t(number), offset: C.int64_t(m.TopicPartition.Offset),
		partition: C.int32_t(m.TopicPartition.Partition), timestamp: -1,
	}
	if failed {
		r.err = C.int32_t(ke.Code())
	}
	p.take([]C.ks_report{r})
	p.arrived(0, !failed)
}
