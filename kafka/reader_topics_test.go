package kafka

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// existing describes those of the topics whose names begin with a prefix.
func existing(admin *Admin, prefix string) func(context.Context) ([]Topic, error) {
	return func(ctx context.Context) ([]Topic, error) {
		names, err := admin.TopicNames(ctx)
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) })
		if len(names) == 0 {
			return nil, nil
		}
		return admin.Topics(ctx, names...)
	}
}

func TestReaderSeesNewPartitionsAndTopics(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 1, 1)
	admin := testAdmin(t, cfg)
	topics, err := admin.Topics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	r := startReading(t, cfg, ReaderConfig{
		Spans:  []Span{{TopicPartition: TopicPartition{topic, 0}, To: Follow}},
		Topics: existing(admin, topic), Grow: true, Every: 20 * time.Millisecond,
	}, topics...)
	r.until("the record", r.read("0@0 record 0"))
	if err := admin.AddPartitions(t.Context(), topic, 3, false); err != nil {
		t.Fatal(err)
	}
	fill(t, cfg, topic, func(o *Outgoing) { o.Add(nil, []byte("new"), nil, 2, Now) })
	r.until("partition 2", r.read("2@0 new"))
	more := topic + "-more"
	if err := admin.CreateTopic(t.Context(), TopicConfig{Name: more, Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.DeleteTopic(context.Background(), more); err != nil {
			t.Error(err)
		}
	})
	fill(t, cfg, more, numbered(7, 1))
	r.until("the new topic", r.read("0@0 7"))
	want := []string{topic + " has new partitions 1–2", more + " is new and is read too (1 partitions)"}
	got := slices.DeleteFunc(r.notices, func(n string) bool { return strings.HasPrefix(n, "reached") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReaderOfADeletedTopic(t *testing.T) {
	cfg := testCluster(t)
	admin := testAdmin(t, cfg)
	topic := testTopic(t, cfg, 1, 0)
	fill(t, cfg, topic, numbered(0, 3))
	topics, err := admin.Topics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	tp := TopicPartition{topic, 0}
	bounded := startReading(t, cfg, ReaderConfig{
		Spans:  []Span{{TopicPartition: tp, To: 9, Ahead: true, End: 3}},
		Topics: existing(admin, topic), Every: 20 * time.Millisecond,
	}, topics...)
	follows := startReading(t, cfg, ReaderConfig{
		Spans:  []Span{{TopicPartition: tp, To: Follow}},
		Topics: existing(admin, topic), Grow: true, Every: 20 * time.Millisecond,
	}, topics...)
	bounded.until("the records", bounded.read("0@2 2"))
	follows.until("the records", follows.read("0@2 2"))
	if err := admin.DeleteTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	follows.until("the deletion", follows.noticed(topic+" was deleted"))
	if err := bounded.run(nil); !errors.Is(err, ErrUnknownTopic) {
		t.Errorf("a bounded read: %v; %q", err, bounded.notices)
	}
	if err := admin.CreateTopic(t.Context(), TopicConfig{Name: topic, Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	fill(t, cfg, topic, numbered(100, 5))
	follows.until("the new records", follows.read("0@4 104"))
	want := []string{"0@0 0", "0@1 1", "0@2 2", "0@0 100", "0@1 101", "0@2 102", "0@3 103", "0@4 104"}
	if diff := cmp.Diff(want, follows.records); diff != "" {
		t.Error(diff)
	}
	got := slices.DeleteFunc(follows.notices, func(n string) bool { return strings.HasPrefix(n, "reached") })
	if diff := cmp.Diff([]string{topic + " was deleted", topic + " was deleted and created again; reading starts at its beginning"}, got); diff != "" {
		t.Error(diff)
	}
}

// A record that comes after a pause is handed on at once, though the broker is asked first
// whether its topic is still the same one: with Apache Kafka that question waits behind a
// fetch that waits, with the embedded broker it does not.
func TestRecordAfterPause(t *testing.T) {
	if os.Getenv("KSTREAM_TEST_BROKERS") == "" {
		t.Skip("of Apache Kafka")
	}
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 1, 1)
	admin, err := OpenAdmin(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	topics, err := admin.Topics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := openProducer(t, cfg, ProducerConfig{})
	defer finish(t, p)
	r := startReading(t, cfg, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{topic, 0}, To: Follow}}}, topics...)
	var batch Batch
	read := func(what func() bool) {
		t.Helper()
		for done := false; !done; done = what() {
			if err := r.Next(t.Context(), &batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	fastest := time.Hour
	for n := range 4 {
		if n == 0 {
			read(func() bool { return r.ended })
		}
		if err := pause(t.Context(), 2*quietLimit); err != nil { // what the test is about
			t.Fatal(err)
		}
		sent := time.Now()
		o := new(Outgoing)
		o.Reset(topic)
		o.Add(nil, []byte("v"), nil, 0, Now)
		if err := p.Send(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		read(func() bool { return len(batch.Records) > 0 })
		fastest = min(fastest, time.Since(sent))
	}
	if fastest > 300*time.Millisecond {
		t.Errorf("the fastest of four records came after %v", fastest)
	}
}
