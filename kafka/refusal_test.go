package kafka

import (
	"testing"
	"time"

	"kstream/kafka/embedded"
)

// A client that never closes does not keep its member: librdkafka takes a blank name for
// no group, and then waits for a group to leave.
func TestMemberLeavesClientBehind(t *testing.T) {
	b := startBroker(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	g, err := OpenGroup(clusterOf(b), GroupConfig{Name: " ", Topics: []string{"orders"}, Members: 1})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- g.Run(t.Context(), t.Context(), func(int) func(Event) error { return func(Event) error { return nil } })
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a group without a name is joined")
		}
	case <-time.After(20 * time.Second):
		t.Error("the member does not end")
	}
}
