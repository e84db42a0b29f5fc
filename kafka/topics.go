package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// TopicAnswer is the description of one topic, or the error of asking for it. For a topic
// that does not exist that is an *UnknownTopicError.
type TopicAnswer struct {
	Topic
	Err error
}

// TopicAnswers describes the named topics, each by itself, in that order. Like Topics
// it never creates one. The error is that of the request as a whole.
func (a *Admin) TopicAnswers(ctx context.Context, names ...string) ([]TopicAnswer, error) {
	if len(names) == 0 {
		return nil, nil
	}
	described, err := a.describe(ctx, names)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]ck.TopicDescription, len(described))
	for _, d := range described {
		byName[d.Name] = d
	}
	var unknown *UnknownTopicError // asked for once, whatever the number of wrong names
	answers := make([]TopicAnswer, len(names))
	for i, name := range names {
		answers[i] = TopicAnswer{Topic: Topic{Name: name}, Err: fmt.Errorf("%s: %w: the broker did not answer for it", name, ErrFailed)}
		d, ok := byName[name]
		if !ok {
			continue
		}
		switch code := d.Error.Code(); {
		case code == ck.ErrNoError:
			answers[i] = TopicAnswer{Topic: topicOf(d)}
		case notATopic(code):
			if unknown == nil {
				unknown = a.unknownTopic(ctx, name)
			}
			answers[i].Err = &UnknownTopicError{name, unknown.Existing}
		default:
			answers[i].Err = a.refusedOn(d.Error, "describe", "topic", name)
		}
	}
	return answers, nil
}

// notATopic reports whether code means that no topic has, or can have, the name.
func notATopic(code ck.ErrorCode) bool {
	return errors.Is(sentinelOf(code), ErrUnknownTopic) || code == ck.ErrTopicException
}

// AllTopics returns the descriptions of all topics that the user may see, sorted by name. A
// topic that is deleted meanwhile is left out.
func (a *Admin) AllTopics(ctx context.Context) ([]Topic, error) {
	names, err := a.TopicNames(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	described, err := a.describe(ctx, names)
	if err != nil {
		return nil, err
	}
	topics := make([]Topic, 0, len(names))
	for _, d := range described {
		switch code := d.Error.Code(); {
		case code == ck.ErrNoError:
			topics = append(topics, topicOf(d))
		case !notATopic(code):
			return nil, a.refusedOn(d.Error, "describe", "topic", d.Name)
		}
	}
	return topics, nil
}

// internalName tells the topics in which Apache Kafka's brokers keep group offsets,
// transactions, share groups and what is in tiered storage. The brokers say of the first
// three that they are internal, but the client does not hand that on.
func internalName(name string) bool {
	switch name {
	case "__consumer_offsets", "__transaction_state", "__share_group_state", "__remote_log_metadata":
		return true
	}
	return false
}

// UnderReplicated reports whether a replica is missing among those in sync.
func (p *Partition) UnderReplicated() bool { return len(p.ISR) < len(p.Replicas) }

// Offline reports whether nobody leads the partition: it can be neither read nor written.
func (p *Partition) Offline() bool { return p.Leader < 0 }

// Replication returns the number of replicas of each partition, or the smallest if they
// differ, as they do during a reassignment.
func (t *Topic) Replication() int {
	least := 0
	for i, p := range t.Partitions {
		if i == 0 || len(p.Replicas) < least {
			least = len(p.Replicas)
		}
	}
	return least
}

// AddPartitions increases the number of a topic's partitions to total. Existing records
// stay where they are, while new ones with the same keys may go to other partitions. With
// validateOnly the broker checks the request and changes nothing. AddPartitions returns
// when the new partitions have leaders and every broker that answers knows of them.
func (a *Admin) AddPartitions(ctx context.Context, name string, total int, validateOnly bool) error {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.CreatePartitions(ctx, []ck.PartitionsSpecification{{Topic: name, IncreaseTo: total}},
		operationWithin(a.cfg.timeout()), requestWithin(a.cfg.timeout()), ck.SetAdminValidateOnly(validateOnly))
	if err != nil {
		return explain(a.cfg, a.logs, err)
	}
	for _, r := range results {
		if r.Error.Code() != ck.ErrNoError {
			return a.refusedOn(r.Error, "alter", "topic", r.Topic)
		}
	}
	if validateOnly {
		return nil
	}
	return a.awaitLeaders(ctx, name, "given more partitions", total)
}

// DeleteRecords deletes the records before an offset in each partition (KIP-107). It
// returns for each the offset at which its log then starts, or its error.
func (a *Admin) DeleteRecords(ctx context.Context, before map[TopicPartition]int64) (starts map[TopicPartition]int64, failed map[TopicPartition]error, err error) {
	if len(before) == 0 {
		return nil, nil, nil
	}
	request := make([]ck.TopicPartition, 0, len(before))
	for tp, offset := range before {
		request = append(request, ck.TopicPartition{Topic: &tp.Topic, Partition: tp.Partition, Offset: ck.Offset(offset)})
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.DeleteRecords(ctx, request,
		operationWithin(a.cfg.timeout()), requestWithin(a.cfg.timeout()))
	if err != nil {
		return nil, nil, explain(a.cfg, a.logs, err)
	}
	starts, failed = map[TopicPartition]int64{}, map[TopicPartition]error{}
	for _, r := range result.DeleteRecordsResults {
		tp := TopicPartition{*r.TopicPartition.Topic, r.TopicPartition.Partition}
		switch {
		case r.TopicPartition.Error != nil:
			failed[tp] = fmt.Errorf("%s: %w", tp, a.cfg.deniedOn(explain(a.cfg, a.logs, r.TopicPartition.Error), "delete", "topic", tp.Topic))
		case r.DeletedRecords != nil:
			starts[tp] = int64(r.DeletedRecords.LowWatermark)
		}
	}
	return starts, failed, nil
}

// Cluster is the description of a cluster.
type Cluster struct {
	ID         string
	Controller int32 // -1 while there is none
	Brokers    []Broker
	// Operations are those that the user may do to the cluster as a whole, in the names
	// of ACLs; nil when the broker does not tell.
	Operations []string
}

// IDs are those of the brokers.
func (c *Cluster) IDs() []int32 {
	ids := make([]int32, len(c.Brokers))
	for i, b := range c.Brokers {
		ids[i] = b.ID
	}
	return ids
}

// Broker is a node of a cluster, at the address that it tells its clients.
type Broker struct {
	ID   int32
	Host string
	Port int
	Rack string // empty when it has none
}

// Address returns HOST:PORT.
func (b *Broker) Address() string { return net.JoinHostPort(b.Host, strconv.Itoa(b.Port)) }

// Cluster returns the description of the cluster. The brokers are those that are up, sorted
// by id.
func (a *Admin) Cluster(ctx context.Context) (*Cluster, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	d, err := a.client.DescribeCluster(ctx,
		requestWithin(a.cfg.timeout()), ck.SetAdminOptionIncludeAuthorizedOperations(true))
	if err != nil {
		return nil, fmt.Errorf("describe the cluster: %w", explain(a.cfg, a.logs, err))
	}
	c := &Cluster{Controller: -1}
	if d.ClusterID != nil {
		c.ID = *d.ClusterID
	}
	if d.Controller != nil {
		c.Controller = int32(d.Controller.ID)
	}
	for _, n := range d.Nodes {
		b := Broker{ID: int32(n.ID), Host: n.Host, Port: n.Port}
		if n.Rack != nil {
			b.Rack = *n.Rack
		}
		c.Brokers = append(c.Brokers, b)
	}
	slices.SortFunc(c.Brokers, func(a, b Broker) int { return cmp.Compare(a.ID, b.ID) })
	c.Operations = operationNames(d.AuthorizedOperations)
	return c, nil
}
