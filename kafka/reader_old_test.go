package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kstream/kafka/kafkatest/oldformat"
)

// stored is a part of a log: messages or a batch as bytes.
type stored struct {
	last  int64 // offset in it
	bytes []byte
}

// oldLog is a broker whose topic "old" has one partition that holds what is given.
func oldLog(t *testing.T, log []stored) Config {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "old"), kfake.BrokerConfigs(map[string]string{"enable.metrics.push": "false"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	cluster.ControlKey(kmsg.Fetch.Int16(), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		asked := request.(*kmsg.FetchRequest)
		answer := asked.ResponseKind().(*kmsg.FetchResponse)
		for _, topic := range asked.Topics {
			found := kmsg.NewFetchResponseTopic()
			found.Topic, found.TopicID = topic.Topic, topic.TopicID
			for _, p := range topic.Partitions {
				part := kmsg.NewFetchResponseTopicPartition()
				part.Partition, part.RecordBatches = p.Partition, []byte{}
				for _, s := range log {
					part.HighWatermark = s.last + 1
					if s.last >= p.FetchOffset {
						part.RecordBatches = append(part.RecordBatches, s.bytes...)
					}
				}
				part.LastStableOffset = part.HighWatermark
				found.Partitions = append(found.Partitions, part)
			}
			answer.Topics = append(answer.Topics, found)
		}
		return answer, nil, true
	})
	return Config{Brokers: cluster.ListenAddrs(), Timeout: 20 * time.Second}
}

// oldMessages are messages from first on, whose keys and values say which they are; each
// third has no key, each fifth no value, and some are empty.
func oldMessages(first, n int64) []oldformat.Message {
	messages := make([]oldformat.Message, n)
	for i := range messages {
		m := &messages[i]
		m.Offset = first + int64(i)
		m.Millis = 1_700_000_000_000 + m.Offset
		if m.Offset%3 != 2 {
			m.Key = fmt.Append([]byte{}, "k", m.Offset)
		}
		if m.Offset%5 != 4 {
			m.Value = fmt.Append([]byte{}, "v", m.Offset)
		}
		if m.Offset%7 == 6 {
			m.Key, m.Value = []byte{}, []byte{}
		}
	}
	return messages
}

// oldRecords are what is to be read of messages.
func oldRecords(format int8, messages []oldformat.Message) []Record {
	var records []Record
	for _, m := range messages {
		r := Record{Topic: "old", Offset: m.Offset, Timestamp: m.Millis, TimestampType: TimestampCreate, LeaderEpoch: -1, Key: m.Key, Value: m.Value}
		if m.AppendTime {
			r.TimestampType = TimestampLogAppend
		}
		if format == 0 {
			r.Timestamp, r.TimestampType = -1, TimestampNone
		}
		records = append(records, r)
	}
	return records
}

// singly stores each message by itself.
func singly(format int8, messages []oldformat.Message) []stored {
	var log []stored
	for _, m := range messages {
		log = append(log, stored{m.Offset, oldformat.Append(nil, format, m)})
	}
	return log
}

// packed stores messages as one that is compressed.
func packed(format int8, messages []oldformat.Message) []stored {
	return []stored{{messages[len(messages)-1].Offset, oldformat.AppendGzip(nil, format, messages...)}}
}

// batch stores records without keys in the format of today, as a broker does that tells no
// leader's epoch.
func batch(t *testing.T, first int64, values ...string) ([]stored, []Record) {
	t.Helper()
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 1, 0)
	fill(t, cfg, topic, func(o *Outgoing) {
		for _, v := range values {
			o.Add(nil, []byte(v), nil, 0, 1_700_000_000_000)
		}
	})
	w, err := openWire(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	leader, err := w.leader(t.Context(), TopicPartition{topic, 0})
	if err != nil {
		t.Fatal(err)
	}
	found, err := w.fetch(t.Context(), leader, TopicPartition{topic, 0}, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	set := bytes.Clone(found.RecordBatches) // the checksum covers neither of the two
	binary.BigEndian.PutUint64(set, uint64(first))
	binary.BigEndian.PutUint32(set[12:], 0xffffffff)
	if size := int(binary.BigEndian.Uint32(set[8:])) + setHeader; size != len(set) {
		t.Fatalf("%d bytes, of which the first batch has %d", len(set), size)
	}
	var records []Record
	for i, v := range values {
		records = append(records, Record{
			Topic: "old", Offset: first + int64(i), Timestamp: 1_700_000_000_000, TimestampType: TimestampCreate, LeaderEpoch: -1, Value: []byte(v),
		})
	}
	return []stored{{first + int64(len(values)) - 1, set}}, records
}

// Records in the formats before Kafka 0.11 are read as they are, among them nulls that are
// some, also where those of today follow on them.
func TestReaderReadsOldFormats(t *testing.T) {
	today, todays := batch(t, 30, "a", "b", "c")
	appended := oldMessages(0, 9)
	for i := range appended {
		appended[i].AppendTime, appended[i].Millis = true, 1_700_000_000_008
	}
	tests := map[string]struct {
		log  []stored
		want []Record
	}{
		"format 0":          {singly(0, oldMessages(0, 30)), oldRecords(0, oldMessages(0, 30))},
		"format 1":          {singly(1, oldMessages(0, 30)), oldRecords(1, oldMessages(0, 30))},
		"one message":       {singly(1, oldMessages(0, 1)), oldRecords(1, oldMessages(0, 1))},
		"first without key": {singly(1, oldMessages(2, 3)), oldRecords(1, oldMessages(2, 3))},
		"compressed 0":      {append(packed(0, oldMessages(0, 5)), packed(0, oldMessages(5, 4))...), oldRecords(0, oldMessages(0, 9))},
		"compressed 1":      {append(packed(1, oldMessages(0, 5)), packed(1, oldMessages(5, 4))...), oldRecords(1, oldMessages(0, 9))},
		"log append time":   {packed(1, appended), oldRecords(1, appended)},
		"0, then 1":         {append(singly(0, oldMessages(0, 7)), packed(1, oldMessages(7, 7))...), append(oldRecords(0, oldMessages(0, 7)), oldRecords(1, oldMessages(7, 7))...)},
		"then today's":      {append(singly(1, oldMessages(0, 30)), today...), append(oldRecords(1, oldMessages(0, 30)), todays...)},
		"today's alone":     {today, todays},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := oldLog(t, test.log)
			first, end := test.want[0].Offset, test.log[len(test.log)-1].last+1
			paths(t, func(t *testing.T, onePerCall bool) {
				got := readOld(t, cfg, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"old", 0}, From: first, To: end}}, onePerCall: onePerCall}, len(test.want))
				for i := range test.want {
					if len(test.want[i].Key) > 0 || onePerCall {
						got[i].LeaderEpoch = test.want[i].LeaderEpoch // not every path knows it
					}
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// readOld returns copies of all records; an endless read is left after that many.
func readOld(t *testing.T, cfg Config, rc ReaderConfig, many int) []Record {
	t.Helper()
	r := startReading(t, cfg, rc)
	ctx, cancel := context.WithTimeoutCause(t.Context(), readerTest, errors.New("not in time"))
	defer cancel()
	var got []Record
	err := r.Run(ctx, func(ev Event) error {
		if len(ev.Batch.Records) > max(rc.BatchSize, 1)*maxBatch || rc.BatchSize > 0 && len(ev.Batch.Records) > rc.BatchSize {
			t.Errorf("%d records in a batch of %d", len(ev.Batch.Records), rc.BatchSize)
		}
		for _, rec := range ev.Batch.Records {
			rec.Key, rec.Value = clone(rec.Key), clone(rec.Value)
			got = append(got, rec)
		}
		if r.follow && len(got) >= many {
			return errSeen
		}
		return nil
	})
	if err != nil && !errors.Is(err, errSeen) {
		t.Fatalf("%v; %d records", err, len(got))
	}
	if len(got) != many {
		t.Fatalf("%d records, want %d", len(got), many)
	}
	return got
}

// Spans, small batches and endless reads hold for old records too.
func TestReaderOldFormatSpans(t *testing.T) {
	cfg := oldLog(t, append(singly(1, oldMessages(0, 300)), packed(1, oldMessages(300, 300))...))
	tp := TopicPartition{"old", 0}
	all := oldRecords(1, oldMessages(0, 600))
	for _, test := range []struct {
		span Span
		want []Record
	}{
		{Span{TopicPartition: tp, From: 0, To: Follow}, all},
		{Span{TopicPartition: tp, From: 100, To: 200}, all[100:200]},
		{Span{TopicPartition: tp, From: 301, To: 600}, all[301:]},
		{Span{TopicPartition: tp, From: 350, To: 351}, all[350:351]},
	} {
		got := readOld(t, cfg, ReaderConfig{Spans: []Span{test.span}, BatchSize: 7}, len(test.want))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v: %s", test.span, diff)
		}
	}
}

// A record that may be an old one is not shown as a null where it cannot be looked at, and
// one that cannot be read is refused.
func TestReaderRefusesOldFormats(t *testing.T) {
	t.Run("no way to look", func(t *testing.T) {
		cfg := oldLog(t, singly(1, oldMessages(0, 3)))
		cfg.Properties = map[string]string{"security.protocol": "plaintext", "ssl.key.password": "x"}
		r := startReading(t, cfg, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"old", 0}, To: 3}}})
		r.cfg.Properties = map[string]string{"security.protocol": "ssl", "ssl.key.password": "x"}
		err := r.run(nil)
		if !errors.Is(err, ErrUnreadable) || !strings.Contains(fmt.Sprint(err), "old[0]@0") || len(r.records) > 0 {
			t.Errorf("%v; records %q", err, r.records)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		log := singly(1, oldMessages(0, 3))
		log[1].bytes[len(log[1].bytes)-1]++
		r := startReading(t, oldLog(t, log), ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"old", 0}, To: 3}}})
		err := r.run(nil)
		if !errors.Is(err, ErrUnreadable) || !strings.Contains(fmt.Sprint(err), "old[0]@1") || !strings.Contains(fmt.Sprint(err), "format 1") || len(r.records) != 1 {
			t.Errorf("%v; records %q", err, r.records)
		}
	})
}

// Bytes of any kind give records or an error.
func FuzzMessageSet(f *testing.F) {
	for _, format := range []int8{0, 1} {
		var set []byte
		for _, m := range oldMessages(0, 5) {
			set = oldformat.Append(set, format, m)
		}
		f.Add(set)
		f.Add(oldformat.AppendGzip(nil, format, oldMessages(0, 5)...))
	}
	f.Fuzz(func(t *testing.T, set []byte) {
		s := messageSet{limit: 1 << 20, next: rand.Int64N(3)}
		if err := s.read(set); err == nil && len(s.records) > 0 && s.next <= s.records[len(s.records)-1].Offset {
			t.Errorf("next is %d after %d", s.next, s.records[len(s.records)-1].Offset)
		}
	})
}
