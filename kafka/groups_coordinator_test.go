package kafka_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka"
	"kstream/kafka/embedded"
)

// A coordinator that moves while it is asked for offsets is waited for. (librdkafka
// crashes there in a client without a group.)
func TestCommittedWhileCoordinatorMoves(t *testing.T) {
	b, err := embedded.Start(embedded.Config{Topics: []embedded.Topic{{Name: "t", Partitions: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	admin, err := kafka.OpenAdmin(t.Context(), kafka.Config{Brokers: []string{b.Addr()}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	want := map[kafka.TopicPartition]kafka.Commit{{Topic: "t", Partition: 0}: {Offset: 7, LeaderEpoch: -1}}
	if refused, err := admin.SetCommitted(t.Context(), "g", want); err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	for name, code := range map[string]int16{"loads": 14, "not available": 15, "elsewhere": 16} {
		t.Run(name, func(t *testing.T) {
			moved, err := b.Fail(embedded.Fault{Requests: []int16{9}, Group: "g", Code: code, Count: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer moved.Remove()
			got, err := admin.Committed(t.Context(), "g")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("committed (-want +got):\n%s", diff)
			}
			if moved.Hits() != 2 {
				t.Errorf("the fault was met %d times, want 2", moved.Hits())
			}
		})
	}
}
