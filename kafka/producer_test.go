package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

// produced is what a test's producer reported.
type produced struct {
	mu       sync.Mutex
	receipts map[string][]int32 // partition and offset by the record's value
	failed   map[string]string
	done     int
	notices  chan Notice
}

// startBroker starts an embedded broker with a topic t of two partitions.
func startBroker(t *testing.T, cfg embedded.Config) *embedded.Broker {
	t.Helper()
	cfg.Topics = append(cfg.Topics, embedded.Topic{Name: "t", Partitions: 2})
	b, err := embedded.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// openProducer opens a producer that keeps what is reported.
func openProducer(t *testing.T, cfg Config, pc ProducerConfig) (*Producer, *produced) {
	t.Helper()
	got := &produced{receipts: map[string][]int32{}, failed: map[string]string{}, notices: make(chan Notice, 100)}
	pc.Delivered = func(o *Outgoing, i int, r Receipt) {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.receipts[string(o.Record(i).Value)] = []int32{r.Partition, int32(r.Offset)}
	}
	pc.Failed = func(o *Outgoing, i int, err error) {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.failed[string(o.Record(i).Value)] = err.Error()
	}
	pc.Done = func(*Outgoing) {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.done++
	}
	p, err := OpenProducer(cfg, pc, func(n Notice) { got.notices <- n })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-p.stop: // the test has closed it
		default:
			p.Close() // the test has failed already
		}
	})
	return p, got
}

func clusterOf(b *embedded.Broker) Config {
	return Config{Brokers: []string{b.Addr()}, Timeout: 20 * time.Second}
}

// batchOf packs values for one partition of topic t.
func batchOf(partition int32, values ...string) *Outgoing {
	o := new(Outgoing)
	o.Reset("t")
	for _, v := range values {
		o.Add(nil, []byte(v), nil, partition, Now)
	}
	return o
}

// finish flushes and closes.
func finish(t *testing.T, p *Producer) {
	t.Helper()
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// What is flushed does not linger.
func TestFlushEndsLinger(t *testing.T) {
	b := startBroker(t, embedded.Config{})
	cfg := clusterOf(b)
	cfg.Timeout = time.Minute
	p, got := openProducer(t, cfg, ProducerConfig{Linger: 30 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if err := p.Send(ctx, batchOf(0, "one", "two")); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(ctx); err != nil {
		t.Fatalf("%v, with %v delivered", err, got.receipts)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// readBack reads a partition of topic t by the client's own, slow means.
func readBack(t *testing.T, b *embedded.Broker, partition int32) []Record {
	t.Helper()
	c, err := ck.NewConsumer(&ck.ConfigMap{
		"bootstrap.servers": b.Addr(), "group.id": "witness", "enable.partition.eof": true, "enable.metrics.push": false,
		"isolation.level": "read_committed", "log_level": 0,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	topic := "t"
	if err := c.Assign([]ck.TopicPartition{{Topic: &topic, Partition: partition, Offset: 0}}); err != nil {
		t.Fatal(err)
	}
	var all []Record
	for t.Context().Err() == nil {
		switch ev := c.Poll(1000).(type) {
		case *ck.Message:
			r := Record{
				Topic: "t", Partition: partition, Offset: int64(ev.TopicPartition.Offset), LeaderEpoch: -1,
				Timestamp: ev.Timestamp.UnixMilli(), Key: ev.Key, Value: ev.Value,
			}
			for _, h := range ev.Headers {
				r.Headers = append(r.Headers, Header(h))
			}
			all = append(all, r)
		case ck.PartitionEOF:
			return all
		case ck.Error:
			t.Fatal(ev)
		}
	}
	t.Fatal(context.Cause(t.Context()))
	return nil
}

// onBothPaths runs a test on the packed path and on the one without it.
func onBothPaths(t *testing.T, test func(t *testing.T, onePerCall bool)) {
	for name, onePerCall := range map[string]bool{"packed": false, "one per call": true} {
		t.Run(name, func(t *testing.T) { test(t, onePerCall) })
	}
}

func TestProducerWritesWhatItIsGiven(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		p, _ := openProducer(t, clusterOf(b), ProducerConfig{onePerCall: onePerCall})
		bytes := make([]byte, 256)
		for i := range bytes {
			bytes[i] = byte(i)
		}
		want := []Record{
			{Timestamp: 1},
			{Timestamp: 1700000000000, Key: []byte{}, Value: []byte{}},
			{Timestamp: 1700000000001, Key: bytes, Value: bytes, Headers: []Header{
				{Key: "h", Value: []byte("1")}, {Key: "h", Value: nil}, {Key: "h", Value: []byte{}}, {Key: "", Value: bytes}, {Key: "ключ", Value: []byte("v")},
			}},
			{Timestamp: 1699999999999, Key: []byte("older"), Headers: []Header{{Key: "only", Value: []byte("header")}}},
			{Timestamp: 1700000000002, Value: []byte(strings.Repeat("large ", 100000))},
		}
		o := new(Outgoing)
		o.Reset("t")
		for i, r := range want {
			o.Add(r.Key, r.Value, r.Headers, 1, r.Timestamp)
			want[i].Topic, want[i].Partition, want[i].LeaderEpoch = "t", 1, -1
			if d := cmp.Diff(func() Record { r := want[i]; r.Offset = -1; return r }(), o.Record(i)); d != "" {
				t.Errorf("Record(%d) (-want +got):\n%s", i, d)
			}
			want[i].Offset = int64(i)
		}
		if err := p.Send(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		finish(t, p)
		got := readBack(t, b, 1)
		if onePerCall { // the client has no way to write an empty value
			got[1].Value = want[1].Value
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// Records with headers or a timestamp take another way into librdkafka than those
// without; together they keep their order.
func TestProducerKeepsOrder(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		p, got := openProducer(t, clusterOf(b), ProducerConfig{onePerCall: onePerCall})
		const batches, each = 7, 3000 // more than a group of numbers each
		var want []string
		for range batches {
			o := batchOf(0)
			for range each {
				v := fmt.Sprint(len(want))
				var headers []Header
				timestamp := Now
				switch len(want) % 300 {
				case 7:
					headers = []Header{{Key: "h"}}
				case 8:
					timestamp = 1700000000000
				}
				o.Add(nil, []byte(v), headers, 0, timestamp)
				want = append(want, v)
			}
			if err := p.Send(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		finish(t, p)
		var have []string
		for _, r := range readBack(t, b, 0) {
			have = append(have, string(r.Value))
		}
		if d := cmp.Diff(want, have); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		for offset, v := range want {
			if d := cmp.Diff([]int32{0, int32(offset)}, got.receipts[v]); d != "" {
				t.Fatalf("receipt of %s (-want +got):\n%s", v, d)
			}
		}
		if got.done != batches || p.Totals().Acknowledged != batches*each || p.Totals().Waiting != 0 {
			t.Errorf("%d done, %+v", got.done, p.Totals())
		}
	})
}

// The queue is full again and again: Send waits, and nothing is lost or doubled.
func TestProducerQueueFull(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		cfg := clusterOf(b)
		cfg.Properties = map[string]string{"queue.buffering.max.messages": "10", "linger.ms": "0"}
		p, got := openProducer(t, cfg, ProducerConfig{onePerCall: onePerCall})
		o := batchOf(0)
		for i := range 500 {
			o.Add(nil, fmt.Append(nil, i), nil, 0, Now)
		}
		if err := p.Send(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		finish(t, p)
		if n := len(readBack(t, b, 0)); n != 500 || len(got.receipts) != 500 {
			t.Errorf("%d records, %d receipts", n, len(got.receipts))
		}
	})
}

// A record that is refused does not touch the others, whoever refuses it: the broker,
// for its size, or librdkafka, for its partition.
func TestProducerFailsSingleRecords(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{Configs: map[string]string{"message.max.bytes": "2000"}})
		p, got := openProducer(t, clusterOf(b), ProducerConfig{onePerCall: onePerCall, MaxBatch: 2000})
		o := batchOf(0)
		large := strings.Repeat("x", 5000)
		for i := range 300 {
			value, partition := fmt.Sprint(i), int32(0)
			switch i {
			case 100:
				value = large
			case 200:
				partition = 17
			}
			o.Add(nil, []byte(value), nil, partition, Now)
		}
		if err := p.Send(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		finish(t, p)
		want := map[string]string{
			large: "refused by the broker: larger than the topic's max.message.bytes allows",
			"200": "refused by the broker: the topic has no such partition",
		}
		if d := cmp.Diff(want, got.failed); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if n := len(readBack(t, b, 0)); n != 298 || p.Totals().Failed != 2 || got.done != 1 {
			t.Errorf("%d records, %+v, %d done", n, p.Totals(), got.done)
		}
	})
}

func TestProducerContext(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		cfg := clusterOf(b)
		cfg.Properties = map[string]string{"queue.buffering.max.messages": "5", "linger.ms": "15000"}
		p, got := openProducer(t, cfg, ProducerConfig{onePerCall: onePerCall})
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(enough)
		if err := p.Send(ctx, batchOf(0, "1", "2", "3", "4", "5", "6", "7")); !errors.Is(err, enough) {
			t.Errorf("Send: %v", err)
		}
		if d := cmp.Diff(map[string]string{"6": "enough", "7": "enough"}, got.failed); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if err := p.Flush(ctx); !errors.Is(err, enough) {
			t.Errorf("Flush: %v", err)
		}
		cause := errors.New("no use")
		p.GiveUp(cause)
		if err := p.Flush(t.Context()); !errors.Is(err, cause) {
			t.Errorf("Flush: %v", err)
		}
		if got.failed["1"] != "given up: no use" || p.Totals() != (Totals{Failed: 7}) || got.done != 1 {
			t.Errorf("%v, %+v, %d done", got.failed, p.Totals(), got.done)
		}
		if err := p.Send(t.Context(), batchOf(0, "8")); !errors.Is(err, cause) || got.failed["8"] != "no use" {
			t.Errorf("Send: %v, %v", err, got.failed)
		}
		if err := p.Close(); !errors.Is(err, cause) {
			t.Errorf("Close: %v", err)
		}
	})
}

// Every timestamp but 0 is written as it is, in batches that begin with whichever of them;
// 1 stands for 0, and that is said once.
func TestProducerTimestamps(t *testing.T) {
	b := startBroker(t, embedded.Config{})
	p, got := openProducer(t, clusterOf(b), ProducerConfig{})
	var want []int64
	times := []int64{0, -1, -5000, 1, 1700000000000, 0, 0, -60000000000000, 2}
	for from := range times {
		o := batchOf(0)
		for i := range times {
			at := times[(from+i)%len(times)]
			o.Add([]byte("k"), nil, []Header{{Key: "h"}}[:i%2], 0, at)
			if r := o.Record(i); r.Timestamp != WrittenTime(at) {
				t.Errorf("record %d of the batch has the timestamp %d, want %d", i, r.Timestamp, at)
			}
			want = append(want, WrittenTime(at))
		}
		o.Add(nil, nil, nil, 0, Now)
		if r := o.Record(len(times)); r.Timestamp != Now {
			t.Errorf("the last record of the batch has the timestamp %d, want Now", r.Timestamp)
		}
		want = append(want, Now)
		if err := p.Send(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, p)
	if n := <-got.notices; n.Kind != NoticeZeroTime || len(got.notices) > 0 {
		t.Errorf("notices: %v and %d more", n, len(got.notices))
	}
	began := time.Now().Add(-time.Minute).UnixMilli()
	for i, r := range readBack(t, b, 0) {
		if want[i] == Now && r.Timestamp > began {
			continue
		}
		if r.Timestamp == (time.Time{}).UnixMilli() {
			r.Timestamp = -1 // which the client gives no time
		}
		if r.Timestamp != want[i] {
			t.Errorf("record %d has the timestamp %d, want %d", i, r.Timestamp, want[i])
		}
	}
}
