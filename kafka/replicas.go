package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// LogDir is a directory in which a broker keeps logs, and what it takes on disk (KIP-113).
type LogDir struct {
	Broker   int32
	Path     string
	Bytes    int64 // of the replicas
	Total    int64 // of the disk; -1 before Kafka 3.3 (KIP-827)
	Usable   int64 // of the disk; -1 before Kafka 3.3
	Replicas []ReplicaLog
}

// ReplicaLog is what a replica takes on disk.
type ReplicaLog struct {
	TopicPartition
	Bytes int64
}

// LogDirs returns the directories of brokers, sorted, with the replicas of the named
// partitions in them, or of all if none are named. Brokers that do not answer are in the
// error, beside which what the others answered holds.
func (a *Admin) LogDirs(ctx context.Context, brokers []int32, partitions ...TopicPartition) (dirs []LogDir, err error) {
	err = a.onWire(ctx, func(ctx context.Context, w *wire) error {
		var mu sync.Mutex
		var failed []error
		_ = forEach(brokers, func(id int32) error {
			found, err := w.logDirs(ctx, id, partitions)
			mu.Lock()
			defer mu.Unlock()
			dirs = append(dirs, found...)
			if err != nil {
				failed = append(failed, fmt.Errorf("broker %d: %w", id, err))
			}
			return nil
		})
		return errors.Join(failed[:min(len(failed), 1)]...) // the others fail alike
	})
	slices.SortFunc(dirs, func(a, b LogDir) int { return cmp.Or(cmp.Compare(a.Broker, b.Broker), cmp.Compare(a.Path, b.Path)) })
	return dirs, a.cfg.deniedOn(err, "describe", "cluster", "")
}

// logDirs asks one broker.
func (w *wire) logDirs(ctx context.Context, broker int32, partitions []TopicPartition) ([]LogDir, error) {
	request := kmsg.NewPtrDescribeLogDirsRequest()
	for _, tp := range partitions {
		if n := len(request.Topics); n == 0 || request.Topics[n-1].Topic != tp.Topic {
			topic := kmsg.NewDescribeLogDirsRequestTopic()
			topic.Topic = tp.Topic
			request.Topics = append(request.Topics, topic)
		}
		topic := &request.Topics[len(request.Topics)-1]
		topic.Partitions = append(topic.Partitions, tp.Partition)
	}
	answer, err := request.RequestWith(ctx, w.client.Broker(broker))
	if err == nil {
		err = kerr.ErrorForCode(answer.ErrorCode)
	}
	if err != nil {
		return nil, err
	}
	var dirs []LogDir
	for _, d := range answer.Dirs {
		if one := kerr.ErrorForCode(d.ErrorCode); one != nil {
			err = fmt.Errorf("%s: %w", d.Dir, one)
			continue
		}
		dir := LogDir{Broker: broker, Path: d.Dir, Total: d.TotalBytes, Usable: d.UsableBytes}
		for _, t := range d.Topics {
			for _, p := range t.Partitions {
				dir.Bytes += p.Size
				dir.Replicas = append(dir.Replicas, ReplicaLog{TopicPartition{t.Topic, p.Partition}, p.Size})
			}
		}
		dirs = append(dirs, dir)
	}
	return dirs, err
}

// ReplicaBytes is what each replica of a partition takes on disk, by broker. A replica that
// is being moved to another directory of its broker counts with both.
func ReplicaBytes(dirs []LogDir) map[TopicPartition]map[int32]int64 {
	sizes := map[TopicPartition]map[int32]int64{}
	for _, d := range dirs {
		for _, r := range d.Replicas {
			if sizes[r.TopicPartition] == nil {
				sizes[r.TopicPartition] = map[int32]int64{}
			}
			sizes[r.TopicPartition][d.Broker] += r.Bytes
		}
	}
	return sizes
}

// Reassign gives partitions of a topic other replicas (KIP-455). The first of each is the
// one that is preferred as the leader. It returns once the controller has accepted that: the
// data is copied by and by.
func (a *Admin) Reassign(ctx context.Context, topic string, replicas map[int32][]int32) error {
	request := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	request.TimeoutMillis = int32(a.cfg.timeout().Milliseconds())
	asked := kmsg.NewAlterPartitionAssignmentsRequestTopic()
	asked.Topic = topic
	for _, id := range slices.Sorted(maps.Keys(replicas)) {
		part := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
		part.Partition, part.Replicas = id, replicas[id]
		asked.Partitions = append(asked.Partitions, part)
	}
	request.Topics = append(request.Topics, asked)
	var answer *kmsg.AlterPartitionAssignmentsResponse
	err := a.onWire(ctx, func(ctx context.Context, w *wire) error {
		controller, err := w.client.Controller(ctx)
		if err == nil {
			answer, err = request.RequestWith(ctx, w.client.Broker(controller))
		}
		return err
	})
	if err != nil {
		return a.cfg.deniedOn(err, "alter", "cluster", "")
	}
	if err := a.refusedReplicas(topic, answer.ErrorCode, answer.ErrorMessage); err != nil {
		return err
	}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if err := a.refusedReplicas(TopicPartition{t.Topic, p.Partition}.String(), p.ErrorCode, p.ErrorMessage); err != nil {
				return err
			}
		}
	}
	return nil
}

// AwaitReplicas waits until partitions have the replicas that they were given, all in sync. It
// reports whether they were before the timeout.
func (a *Admin) AwaitReplicas(ctx context.Context, topic string, replicas map[int32][]int32) (done bool, err error) {
	bounded, cancel := a.bounded(ctx)
	defer cancel()
	for {
		topics, err := a.Topics(ctx, topic)
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(topics[0].Partitions, func(p Partition) bool {
			wanted, asked := replicas[p.ID]
			return asked && (!slices.Equal(p.Replicas, wanted) || len(p.ISR) < len(wanted))
		}) {
			return true, nil
		}
		if pause(bounded, pollInterval) != nil {
			return false, context.Cause(ctx)
		}
	}
}

// refusedReplicas is the error of a code and of what the controller says to it, or nil.
func (a *Admin) refusedReplicas(name string, code int16, message *string) error {
	err := refusal(code)
	switch {
	case err == nil:
		return nil
	case message != nil && *message != "":
		*err = ck.NewError(err.Code(), *message, false)
	}
	return a.named(explain(a.cfg, a.logs, *err), "alter", "cluster", name)
}

// ErrElected says that a partition has the leader that an election would give it.
var ErrElected = errors.New("it has that leader already")

// ElectLeaders has leaders of partitions elected: the preferred replica of each, or with
// unclean, for a partition without a leader, one that is not in sync and lacks records
// (KIP-460). It returns the partitions that kept theirs, and why.
func (a *Admin) ElectLeaders(ctx context.Context, partitions []TopicPartition, unclean bool) (kept map[TopicPartition]error, err error) {
	kind := ck.ElectionTypePreferred
	if unclean {
		kind = ck.ElectionTypeUnclean
	}
	request := make([]ck.TopicPartition, len(partitions))
	for i := range partitions {
		request[i] = ck.TopicPartition{Topic: &partitions[i].Topic, Partition: partitions[i].Partition}
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.ElectLeaders(ctx, ck.NewElectLeadersRequest(kind, request), operationWithin(a.cfg.timeout()), requestWithin(a.cfg.timeout()))
	if err != nil {
		return nil, a.cfg.deniedOn(explain(a.cfg, a.logs, err), "alter", "cluster", "")
	}
	kept = map[TopicPartition]error{}
	for _, p := range result.TopicPartitions {
		if p.Error == nil || errorOf(p.Error).Code() == ck.ErrNoError {
			continue
		}
		tp := TopicPartition{*p.Topic, p.Partition}
		if kept[tp] = ErrElected; errorOf(p.Error).Code() != ck.ErrElectionNotNeeded {
			kept[tp] = a.refusedOn(p.Error, "alter", "cluster", tp.String())
		}
	}
	return kept, nil
}

// AlterBroker sets some settings of a broker, or with a negative id the default of all, and
// resets others, all or none. With validateOnly it is only checked; otherwise AlterBroker
// returns when every broker that answers has the change. librdkafka cannot name all brokers.
func (a *Admin) AlterBroker(ctx context.Context, id int32, set map[string]string, reset []string, validateOnly bool) error {
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	request.ValidateOnly = validateOnly
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType = kmsg.ConfigResourceTypeBroker
	if id >= 0 {
		resource.ResourceName = fmt.Sprint(id)
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		entry := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		entry.Name, entry.Value = name, kmsg.StringPtr(set[name])
		resource.Configs = append(resource.Configs, entry)
	}
	for _, name := range reset {
		entry := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		entry.Name, entry.Op = name, kmsg.IncrementalAlterConfigOpDelete
		resource.Configs = append(resource.Configs, entry)
	}
	request.Resources = append(request.Resources, resource)
	var answer *kmsg.IncrementalAlterConfigsResponse
	err := a.onWire(ctx, func(ctx context.Context, w *wire) (err error) {
		target := w.client.Any()
		if id >= 0 {
			target = w.client.Broker(id)
		}
		answer, err = request.RequestWith(ctx, target)
		return err
	})
	if err != nil {
		return a.cfg.deniedOn(err, "alter_configs", "cluster", "")
	}
	for _, r := range answer.Resources {
		err := refusal(r.ErrorCode)
		if err == nil {
			continue
		}
		if r.ErrorMessage != nil && *r.ErrorMessage != "" {
			*err = ck.NewError(err.Code(), *r.ErrorMessage, false)
		}
		return a.cfg.deniedOn(a.explainSetting(*err), "alter_configs", "cluster", "")
	}
	if validateOnly {
		return nil
	}
	return a.brokersConfigured(ctx, id, set, reset)
}

// brokersConfigured waits until the brokers have settings that were changed, for answerLimit:
// a value that brokers write in another way than it was given is not told from an old one.
func (a *Admin) brokersConfigured(ctx context.Context, id int32, set map[string]string, reset []string) error {
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	source := SourceDefaultBroker
	if id >= 0 {
		source = SourceBroker
	}
	return a.onEach(ctx, "configuration", "altered", func(broker int32) bool {
		if id >= 0 && broker != id {
			return true
		}
		settings, err := a.BrokerSettings(limited, broker)
		if err != nil {
			return true
		}
		answer := SettingsAnswer{Settings: settings}
		for name, value := range set {
			s := answer.Find(name)
			if s != nil && s.Source != SourceBroker && (s.Source != source || !s.Sensitive && s.Value != value) ||
				s != nil && s.Source == source && !s.Sensitive && s.Value != value {
				return false
			}
		}
		return !slices.ContainsFunc(reset, func(name string) bool {
			s := answer.Find(name)
			return s != nil && s.Source == source
		})
	})
}
