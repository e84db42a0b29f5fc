package kafka

import (
	"context"
	"errors"
	"sync"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// coordinators asks the coordinators of groups. Its client is a consumer's that joins
// nothing: when a coordinator has moved, librdkafka tells the group of the client that
// asked, and crashes in one without. It is opened by the first question. When it has had
// no answer another takes its place, because librdkafka goes on asking a coordinator that
// has left the cluster for as long as it is asked (its issue 5511).
type coordinators struct {
	mu  sync.Mutex
	now *coordinatorClient
}

type coordinatorClient struct {
	consumer *consumer
	admin    *ck.AdminClient
	users    sync.WaitGroup
}

// close waits for who uses the client. What it could not end in order is no matter: it
// has joined nothing and committed nothing.
func (c *coordinatorClient) close() {
	c.users.Wait()
	c.admin.Close()
	_ = c.consumer.close()
}

// use returns the client for questions about a group, opening it if needed. The caller
// must call users.Done on it when done.
func (o *coordinators) use(cfg Config, group string) (*coordinatorClient, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now == nil {
		c, err := openConsumer(cfg, consumerConfig{group: group, onePerCall: true})
		if err != nil {
			return nil, err
		}
		admin, err := ck.NewAdminClientFromConsumer(c.client)
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		o.now = &coordinatorClient{consumer: c, admin: admin}
	}
	o.now.users.Add(1)
	return o.now, nil
}

// forget lets the next question go to a new client. Nobody waits for the end of the old
// one.
func (o *coordinators) forget(c *coordinatorClient) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now == c {
		o.now = nil
		go c.close() // ends when its users have had their answers, which are bounded in time
	}
}

// close ends the client.
func (o *coordinators) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now != nil {
		o.now.close()
		o.now = nil
	}
}

// question asks within a time that the option bounds.
type question func(client *ck.AdminClient, within ck.AdminOptionRequestTimeout) error

// askCoordinator asks about a group, again while its coordinator moves, loads or does not
// answer. The caller bounds ctx; errors are the client's.
func (a *Admin) askCoordinator(ctx context.Context, group string, ask question) error {
	for limit := a.cfg.timeout() / 4; ; {
		c, err := a.coordinators.use(a.cfg, group)
		if err != nil {
			return err
		}
		err = ask(c.admin, requestWithin(limit))
		c.users.Done()
		switch {
		case coordinatorMoves(err):
		case hadNoAnswer(err):
			a.coordinators.forget(c)
			limit = min(2*limit, a.cfg.timeout())
		default:
			return err
		}
		if pause(ctx, pollInterval) != nil {
			return err
		}
	}
}

// coordinatorMoves reports whether err passes once a group has found its coordinator.
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

// hadNoAnswer reports whether err means that no broker answered.
func hadNoAnswer(err error) bool {
	var ke ck.Error
	if !errors.As(err, &ke) {
		return errors.Is(err, context.DeadlineExceeded)
	}
	switch ke.Code() {
	case ck.ErrTransport, ck.ErrTimedOut, ck.ErrAllBrokersDown, ck.ErrDestroy:
		return true
	}
	return false
}
