package witness

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Record is a record as it lies in a partition. A nil key or value is a null.
type Record struct {
	Offset     int64
	Timestamp  int64 // milliseconds since the epoch
	Key, Value []byte
	Headers    []kgo.RecordHeader
}

// ReadCommitted returns the records of each partition of a topic, in order, up to the last
// stable offset: what a reader of committed records sees, and nothing of transactions
// that were aborted.
func (w *Client) ReadCommitted(ctx context.Context, topic string) (map[int32][]Record, error) {
	ends, err := w.stable(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", topic, err)
	}
	from := map[int32]kgo.Offset{}
	for partition, end := range ends {
		if end > 0 {
			from[partition] = kgo.NewOffset().At(0)
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

// stable returns the last stable offset of each partition of a topic.
func (w *Client) stable(ctx context.Context, topic string) (map[int32]int64, error) {
	ends, err := w.Ends(ctx, topic)
	if err != nil {
		return nil, err
	}
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	for partition := range ends {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = partition, -1
		t.Partitions = append(t.Partitions, p)
	}
	r := kmsg.NewListOffsetsRequest()
	r.ReplicaID, r.IsolationLevel = -1, 1
	r.Topics = append(r.Topics, t)
	for _, shard := range w.c.RequestSharded(ctx, &r) {
		if shard.Err != nil {
			return nil, shard.Err
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, err
				}
				ends[p.Partition] = p.Offset
			}
		}
	}
	return ends, nil
}
