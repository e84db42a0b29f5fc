package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/kafka"
)

type waitGroupFlags struct {
	wait    waitFlags
	members int
	lag     int64
	set     func(string) bool
}

func newWaitGroupCmd(env *cli.Env) *cobra.Command {
	var f waitGroupFlags
	cmd := &cobra.Command{
		Use:   "group GROUP...",
		Short: "Wait until groups have members, or have read what there is",
		Long: `Wait until each group has as many members as --members says, or more, and is stable: each
member has its partitions. With --members 0 wait until all have left.

With --lag N wait until at most N records wait for the group, over all partitions of the
topics that it has committed to or whose partitions it has; partitions that it never
committed to count in full. Without either flag, one member is waited for.`,
		Example: `  kstream wait group billing
  kstream wait group billing --members 3 --within 30s
  kstream wait group billing --lag 0 && kstream topic count results`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, groups []string) error {
			if f.members < 0 || f.lag < 0 {
				return cli.Usagef("--members and --lag: want 0 or more")
			}
			if err := f.wait.plan(env); err != nil {
				return err
			}
			return f.run(cmd.Context(), env, cli.Distinct(groups))
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.members, "members", 1, "want `N` members at least and a stable group; 0: none")
	flags.Int64Var(&f.lag, "lag", 0, "want `N` records to wait at most")
	f.set = flags.Changed
	f.wait.register(flags)
	registerCluster(&f.wait.cluster, flags)
	return cmd
}

func (f *waitGroupFlags) run(ctx context.Context, env *cli.Env, groups []string) error {
	cluster, err := f.wait.connect(ctx, env)
	if err != nil {
		return err
	}
	return f.wait.await(ctx, env, "group", groups, func(ctx context.Context) (string, error) {
		return cluster.with(ctx, func(admin *kafka.Admin) (string, error) {
			found, err := admin.Groups(ctx, groups...)
			if err != nil {
				return "", err
			}
			for i := range found {
				if missing, err := f.missing(ctx, admin, &found[i]); missing != "" || err != nil {
					return missing, err
				}
			}
			return "", nil
		})
	})
}

// missing returns what a group lacks.
func (f *waitGroupFlags) missing(ctx context.Context, admin *kafka.Admin, g *kafka.GroupInfo) (string, error) {
	if f.set("members") || !f.set("lag") {
		n := len(g.Members)
		switch {
		case f.members == 0 && n > 0:
			return fmt.Sprintf("%s: %s, want none", g.Name, cli.Count(int64(n), "member")), nil
		case n < f.members:
			return fmt.Sprintf("%s: %d of %d members", g.Name, n, f.members), nil
		case n > 0 && g.State != kafka.GroupStable:
			return fmt.Sprintf("%s: %s, and the group is %s", g.Name, cli.Count(int64(n), "member"), g.State), nil
		}
	}
	if !f.set("lag") {
		return "", nil
	}
	lags, err := admin.GroupLag(ctx, g)
	var unanswered *kafka.UnansweredError
	if errors.As(err, &unanswered) {
		return fmt.Sprintf("%s: %v", g.Name, err), nil
	}
	if err != nil {
		return "", err
	}
	if len(lags) == 0 {
		return g.Name + ": the group has no partitions and has committed nothing", nil
	}
	total := int64(0)
	for i := range lags {
		total += lags[i].Lag
	}
	if total > f.lag {
		return fmt.Sprintf("%s: lag %d, want at most %d", g.Name, total, f.lag), nil
	}
	return "", nil
}
