package kafka

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

// A client that takes too long to close is left behind: that is logged, and no error.
func TestConsumerCloseWithin(t *testing.T) {
	cfg := clusterOf(startBroker(t, embedded.Config{}))
	logged := make(chan string, 100)
	cfg.Log = func(l Log) {
		if l.Name == "KSTREAM" {
			logged <- l.Message
		}
	}
	c, err := openConsumer(cfg, consumerConfig{group: "g"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.closeWithin(time.Nanosecond); err != nil {
		t.Error(err)
	}
	close(logged)
	var got []string
	for line := range logged {
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"the client did not close within 1ns and is left behind"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !c.abandoned.Load() {
		t.Error("its callbacks are still heard")
	}
}
