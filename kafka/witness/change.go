package witness

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DeleteRecords deletes the records of one partition before an offset, as retention does.
func (w *Client) DeleteRecords(ctx context.Context, topic string, partition int32, before int64) error {
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, before
	t := kmsg.NewDeleteRecordsRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	r := kmsg.NewDeleteRecordsRequest()
	r.TimeoutMillis, r.Topics = requestMillis, append(r.Topics, t)
	for _, shard := range w.c.RequestSharded(ctx, &r) { // goes to the leader
		if shard.Err != nil {
			return fmt.Errorf("delete records of %s[%d]: %w", topic, partition, shard.Err)
		}
		for _, t := range shard.Resp.(*kmsg.DeleteRecordsResponse).Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return fmt.Errorf("delete records of %s[%d]: %w", topic, partition, err)
				}
			}
		}
	}
	return nil
}

// Grow adds partitions to a topic and waits until every broker knows their leaders.
func (w *Client) Grow(ctx context.Context, topic string, partitions int32) error {
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = topic, partitions
	r := kmsg.NewCreatePartitionsRequest()
	r.TimeoutMillis, r.Topics = requestMillis, append(r.Topics, t)
	answer, err := r.RequestWith(ctx, w.c)
	if err != nil {
		return fmt.Errorf("grow %s: %w", topic, err)
	}
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return fmt.Errorf("grow %s: %w", topic, err)
		}
	}
	if err := w.awaitLeaders(ctx, topic, int(partitions)); err != nil {
		return fmt.Errorf("grow %s: %w", topic, err)
	}
	return nil
}
