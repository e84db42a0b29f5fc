// Package witness looks at a cluster through a client library that kstream does
// not read or write with, so that a test of kstream does not ask kstream
// whether it is right.
package witness

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// requestMillis bounds what a broker may take for a request that changes topics.
const requestMillis = 30_000

// Client asks one cluster. Its methods may be called from any goroutine.
type Client struct{ c *kgo.Client }

// Open returns a client of the cluster at brokers, a comma separated list; it
// connects at the first question. Whoever opens it closes it.
func Open(brokers string) (*Client, error) {
	c, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...))
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	return &Client{c}, nil
}

// Close closes the connections.
func (w *Client) Close() { w.c.Close() }

// Nodes returns the number of brokers that are up.
func (w *Client) Nodes(ctx context.Context) (int, error) {
	r := metadataRequest()
	r.Topics = []kmsg.MetadataRequestTopic{} // none
	answer, err := r.RequestWith(ctx, w.c)
	if err != nil {
		return 0, fmt.Errorf("list brokers: %w", err)
	}
	return len(answer.Brokers), nil
}

// Coordinated waits until the brokers of Apache Kafka can keep groups: the topic of their
// offsets, which is made when it is first needed, is known to every one. The group is any.
func (w *Client) Coordinated(ctx context.Context, group string) error {
	if _, err := w.Committed(ctx, group); err != nil {
		return err
	}
	const name = "__consumer_offsets"
	if err := w.everywhere(ctx, func(answer *kmsg.MetadataResponse) bool { return led(answer, name) > 0 }, name); err != nil {
		return fmt.Errorf("wait for %s: %w", name, err)
	}
	return nil
}

// Topics returns the names of all topics, sorted, without internal ones.
func (w *Client) Topics(ctx context.Context) ([]string, error) {
	answer, err := metadataRequest().RequestWith(ctx, w.c)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return topicNames(answer), nil
}

// CreateTopic creates a topic with the broker's default replication and with
// configs, each NAME=VALUE, and returns when every broker knows it and who leads it.
func (w *Client) CreateTopic(ctx context.Context, name string, partitions int32, configs ...string) error {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = name, partitions, -1
	for _, text := range configs {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("topic %s: configuration %q, want NAME=VALUE", name, text)
		}
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = key, &value
		t.Configs = append(t.Configs, c)
	}
	r := kmsg.NewCreateTopicsRequest()
	r.TimeoutMillis = requestMillis
	r.Topics = append(r.Topics, t)
	answer, err := r.RequestWith(ctx, w.c)
	if err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return fmt.Errorf("create topic %s: %w", name, err)
		}
	}
	if err := w.awaitLeaders(ctx, name, int(partitions)); err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	return nil
}

// awaitLeaders asks every broker until each knows that many partitions with a leader: a
// topic that has just been created may be unknown to some of them for a moment. Brokers
// that are no longer listed are not asked.
func (w *Client) awaitLeaders(ctx context.Context, name string, partitions int) error {
	return w.everywhere(ctx, func(answer *kmsg.MetadataResponse) bool { return led(answer, name) == partitions }, name)
}

// everywhere asks every broker for topics, or for all when none is named, until each has
// given an answer that settled accepts. Who does not answer is asked again, unless the
// others no longer list it.
func (w *Client) everywhere(ctx context.Context, settled func(*kmsg.MetadataResponse) bool, topics ...string) error {
	r := metadataRequest(topics...)
	for {
		answer, err := r.RequestWith(ctx, w.c)
		if err != nil {
			return err
		}
		waiting := -1
		for _, b := range answer.Brokers {
			answer, err := r.RequestWith(ctx, w.c.Broker(int(b.NodeID)))
			if err != nil || !settled(answer) {
				waiting = int(b.NodeID)
				break
			}
		}
		if waiting < 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("broker %d does not know yet: %w", waiting, err)
		}
	}
}

// metadataRequest asks for the topics of these names, or for all.
func metadataRequest(topics ...string) *kmsg.MetadataRequest {
	r := kmsg.NewPtrMetadataRequest()
	for _, name := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &name
		r.Topics = append(r.Topics, t)
	}
	return r
}

// led returns how many partitions of a topic have a leader, by the answer of a broker.
func led(answer *kmsg.MetadataResponse, name string) int {
	n := 0
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if t.Topic != nil && *t.Topic == name && p.ErrorCode == 0 && p.Leader >= 0 {
				n++
			}
		}
	}
	return n
}

// topicNames lists the topics of an answer, sorted, without internal ones.
func topicNames(answer *kmsg.MetadataResponse) []string {
	var names []string
	for _, t := range answer.Topics {
		if t.Topic != nil && !t.IsInternal {
			names = append(names, *t.Topic)
		}
	}
	slices.Sort(names)
	return names
}

// leaders returns how many partitions of a topic have a leader.
func (w *Client) leaders(ctx context.Context, name string) (int, error) {
	answer, err := metadataRequest(name).RequestWith(ctx, w.c)
	if err != nil {
		return 0, err
	}
	return led(answer, name), nil
}

// Leaders returns the node that leads each partition of a topic, -1 where nobody does.
func (w *Client) Leaders(ctx context.Context, name string) (map[int32]int32, error) {
	answer, err := metadataRequest(name).RequestWith(ctx, w.c)
	if err != nil {
		return nil, err
	}
	leaders := map[int32]int32{}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			leaders[p.Partition] = p.Leader
		}
	}
	return leaders, nil
}

// DeleteTopics deletes every topic whose name begins with prefix, and waits until no broker
// lists one.
func (w *Client) DeleteTopics(ctx context.Context, prefix string) error {
	names, err := w.Topics(ctx)
	if err != nil {
		return err
	}
	r := kmsg.NewDeleteTopicsRequest()
	r.TimeoutMillis = requestMillis
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			t := kmsg.NewDeleteTopicsRequestTopic()
			t.Topic = &name
			r.Topics = append(r.Topics, t)
			r.TopicNames = append(r.TopicNames, name)
		}
	}
	if len(r.Topics) == 0 {
		return nil
	}
	if _, err := r.RequestWith(ctx, w.c); err != nil {
		return fmt.Errorf("delete topics %s…: %w", prefix, err)
	}
	gone := func(answer *kmsg.MetadataResponse) bool {
		return !slices.ContainsFunc(topicNames(answer), func(name string) bool { return strings.HasPrefix(name, prefix) })
	}
	if err := w.everywhere(ctx, gone); err != nil {
		return fmt.Errorf("delete topics %s…: %w", prefix, err)
	}
	return nil
}
