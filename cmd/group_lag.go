package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kstream/kafka"
	"kstream/output"
)

type groupLagFlags struct {
	cluster clusterFlags
	listing listingFlags
	watch   watchFlags

	max, maxPartition int64
	maxTime           durationFlag
	set               func(name string) bool
}

func newGroupLagCmd(env *Env) *cobra.Command {
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
	f.maxTime.zero = true // no lag at all
	flags.Var(&f.maxTime, "max-time", "exit 7 when a record waits for longer than `D`")
	f.set = flags.Changed
	f.watch.register(flags)
	f.listing.register(flags, "openmetrics")
	f.cluster.register(flags)
	return cmd
}

type groupLagPlan struct {
	flags   *groupLagFlags
	listing *listing
	groups  []string
}

func (f *groupLagFlags) plan(env *Env, groups []string) (*groupLagPlan, error) {
	if f.max < 0 || f.maxPartition < 0 {
		return nil, usagef("--max and --max-partition count records: want 0 or more")
	}
	if err := f.watch.plan(); err != nil {
		return nil, err
	}
	l, err := f.listing.plan(env)
	if err != nil {
		return nil, err
	}
	return &groupLagPlan{f, l, distinct(groups)}, f.cluster.plan(env)
}

func (p *groupLagPlan) run(ctx context.Context, env *Env) error {
	return withAdmin(ctx, env, &p.flags.cluster, func(_ *cluster, admin *kafka.Admin) error {
		display := &screen{env: env}
		return p.flags.watch.run(ctx, p.flags.watch.observer(env, admin), p.groups, func(snapshots []groupSnapshot) error {
			text, err := p.render(snapshots)
			if err != nil {
				return err
			}
			if p.flags.watch.watch && p.listing.format == "table" && env.StdoutTerminal {
				err = display.draw(text)
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

// render gives the text of one look.
func (p *groupLagPlan) render(snapshots []groupSnapshot) ([]byte, error) {
	if p.listing.format == "openmetrics" {
		return appendOpenMetrics(nil, snapshots, p.listing.env.StdoutTerminal), nil
	}
	items := []partitionLagItem{}
	for _, s := range snapshots {
		items = append(items, s.partitions...)
	}
	return p.listing.append(nil, "kstream.group.lag/v1", items, func() *output.Table {
		return lagTable(p.listing, items, true)
	})
}

// check holds the groups to the bounds; its error names each one that is exceeded.
func (p *groupLagPlan) check(snapshots []groupSnapshot) error {
	f := p.flags
	var broken []string
	for _, s := range snapshots {
		if total := s.lag(); f.set("max") && total > f.max {
			broken = append(broken, fmt.Sprintf("%s: lag %d is above --max %d", s.info.Name, total, f.max))
		}
		for i := range s.partitions {
			l := &s.partitions[i]
			if f.set("max-partition") && l.Lag > f.maxPartition {
				broken = append(broken, fmt.Sprintf("%s: %s[%d]: lag %d is above --max-partition %d", l.Group, l.Topic, l.Partition, l.Lag, f.maxPartition))
			}
			if f.set("max-time") && l.TimeLag != nil && *l.TimeLag > f.maxTime.d.Milliseconds() {
				age := time.Duration(*l.TimeLag) * time.Millisecond
				broken = append(broken, fmt.Sprintf("%s: %s[%d]: time lag %s is above --max-time %s", l.Group, l.Topic, l.Partition, output.Duration(age), output.Duration(f.maxTime.d)))
			}
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return faultf(codeUnmet, "%s", strings.Join(broken, "; "))
}
