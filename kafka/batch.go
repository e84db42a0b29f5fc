package kafka

// #include "native.h"
import "C"

import (
	"encoding/binary"
	"unsafe"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// maxBatch is the most records that one fetch takes. Batches of this size hide the
// cost of crossing into C; larger ones only add latency.
const maxBatch = 4096

// arenaKept is the largest arena, in bytes, that a batch keeps for the next fetch; a
// larger one, made for a run of huge records, is freed.
const arenaKept = 4 << 20

// Signal is the end of a partition's log, or an error of the partition. It applies after
// all records of the partition in the same batch.
type Signal struct {
	Topic     string
	Partition int32
	Offset    int64 // of the end; of the place that could not be read
	code      ck.ErrorCode
	Text      string
}

// Batch holds the result of one fetch. Its records point into memory that the next fetch
// into the same Batch overwrites.
type Batch struct {
	Records []Record
	Signals []Signal
	Notices []Notice

	ledger  *ledger // of the member that fetched it; nil without a group
	turn    int64   // of the ledger, when it was fetched
	reached []mark  // how far partitions were read behind the records
	arena   []byte
	headers []Header
	topics  []string
}

// reset empties the batch and makes room for bytes and headers. The arena is never
// nil, so that empty keys and values are not taken for nulls.
func (b *Batch) reset(bytes, headers int) {
	b.Records, b.Signals, b.topics = b.Records[:0], b.Signals[:0], b.topics[:0]
	if b.arena == nil || cap(b.arena) < bytes || cap(b.arena) > arenaKept && bytes <= arenaKept {
		b.arena = make([]byte, bytes, max(bytes, 64<<10))
	}
	b.arena = b.arena[:bytes]
	if cap(b.headers) < headers {
		b.headers = make([]Header, 0, headers)
	}
	b.headers = b.headers[:0]
}

// fetcher takes batches from one librdkafka queue. It belongs to one goroutine.
type fetcher struct {
	queue *C.rd_kafka_queue_t
	batch *C.ks_batch
	names map[string]string // interned topic names
}

func newFetcher(rk *C.rd_kafka_t, size int) *fetcher {
	if size <= 0 || size > maxBatch {
		size = maxBatch
	}
	return &fetcher{
		queue: C.ks_queue_new(rk),
		batch: C.ks_batch_new(C.int32_t(size)),
		names: map[string]string{},
	}
}

// close frees the memory and the queue. It must come before the client's Close, which
// waits forever while the queue exists.
func (f *fetcher) close() {
	C.ks_batch_free(f.batch)
	C.ks_queue_destroy(f.queue)
}

// fetch fills b, waiting up to waitMillis for the first record.
func (f *fetcher) fetch(b *Batch, waitMillis int) {
	n := int(C.ks_fetch(f.queue, f.batch, C.int(waitMillis)))
	records := unsafe.Slice(f.batch.records, n)
	headers := 0
	for i := range records {
		headers += int(records[i].header_count)
	}
	b.reset(int(f.batch.bytes), headers)
	if n == 0 {
		return
	}
	if len(b.arena) > 0 {
		C.ks_copy(f.batch, (*C.uchar)(unsafe.SliceData(b.arena)))
	}
	for _, name := range unsafe.Slice(f.batch.topics, int(f.batch.topic_count)) {
		b.topics = append(b.topics, f.name(name))
	}
	C.ks_release(f.batch)
	b.fill(records)
}

// name returns the Go string of a topic's name in C, allocating once per topic.
func (f *fetcher) name(c *C.char) string {
	n := 0
	for p := unsafe.Pointer(c); *(*byte)(unsafe.Add(p, n)) != 0; {
		n++
	}
	borrowed := unsafe.String((*byte)(unsafe.Pointer(c)), n)
	if name, ok := f.names[borrowed]; ok {
		return name
	}
	name := C.GoString(c)
	f.names[name] = name
	return name
}

// fill points records and signals into the arena that ks_copy has written.
func (b *Batch) fill(records []C.ks_record) {
	rest := b.arena
	take := func(n C.int64_t) []byte {
		if n < 0 {
			return nil
		}
		taken := rest[:n:n]
		rest = rest[n:]
		return taken
	}
	for i := range records {
		c := &records[i]
		topic := ""
		if c.topic >= 0 {
			topic = b.topics[c.topic]
		}
		key, value := take(c.key_len), take(c.value_len)
		if c.err != 0 {
			b.Signals = append(b.Signals, Signal{
				Topic: topic, Partition: int32(c.partition), Offset: int64(c.offset),
				code: ck.ErrorCode(c.err), Text: string(value),
			})
			continue
		}
		b.Records = append(b.Records, Record{
			Topic:         topic,
			Partition:     int32(c.partition),
			Offset:        int64(c.offset),
			Timestamp:     int64(c.timestamp),
			TimestampType: TimestampType(c.timestamp_type),
			LeaderEpoch:   int32(c.leader_epoch),
			Key:           key,
			Value:         value,
			Headers:       b.takeHeaders(take(c.headers_len), int(c.header_count)),
		})
	}
}

// takeHeaders reads the headers that ks_copy packed: two lengths, name, value each.
func (b *Batch) takeHeaders(packed []byte, n int) []Header {
	if n == 0 {
		return nil
	}
	first := len(b.headers)
	for range n {
		nameLen := int32(binary.NativeEndian.Uint32(packed))
		valueLen := int32(binary.NativeEndian.Uint32(packed[4:]))
		packed = packed[8:]
		h := Header{Key: unsafe.String(unsafe.SliceData(packed), int(nameLen))}
		packed = packed[nameLen:]
		if valueLen >= 0 {
			h.Value = packed[:valueLen:valueLen]
			packed = packed[valueLen:]
		}
		b.headers = append(b.headers, h)
	}
	return b.headers[first:len(b.headers):len(b.headers)]
}

// Header is a record header. A nil Value is a null, which differs from an empty value.
type Header struct {
	Key   string
	Value []byte
}

// TimestampType is who set a record's timestamp, the producer or the broker (KIP-32).
type TimestampType uint8

// The kinds of timestamp that a record can carry.
const (
	TimestampNone TimestampType = iota
	TimestampCreate
	TimestampLogAppend
)

// String returns the name of the type in record lines; it is empty for TimestampNone.
func (t TimestampType) String() string {
	switch t {
	case TimestampCreate:
		return "create"
	case TimestampLogAppend:
		return "log_append"
	}
	return ""
}

// Record is one record as bytes. A nil Key or Value is a null (a null value is a
// tombstone), which differs from an empty one. Timestamp is in milliseconds since the
// epoch.
//
// The bytes of a record in a Batch belong to the Batch and are valid until it is filled
// again.
type Record struct {
	Topic         string
	Partition     int32
	Offset        int64
	Timestamp     int64
	TimestampType TimestampType
	LeaderEpoch   int32 // of the batch the record came in (KIP-320); -1 when unknown
	Key, Value    []byte
	Headers       []Header
}
