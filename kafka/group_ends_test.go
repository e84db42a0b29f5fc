package kafka

import (
	"fmt"
	"sync"
	"testing"
)

// What lies behind an end is neither handed on nor committed, though the end of the
// partition is known: a commit stands before the first record that nobody was given.
func TestGroupCommitsNothingBehindItsEnds(t *testing.T) {
	for name, gc := range protocols() {
		for _, slow := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s slow=%t", name, slow), func(t *testing.T) {
				t.Parallel()
				cfg := testCluster(t)
				const partitions, records, end = 6, 360, 50
				topic := testTopic(t, cfg, partitions, records)
				gc := gc
				gc.Name, gc.Topics, gc.Members = topic+"-g", []string{topic}, 2
				gc.onePerCall, gc.BatchSize = slow, 64
				gc.Ends = map[TopicPartition]End{}
				for i := range int32(partitions) {
					gc.Ends[TopicPartition{topic, i}] = End{Offset: end}
				}
				group, err := OpenGroup(cfg, gc)
				if err != nil {
					t.Fatal(err)
				}
				s := newSink(t)
				var writing sync.WaitGroup
				writing.Go(s.write)
				// What comes after the first batch of a member has been fetched to the end of
				// the log by the time that the batch is taken: another has read all of it.
				emit := func(member int) func(Event) error {
					take := s.emit(member)
					return func(ev Event) error {
						if ev.Batch != nil {
							wantCopied(t, cfg, topic, partitions, records)
						}
						return take(ev)
					}
				}
				if err := group.Run(t.Context(), t.Context(), emit); err != nil {
					t.Errorf("Run: %v", err)
				}
				close(s.items)
				writing.Wait()
				for _, w := range s.wrong {
					t.Error(w)
				}
				if s.total != partitions*end {
					t.Errorf("%d records, want %d", s.total, partitions*end)
				}
				committed := committedOffsets(t, cfg, gc.Name)
				for tp := range gc.Ends {
					if committed[tp.String()] != end {
						t.Errorf("%s: committed %d, want %d", tp, committed[tp.String()], end)
					}
				}
			})
		}
	}
}
