package cmd

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// topicSettings are the settings that Apache Kafka 4 has for topics, with the values of
// those that have only some: what can be completed without asking a cluster.
func topicSettings() map[string][]string {
	yesNo := []string{"true", "false"}
	return map[string][]string{
		"cleanup.policy":                          {"compact", "delete", "compact,delete"},
		"compression.gzip.level":                  nil,
		"compression.lz4.level":                   nil,
		"compression.type":                        {"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"},
		"compression.zstd.level":                  nil,
		"delete.retention.ms":                     nil,
		"file.delete.delay.ms":                    nil,
		"flush.messages":                          nil,
		"flush.ms":                                nil,
		"follower.replication.throttled.replicas": nil,
		"index.interval.bytes":                    nil,
		"leader.replication.throttled.replicas":   nil,
		"local.retention.bytes":                   nil,
		"local.retention.ms":                      nil,
		"max.compaction.lag.ms":                   nil,
		"max.message.bytes":                       nil,
		"message.timestamp.after.max.ms":          nil,
		"message.timestamp.before.max.ms":         nil,
		"message.timestamp.type":                  {"CreateTime", "LogAppendTime"},
		"min.cleanable.dirty.ratio":               nil,
		"min.compaction.lag.ms":                   nil,
		"min.insync.replicas":                     nil,
		"preallocate":                             yesNo,
		"remote.log.copy.disable":                 yesNo,
		"remote.log.delete.on.disable":            yesNo,
		"remote.storage.enable":                   yesNo,
		"retention.bytes":                         nil,
		"retention.ms":                            nil,
		"segment.bytes":                           nil,
		"segment.index.bytes":                     nil,
		"segment.jitter.ms":                       nil,
		"segment.ms":                              nil,
		"unclean.leader.election.enable":          yesNo,
	}
}

// setting completes NAME=VALUE: names without asking anybody; values that there are, and
// that which a topic of the line has now.
func (l *completion) setting(typed string) ([]string, cobra.ShellCompDirective) {
	known := topicSettings()
	name, _, named := strings.Cut(typed, "=")
	if !named {
		names := slices.Sorted(maps.Keys(known))
		for i := range names {
			names[i] += "="
		}
		return fitting(names, "", typed), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	values := known[name]
	if l.command.Name() == "alter" {
		now := l.admin(false, func(ctx context.Context, admin *kafka.Admin) ([]string, error) { return l.values(ctx, admin, name) })
		values = cli.Distinct(append(slices.Clone(values), now...))
	}
	return fitting(values, name+"=", typed), cobra.ShellCompDirectiveNoFileComp
}

// values lists what a setting is now on the topics of the line.
func (l *completion) values(ctx context.Context, admin *kafka.Admin, name string) (values []string, err error) {
	answers, err := admin.TopicSettings(ctx, l.args...)
	for _, topic := range l.args {
		answer := answers[topic]
		if s := answer.Find(name); s != nil {
			values = append(values, s.Value)
		}
	}
	return values, err
}

// changedSettings lists what is set on the topics of the line themselves.
func (l *completion) changedSettings(ctx context.Context, admin *kafka.Admin) (names []string, err error) {
	answers, err := admin.TopicSettings(ctx, l.args...)
	for _, topic := range l.args {
		for _, s := range answers[topic].Settings {
			if s.Source == kafka.SourceTopic {
				names = append(names, s.Name)
			}
		}
	}
	return cli.Distinct(names), err
}
