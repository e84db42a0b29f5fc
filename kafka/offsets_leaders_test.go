package kafka

import (
	"sync"
	"testing"

	"kstream/kafka/embedded"
)

// A client that knows no leaders yet may be asked about offsets by several at a time.
func TestWatermarksOfNewClients(t *testing.T) {
	cfg := clusterOf(startBroker(t, embedded.Config{}))
	for range 50 {
		admin, err := OpenAdmin(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		var asked sync.WaitGroup
		for range 4 {
			asked.Go(func() {
				tp := TopicPartition{"t", 1}
				if marks, err := admin.Watermarks(t.Context(), []TopicPartition{tp}); err != nil || marks[tp].End != 0 {
					t.Errorf("%v, %v", marks, err)
				}
			})
		}
		asked.Wait()
		admin.Close()
	}
}
