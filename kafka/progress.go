package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// StableCommitted returns what a group has committed for partitions. While a transaction
// with offsets of the group is open it waits for its end, at most Config.Timeout (KIP-447).
// Partitions without an offset are missing in the result, which is nil for a group that
// does not exist.
//
// It asks through a consumer that joins nothing, not as Admin.Committed does: librdkafka
// 2.14 crashes when an admin client asks a broker that does not coordinate the group yet,
// or no longer (it then looks for the state of a consumer, which that client has not).
func StableCommitted(ctx context.Context, cfg Config, group string, partitions []TopicPartition) (commits map[TopicPartition]Commit, err error) {
	c, err := openConsumer(cfg, consumerConfig{group: group})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	request := make([]ck.TopicPartition, len(partitions))
	for i := range partitions {
		request[i] = ck.TopicPartition{Topic: &partitions[i].Topic, Partition: partitions[i].Partition}
	}
	for began := time.Now(); ; {
		answers, err := c.client.Committed(request, int(committedSlice.Milliseconds()))
		switch {
		case err == nil:
			return commitsOf(answers)
		case errors.Is(sentinelOf(errorOf(err).Code()), ErrUnknownGroup):
			return nil, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case c.deniedGroup():
			return nil, &DeniedError{"read", "group", group, cfg.Principal()}
		case !mends(err) || time.Since(began) > cfg.timeout():
			return nil, explain(cfg, c.logs, err)
		}
	}
}

// deniedGroup reports whether the client has been told that it may not ask for its group's
// coordinator: it would ask again, for ever.
func (c *consumer) deniedGroup() bool {
	for ev := c.client.Poll(0); ev != nil; ev = c.client.Poll(0) {
		if err, ok := ev.(ck.Error); ok && err.Code() == ck.ErrGroupAuthorizationFailed {
			return true
		}
	}
	return false
}

// committedSlice is how long one question for offsets may take, so that ctx is heeded.
const committedSlice = 2 * time.Second

func commitsOf(answers []ck.TopicPartition) (map[TopicPartition]Commit, error) {
	commits := map[TopicPartition]Commit{}
	for _, p := range answers {
		switch {
		case p.Error != nil:
			return nil, fmt.Errorf("%s[%d]: %w: %w", *p.Topic, p.Partition, ErrFailed, p.Error)
		case p.Offset < 0:
			continue
		}
		c := Commit{Offset: int64(p.Offset), LeaderEpoch: -1}
		if p.Metadata != nil {
			c.Metadata = *p.Metadata
		}
		commits[TopicPartition{*p.Topic, p.Partition}] = c
	}
	return commits, nil
}
