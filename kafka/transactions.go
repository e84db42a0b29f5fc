package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"kstream/kafka/protocol"
)

// Transaction is a transaction as its coordinator knows it (KIP-664).
type Transaction struct {
	ID            string // the transactional id
	ProducerID    int64
	ProducerEpoch int16
	State         string // Ongoing, PrepareCommit, …, in Kafka's words
	Coordinator   int32
	Started       time.Time // zero when none is open
	Timeout       time.Duration
	Partitions    []TopicPartition // those that it has written to, sorted
}

// OpenTransaction is a transaction that is open in a partition, as its leader knows it:
// readers of committed records wait for it.
type OpenTransaction struct {
	TopicPartition
	ProducerID       int64
	ProducerEpoch    int16
	CoordinatorEpoch int32
	Start            int64     // offset of its first record
	Last             time.Time // when its producer last wrote; zero when unknown
}

// Transactions returns the transactions of all coordinators that the user may see, sorted
// by id. States, when there are any, are the only ones that are looked for.
func (a *Admin) Transactions(ctx context.Context, states ...string) (found []Transaction, err error) {
	err = a.onWire(ctx, func(ctx context.Context, w *wire) error {
		cluster, err := a.Cluster(ctx)
		if err != nil {
			return err
		}
		var mu sync.Mutex
		return forEach(cluster.Brokers, func(b Broker) error {
			request := kmsg.NewPtrListTransactionsRequest()
			request.StateFilters = states
			answer, err := request.RequestWith(ctx, w.client.Broker(b.ID))
			if err == nil {
				err = kerr.ErrorForCode(answer.ErrorCode)
			}
			if err != nil {
				return fmt.Errorf("broker %d: %w", b.ID, err)
			}
			describe := kmsg.NewPtrDescribeTransactionsRequest()
			for _, t := range answer.TransactionStates {
				describe.TransactionalIDs = append(describe.TransactionalIDs, t.TransactionalID)
			}
			if len(describe.TransactionalIDs) == 0 {
				return nil
			}
			described, err := describe.RequestWith(ctx, w.client.Broker(b.ID))
			if err != nil {
				return fmt.Errorf("broker %d: %w", b.ID, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, t := range described.TransactionStates {
				if kerr.ErrorForCode(t.ErrorCode) == nil { // it has not ended meanwhile
					found = append(found, transactionOf(t, b.ID))
				}
			}
			return nil
		})
	})
	slices.SortFunc(found, func(a, b Transaction) int { return cmp.Compare(a.ID, b.ID) })
	return found, err
}

// Transaction returns the transaction of one id. The error wraps ErrNoTransaction when no
// coordinator knows the id.
func (a *Admin) Transaction(ctx context.Context, id string) (found Transaction, err error) {
	err = a.onWire(ctx, func(ctx context.Context, w *wire) error {
		coordinator, err := w.client.Coordinator(ctx, protocol.TransactionCoordinator, id)
		if err != nil {
			return err
		}
		request := kmsg.NewPtrDescribeTransactionsRequest()
		request.TransactionalIDs = []string{id}
		answer, err := request.RequestWith(ctx, w.client.Broker(coordinator))
		if err != nil {
			return err
		}
		if len(answer.TransactionStates) != 1 {
			return fmt.Errorf("%w: an answer for other ids than asked", ErrFailed)
		}
		switch err := kerr.ErrorForCode(answer.TransactionStates[0].ErrorCode); {
		case errors.Is(err, kerr.TransactionalIDNotFound):
			return fmt.Errorf("%s: %w", id, ErrNoTransaction)
		case err != nil:
			return fmt.Errorf("%s: %w", id, err)
		}
		found = transactionOf(answer.TransactionStates[0], coordinator)
		return nil
	})
	return found, err
}

// ErrNoTransaction is the error for a transactional id, or a place, without a transaction.
var ErrNoTransaction = errors.New("no such transaction")

func transactionOf(t kmsg.DescribeTransactionsResponseTransactionState, coordinator int32) Transaction {
	tx := Transaction{
		ID: t.TransactionalID, ProducerID: t.ProducerID, ProducerEpoch: t.ProducerEpoch, State: t.State,
		Coordinator: coordinator, Timeout: time.Duration(t.TimeoutMillis) * time.Millisecond,
	}
	if t.StartTimestamp > 0 {
		tx.Started = time.UnixMilli(t.StartTimestamp)
	}
	for _, topic := range t.Topics {
		for _, p := range topic.Partitions {
			tx.Partitions = append(tx.Partitions, TopicPartition{topic.Topic, p})
		}
	}
	slices.SortFunc(tx.Partitions, TopicPartition.compare)
	return tx
}

// OpenTransactions returns what is open in partitions, sorted by partition and offset. In
// partitions that are gone nothing is.
func (a *Admin) OpenTransactions(ctx context.Context, partitions []TopicPartition) (found []OpenTransaction, err error) {
	err = a.onWire(ctx, func(ctx context.Context, w *wire) error {
		var mu sync.Mutex
		return forEach(partitions, func(tp TopicPartition) error {
			leader, err := w.leader(ctx, tp)
			if errors.Is(err, kerr.UnknownTopicOrPartition) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", tp, err)
			}
			request := kmsg.NewPtrDescribeProducersRequest()
			topic := kmsg.NewDescribeProducersRequestTopic()
			topic.Topic, topic.Partitions = tp.Topic, []int32{tp.Partition}
			request.Topics = append(request.Topics, topic)
			answer, err := request.RequestWith(ctx, w.client.Broker(leader))
			if err != nil {
				return fmt.Errorf("%s: %w", tp, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, t := range answer.Topics {
				for _, p := range t.Partitions {
					err := kerr.ErrorForCode(p.ErrorCode)
					if errors.Is(err, kerr.UnknownTopicOrPartition) {
						continue
					}
					if err != nil {
						return fmt.Errorf("%s: %w", tp, err)
					}
					for _, producer := range p.ActiveProducers {
						if producer.CurrentTxnStartOffset >= 0 {
							found = append(found, openOf(tp, producer))
						}
					}
				}
			}
			return nil
		})
	})
	slices.SortFunc(found, func(a, b OpenTransaction) int {
		return cmp.Or(a.TopicPartition.compare(b.TopicPartition), cmp.Compare(a.Start, b.Start))
	})
	return found, err
}

func openOf(tp TopicPartition, p kmsg.DescribeProducersResponseTopicPartitionActiveProducer) OpenTransaction {
	open := OpenTransaction{
		TopicPartition: tp, ProducerID: p.ProducerID, ProducerEpoch: int16(p.ProducerEpoch),
		CoordinatorEpoch: p.CoordinatorEpoch, Start: p.CurrentTxnStartOffset,
	}
	if p.LastTimestamp >= 0 {
		open.Last = time.UnixMilli(p.LastTimestamp)
	}
	return open
}

// AbortOpen ends a transaction in one partition, by a marker that the leader writes
// (KIP-664): readers go on, and see none of its records. What the coordinator knows, and
// other partitions, stay as they are. The user needs ALTER on the cluster.
func (a *Admin) AbortOpen(ctx context.Context, open OpenTransaction) error {
	return a.onWire(ctx, func(ctx context.Context, w *wire) error {
		leader, err := w.leader(ctx, open.TopicPartition)
		if err != nil {
			return err
		}
		request := kmsg.NewPtrWriteTxnMarkersRequest()
		marker := kmsg.NewWriteTxnMarkersRequestMarker()
		marker.ProducerID, marker.ProducerEpoch = open.ProducerID, open.ProducerEpoch
		marker.CoordinatorEpoch = max(open.CoordinatorEpoch, 0)
		topic := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
		topic.Topic, topic.Partitions = open.Topic, []int32{open.Partition}
		marker.Topics = append(marker.Topics, topic)
		request.Markers = append(request.Markers, marker)
		answer, err := request.RequestWith(ctx, w.client.Broker(leader))
		if err != nil {
			return err
		}
		for _, m := range answer.Markers {
			for _, t := range m.Topics {
				for _, p := range t.Partitions {
					if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// onWire lets do send requests of the protocol itself, within the time of a request, and
// puts a sentinel before its error.
func (a *Admin) onWire(ctx context.Context, do func(context.Context, *wire) error) error {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	w, err := openWire(a.cfg)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProperty, err)
	}
	defer w.close()
	err = do(ctx, w)
	var ke *kerr.Error
	switch {
	case err == nil || errors.Is(err, ErrNoTransaction) || errors.Is(err, ErrFailed):
		return err
	case errors.Is(err, kerr.TransactionalIDAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed), errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.GroupAuthorizationFailed):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	case errors.As(err, &ke):
		return fmt.Errorf("%w: %w", ErrFailed, err)
	}
	return wireError(err)
}

// forEach calls do for each item side by side, and returns the first error.
func forEach[T any](items []T, do func(T) error) error {
	var all errgroup.Group
	all.SetLimit(lagsAtOnce)
	for _, item := range items {
		all.Go(func() error { return do(item) })
	}
	return all.Wait()
}
