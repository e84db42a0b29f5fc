package stats

import (
	"testing"

	"kstream/cmd/record"
	"kstream/kafka"
)

// TestSampleOf: windows lie within their partitions, do not overlap, go on through the
// rounds, and reach from one end to the other.
func TestSampleOf(t *testing.T) {
	const sample = 1000
	tests := map[string]struct {
		lengths []int64
		rounds  int
		offsets int64
	}{
		"one partition":       {[]int64{100_000}, statsPlaces, sample},
		"just too long":       {[]int64{sample + 1}, statsPlaces, sample},
		"shares":              {[]int64{90_000, 10_000}, statsPlaces, sample},
		"empty and short":     {[]int64{0, 10, 100_000}, statsPlaces, sample + 9},
		"more than are asked": {[]int64{5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000}, 1, 25 * statsWindow},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var spans []kafka.Span
			for i, n := range tt.lengths {
				spans = append(spans, kafka.Span{TopicPartition: kafka.TopicPartition{Topic: "t", Partition: int32(i)}, From: 7, To: 7 + n})
			}
			rounds := sampleOf(spans, sample)
			if len(rounds) != tt.rounds {
				t.Errorf("%d rounds, want %d", len(rounds), tt.rounds)
			}
			total := int64(0)
			first, reached := map[int32]int64{}, map[int32]int64{}
			for _, round := range rounds {
				total += record.OffsetsOf(round)
				for _, w := range round {
					span := spans[w.Partition]
					if _, seen := first[w.Partition]; !seen {
						first[w.Partition], reached[w.Partition] = w.From, span.From
					}
					if w.From < reached[w.Partition] || w.To > span.To {
						t.Errorf("%d[%d,%d) after %d, in [%d,%d)", w.Partition, w.From, w.To, reached[w.Partition], span.From, span.To)
					}
					reached[w.Partition] = w.To
				}
			}
			for _, span := range spans {
				if tt.rounds > 1 && (first[span.Partition] != span.From || reached[span.Partition] != span.To) {
					t.Errorf("%d[%d,%d), of [%d,%d)", span.Partition, first[span.Partition], reached[span.Partition], span.From, span.To)
				}
			}
			if slack := int64(statsPlaces * len(spans)); total > tt.offsets || total < tt.offsets-slack {
				t.Errorf("%d offsets, want %d", total, tt.offsets)
			}
		})
	}
}

// TestSampleIsSpread: partitions of which there is only one window have it at different
// places.
func TestSampleIsSpread(t *testing.T) {
	var spans []kafka.Span
	for i := range int32(statsPlaces) {
		spans = append(spans, kafka.Span{TopicPartition: kafka.TopicPartition{Topic: "t", Partition: i}, To: 9050})
	}
	for i, w := range sampleOf(spans, 10)[0] {
		if want := int64(i) * 1000; w.From != want || w.To != want+statsWindow {
			t.Errorf("partition %d: [%d,%d), want from %d", i, w.From, w.To, want)
		}
	}
}
