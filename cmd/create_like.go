package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"kstream/kafka"
)

// likeness is what --create makes a topic like: another one, maybe of another cluster.
type likeness struct {
	topic                   string
	partitions, replication int
	config                  map[string]string // settings that are not defaults
}

// createLike creates a topic like another. Of the settings it leaves out those that the
// cluster refuses, such as one that only another product or version knows, and says so.
// A dry run only asks whether it could be created.
func createLike(ctx context.Context, admin *kafka.Admin, name string, like likeness, dryRun bool, say func(format string, args ...any)) error {
	t := kafka.TopicConfig{Name: name, Partitions: like.partitions, Replication: like.replication, Config: like.config, ValidateOnly: dryRun}
	cluster, err := admin.Cluster(ctx)
	if err != nil {
		return err
	}
	if n := len(cluster.Brokers); t.Replication > n {
		say("%s has %d replicas; the %d brokers of the cluster can keep %d of %s", like.topic, t.Replication, n, n, t.Name)
		t.Replication = n
	}
	err = admin.CreateTopic(ctx, t)
	if errors.Is(err, kafka.ErrProperty) {
		if t.Config, err = acceptedSettings(ctx, admin, t, say); err == nil {
			err = admin.CreateTopic(ctx, t)
		}
	}
	if err != nil {
		return fmt.Errorf("--create: %w", err)
	}
	if !dryRun {
		say("created %s with %s", t.Name, countOf(int64(t.Partitions), "partition"))
	}
	return nil
}

// acceptedSettings gives those settings of a topic that the cluster would take, asking about
// each alone.
func acceptedSettings(ctx context.Context, admin *kafka.Admin, t kafka.TopicConfig, say func(format string, args ...any)) (map[string]string, error) {
	accepted := map[string]string{}
	for _, setting := range slices.Sorted(maps.Keys(t.Config)) {
		alone := t
		alone.Config, alone.ValidateOnly = map[string]string{setting: t.Config[setting]}, true
		err := admin.CreateTopic(ctx, alone)
		switch {
		case errors.Is(err, kafka.ErrProperty):
			say("%s is created without %s=%s, which the cluster does not take: %v", t.Name, setting, t.Config[setting], oneLine(err.Error()))
		case err != nil:
			return nil, err
		default:
			accepted[setting] = t.Config[setting]
		}
	}
	return accepted, nil
}

// likeTopic gives a topic's likeness.
func likeTopic(ctx context.Context, admin *kafka.Admin, t kafka.Topic) (likeness, error) {
	answers, err := admin.TopicSettings(ctx, t.Name)
	if err == nil {
		err = answers[t.Name].Err
	}
	if err != nil {
		return likeness{}, fmt.Errorf("--create: %w", err)
	}
	return likeness{topic: t.Name, partitions: len(t.Partitions), replication: t.Replication(), config: ownSettings(answers[t.Name])}, nil
}
