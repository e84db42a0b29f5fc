package cmd

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
)

func newTopicCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "topic",
		Aliases: []string{"topics"},
		Short:   "List, describe, count, profile, create, change and delete topics",
		Example: `  kstream topic list                                     every topic, and whether it is healthy
  kstream topic describe orders                          partitions, replicas, configuration
  kstream topic create orders --partitions 6 --config cleanup.policy=compact
  kstream topic alter 'orders-*' --config retention.ms=86400000
  kstream topic truncate orders --before -7d --dry-run   what would go?
  kstream topic count orders --filter '.value.total > 100'
  kstream topic stats orders --rule 'null_rate(.email) < 1%'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(
		newTopicListCmd(env),
		newTopicDescribeCmd(env),
		newTopicCreateCmd(env),
		newTopicAlterCmd(env),
		newTopicDeleteCmd(env),
		newTopicTruncateCmd(env),
		newTopicOffsetsCmd(env),
		newTopicCountCmd(env),
		newTopicStatsCmd(env),
		newTopicDiffCmd(env),
	)
	return cmd
}

// configFlags collect --config NAME=VALUE of the commands that give topics settings.
// There --config FILE, which every other command has, is told from it by the missing
// sign and a path or .yaml.
type configFlags struct {
	set     map[string]string
	cluster *connect.Options
}

// register adds --config and the flags of the cluster.
func (f *configFlags) register(flags *pflag.FlagSet, cluster *connect.Options) {
	f.cluster = cluster
	common := pflag.NewFlagSet("", pflag.ContinueOnError)
	registerCluster(cluster, common)
	common.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "config" {
			flags.AddFlag(flag)
		}
	})
	flags.Var(f, "config", "set `NAME=VALUE`, a setting of the topic; repeatable. Without =, and with a path, it is the configuration FILE")
}

func (f *configFlags) String() string { return "" }

func (f *configFlags) Type() string { return "NAME=VALUE" }

func (f *configFlags) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	switch {
	case strings.ContainsAny(name, `/\`), !ok && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")):
		f.cluster.Config = text
		return nil
	case !ok || name == "":
		return errors.New("want NAME=VALUE, or a FILE with its path")
	}
	if f.set == nil {
		f.set = map[string]string{}
	}
	f.set[name] = strings.TrimSpace(value)
	return nil
}
