package replay

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka"
)

// fakeClock is a clock that sleeps in no time.
type fakeClock struct {
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(_ context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

// Records go when they are due by the schedule of the first one; one that is older than
// the one before it goes with it.
func TestPacer(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1000, 0)}
	p := &pacer{clock: clock, speed: 2}
	var records []kafka.Record
	for _, millis := range []int64{5000, 5000, 5200, 5100, 9200, 9201, 9300} {
		records = append(records, kafka.Record{Timestamp: millis})
	}
	var went []int
	for len(records) > 0 {
		n, err := p.take(t.Context(), records)
		if err != nil {
			t.Fatal(err)
		}
		went = append(went, n)
		records = records[n:]
		clock.now = clock.now.Add(10 * time.Millisecond) // what sending takes does not shift what follows
	}
	if d := cmp.Diff([]int{2, 2, 1, 1, 1}, went); d != "" {
		t.Errorf("groups (-want +got):\n%s", d)
	}
	millis := time.Millisecond
	if d := cmp.Diff([]time.Duration{90 * millis, 1990 * millis, 30 * millis}, clock.slept); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
}

// listFeed is a feed of batches.
type listFeed struct{ batches [][]kafka.Record }

func (f *listFeed) Next(_ context.Context, b *kafka.Batch) error {
	b.Records = b.Records[:0]
	if len(f.batches) == 0 {
		return io.EOF
	}
	b.Records, f.batches = append(b.Records, f.batches[0]...), f.batches[1:]
	return nil
}

func (f *listFeed) Close() error { return nil }

// Records of several partitions come in the order of their times, those of one in the
// order of their offsets, whatever their times are.
func TestMerge(t *testing.T) {
	part := func(partition int32, batches ...[]int64) *mergePart {
		f := new(listFeed)
		offset := int64(0)
		for _, times := range batches {
			var records []kafka.Record
			for _, at := range times {
				records = append(records, kafka.Record{Partition: partition, Offset: offset, Timestamp: at})
				offset++
			}
			f.batches = append(f.batches, records)
		}
		return &mergePart{feed: f}
	}
	m := &merge{parts: []*mergePart{
		part(0, []int64{10, 40}, []int64{30, 50}),
		part(1),
		part(2, []int64{20}, nil, []int64{45, 60}),
	}}
	type seen struct {
		Partition    int32
		Offset, Time int64
	}
	var got []seen
	var b kafka.Batch
	for {
		err := m.Next(t.Context(), &b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Records {
			got = append(got, seen{r.Partition, r.Offset, r.Timestamp})
		}
	}
	want := []seen{{0, 0, 10}, {2, 0, 20}, {0, 1, 40}, {0, 2, 30}, {2, 1, 45}, {0, 3, 50}, {2, 2, 60}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
