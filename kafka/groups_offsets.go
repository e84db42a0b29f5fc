package kafka

import (
	"context"
	"maps"
	"slices"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kstream/kafka/protocol"
)

// Commit is what a group has committed for one partition: the offset of the record
// that comes next, and whatever the member wrote beside it.
type Commit struct {
	Offset      int64
	LeaderEpoch int32 // -1 when unknown (KIP-320)
	Metadata    string
}

// Committed returns the offsets that a group has committed; for a group that does not
// exist there are none. Offsets in transactions that are still open are left out.
func (a *Admin) Committed(ctx context.Context, group string) (map[TopicPartition]Commit, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	var result ck.ListConsumerGroupOffsetsResult
	err := a.askCoordinator(ctx, group, func(client *ck.AdminClient, within ck.AdminOptionRequestTimeout) (err error) {
		result, err = client.ListConsumerGroupOffsets(ctx, []ck.ConsumerGroupTopicPartitions{{Group: group}}, within, ck.SetAdminRequireStableOffsets(false))
		return err
	})
	if err != nil {
		return nil, a.cfg.deniedOn(explain(a.cfg, a.logs, err), "describe", "group", group)
	}
	commits := map[TopicPartition]Commit{}
	for _, g := range result.ConsumerGroupsTopicPartitions {
		for _, p := range g.Partitions {
			switch {
			case p.Error != nil:
				return nil, a.offsetError(ctx, "describe", group, p)
			case p.Offset < 0:
				continue
			}
			c := Commit{Offset: int64(p.Offset), LeaderEpoch: -1}
			if p.LeaderEpoch != nil {
				c.LeaderEpoch = *p.LeaderEpoch
			}
			if p.Metadata != nil {
				c.Metadata = *p.Metadata
			}
			commits[TopicPartition{*p.Topic, p.Partition}] = c
		}
	}
	return commits, nil
}

// SetCommitted commits offsets for a group without members, and creates the group if it
// does not exist. It returns the partitions that were refused. If the group has members
// the error is a *GroupActiveError.
func (a *Admin) SetCommitted(ctx context.Context, group string, commits map[TopicPartition]Commit) (refused map[TopicPartition]error, err error) {
	bounded, cancel := a.bounded(ctx)
	defer cancel()
	request := make([]ck.TopicPartition, 0, len(commits))
	for _, tp := range slices.SortedFunc(maps.Keys(commits), TopicPartition.compare) {
		c := commits[tp]
		p := ck.TopicPartition{Topic: &tp.Topic, Partition: tp.Partition, Offset: ck.Offset(c.Offset)}
		if c.Metadata != "" {
			p.Metadata = &c.Metadata
		}
		if c.LeaderEpoch >= 0 {
			p.LeaderEpoch = &c.LeaderEpoch
		}
		request = append(request, p)
	}
	result, err := a.client.AlterConsumerGroupOffsets(bounded,
		[]ck.ConsumerGroupTopicPartitions{{Group: group, Partitions: request}}, requestWithin(a.cfg.timeout()))
	if err != nil {
		return nil, a.groupError(ctx, "read", group, errorOf(err))
	}
	for _, g := range result.ConsumerGroupsTopicPartitions {
		for _, p := range g.Partitions {
			if p.Error == nil || errorOf(p.Error).Code() == ck.ErrNoError {
				continue
			}
			why := a.offsetError(ctx, "read", group, p)
			if active, ok := why.(*GroupActiveError); ok { //nolint:errorlint // groupError made it
				return nil, active
			}
			if refused == nil {
				refused = map[TopicPartition]error{}
			}
			refused[TopicPartition{*p.Topic, p.Partition}] = why
		}
	}
	return refused, nil
}

// DeleteCommitted deletes offsets that a group has committed (KIP-496). It returns the
// partitions that were refused: with a *GroupActiveError those of topics that members
// subscribe to. librdkafka's Go client lacks the request.
func (a *Admin) DeleteCommitted(ctx context.Context, group string, tps []TopicPartition) (refused map[TopicPartition]error, err error) {
	request := kmsg.NewPtrOffsetDeleteRequest()
	request.Group = group
	for _, tp := range tps {
		if n := len(request.Topics); n == 0 || request.Topics[n-1].Topic != tp.Topic {
			topic := kmsg.NewOffsetDeleteRequestTopic()
			topic.Topic = tp.Topic
			request.Topics = append(request.Topics, topic)
		}
		partition := kmsg.NewOffsetDeleteRequestTopicPartition()
		partition.Partition = tp.Partition
		topic := &request.Topics[len(request.Topics)-1]
		topic.Partitions = append(topic.Partitions, partition)
	}
	var answer *kmsg.OffsetDeleteResponse
	err = a.onWire(ctx, func(ctx context.Context, w *wire) error {
		coordinator, err := w.client.Coordinator(ctx, protocol.GroupCoordinator, group)
		if err == nil {
			answer, err = request.RequestWith(ctx, w.client.Broker(coordinator))
		}
		return err
	})
	if err != nil {
		return nil, a.named(err, "delete", "group", group)
	}
	if err := refusal(answer.ErrorCode); err != nil {
		return nil, a.groupError(ctx, "delete", group, *err)
	}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			err := refusal(p.ErrorCode)
			if err == nil {
				continue
			}
			if refused == nil {
				refused = map[TopicPartition]error{}
			}
			refused[TopicPartition{t.Topic, p.Partition}] = a.offsetError(ctx, "read", group, ck.TopicPartition{Topic: &t.Topic, Error: *err})
		}
	}
	return refused, nil
}

// refusal is the error that a code of the protocol stands for, as one of librdkafka, whose
// codes are the same; nil for none.
func refusal(code int16) *ck.Error {
	err := kerr.TypedErrorForCode(code)
	if err == nil {
		return nil
	}
	return new(ck.NewError(ck.ErrorCode(code), "Broker: "+err.Description, false))
}

// offsetError is groupError for what was refused about one partition.
func (a *Admin) offsetError(ctx context.Context, operation, group string, p ck.TopicPartition) error {
	refusal := errorOf(p.Error)
	if refusal.Code() == ck.ErrTopicAuthorizationFailed {
		return a.refusedOn(refusal, operation, "topic", *p.Topic)
	}
	return a.groupError(ctx, operation, group, refusal)
}
