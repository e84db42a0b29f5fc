package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/group"
)

func newGroupCmd(env *cli.Env) *cobra.Command {
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

func registerWatch(f *group.WatchOptions, flags *pflag.FlagSet) {
	flags.BoolVarP(&f.Watch, "watch", "w", false, "look again and again, until Ctrl-C; on a terminal arrows scroll, / filters, q quits")
	flags.Var(&f.Interval, "interval", "with --watch: look every `D` (default 2s)")
	flags.Var(&f.Stalled, "stalled-after", "call a partition stalled when records wait and its commit does not move for `D` (default 30s; without --watch only when given: looking takes that long)")
}
