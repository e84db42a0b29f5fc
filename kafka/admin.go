package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Admin describes and changes a cluster; it neither reads nor writes records. It is safe
// for concurrent use.
type Admin struct {
	cfg    Config
	client *ck.AdminClient
	logs   *logs
	login  *login

	coordinators coordinators
	leaders      leaders
}

// OpenAdmin connects to the cluster and returns once it has answered, and can be reached at
// an address that it advertises. If all brokers refuse, it fails at once; so it does when a
// login is refused, or TLS fails for a reason that stays. The caller must Close the Admin.
func OpenAdmin(ctx context.Context, cfg Config) (*Admin, error) {
	end := time.Now().Add(cfg.timeout())
	if err := Reachable(ctx, cfg); err != nil {
		return nil, err
	}
	l := newLogs(cfg.Log)
	client, err := ck.NewAdminClient(cfg.properties("admin", l.properties()))
	if err != nil {
		l.stop(nil)
		return nil, explain(cfg, l, err)
	}
	l.take(client)
	login, err := keepLogin(cfg, client, l)
	if err != nil {
		l.stop(client.Close)
		return nil, err
	}
	a := &Admin{cfg: cfg, client: client, logs: l, login: login}
	if err := a.connectedWithin(ctx, time.Until(end)); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// Close ends the connection.
func (a *Admin) Close() {
	a.coordinators.close()
	a.login.stop()
	a.logs.stop(a.client.Close)
}

// bounded returns a context for one request, which ends after the configured timeout.
func (a *Admin) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.cfg.timeout())
}

// Topic is the description of a topic.
type Topic struct {
	Name       string
	ID         string // a topic that is deleted and created again has another
	Internal   bool   // brokers keep their own records in it
	Partitions []Partition
}

// Partition is one partition of a Topic. Leader is -1 while there is none.
type Partition struct {
	ID       int32
	Leader   int32
	Replicas []int32
	ISR      []int32
}

// Topics returns the descriptions of the named topics, in the order of the names. It never
// creates a topic: the client's DescribeTopics does not allow the broker to, whereas its
// GetMetadata may. If a topic does not exist the error is an *UnknownTopicError.
func (a *Admin) Topics(ctx context.Context, names ...string) ([]Topic, error) {
	answers, err := a.TopicAnswers(ctx, names...)
	if err != nil {
		return nil, err
	}
	topics := make([]Topic, 0, len(names))
	for _, answer := range answers {
		if answer.Err != nil {
			return nil, answer.Err
		}
		topics = append(topics, answer.Topic)
	}
	return topics, nil
}

// describe describes topics and retries where that helps. The client sends the request to
// the broker that it takes for the controller, and if that broker has just gone it waits
// for it until the request times out. A metadata request makes it find the new one.
func (a *Admin) describe(ctx context.Context, names []string) ([]ck.TopicDescription, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	for limit := a.cfg.timeout() / 4; ; limit *= 2 {
		result, err := a.client.DescribeTopics(ctx, ck.NewTopicCollectionOfTopicNames(names), requestWithin(limit))
		if err == nil {
			return result.TopicDescriptions, nil
		}
		var ke ck.Error
		if !errors.As(err, &ke) || ke.Code() != ck.ErrTimedOut && ke.Code() != ck.ErrTransport || limit >= a.cfg.timeout() || ctx.Err() != nil {
			return nil, explain(a.cfg, a.logs, err)
		}
		if _, err := a.TopicNames(ctx); err != nil {
			return nil, err
		}
	}
}

// topicID returns the id of a topic as Kafka and its tools write it (KIP-516): in the
// base64 alphabet for URLs, where librdkafka uses the standard one.
func topicID(text string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(text) }

func topicOf(d ck.TopicDescription) Topic {
	t := Topic{Name: d.Name, ID: topicID(d.TopicID.String()), Internal: d.IsInternal || internalName(d.Name)}
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

// UnknownTopicError is the error for a topic that does not exist. It lists those that do,
// and wraps ErrUnknownTopic.
type UnknownTopicError struct {
	Topic    string
	Existing []string
}

func (e *UnknownTopicError) Error() string { return e.Topic + ": no such topic" }

// Is reports whether target is ErrUnknownTopic.
func (e *UnknownTopicError) Is(target error) bool { return target == ErrUnknownTopic }

func (a *Admin) unknownTopic(ctx context.Context, name string) *UnknownTopicError {
	existing, err := a.TopicNames(ctx)
	if err != nil {
		existing = nil // the topic is unknown all the same; only the hint is poorer
	}
	return &UnknownTopicError{name, existing}
}

// TopicNames returns the names of all topics that the user may see, sorted.
func (a *Admin) TopicNames(context.Context) ([]string, error) {
	m, err := a.client.GetMetadata(nil, true, millis(a.cfg.timeout(), 0, maxSpan))
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
	// ValidateOnly lets the broker check whether the topic could be created, and create
	// nothing.
	ValidateOnly bool
}

// CreateTopic creates a topic and returns when its partitions have leaders and every
// broker that answers knows of them. Its error wraps ErrExists if the topic exists already.
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
		operationWithin(a.cfg.timeout()), requestWithin(a.cfg.timeout()), ck.SetAdminValidateOnly(t.ValidateOnly))
	if err != nil {
		return explain(a.cfg, a.logs, err)
	}
	for _, r := range results {
		if r.Error.Code() != ck.ErrNoError {
			return a.named(a.explainSetting(r.Error), "create", "topic", r.Topic)
		}
	}
	if t.ValidateOnly {
		return nil
	}
	return a.awaitLeaders(bounded, t.Name, "created", max(1, t.Partitions))
}

// awaitLeaders waits until a topic has that many partitions or more, each with a leader,
// for every broker that answers: before that, a client may be told that they do not exist.
// done is, for error messages, what has been done to the topic.
func (a *Admin) awaitLeaders(ctx context.Context, name, done string, partitions int) error {
	for {
		topics, err := a.Topics(ctx, name)
		if err == nil && len(topics[0].Partitions) >= partitions &&
			!slices.ContainsFunc(topics[0].Partitions, func(p Partition) bool { return p.Offline() }) {
			break
		}
		if err != nil && !errors.Is(err, ErrUnknownTopic) {
			return err
		}
		if err := pause(ctx, pollInterval); err != nil {
			return fmt.Errorf("%s: %s, and no leader yet: %w", name, done, err)
		}
	}
	return a.everywhere(ctx, name, done, func(v topicView) bool { return v.partitions >= partitions && v.led == v.partitions })
}

// DeleteTopic deletes a topic with all its records. It returns when no broker that answers
// shows it any more: they hear of it a moment after the controller.
func (a *Admin) DeleteTopic(ctx context.Context, name string) error {
	topics, err := a.Topics(ctx, name)
	if err != nil {
		return err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.DeleteTopics(ctx, []string{name},
		operationWithin(a.cfg.timeout()), requestWithin(a.cfg.timeout()))
	if err != nil {
		return explain(a.cfg, a.logs, err)
	}
	for _, r := range results {
		if r.Error.Code() != ck.ErrNoError {
			return a.refusedOn(r.Error, "delete", "topic", r.Topic)
		}
	}
	return a.awaitGone(ctx, name, topics[0].ID)
}

// awaitGone waits until no topic of that name has the id: one that somebody else has
// created under the name since is another topic.
func (a *Admin) awaitGone(ctx context.Context, name, id string) error {
	for {
		described, err := a.describe(ctx, []string{name})
		if err == nil && (described[0].Error.Code() != ck.ErrNoError || topicID(described[0].TopicID.String()) != id) {
			break
		}
		if err == nil {
			err = pause(ctx, pollInterval)
		}
		if err != nil {
			return fmt.Errorf("%s: deleted, and still shown: %w", name, err)
		}
	}
	return a.everywhere(ctx, name, "deleted", func(v topicView) bool { return v.id != id })
}
