package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Fault makes matching requests fail. Fields left out match everything.
//
// The broker rejects the request before it acts on it, with two exceptions:
// REQUEST_TIMED_OUT (7) and, for produce, NOT_ENOUGH_REPLICAS_AFTER_APPEND (20)
// are answered after the work was done, as a broker's lost acknowledgement is.
type Fault struct {
	// Requests are the API keys it applies to: 0 produce, 1 fetch, 3 metadata,
	// 8 offset commit, 22 init producer id, and so on.
	Requests []int16
	Nodes    []int32

	Topic           string
	Partitions      []int32
	Group           string
	TransactionalID string
	// TopLevel fails the request as a whole, where its response can say so.
	TopLevel bool

	// Code is the Kafka error that clients get.
	Code int16
	// Count is how many requests fail: 0 means one, -1 means all until Remove.
	Count int
}

// Failure is an installed Fault.
type Failure struct {
	handle *kfake.FaultHandle
}

// Fail installs a fault. It is an error when no Kafka error has f.Code.
//
// This and the methods below act on a running broker; after Close they wait for
// ever.
func (b *Broker) Fail(f Fault) (*Failure, error) {
	var cause *kerr.Error
	if !errors.As(kerr.ErrorForCode(f.Code), &cause) || f.Code != kerr.UnknownServerError.Code && cause == kerr.UnknownServerError {
		return nil, fmt.Errorf("no Kafka error has code %d", f.Code)
	}
	keys := make([]kmsg.Key, len(f.Requests))
	for i, k := range f.Requests {
		keys[i] = kmsg.Key(k)
	}
	return &Failure{b.cluster.Fault(kfake.Fault{
		Keys: keys, Nodes: f.Nodes, Topic: f.Topic, Partitions: f.Partitions, Group: f.Group,
		TxnID: f.TransactionalID, TopLevel: f.TopLevel, Err: cause, Count: f.Count,
	})}, nil
}

// Hits is how many requests have failed so far.
func (f *Failure) Hits() int { return f.handle.Hits() }

// Wait waits until n requests have failed; its error is that of ctx.
func (f *Failure) Wait(ctx context.Context, n int) error { return f.handle.Wait(ctx, n) }

// Remove lets requests through again.
func (f *Failure) Remove() { f.handle.Remove() }

// MoveLeaders elects another leader for each partition, at random, and starts a
// new leader epoch. With one node only the epoch changes.
func (b *Broker) MoveLeaders() { b.cluster.ShufflePartitionLeaders() }

// Clean compacts topics whose cleanup.policy says so and deletes what retention
// does not keep, now rather than after log.cleaner.backoff.ms.
func (b *Broker) Clean() { b.cluster.Compact() }

// WaitGroup waits until the group, of the classic or the KIP-848 protocol, is
// stable with that many members; with 0, until it exists and is empty. Its error
// is that of ctx.
func (b *Broker) WaitGroup(ctx context.Context, group string, members int) error {
	if members > 0 {
		_, err := b.cluster.WaitGroupStable(ctx, group, members)
		return err
	}
	_, err := b.cluster.WaitGroupInfo(ctx, group, func(g *kfake.GroupInfo) bool {
		return g != nil && len(g.Members) == 0
	})
	return err
}
