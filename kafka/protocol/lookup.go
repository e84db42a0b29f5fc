package protocol

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Leader returns the number of the broker that leads a partition. Errors of the topic or
// the partition are those of kerr. No topic is created.
func (c *Client) Leader(ctx context.Context, topic string, partition int32) (int32, error) {
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = &topic
	answer, err := c.metadata(ctx, []kmsg.MetadataRequestTopic{asked})
	if err != nil {
		return -1, err
	}
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return -1, err
		}
		for _, p := range t.Partitions {
			if p.Partition != partition {
				continue
			}
			if p.Leader < 0 {
				return -1, kerr.LeaderNotAvailable
			}
			return p.Leader, nil
		}
	}
	return -1, kerr.UnknownTopicOrPartition
}

// Controller returns the number of the broker that takes requests for the controller.
func (c *Client) Controller(ctx context.Context) (int32, error) {
	answer, err := c.metadata(ctx, nil)
	if err != nil {
		return -1, err
	}
	if answer.ControllerID < 0 {
		return -1, kerr.NotController
	}
	return answer.ControllerID, nil
}

// CoordinatorKind is what a coordinator is for, in Kafka's numbers.
type CoordinatorKind int8

// The kinds of coordinators: their keys are a group and a transactional id.
const (
	GroupCoordinator       CoordinatorKind = 0
	TransactionCoordinator CoordinatorKind = 1
)

// Coordinator returns the number of the broker that coordinates a group or a transactional
// id. Errors of the coordinator are those of kerr.
func (c *Client) Coordinator(ctx context.Context, kind CoordinatorKind, key string) (int32, error) {
	r := kmsg.NewPtrFindCoordinatorRequest()
	r.CoordinatorType, r.CoordinatorKey, r.CoordinatorKeys = int8(kind), key, []string{key} // versions differ in it
	answer, err := r.RequestWith(ctx, c.Any())
	if err != nil {
		return -1, err
	}
	id, host, port, code := answer.NodeID, answer.Host, answer.Port, answer.ErrorCode
	if answer.Version >= 4 {
		if len(answer.Coordinators) != 1 {
			return -1, fmt.Errorf("%d coordinators of one key", len(answer.Coordinators))
		}
		found := answer.Coordinators[0]
		id, host, port, code = found.NodeID, found.Host, found.Port, found.ErrorCode
	}
	if err := kerr.ErrorForCode(code); err != nil {
		return -1, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addresses[id] = hostPort(host, port)
	return id, nil
}

// metadata asks for topics, and notes where the brokers are.
func (c *Client) metadata(ctx context.Context, topics []kmsg.MetadataRequestTopic) (*kmsg.MetadataResponse, error) {
	r := kmsg.NewPtrMetadataRequest()
	r.Topics = append([]kmsg.MetadataRequestTopic{}, topics...) // none are not nil, which means all
	r.AllowAutoTopicCreation = false
	answer, err := r.RequestWith(ctx, c.Any())
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.addresses)
	for _, b := range answer.Brokers {
		c.addresses[b.NodeID] = hostPort(b.Host, b.Port)
	}
	return answer, nil
}

func hostPort(host string, port int32) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// Versions returns the requests that the broker answers, each with its newest version. A
// broker that wants a login tells them before it.
func (t Target) Versions(ctx context.Context) (map[int16]int16, error) {
	used, one, err := t.client.take(ctx, t.id)
	if err != nil {
		return nil, err
	}
	used.forget(one)
	newest := make(map[int16]int16, len(used.versions))
	for key, v := range used.versions {
		newest[key] = v.most
	}
	return newest, nil
}
