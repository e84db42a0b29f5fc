package kafka_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"kstream/kafka"
	"kstream/kafka/embedded"
)

const (
	unknownTopic int16 = 3
	denied       int16 = 29
)

// behind opens a cluster of three, one node of which answers for a topic with an error.
func behind(t *testing.T, timeout time.Duration, fault embedded.Fault) (*kafka.Admin, *embedded.Failure) {
	t.Helper()
	b, err := embedded.Start(embedded.Config{Nodes: 3, Topics: []embedded.Topic{{Name: "grows", Partitions: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	admin, err := kafka.OpenAdmin(t.Context(), kafka.Config{Brokers: strings.Split(b.Addr(), ","), Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	fault.Requests = []int16{3}
	failure, err := b.Fail(fault)
	if err != nil {
		t.Fatal(err)
	}
	return admin, failure
}

// Who creates a topic or gives it partitions may use them at once, whichever broker the
// next request goes to: it is the one that was waited for.
func TestChangesAreKnownEverywhere(t *testing.T) {
	for name, change := range map[string]struct {
		topic string
		do    func(context.Context, *kafka.Admin) error
	}{
		"a new topic": {"new", func(ctx context.Context, a *kafka.Admin) error {
			return a.CreateTopic(ctx, kafka.TopicConfig{Name: "new", Partitions: 3})
		}},
		"more partitions": {"grows", func(ctx context.Context, a *kafka.Admin) error {
			return a.AddPartitions(ctx, "grows", 3, false)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for node := range int32(3) {
				admin, fault := behind(t, 20*time.Second, embedded.Fault{Nodes: []int32{node}, Topic: change.topic, Code: unknownTopic, Count: 3})
				if err := change.do(t.Context(), admin); err != nil {
					t.Fatal(err)
				}
				if fault.Hits() != 3 {
					t.Errorf("node %d said %d times that it knows of none, and was not waited for", node, fault.Hits())
				}
			}
		})
	}
}

// A broker that never hears of a change is named; one that says nothing about the topic is
// passed over.
func TestBrokersThatStayBehind(t *testing.T) {
	for name, c := range map[string]struct {
		code int16
		want string
	}{
		"it never knows":  {unknownTopic, "new: created, and broker 0 does not know yet: context deadline exceeded"},
		"it does not say": {denied, ""},
	} {
		t.Run(name, func(t *testing.T) {
			admin, fault := behind(t, time.Second, embedded.Fault{Nodes: []int32{0}, Topic: "new", Code: c.code, Count: -1})
			cluster, err := admin.Cluster(t.Context())
			if err != nil || cluster.Controller == 0 {
				t.Fatalf("controller %v, want another than the broker that stays behind: %v", cluster, err)
			}
			got := ""
			if err := admin.CreateTopic(t.Context(), kafka.TopicConfig{Name: "new", Partitions: 3}); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if fault.Hits() == 0 {
				t.Error("it was not asked")
			}
		})
	}
}
