package witness

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"kstream/kafka/embedded"
)

// brokers returns Apache Kafka when the environment names it, else a new embedded broker.
func brokers(t *testing.T) string {
	t.Helper()
	if addrs := os.Getenv("KSTREAM_TEST_BROKERS"); addrs != "" {
		return addrs
	}
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b.Addr()
}

func TestWitness(t *testing.T) {
	ctx := t.Context()
	addrs := brokers(t)
	w, err := Open(addrs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	prefix := "witness-" + strings.ToLower(rand.Text()[:6])
	topic, group := prefix+"-t", prefix+"-g"
	if err := w.CreateTopic(ctx, topic, 2, "retention.ms"); err == nil || err.Error() != "topic "+topic+`: configuration "retention.ms", want NAME=VALUE` {
		t.Errorf("a configuration without a value: %v", err)
	}
	if err := w.CreateTopic(ctx, topic, 2, "retention.ms=60000"); err != nil {
		t.Fatal(err)
	}
	if err := w.CreateTopic(ctx, topic, 2); err == nil || !strings.Contains(err.Error(), "TOPIC_ALREADY_EXISTS") {
		t.Errorf("creating it again: %v", err)
	}
	if names, err := w.Topics(ctx); err != nil || !strings.Contains(strings.Join(names, " "), topic) {
		t.Errorf("topics %v, %v", names, err)
	}
	if lag, err := w.Lag(ctx, group); err != nil || len(lag) != 0 {
		t.Errorf("lag of a group that does not exist: %v, %v", lag, err)
	}

	// Three records in partition 0, five in 1; the group commits two of partition 1.
	c, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(addrs, ",")...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 8 {
		p := int32(0)
		if i >= 3 {
			p = 1
		}
		if err := c.ProduceSync(ctx, &kgo.Record{Topic: topic, Partition: p, Value: []byte("v")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(addrs, ",")...), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.DisableAutoCommit())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var second *kgo.Record
	for second == nil {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Partition == 1 && r.Offset == 1 {
				second = r
			}
		})
	}
	if err := reader.CommitRecords(ctx, second); err != nil {
		t.Fatal(err)
	}

	ends, err := w.Ends(ctx, topic)
	if d := cmp.Diff(map[int32]int64{0: 3, 1: 5}, ends); d != "" || err != nil {
		t.Errorf("ends: %v\n%s", err, d)
	}
	committed, err := w.Committed(ctx, group)
	if d := cmp.Diff(map[Partition]int64{{topic, 1}: 2}, committed); d != "" || err != nil {
		t.Errorf("committed: %v\n%s", err, d)
	}
	lag, err := w.Lag(ctx, group)
	if d := cmp.Diff(map[Partition]int64{{topic, 0}: 3, {topic, 1}: 3}, lag); d != "" || err != nil {
		t.Errorf("lag: %v\n%s", err, d)
	}
	if err := w.DeleteTopics(ctx, prefix); err != nil {
		t.Error(err)
	}
	names, err := w.Topics(ctx)
	if err != nil || strings.Contains(strings.Join(names, " "), prefix) {
		t.Errorf("after the deletion: %v, %v", names, err)
	}
}
