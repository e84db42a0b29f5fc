package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// SendCommits is SendOffsets with what is to be kept beside each offset.
func (p *Producer) SendCommits(ctx context.Context, commits map[TopicPartition]Commit, group *GroupMetadata) error {
	if len(commits) == 0 {
		return nil
	}
	list := commitList(commits)
	return p.transact(ctx, func(ctx context.Context) error {
		err := p.client.SendOffsetsToTransaction(ctx, list, group.group)
		var ke ck.Error
		if !errors.As(err, &ke) || !ke.TxnRequiresAbort() {
			return err
		}
		why := p.explain(ck.NewError(ke.Code(), ke.Code().String(), false))
		if errors.Is(why, ErrFenced) {
			return why
		}
		return fmt.Errorf("%w: offsets of the group: %w", ErrTransaction, why)
	})
}

// commitList lists commits as the client takes them, in the order of partitions.
func commitList(commits map[TopicPartition]Commit) []ck.TopicPartition {
	list := make([]ck.TopicPartition, 0, len(commits))
	for _, tp := range slices.SortedFunc(maps.Keys(commits), TopicPartition.compare) {
		c := commits[tp]
		p := ck.TopicPartition{Topic: &tp.Topic, Partition: tp.Partition, Offset: ck.Offset(c.Offset)}
		if c.Metadata != "" {
			p.Metadata = &c.Metadata
		}
		list = append(list, p)
	}
	return list
}

// StableCommitted is Committed for who will go on from there: while a transaction that
// commits offsets of the group is being ended it waits, at most the timeout (KIP-447). A
// group that does not exist has none.
func (a *Admin) StableCommitted(ctx context.Context, group string) (map[TopicPartition]Commit, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	for {
		commits, err := a.stableOnce(ctx, group)
		var ke ck.Error
		switch {
		case err == nil || !errors.As(err, &ke):
			return commits, explain(a.cfg, a.logs, err)
		case ke.Code() == ck.ErrGroupIDNotFound:
			return nil, nil
		case ke.Code() != ck.ErrUnstableOffsetCommit, pause(ctx, pollInterval) != nil:
			return nil, explain(a.cfg, a.logs, err)
		}
	}
}

// stableOnce asks once; its errors are the client's.
func (a *Admin) stableOnce(ctx context.Context, group string) (map[TopicPartition]Commit, error) {
	result, err := a.client.ListConsumerGroupOffsets(ctx, []ck.ConsumerGroupTopicPartitions{{Group: group}},
		ck.SetAdminRequestTimeout(a.cfg.timeout()), ck.SetAdminRequireStableOffsets(true))
	if err != nil {
		return nil, err
	}
	commits := map[TopicPartition]Commit{}
	for _, g := range result.ConsumerGroupsTopicPartitions {
		for _, p := range g.Partitions {
			switch {
			case p.Error != nil:
				return nil, p.Error
			case p.Offset < 0:
				continue
			}
			c := Commit{Offset: int64(p.Offset), LeaderEpoch: -1}
			if p.Metadata != nil {
				c.Metadata = *p.Metadata
			}
			commits[TopicPartition{*p.Topic, p.Partition}] = c
		}
	}
	return commits, nil
}
