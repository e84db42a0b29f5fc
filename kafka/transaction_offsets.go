package kafka

import (
	"context"
	"errors"
	"fmt"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// groupMetadata says in whose name a transaction commits offsets: a member as its
// group's coordinator knew it at that moment.
type groupMetadata struct {
	group *ck.ConsumerGroupMetadata
}

// sendOffsets makes the offsets of a group part of the transaction: they are committed
// with its records, or not at all. An offset is that of the record to be read next.
//
// The coordinator refuses them from a member that is no longer what group says
// (KIP-447), because another one may have its partitions. Then, and whenever the error
// is ErrTransaction, all that remains is to abort. Readers of the group's offsets wait
// while a transaction with such offsets is open, if they read only what is committed.
func (p *Producer) sendOffsets(ctx context.Context, offsets map[TopicPartition]int64, group *groupMetadata) error {
	list := clientOffsets(offsets)
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
