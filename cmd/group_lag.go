package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/output"
)

type groupLagFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	watch   group.WatchOptions

	max, maxPartition int64
	maxTime           cli.Duration
	set               func(name string) bool
}

func newGroupLagCmd(env *cli.Env) *cobra.Command {
	var f groupLagFlags
	cmd := &cobra.Command{
		Use:   "lag GROUP...",
		Short: "Show how many records wait for a group, and for how long",
		Long: `Show, for each partition, how many records wait for a group and why.

lag is the end of the log less the committed offset, or less the start of the log where
that is later or nothing was ever committed. lost counts records that were deleted
before the group read them. time_lag_ms is the age of the record that comes next.

Reasons: ok, no_commit (never committed here), no_owner (records wait and no member has
the partition), stalled (its commit does not move), lost (records are gone before they
were read), open_transaction (what waits belongs to a transaction that is not done).

With --max, --max-partition or --max-time it exits 7 when a bound is exceeded, and
names each one; with --watch as soon as one is.`,
		Example: `  kstream group lag billing
  kstream group lag billing --max 1000 --max-time 5m && deploy
  kstream group lag billing refunds -o openmetrics > lag.prom`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, groups []string) error {
			plan, err := f.plan(env, groups)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.Int64Var(&f.max, "max", 0, "exit 7 when more than `N` records wait for a group")
	flags.Int64Var(&f.maxPartition, "max-partition", 0, "exit 7 when more than `N` wait in one partition")
	f.maxTime.Zero = true // no lag at all
	flags.Var(&f.maxTime, "max-time", "exit 7 when a record waits for longer than `D`")
	f.set = flags.Changed
	registerWatch(&f.watch, flags)
	registerListing(&f.listing, flags, "openmetrics")
	registerCluster(&f.cluster, flags)
	return cmd
}

type groupLagPlan struct {
	flags   *groupLagFlags
	listing *cli.Listing
	groups  []string
}

func (f *groupLagFlags) plan(env *cli.Env, groups []string) (*groupLagPlan, error) {
	if f.max < 0 || f.maxPartition < 0 {
		return nil, cli.Usagef("--max and --max-partition count records: want 0 or more")
	}
	if err := f.watch.Plan(); err != nil {
		return nil, err
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &groupLagPlan{f, l, cli.Distinct(groups)}, f.cluster.Plan(env)
}

func (p *groupLagPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		display := &group.Screen{Env: env}
		return p.flags.watch.Run(ctx, p.flags.watch.Observer(env, admin), p.groups, func(snapshots []group.Snapshot) error {
			text, err := p.render(snapshots)
			if err != nil {
				return err
			}
			if p.flags.watch.Watch && p.listing.Format == "table" && env.StdoutTerminal {
				err = display.Draw(text)
			} else {
				_, err = env.Stdout.Write(text)
			}
			if err != nil {
				return err
			}
			return p.check(snapshots)
		})
	})
}

// render returns the text of one look.
func (p *groupLagPlan) render(snapshots []group.Snapshot) ([]byte, error) {
	if p.listing.Format == "openmetrics" {
		return group.AppendOpenMetrics(nil, snapshots, p.listing.Env.StdoutTerminal), nil
	}
	items := []group.PartitionLagItem{}
	for _, s := range snapshots {
		items = append(items, s.Partitions...)
	}
	return p.listing.Append(nil, "kstream.group.lag/v1", items, func() *output.Table {
		return group.LagTable(p.listing, items, true)
	})
}

// check holds the groups to the bounds; its error names each one that is exceeded.
func (p *groupLagPlan) check(snapshots []group.Snapshot) error {
	f := p.flags
	var broken []string
	for _, s := range snapshots {
		if total := s.Lag(); f.set("max") && total > f.max {
			broken = append(broken, fmt.Sprintf("%s: lag %d is above --max %d", s.Info.Name, total, f.max))
		}
		for i := range s.Partitions {
			l := &s.Partitions[i]
			if f.set("max-partition") && l.Lag > f.maxPartition {
				broken = append(broken, fmt.Sprintf("%s: %s[%d]: lag %d is above --max-partition %d", l.Group, l.Topic, l.Partition, l.Lag, f.maxPartition))
			}
			if f.set("max-time") && l.TimeLag != nil && *l.TimeLag > f.maxTime.D.Milliseconds() {
				age := time.Duration(*l.TimeLag) * time.Millisecond
				broken = append(broken, fmt.Sprintf("%s: %s[%d]: time lag %s is above --max-time %s", l.Group, l.Topic, l.Partition, output.Duration(age), output.Duration(f.maxTime.D)))
			}
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return cli.Errorf(cli.CodeUnmet, "%s", strings.Join(broken, "; "))
}
