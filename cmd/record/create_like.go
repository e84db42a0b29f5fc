package record

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// Likeness is what --create makes a topic like: another one, maybe of another cluster.
type Likeness struct {
	Topic                   string
	Partitions, Replication int
	Config                  map[string]string // settings that are not defaults
}

// CreateLike creates a topic like another. Of the settings it leaves out those that the
// cluster refuses, such as one that only another product or version knows, and says so.
// A dry run only asks whether it could be created.
func CreateLike(ctx context.Context, admin *kafka.Admin, name string, like Likeness, dryRun bool, say func(format string, args ...any)) error {
	t := kafka.TopicConfig{Name: name, Partitions: like.Partitions, Replication: like.Replication, Config: like.Config, ValidateOnly: dryRun}
	cluster, err := admin.Cluster(ctx)
	if err != nil {
		return err
	}
	if n := len(cluster.Brokers); t.Replication > n {
		say("%s has %d replicas; the %d brokers of the cluster can keep %d of %s", like.Topic, t.Replication, n, n, t.Name)
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
		say("created %s with %s", t.Name, cli.Count(int64(t.Partitions), "partition"))
	}
	return nil
}

// acceptedSettings returns those settings of a topic that the cluster would take, asking about
// each alone.
func acceptedSettings(ctx context.Context, admin *kafka.Admin, t kafka.TopicConfig, say func(format string, args ...any)) (map[string]string, error) {
	accepted := map[string]string{}
	for _, setting := range slices.Sorted(maps.Keys(t.Config)) {
		alone := t
		alone.Config, alone.ValidateOnly = map[string]string{setting: t.Config[setting]}, true
		err := admin.CreateTopic(ctx, alone)
		switch {
		case errors.Is(err, kafka.ErrProperty):
			say("%s is created without %s=%s, which the cluster does not take: %v", t.Name, setting, t.Config[setting], cli.OneLine(err.Error()))
		case err != nil:
			return nil, err
		default:
			accepted[setting] = t.Config[setting]
		}
	}
	return accepted, nil
}

// LikeTopic returns a topic's likeness.
func LikeTopic(ctx context.Context, admin *kafka.Admin, t kafka.Topic) (Likeness, error) {
	answers, err := admin.TopicSettings(ctx, t.Name)
	if err == nil {
		err = answers[t.Name].Err
	}
	if err != nil {
		return Likeness{}, fmt.Errorf("--create: %w", err)
	}
	return Likeness{Topic: t.Name, Partitions: len(t.Partitions), Replication: t.Replication(), Config: OwnSettings(answers[t.Name])}, nil
}

// OwnSettings are those that somebody gave the topic itself.
func OwnSettings(a kafka.SettingsAnswer) map[string]string {
	own := map[string]string{}
	for _, s := range a.Settings {
		if s.Source == kafka.SourceTopic && !s.Sensitive {
			own[s.Name] = s.Value
		}
	}
	return own
}
