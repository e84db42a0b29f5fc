package kafka

// #include "native_produce.h"
import "C"

import (
	"encoding/binary"
	"math"
	"slices"
)

// sendGroup is the most records of one Outgoing, and outgoingBytes the size of their
// bytes at which it counts as full. Both are small, so that what is packed is still
// in the processor's cache when librdkafka copies it.
const (
	sendGroup     = 2048
	outgoingBytes = 512 << 10
)

// AnyPartition leaves the choice of the partition to the partitioner.
const AnyPartition int32 = -1

// Now is the timestamp that stands for the time of sending. For all others see WrittenTime.
const Now int64 = math.MinInt64

// WrittenTime returns the timestamp, in milliseconds since the epoch, with which a record
// is written that is added with millis. The two are equal, also for -1, which means none,
// and before 1970, but for 0: that means the time of sending to librdkafka, which cannot
// write it, so 1 is written instead.
func WrittenTime(millis int64) int64 {
	if millis == 0 {
		return 1
	}
	return millis
}

// Outgoing is a batch of records for one topic, in the form that Send passes to
// librdkafka. It can be reused after Reset, but not before its producer has called Done. It
// is not safe for concurrent use.
type Outgoing struct {
	// Tag is the caller's, for instance where the records came from.
	Tag any

	topic   string
	buf     []byte
	records []C.ks_out

	first   int64 // number of the first record
	waiting int   // records without a report
	zero    bool  // a record has the timestamp 0, which another stands for
}

// Reset empties the batch for records of topic. It keeps its memory, and its Tag.
func (o *Outgoing) Reset(topic string) {
	if cap(o.buf) > 4*outgoingBytes {
		o.buf = nil
	}
	o.topic, o.buf, o.records = topic, o.buf[:0], o.records[:0]
	o.zero = false
}

// Grow makes room for that many further records with that many bytes in total.
func (o *Outgoing) Grow(records, bytes int) {
	o.records = slices.Grow(o.records, records)
	o.buf = slices.Grow(o.buf, bytes)
}

// Size returns the number of bytes of all records.
func (o *Outgoing) Size() int { return len(o.buf) }

// Len returns the number of records.
func (o *Outgoing) Len() int { return len(o.records) }

// Topic returns the topic of the records.
func (o *Outgoing) Topic() string { return o.topic }

// Full reports whether the batch must be sent before more is added.
func (o *Outgoing) Full() bool { return len(o.records) >= sendGroup || len(o.buf) >= outgoingBytes }

// Add appends a record and copies its bytes. A nil key or value is a null. The timestamp is
// in milliseconds since the epoch, or Now.
func (o *Outgoing) Add(key, value []byte, headers []Header, partition int32, timestamp int64) {
	if cap(o.buf) == 0 {
		o.buf = make([]byte, 0, 512)
	}
	out := C.ks_out{
		key: -1, key_len: -1, value: -1, value_len: -1,
		partition: C.int32_t(partition), timestamp: C.int64_t(WrittenTime(timestamp)),
	}
	if timestamp == Now {
		out.timestamp = 0
	}
	o.zero = o.zero || timestamp == 0
	if key != nil {
		out.key, out.key_len = C.int64_t(len(o.buf)), C.int64_t(len(key))
		o.buf = append(o.buf, key...)
	}
	if value != nil {
		out.value, out.value_len = C.int64_t(len(o.buf)), C.int64_t(len(value))
		o.buf = append(o.buf, value...)
	}
	if len(headers) > 0 {
		out.headers, out.header_count = C.int64_t(len(o.buf)), C.int32_t(len(headers))
		for _, h := range headers {
			o.buf = binary.NativeEndian.AppendUint32(o.buf, uint32(len(h.Key)))
			n := int32(-1)
			if h.Value != nil {
				n = int32(len(h.Value))
			}
			o.buf = binary.NativeEndian.AppendUint32(o.buf, uint32(n))
			o.buf = append(o.buf, h.Key...)
			o.buf = append(o.buf, h.Value...)
		}
	}
	o.records = append(o.records, out)
}

// Truncate removes the records from index n on. It must not be called after Send.
func (o *Outgoing) Truncate(n int) { o.records = o.records[:n] }

// Record returns record i as it was added. Its bytes belong to the batch.
func (o *Outgoing) Record(i int) Record {
	c := &o.records[i]
	r := Record{Topic: o.topic, Partition: int32(c.partition), Offset: -1, Timestamp: int64(c.timestamp), LeaderEpoch: -1}
	if r.Timestamp == 0 {
		r.Timestamp = Now
	}
	if c.key_len >= 0 {
		r.Key = o.buf[c.key : c.key+c.key_len : c.key+c.key_len]
	}
	if c.value_len >= 0 {
		r.Value = o.buf[c.value : c.value+c.value_len : c.value+c.value_len]
	}
	rest := o.buf[c.headers:]
	for range int(c.header_count) {
		nameLen := binary.NativeEndian.Uint32(rest)
		valueLen := int32(binary.NativeEndian.Uint32(rest[4:]))
		h := Header{Key: string(rest[8 : 8+nameLen])}
		rest = rest[8+nameLen:]
		if valueLen >= 0 {
			h.Value, rest = rest[:valueLen:valueLen], rest[valueLen:]
		}
		r.Headers = append(r.Headers, h)
	}
	return r
}
