package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"kstream/cmd/suggest"
	"kstream/kafka"
)

func newGroupCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "group",
		Aliases: []string{"groups"},
		Short:   "Look at consumer groups, move and delete their offsets",
		Example: `  kstream group list                               every group, its state and members
  kstream group lag billing --max 1000             exit 7 when more records wait
  kstream group describe billing --watch           who has which partition, as it changes
  kstream group reset billing --to -1h --dry-run   where would it go on?
  kstream group plan orders --members 5 --now 3    which partitions would move?`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(
		newGroupListCmd(env),
		newGroupDescribeCmd(env),
		newGroupLagCmd(env),
		newGroupResetCmd(env),
		newGroupOffsetsCmd(env),
		newGroupPlanCmd(env),
		newGroupDeleteCmd(env),
	)
	return cmd
}

// withAdmin connects, runs do and disconnects. Errors about unknown groups and topics
// get the nearest name.
func withAdmin(ctx context.Context, env *Env, f *clusterFlags, do func(*cluster, *kafka.Admin) error) error {
	cluster, err := f.connect(ctx, env)
	if err != nil {
		return err
	}
	admin, err := kafka.OpenAdmin(ctx, cluster.Config)
	if err != nil {
		return err
	}
	defer admin.Close()
	return nearTopic(nearGroup(do(cluster, admin)))
}

// nearGroup adds the nearest existing name to an error about an unknown group, and the
// remedy to one about an active group.
func nearGroup(err error) error {
	var unknown *kafka.UnknownGroupError
	switch {
	case errors.Is(err, kafka.ErrGroupActive):
		return hint(err, "stop its members first: while they run they commit offsets of their own")
	case !errors.As(err, &unknown):
		return err
	}
	if near := suggest.Nearest(unknown.Group, unknown.Existing); near != "" {
		return hint(err, "did you mean %s?", near)
	}
	if len(unknown.Existing) == 0 {
		return hint(err, "the cluster has no groups; kstream consume --group makes one")
	}
	return hint(err, "kstream group list shows the groups")
}
