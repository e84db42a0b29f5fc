package pipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
)

// stateRefused is the error of a state that is not that of the group: counts never begin
// anew in silence.
func stateRefused(format string, args ...any) error {
	return cli.Hint(cli.Errorf(cli.CodeStateMismatch, format, args...), "--restart forgets the state and the offsets of the group, and begins anew")
}

// openState makes sure that the topic of the state is there, and the one that it was.
func (l *pipeline) openState(ctx context.Context) error {
	k := l.keyed
	found, err := l.Find(ctx, l.Admin.Admin)
	if err != nil {
		return err
	}
	src, name := found[len(found)-1], l.Run.Members.Config.Name // VIA, or else SRC
	l.source = src
	if k.late != "" {
		letters, err := l.Admin.Topics(ctx, k.late)
		if err != nil {
			return fmt.Errorf("--late dlq: %w", connect.NearTopic(err))
		}
		l.ids[k.late] = letters[0].ID
	}
	if k.topic == src.Name || k.topic == found[0].Name || k.topic == l.dst || k.topic == l.rules.Topic || k.topic == k.late {
		return cli.Errorf(cli.CodeSameTopic, "--state %s: that topic has other records", k.topic)
	}
	if k.restart {
		if err := l.forgetState(ctx, name); err != nil {
			return err
		}
	}
	topics, err := l.Admin.Topics(ctx, k.topic)
	if errors.Is(err, kafka.ErrUnknownTopic) {
		if topics, err = l.createState(ctx, name, src); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	state := topics[0]
	if a, b := len(src.Partitions), len(state.Partitions); a != b {
		return stateRefused("%s has %s, %s has %d: the state of a partition is in the partition of the same number", src.Name, cli.Count(int64(a), "partition"), k.topic, b)
	}
	l.ids[k.topic] = state.ID
	if err := l.checkCompacted(ctx); err != nil {
		return err
	}
	return l.checkStored(ctx, name, state)
}

// checkStored refuses, before a member joins, a state that was made by another plan, and
// partitions that have none although the group has read of them. What is told here is found
// again, and more, when the state is restored.
func (l *pipeline) checkStored(ctx context.Context, group string, state kafka.Topic) error {
	var tps []kafka.TopicPartition
	for _, p := range state.Partitions {
		tps = append(tps, kafka.TopicPartition{Topic: state.Name, Partition: p.ID})
	}
	marks, err := l.Admin.Watermarks(ctx, tps)
	if err != nil {
		return err
	}
	commits, err := l.committedOf(ctx, group)
	if err != nil {
		return err
	}
	var spans []kafka.Span
	stored := false
	for _, tp := range tps {
		m := marks[tp]
		stored = stored || m.End > 0
		source := kafka.TopicPartition{Topic: l.source.Name, Partition: tp.Partition}
		if at, ok := commits[source]; ok && m.End == 0 {
			return l.noState(group, source, at.Offset)
		}
		if m.Start < m.Stable {
			spans = append(spans, kafka.Span{TopicPartition: tp, From: m.Start, To: m.Stable})
		}
	}
	if stored && l.keyed.via != "" && !hasOffsets(commits, l.Plan.Range.Topics[0]) {
		return stateRefused("group %s has no offsets in %s any more, and %s has a state: all of it would be counted again", group, l.Plan.Range.Topics[0], state.Name)
	}
	reader, err := kafka.OpenReader(l.cfg, kafka.ReaderConfig{Spans: spans}, []kafka.Topic{state})
	if err != nil {
		return err
	}
	return cli.FirstOf(l.checkFirst(ctx, reader), reader.Close())
}

func hasOffsets(commits map[kafka.TopicPartition]kafka.Commit, topic string) bool {
	for tp := range commits {
		if tp.Topic == topic {
			return true
		}
	}
	return false
}

// checkFirst looks at the first record of each partition: the plan comes first.
func (l *pipeline) checkFirst(ctx context.Context, reader *kafka.Reader) error {
	var b kafka.Batch
	for {
		err := reader.Next(ctx, &b)
		for i := range b.Records {
			r := &b.Records[i]
			reader.Finish(kafka.TopicPartition{Topic: r.Topic, Partition: r.Partition})
			if string(r.Key) != planKey {
				continue
			}
			if err := l.comparePlan(r); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// comparePlan refuses a state that was made by another plan.
func (l *pipeline) comparePlan(r *kafka.Record) error {
	other, err := l.keyed.differs(r.Value)
	switch {
	case err != nil:
		return stateRefused("%s[%d]@%d: %w", r.Topic, r.Partition, r.Offset, err)
	case other != "":
		return stateRefused("the state in %s was made %s", l.keyed.topic, other)
	}
	return nil
}

// noState is the error of a partition that the group has read of, and that has no state.
func (l *pipeline) noState(group string, tp kafka.TopicPartition, at int64) error {
	return stateRefused("group %s stands at %s@%d, and %s has no state of that partition", group, tp, at, l.keyed.topic)
}

// openVia finds VIA, or creates it with the partitions of SRC. Its records keep their times,
// which may be old, so that nothing but purge deletes them.
func (l *pipeline) openVia(ctx context.Context) error {
	via := l.keyed.via
	if via == l.Plan.Range.Topics[0] || via == l.dst || via == l.rules.Topic || via == l.keyed.late {
		return cli.Errorf(cli.CodeSameTopic, "--via %s: that topic has other records", via)
	}
	topics, err := l.Admin.Topics(ctx, via)
	switch {
	case err == nil:
		l.ids[via] = topics[0].ID
		return nil
	case !errors.Is(err, kafka.ErrUnknownTopic) || !l.create:
		return fmt.Errorf("--via: %w", connect.NearOrNew(err))
	}
	src, err := l.Admin.Topics(ctx, l.Plan.Range.Topics[0])
	if err != nil {
		return connect.NearTopic(err)
	}
	config := kafka.TopicConfig{Name: via, Partitions: len(src[0].Partitions), Replication: src[0].Replication(), Config: map[string]string{
		"cleanup.policy": "delete", "retention.ms": "-1", "message.timestamp.type": "CreateTime",
	}}
	err = l.Admin.CreateTopic(ctx, config)
	if errors.Is(err, kafka.ErrExists) {
		topics, err = l.await(ctx, via)
	} else if err == nil {
		l.Env.Notice("created %s with %s", via, cli.Count(int64(config.Partitions), "partition"))
		topics, err = l.Admin.Topics(ctx, via)
	}
	if err != nil {
		return fmt.Errorf("--via %s: %w", via, err)
	}
	l.ids[via] = topics[0].ID
	return nil
}

// createState makes the topic, unless the group has done something already.
func (l *pipeline) createState(ctx context.Context, group string, src kafka.Topic) ([]kafka.Topic, error) {
	k := l.keyed
	commits, err := l.committedOf(ctx, group)
	if err != nil {
		return nil, err
	}
	if hasOffsets(commits, src.Name) {
		return nil, stateRefused("%s does not exist, and group %s has offsets in %s: the state that goes with them is gone", k.topic, group, src.Name)
	}
	if !l.create && !k.restart {
		return nil, cli.Hint(cli.Errorf(cli.CodeUnknownTopic, "%s, the topic of the state, does not exist", k.topic), "--create creates it")
	}
	config := kafka.TopicConfig{Name: k.topic, Partitions: len(src.Partitions), Replication: src.Replication(), Config: map[string]string{
		"cleanup.policy": "compact", "message.timestamp.type": "CreateTime",
	}}
	err = l.Admin.CreateTopic(ctx, config)
	if errors.Is(err, kafka.ErrExists) {
		return l.await(ctx, k.topic)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.topic, err)
	}
	l.Env.Notice("created %s with %s, for the state", k.topic, cli.Count(int64(config.Partitions), "partition"))
	return l.Admin.Topics(ctx, k.topic)
}

// await waits for a topic that another process creates just now: brokers hear of it one after
// the other.
func (l *pipeline) await(ctx context.Context, name string) ([]kafka.Topic, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	for {
		topics, err := l.Admin.Topics(ctx, name)
		if !errors.Is(err, kafka.ErrUnknownTopic) {
			return topics, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(awaitAgain):
		}
	}
}

// awaitAgain is how often it is looked for a topic that is to come.
const awaitAgain = 50 * time.Millisecond

// committedOf returns the offsets of a group; one that does not exist has none.
func (l *pipeline) committedOf(ctx context.Context, group string) (map[kafka.TopicPartition]kafka.Commit, error) {
	commits, err := l.Admin.Committed(ctx, group)
	if errors.Is(err, kafka.ErrUnknownGroup) {
		return map[kafka.TopicPartition]kafka.Commit{}, nil
	}
	return commits, err
}

// forgetState deletes the topic of the state, and the group with its offsets.
func (l *pipeline) forgetState(ctx context.Context, name string) error {
	if _, err := group.EmptyGroup(ctx, l.Admin.Admin, name, true); err != nil {
		return fmt.Errorf("--restart: %w", err)
	}
	if err := l.Admin.DeleteTopic(ctx, l.keyed.topic); err != nil && !errors.Is(err, kafka.ErrUnknownTopic) {
		return fmt.Errorf("--restart: %s: %w", l.keyed.topic, err)
	}
	if err := l.Admin.DeleteGroup(ctx, name); err != nil && !errors.Is(err, kafka.ErrUnknownGroup) {
		return fmt.Errorf("--restart: group %s: %w", name, err)
	}
	return nil
}

// checkCompacted refuses a topic whose records are deleted after a while.
func (l *pipeline) checkCompacted(ctx context.Context) error {
	name := l.keyed.topic
	answers, err := l.Admin.TopicSettings(ctx, name)
	if err != nil || answers[name].Err != nil {
		return nil // who may write a topic need not be allowed to see its settings
	}
	settings := answers[name]
	policy := settings.Find("cleanup.policy")
	if policy == nil || policy.Value == "compact" || !strings.Contains(policy.Value, "delete") {
		return nil
	}
	return cli.Hint(cli.Errorf(cli.CodeStateMismatch, "%s has cleanup.policy=%s: the state in it would be deleted", name, policy.Value),
		"kstream topic alter %s --config cleanup.policy=compact", name)
}
