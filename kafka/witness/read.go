package witness

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Record is a record as it lies in a partition. A nil key or value is a null.
type Record struct {
	Offset     int64
	Timestamp  int64 // milliseconds since the epoch
	Key, Value []byte
	Headers    []kgo.RecordHeader
}

// ReadCommitted returns the records of each partition of a topic, in order, up to its end
// as it is now: what a reader of committed records sees once every transaction has ended,
// for which it waits, and nothing of those that were aborted.
func (w *Client) ReadCommitted(ctx context.Context, topic string) (map[int32][]Record, error) {
	ends, err := w.Ends(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", topic, err)
	}
	starts, err := w.offsets(ctx, topic, len(ends), atStart, uncommitted)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", topic, err)
	}
	from := map[int32]kgo.Offset{}
	for partition, end := range ends {
		if start := starts[partition]; start < end {
			from[partition] = kgo.NewOffset().At(start)
		}
	}
	c, err := kgo.NewClient(append(w.c.Opts(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // one may be the last before the end
	)...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", topic, err)
	}
	defer c.Close()
	records := map[int32][]Record{}
	for left := len(from); left > 0; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return nil, fmt.Errorf("read %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			end := ends[r.Partition]
			if r.Offset < end && !r.Attrs.IsControl() {
				records[r.Partition] = append(records[r.Partition], Record{r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value, r.Headers})
			}
			if r.Offset == end-1 {
				left--
			}
		})
	}
	return records, nil
}
