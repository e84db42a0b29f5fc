package kafka

import (
	"context"
	"errors"
	"sync"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// offsetsClient asks what groups have committed. It is a consumer's client that joins
// nothing: when a coordinator has moved, librdkafka tells the group of the client that
// asked, and crashes in one without. It is opened by the first question.
type offsetsClient struct {
	mu       sync.Mutex
	consumer *consumer
	admin    *ck.AdminClient
}

func (o *offsetsClient) open(cfg Config, group string) (*ck.AdminClient, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.admin != nil {
		return o.admin, nil
	}
	c, err := openConsumer(cfg, consumerConfig{group: group, onePerCall: true})
	if err != nil {
		return nil, err
	}
	admin, err := ck.NewAdminClientFromConsumer(c.client)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	o.consumer, o.admin = c, admin
	return admin, nil
}

// close ends the client. What it could not end in order is no matter: it has joined
// nothing and committed nothing.
func (o *offsetsClient) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.admin != nil {
		o.admin.Close()
		_ = o.consumer.close()
		o.admin = nil
	}
}

// askCommitted asks what a group has committed, again while its coordinator moves or
// loads. The caller bounds ctx; errors are the client's.
func (a *Admin) askCommitted(ctx context.Context, group string) (ck.ListConsumerGroupOffsetsResult, error) {
	client, err := a.offsets.open(a.cfg, group)
	if err != nil {
		return ck.ListConsumerGroupOffsetsResult{}, err
	}
	for {
		result, err := client.ListConsumerGroupOffsets(ctx, []ck.ConsumerGroupTopicPartitions{{Group: group}},
			ck.SetAdminRequestTimeout(a.cfg.timeout()), ck.SetAdminRequireStableOffsets(false))
		if !coordinatorMoves(err) || pause(ctx, pollInterval) != nil {
			return result, err
		}
	}
}

// coordinatorMoves tells the errors that pass when a group has found its coordinator.
func coordinatorMoves(err error) bool {
	var ke ck.Error
	if !errors.As(err, &ke) {
		return false
	}
	switch ke.Code() {
	case ck.ErrNotCoordinator, ck.ErrCoordinatorNotAvailable, ck.ErrCoordinatorLoadInProgress, ck.ErrWaitCoord:
		return true
	}
	return false
}
