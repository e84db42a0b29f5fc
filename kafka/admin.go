package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Admin asks and changes a cluster; it moves no records. It may be shared by
// goroutines.
type Admin struct {
	cfg    Config
	client *ck.AdminClient
	logs   *logs
}

// OpenAdmin connects to the cluster: it returns when a broker has accepted a
// connection. Close it when done. A broker that refuses is an error at once, one that
// keeps silent when the first request times out; both wrap ErrUnreachable.
func OpenAdmin(ctx context.Context, cfg Config) (*Admin, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := preflight(ctx, cfg); err != nil {
		return nil, err
	}
	l := newLogs(cfg.Log)
	client, err := ck.NewAdminClient(cfg.properties("admin", ck.ConfigMap{
		"go.logs.channel.enable": true,
		"go.logs.channel":        l.channel,
	}))
	if err != nil {
		l.stop()
		return nil, explain(cfg, l, err)
	}
	return &Admin{cfg, client, l}, nil
}

// Close ends the connection.
func (a *Admin) Close() {
	a.client.Close()
	a.logs.stop()
}

// bounded limits one request, leaving the client a moment to say what was wrong.
func (a *Admin) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.cfg.timeout())
}

// Topic is what a cluster says about a topic.
type Topic struct {
	Name       string
	ID         string // a topic that is deleted and created again has another
	Internal   bool
	Partitions []Partition
}

// Partition is one partition of a Topic. Leader is -1 while there is none.
type Partition struct {
	ID       int32
	Leader   int32
	Replicas []int32
	ISR      []int32
}

// Topics describes the named topics, in that order. It never creates one: the request
// is DescribeTopics, not a metadata request by name. A name that does not exist is an
// *UnknownTopicError that lists what does.
func (a *Admin) Topics(ctx context.Context, names ...string) ([]Topic, error) {
	described, err := a.describe(ctx, names)
	if err != nil {
		return nil, err
	}
	topics := make([]Topic, 0, len(names))
	for _, d := range described {
		switch code := d.Error.Code(); {
		case code == ck.ErrNoError:
			topics = append(topics, topicOf(d))
		case sentinelOf(code) == ErrUnknownTopic || code == ck.ErrTopicException:
			return nil, a.unknownTopic(ctx, d.Name)
		default:
			return nil, fmt.Errorf("%s: %w", d.Name, explain(a.cfg, a.logs, d.Error))
		}
	}
	return topics, nil
}

func (a *Admin) describe(ctx context.Context, names []string) ([]ck.TopicDescription, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.DescribeTopics(ctx, ck.NewTopicCollectionOfTopicNames(names),
		ck.SetAdminRequestTimeout(a.cfg.timeout()))
	if err != nil {
		return nil, explain(a.cfg, a.logs, err)
	}
	return result.TopicDescriptions, nil
}

func topicOf(d ck.TopicDescription) Topic {
	t := Topic{Name: d.Name, ID: d.TopicID.String(), Internal: d.IsInternal}
	for _, p := range d.Partitions {
		partition := Partition{ID: int32(p.Partition), Leader: -1, Replicas: nodeIDs(p.Replicas), ISR: nodeIDs(p.Isr)}
		if p.Leader != nil {
			partition.Leader = int32(p.Leader.ID)
		}
		t.Partitions = append(t.Partitions, partition)
	}
	slices.SortFunc(t.Partitions, func(a, b Partition) int { return cmp.Compare(a.ID, b.ID) })
	return t
}

func nodeIDs(nodes []ck.Node) []int32 {
	ids := make([]int32, len(nodes))
	for i, n := range nodes {
		ids[i] = int32(n.ID)
	}
	return ids
}

// UnknownTopicError names a topic that does not exist, and those that do.
type UnknownTopicError struct {
	Topic    string
	Existing []string
}

func (e *UnknownTopicError) Error() string { return e.Topic + ": no such topic" }

// Is makes it an ErrUnknownTopic.
func (e *UnknownTopicError) Is(target error) bool { return target == ErrUnknownTopic }

func (a *Admin) unknownTopic(ctx context.Context, name string) error {
	existing, err := a.TopicNames(ctx)
	if err != nil {
		existing = nil // the topic is unknown all the same; only the hint is poorer
	}
	return &UnknownTopicError{name, existing}
}

// TopicNames lists all topics that the user may see, sorted.
func (a *Admin) TopicNames(context.Context) ([]string, error) {
	m, err := a.client.GetMetadata(nil, true, int(a.cfg.timeout().Milliseconds()))
	if err != nil {
		return nil, explain(a.cfg, a.logs, err)
	}
	return slices.Sorted(maps.Keys(m.Topics)), nil
}

// TopicConfig is how to create a topic. Zero Partitions or Replication leave the
// number to the broker.
type TopicConfig struct {
	Name        string
	Partitions  int
	Replication int
	Config      map[string]string
}

// CreateTopic creates a topic and returns when its partitions have leaders. A topic
// that is there already is ErrExists.
func (a *Admin) CreateTopic(ctx context.Context, t TopicConfig) error {
	spec := ck.TopicSpecification{Topic: t.Name, NumPartitions: -1, ReplicationFactor: -1, Config: t.Config}
	if t.Partitions > 0 {
		spec.NumPartitions = t.Partitions
	}
	if t.Replication > 0 {
		spec.ReplicationFactor = t.Replication
	}
	bounded, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.CreateTopics(bounded, []ck.TopicSpecification{spec},
		ck.SetAdminOperationTimeout(a.cfg.timeout()), ck.SetAdminRequestTimeout(a.cfg.timeout()))
	if err != nil {
		return explain(a.cfg, a.logs, err)
	}
	for _, r := range results {
		if r.Error.Code() != ck.ErrNoError {
			return fmt.Errorf("%s: %w", r.Topic, explain(a.cfg, a.logs, r.Error))
		}
	}
	return a.awaitLeaders(bounded, t.Name)
}

// awaitLeaders waits until every partition of a new topic has a leader: before that a
// client that knows it would still be told that it does not exist.
func (a *Admin) awaitLeaders(ctx context.Context, name string) error {
	for {
		topics, err := a.Topics(ctx, name)
		if err == nil && !slices.ContainsFunc(topics[0].Partitions, func(p Partition) bool { return p.Leader < 0 }) {
			return nil
		}
		if err != nil && !errors.Is(err, ErrUnknownTopic) {
			return err
		}
		if err := pause(ctx, pollInterval); err != nil {
			return fmt.Errorf("%s: created, and no leader yet: %w", name, err)
		}
	}
}

// DeleteTopic deletes a topic with all its records.
func (a *Admin) DeleteTopic(ctx context.Context, name string) error {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.DeleteTopics(ctx, []string{name},
		ck.SetAdminOperationTimeout(a.cfg.timeout()), ck.SetAdminRequestTimeout(a.cfg.timeout()))
	if err != nil {
		return explain(a.cfg, a.logs, err)
	}
	for _, r := range results {
		if r.Error.Code() != ck.ErrNoError {
			return fmt.Errorf("%s: %w", r.Topic, explain(a.cfg, a.logs, r.Error))
		}
	}
	return nil
}
