package kafka

import (
	"context"
	"maps"
	"slices"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
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

// offsetError is groupError for what was refused about one partition.
func (a *Admin) offsetError(ctx context.Context, operation, group string, p ck.TopicPartition) error {
	refusal := errorOf(p.Error)
	if refusal.Code() == ck.ErrTopicAuthorizationFailed {
		return a.refusedOn(refusal, operation, "topic", *p.Topic)
	}
	return a.groupError(ctx, operation, group, refusal)
}
