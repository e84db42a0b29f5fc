package kafka

import (
	"context"
	"errors"
	"fmt"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// GroupMetadata is for whom a transaction commits offsets: a member of a group in a
// certain generation, or a group without members.
type GroupMetadata struct {
	group *ck.ConsumerGroupMetadata
}

// MemberlessGroup returns the metadata for committing without having joined: the
// coordinator accepts the offsets as long as the group has no members. The group need not
// exist.
func MemberlessGroup(name string) (*GroupMetadata, error) {
	group, err := ck.NewTestConsumerGroupMetadata(name)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	return &GroupMetadata{group}, nil
}

// SendOffsets makes the offsets of a group part of the transaction: they are committed
// with its records, or not at all. An offset is that of the record to be read next.
//
// The coordinator refuses them from a member that is no longer what group says
// (KIP-447), because another one may have its partitions. Then, and whenever the error
// is ErrTransaction, all that remains is to Abort. Readers of the group's offsets wait
// while a transaction with such offsets is open, if they read only what is committed.
func (p *Producer) SendOffsets(ctx context.Context, offsets map[TopicPartition]int64, group *GroupMetadata) error {
	return p.sendOffsets(ctx, clientOffsets(offsets), group)
}

// SendCommits is like SendOffsets, with metadata for each offset.
func (p *Producer) SendCommits(ctx context.Context, commits map[TopicPartition]Commit, group *GroupMetadata) error {
	return p.sendOffsets(ctx, commitList(commits), group)
}

func (p *Producer) sendOffsets(ctx context.Context, list []ck.TopicPartition, group *GroupMetadata) error {
	if len(list) == 0 {
		return nil
	}
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
