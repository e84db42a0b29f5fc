package embedded_test

import (
	"fmt"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

func TestCompaction(t *testing.T) {
	b := start(t, embedded.Config{})
	createTopic(t, b, "prices", map[string]string{"cleanup.policy": "compact"})
	var messages []ck.Message
	for i := range 10 {
		messages = append(messages, ck.Message{Key: fmt.Append(nil, "k", i%2), Value: fmt.Append(nil, i)})
	}
	send(t, b, "prices", messages...)
	b.Clean()
	// as in Kafka, what is newest is left alone: here the last batch
	if diff := cmp.Diff([]string{"7", "8", "9"}, read(t, b, "prices")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestRetention(t *testing.T) {
	b := start(t, embedded.Config{})
	createTopic(t, b, "logs", map[string]string{"retention.ms": "60000"})
	send(t, b, "logs",
		ck.Message{Value: []byte("old"), Timestamp: time.Now().Add(-time.Hour)},
		ck.Message{Value: []byte("new"), Timestamp: time.Now()})
	b.Clean()
	if diff := cmp.Diff([]string{"new"}, read(t, b, "logs")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if got := offset(t, b, "logs", ck.EarliestOffsetSpec); got != 1 {
		t.Errorf("log start offset %d, want 1", got)
	}
}

// Apache Kafka deletes by age where cleanup.policy says delete; doc.go says that
// this broker also does it where it says compact.
func TestCompactedTopicsAge(t *testing.T) {
	b := start(t, embedded.Config{})
	tests := map[string]struct {
		config map[string]string
		want   []string
	}{
		"aged": {map[string]string{"cleanup.policy": "compact"}, []string{"new"}},
		"kept": {map[string]string{"cleanup.policy": "compact", "retention.ms": "-1"}, []string{"old", "new"}},
	}
	for topic, tt := range tests {
		createTopic(t, b, topic, tt.config)
		send(t, b, topic,
			ck.Message{Key: []byte("a"), Value: []byte("old"), Timestamp: time.Now().AddDate(-1, 0, 0)},
			ck.Message{Key: []byte("b"), Value: []byte("new"), Timestamp: time.Now()})
	}
	b.Clean()
	for topic, tt := range tests {
		if diff := cmp.Diff(tt.want, read(t, b, topic)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", topic, diff)
		}
	}
}

func TestDeleteRecords(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	produce(t, b, "orders", "a", "b", "c")
	topic := "orders"
	res, err := admin(t, b).DeleteRecords(bounded(t), []ck.TopicPartition{{Topic: &topic, Partition: 0, Offset: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if e := res.DeleteRecordsResults[0].TopicPartition.Error; e != nil {
		t.Fatal(e)
	}
	if diff := cmp.Diff([]string{"c"}, read(t, b, "orders")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if got := offset(t, b, "orders", ck.EarliestOffsetSpec); got != 2 {
		t.Errorf("log start offset %d, want 2", got)
	}
}

// A setting that the broker stores and does not obey: doc.go says so.
func TestLogAppendTimeIsIgnored(t *testing.T) {
	b := start(t, embedded.Config{})
	createTopic(t, b, "clock", map[string]string{"message.timestamp.type": "LogAppendTime"})
	sent := time.Unix(1000, 0)
	send(t, b, "clock", ck.Message{Value: []byte("x"), Timestamp: sent})
	c, err := ck.NewConsumer(client(b, "group.id", "g"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	topic := "clock"
	if err := c.Assign([]ck.TopicPartition{{Topic: &topic, Offset: 0}}); err != nil {
		t.Fatal(err)
	}
	m, err := c.ReadMessage(patience)
	if err != nil {
		t.Fatal(err)
	}
	if m.TimestampType != ck.TimestampCreateTime || !m.Timestamp.Equal(sent) {
		t.Errorf("timestamp %v of type %v: the broker can do it now, correct doc.go", m.Timestamp, m.TimestampType)
	}
}

func TestMaxTimestamp(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	now := time.Now()
	send(t, b, "orders",
		ck.Message{Value: []byte("a"), Timestamp: now},
		ck.Message{Value: []byte("b"), Timestamp: now.Add(time.Hour)},
		ck.Message{Value: []byte("c"), Timestamp: now.Add(time.Minute)})
	if got := offset(t, b, "orders", ck.MaxTimestampOffsetSpec); got != 1 {
		t.Errorf("offset of the greatest timestamp %d, want 1", got)
	}
	if got := offset(t, b, "orders", ck.OffsetSpec(now.Add(time.Second).UnixMilli())); got != 1 {
		t.Errorf("offset for a time %d, want 1", got)
	}
}
