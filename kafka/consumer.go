package kafka

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// prefetch is how much a process keeps fetched ahead of its readers, in KiB; the
// consumers of one process share it, so that memory does not grow with their number.
const prefetch = 64 << 10

// fetched bounds what one fetch brings of a partition, in bytes, for a reader of so many
// partitions: the client's default of 1 MiB for a few, so that a distant broker is not asked
// more often, and less of many, of which it would only fill the memory.
func fetched(partitions int) int {
	return max(256<<10, min(1<<20, 4<<20/max(1, partitions)))
}

// ahead is how many records of each partition a reader of so many, or one of so many members, keeps
// fetched, where prefetch allows it: each of them takes the client more memory than a small one
// has bytes.
func ahead(partitions, share int) int {
	return max(1000, min(100_000/max(1, share), 200_000/max(1, partitions)))
}

// consumerConfig is what a reader and a group member set differently.
type consumerConfig struct {
	group           string // empty without one
	readUncommitted bool
	share           int  // consumers of this process among which prefetch is divided
	partitions      int  // how many are read; 0: unknown
	few             bool // the read ends after some records: fetch little at once
	bounded         bool // an end is waited for: ask the broker to answer sooner
	batch           int  // most records of a batch; 0: maxBatch
	onePerCall      bool // use Poll for every record, as when the batch path is missing
	own             ck.ConfigMap
}

// consumer is the part that readers and members share: one librdkafka consumer whose
// records come in batches. It belongs to one goroutine.
type consumer struct {
	cfg     Config
	client  *ck.Consumer
	logs    *logs
	login   *login
	watched sync.WaitGroup // goroutines of a reader
	rk      *C.rd_kafka_t
	fetcher *fetcher // nil: the batch path is missing, Poll returns every record
	held    Batch    // records that came while a receiver was at work, for the next fetch

	wire        *wire       // what librdkafka cannot ask for; nil before it is needed
	uncommitted bool        // records of transactions that are open or aborted are read too
	most        int         // records of a batch
	fatal       bool        // an error was: nothing can be done with the client
	abandoned   atomic.Bool // the client did not close: its callbacks are nobody's
}

// groupless is the group.id of a consumer that joins none: librdkafka insists on one.
// Nothing is ever committed under it.
const groupless = "kstream-reader"

func (cc *consumerConfig) properties(l *logs) ck.ConfigMap {
	own := ck.ConfigMap{
		"group.id":                   cmp.Or(cc.group, groupless),
		"enable.auto.commit":         false,
		"enable.auto.offset.store":   false,
		"auto.offset.reset":          "error",
		"enable.partition.eof":       true,
		"check.crcs":                 true,
		"isolation.level":            "read_committed",
		"queued.max.messages.kbytes": max(1024, prefetch/max(1, cc.share)),
		"queued.min.messages":        ahead(cc.partitions, cc.share),
		"fetch.error.backoff.ms":     100,
		"fetch.queue.backoff.ms":     10,
		// What else is asked of the broker waits behind a fetch that waits: whether the topic
		// is still the same one, before a record after a pause is shown and before a commit.
		"fetch.wait.max.ms": 100,
	}
	if cc.readUncommitted {
		own["isolation.level"] = "read_uncommitted"
	}
	if cc.partitions > 0 {
		own["max.partition.fetch.bytes"] = fetched(cc.partitions)
	}
	if cc.few { // a broker sends one whole batch, however large (KIP-74)
		own["fetch.message.max.bytes"], own["queued.min.messages"] = 32<<10, 1
	}
	if cc.bounded {
		own["fetch.wait.max.ms"] = 50
	}
	maps.Copy(own, l.properties())
	maps.Copy(own, cc.own)
	return own
}

func openConsumer(cfg Config, cc consumerConfig) (*consumer, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	l := newLogs(cfg.Log)
	client, err := ck.NewConsumer(cfg.properties("consumer", cc.properties(l)))
	if err != nil {
		l.stop(nil)
		return nil, explain(cfg, l, err)
	}
	l.take(client)
	c := &consumer{cfg: cfg, client: client, logs: l, uncommitted: cc.readUncommitted, most: maxBatch}
	if cc.batch > 0 {
		c.most = min(cc.batch, maxBatch)
	}
	if c.login, err = keepLogin(cfg, client, l); err != nil {
		l.stop(func() { err = errors.Join(err, client.Close()) })
		return nil, err
	}
	if !cc.onePerCall {
		if rk, err := nativeClient(client); err == nil {
			c.rk = rk
			c.fetcher = newFetcher(rk, cc.batch)
		} else if cfg.Log != nil {
			cfg.Log(Log{4, "KSTREAM", fmt.Sprintf("records are fetched one by one: %v", err)})
		}
	}
	return c, nil
}

// closeLimit is how long a client may take to close.
const closeLimit = 3 * time.Second

// close leaves the group, if there is one, and ends the client. The rebalance callback
// may run inside.
//
// A client with a fatal error is left as it is: librdkafka refuses to close its group,
// and the client's Close waits for that for ever. So it does for a callback that is
// answered too late; then, after a while, it is left behind too. That is no error: what
// was to be committed was before, or has failed with an error of its own.
func (c *consumer) close() error { return c.closeWithin(closeLimit) }

func (c *consumer) closeWithin(limit time.Duration) error {
	if c.fetcher != nil {
		c.fetcher.close()
		c.fetcher = nil
	}
	c.login.stop()
	c.wire.close()
	if c.lost() {
		c.abandoned.Store(true)
		return nil
	}
	closed := make(chan error, 1)
	go func() { // ends with the client
		var err error
		c.watched.Wait()
		c.logs.stop(func() { err = c.client.Close() })
		closed <- explain(c.cfg, c.logs, err)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-closed:
		c.rk = nil // gone
		return err
	case <-timer.C:
		c.abandoned.Store(true)
		if c.cfg.Log != nil {
			c.cfg.Log(Log{4, "KSTREAM", fmt.Sprintf("the client did not close within %v and is left behind", limit)})
		}
		return nil
	}
}

// lost reports whether the client has had a fatal error.
func (c *consumer) lost() bool { return c.fatal || c.rk != nil && C.ks_fatal(c.rk) != 0 }

// forward makes the records of partitions come to the member's own queue (on), or to
// nobody. It must come before they are assigned, so that none takes the slow way.
func (c *consumer) forward(partitions []ck.TopicPartition, on bool) {
	if c.rk == nil || on && c.fetcher == nil {
		return
	}
	var to *C.rd_kafka_queue_t
	if on {
		to = c.fetcher.queue
	}
	for _, p := range partitions {
		topic := C.CString(*p.Topic)
		C.ks_forward(c.rk, topic, C.int32_t(p.Partition), to)
		C.free(unsafe.Pointer(topic))
	}
}

// serve hands everything but records to handle: errors, commit results; rebalance
// callbacks run inside. Records that come this way (the slow path, and those fetched
// before forward) are added to b.
func (c *consumer) serve(b *Batch, handle func(ck.Error) error) error {
	for len(b.Records) < maxBatch {
		ev := c.client.Poll(0)
		if ev == nil {
			return nil
		}
		if err := c.take(ev, b, handle); err != nil {
			return err
		}
	}
	return nil
}

func (c *consumer) take(ev ck.Event, b *Batch, handle func(ck.Error) error) error {
	switch ev := ev.(type) {
	case *ck.Message:
		b.addMessage(ev)
	case ck.PartitionEOF:
		b.Signals = append(b.Signals, Signal{Topic: *ev.Topic, Partition: ev.Partition, Offset: int64(ev.Offset), code: ck.ErrPartitionEOF})
	case ck.Error:
		return handle(ev)
	}
	return nil
}

// fetch serves events and then fills b with what is there, waiting at most wait for
// the first record. An empty batch is no error.
func (c *consumer) fetch(ctx context.Context, b *Batch, wait time.Duration, handle func(ck.Error) error) error {
	b.reset(0, 0)
	b.Records, b.Signals = append(b.Records, c.held.Records...), append(b.Signals, c.held.Signals...)
	c.held.Records, c.held.Signals = nil, nil
	if err := c.serve(b, handle); err != nil || ctx.Err() != nil {
		return err
	}
	if len(b.Records)+len(b.Signals) > 0 {
		return nil
	}
	millis := int(wait.Milliseconds())
	if c.fetcher != nil {
		c.fetcher.fetch(b, millis)
		return nil
	}
	if ev := c.client.Poll(millis); ev != nil {
		if err := c.take(ev, b, handle); err != nil {
			return err
		}
		return c.serve(b, handle)
	}
	return nil
}

// addMessage adds a record that came through Poll. Its bytes are its own.
func (b *Batch) addMessage(m *ck.Message) {
	topic := ""
	if m.TopicPartition.Topic != nil {
		topic = *m.TopicPartition.Topic
	}
	if err := m.TopicPartition.Error; err != nil {
		code := ck.ErrFail
		if ke, ok := err.(ck.Error); ok { //nolint:errorlint // the client stores it unwrapped
			code = ke.Code()
		}
		b.Signals = append(b.Signals, Signal{
			Topic: topic, Partition: m.TopicPartition.Partition, Offset: int64(m.TopicPartition.Offset),
			code: code, Text: err.Error(),
		})
		return
	}
	millis := int64(-1)
	if m.TimestampType != ck.TimestampNotAvailable {
		millis = m.Timestamp.UnixMilli()
	}
	r := Record{
		Topic: topic, Partition: m.TopicPartition.Partition, Offset: int64(m.TopicPartition.Offset),
		Timestamp: millis, TimestampType: TimestampType(m.TimestampType),
		LeaderEpoch: -1, Key: m.Key, Value: m.Value,
	}
	if m.LeaderEpoch != nil {
		r.LeaderEpoch = *m.LeaderEpoch
	}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, Header{h.Key, h.Value})
	}
	b.Records = append(b.Records, r)
}

// commit commits offsets, waiting at most limit for the answer. Without one the error
// is a time-out, and the commit may still come to pass.
//
// The client's own call waits for ever: where a coordinator is sought, and in a client
// that has left its group already.
func (c *consumer) commit(offsets map[TopicPartition]int64, limit time.Duration) error {
	if c.rk == nil {
		results, err := c.client.CommitOffsets(clientOffsets(offsets))
		for _, r := range results {
			if err == nil {
				err = r.Error
			}
		}
		return err
	}
	list := C.ks_offsets_new(C.int(len(offsets)))
	for tp, offset := range offsets {
		topic := C.CString(tp.Topic)
		C.ks_offsets_add(list, topic, C.int32_t(tp.Partition), C.int64_t(offset))
		C.free(unsafe.Pointer(topic))
	}
	code := ck.ErrorCode(C.ks_commit(c.rk, list, C.int(limit.Milliseconds())))
	if code == ck.ErrFatal { // the commit that came too late; what it was too late for says more
		code = ck.ErrorCode(C.ks_fatal(c.rk))
	}
	if code != ck.ErrNoError {
		return ck.NewError(code, code.String(), false)
	}
	return nil
}

// memberID is the id that the group's coordinator gave, or "".
func (c *consumer) memberID() string {
	if c.rk == nil {
		return ""
	}
	id := C.ks_member_id(c.rk)
	defer C.free(unsafe.Pointer(id))
	return C.GoString(id)
}

// generation counts the rebalances of a group: the generation of the classic protocol,
// the member epoch of KIP-848. It is -1 when it is not known.
func (c *consumer) generation() int32 {
	if c.rk == nil {
		return -1
	}
	return int32(C.ks_generation(c.rk))
}
