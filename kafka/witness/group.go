package witness

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Partition names one partition of a topic.
type Partition struct {
	Topic  string
	Number int32
}

// Lag returns, for each partition of the topics that a group has committed to, end minus
// committed offset; a partition without a commit counts from its beginning. A group
// without commits, or none of that name, has an empty result.
func (w *Client) Lag(ctx context.Context, group string) (map[Partition]int64, error) {
	committed, err := w.Committed(ctx, group)
	if err != nil {
		return nil, err
	}
	lag := make(map[Partition]int64)
	for topic := range topicsOf(committed) {
		n, err := w.leaders(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("lag of %s: %w", group, err)
		}
		ends, err := w.offsets(ctx, topic, n, atEnd, uncommitted)
		if err != nil {
			return nil, fmt.Errorf("lag of %s: %w", group, err)
		}
		starts, err := w.offsets(ctx, topic, n, atStart, uncommitted)
		if err != nil {
			return nil, fmt.Errorf("lag of %s: %w", group, err)
		}
		for number, end := range ends {
			p := Partition{topic, number}
			from := starts[number]
			if at, ok := committed[p]; ok {
				from = max(from, at)
			}
			lag[p] = end - from
		}
	}
	return lag, nil
}

func topicsOf(m map[Partition]int64) map[string]bool {
	topics := make(map[string]bool)
	for p := range m {
		topics[p.Topic] = true
	}
	return topics
}

// Committed returns the committed offsets of a group; none for a group that does not exist.
// It waits for the coordinator of the group: a new cluster has none yet.
func (w *Client) Committed(ctx context.Context, group string) (map[Partition]int64, error) {
	for {
		offsets, err := w.committed(ctx, group)
		if err == nil || !kerr.IsRetriable(err) || ctx.Err() != nil {
			return offsets, err
		}
	}
}

func (w *Client) committed(ctx context.Context, group string) (map[Partition]int64, error) {
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	r := kmsg.NewOffsetFetchRequest()
	r.Group = group // brokers before version 8 of the request read this one
	r.Groups = append(r.Groups, g)
	answer, err := r.RequestWith(ctx, w.c)
	if err != nil {
		return nil, fmt.Errorf("committed offsets of %s: %w", group, err)
	}
	committed := make(map[Partition]int64)
	for _, g := range answer.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); errors.Is(err, kerr.GroupIDNotFound) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("committed offsets of %s: %w", group, err)
		}
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode == 0 && p.Offset >= 0 {
					committed[Partition{t.Topic, p.Partition}] = p.Offset
				}
			}
		}
	}
	return committed, nil
}

// Timestamps that ListOffsets reads as places.
const (
	atEnd   = -1
	atStart = -2
)

// Ends returns the offset after the last record of each partition of a topic.
func (w *Client) Ends(ctx context.Context, topic string) (map[int32]int64, error) {
	n, err := w.leaders(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("ends of %s: %w", topic, err)
	}
	return w.offsets(ctx, topic, n, atEnd, uncommitted)
}

// Settled reports whether no transaction is open in a topic: the markers that end one come a
// moment after its producer was told so (KIP-98).
func (w *Client) Settled(ctx context.Context, topic string) (bool, error) {
	n, err := w.leaders(ctx, topic)
	if err != nil {
		return false, err
	}
	stable, err := w.offsets(ctx, topic, n, atEnd, committed)
	if err != nil {
		return false, err
	}
	ends, err := w.offsets(ctx, topic, n, atEnd, uncommitted)
	return n > 0 && maps.Equal(stable, ends), err
}

// What offsets of the end count: records of open transactions, or not.
const (
	uncommitted int8 = iota
	committed
)

func (w *Client) offsets(ctx context.Context, topic string, partitions int, at int64, isolation int8) (map[int32]int64, error) {
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	for number := range int32(partitions) {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = number, at
		t.Partitions = append(t.Partitions, p)
	}
	r := kmsg.NewListOffsetsRequest()
	r.IsolationLevel = isolation
	r.Topics = append(r.Topics, t)
	offsets := make(map[int32]int64, partitions)
	// One answer from each broker that leads a partition.
	for _, shard := range w.c.RequestSharded(ctx, &r) {
		if shard.Err != nil {
			return nil, fmt.Errorf("offsets of %s: %w", topic, shard.Err)
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, fmt.Errorf("offsets of %s[%d]: %w", topic, p.Partition, err)
				}
				offsets[p.Partition] = p.Offset
			}
		}
	}
	return offsets, nil
}

// Members returns how many members a group has, of the classic or the KIP-848
// protocol; 0 for a group that does not exist.
func (w *Client) Members(ctx context.Context, group string) (int, error) {
	r := kmsg.NewConsumerGroupDescribeRequest()
	r.Groups = []string{group}
	answer, err := r.RequestWith(ctx, w.c)
	if err == nil && len(answer.Groups) == 1 && answer.Groups[0].ErrorCode == 0 {
		return len(answer.Groups[0].Members), nil
	}
	classic := kmsg.NewDescribeGroupsRequest()
	classic.Groups = []string{group}
	old, err := classic.RequestWith(ctx, w.c)
	if err != nil {
		return 0, fmt.Errorf("members of %s: %w", group, err)
	}
	n := 0
	for _, g := range old.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return 0, fmt.Errorf("members of %s: %w", group, err)
		}
		n += len(g.Members)
	}
	return n, nil
}
