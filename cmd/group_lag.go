package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

	by     string
	topics []string
	behind int64
	listen string

	max, maxPartition int64
	maxTime           cli.Duration
	set               func(name string) bool
}

func newGroupLagCmd(env *cli.Env) *cobra.Command {
	var f groupLagFlags
	cmd := &cobra.Command{
		Use:   "lag [GROUP...]",
		Short: "Show how many records wait for groups, and for how long",
		Long: `Show how many records wait for a group and why: a row a partition. Without a name, or
with a pattern such as 'etl-*', it is a row a group, the one with the most first, and
without times, as for these records have to be read; --by says otherwise.

lag is the end of the log less the committed offset, or less the start of the log where
that is later or nothing was ever committed. lost counts records that were deleted
before the group read them. time_lag_ms is the age of the record that comes next.

Reasons: ok, no_commit (never committed here), no_owner (records wait and no member has
the partition), stalled (its commit does not move), lost (records are gone before they
were read), open_transaction (what waits belongs to a transaction that is not done;
kstream transaction list shows it).

With --max, --max-partition or --max-time it exits 7 when a bound is exceeded, and
names each one; with --watch as soon as one is.`,
		Example: `  kstream group lag                                 who is behind?
  kstream group lag --topic orders                  who reads it, and how far behind?
  kstream group lag billing
  kstream group lag billing --max 1000 --max-time 5m && deploy
  kstream group lag billing refunds -o openmetrics > lag.prom
  kstream group lag --listen :9308                  of all groups, for Prometheus`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, groups []string) error {
			plan, err := f.plan(env, groups)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.by, "by", "", "a row is a `group|topic|partition|member` (default partition for groups that are named, else group)")
	flags.StringArrayVar(&f.topics, "topic", nil, "only of `TOPIC`; repeatable")
	flags.Int64Var(&f.behind, "behind", 0, "only rows with a lag of `N` or more")
	flags.StringVar(&f.listen, "listen", "", "serve OpenMetrics at http://`ADDR`/metrics until Ctrl-C, looking anew at each request")
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
	groups  group.Wanted
	by      group.By
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
	p := &groupLagPlan{f, l, cli.Distinct(groups), group.By(f.by)}
	switch {
	case f.behind < 0:
		return nil, cli.Usagef("--behind %d: want a number of records", f.behind)
	case f.by == "" && p.groups.Many() && l.Format != "openmetrics":
		p.by = group.ByGroup
	case f.by == "":
		p.by = group.ByPartition
	case !slices.Contains(group.Bys(), p.by):
		return nil, cli.Usagef("--by %s: want group, topic, partition or member", f.by)
	case l.Format == "openmetrics" && p.by != group.ByPartition:
		return nil, cli.Usagef("--by %s: -o openmetrics is by partition", f.by)
	}
	if f.listen != "" {
		for _, other := range []string{"watch", "output", "by", "behind", "max", "max-partition", "max-time"} {
			if f.set(other) {
				return nil, cli.Usagef("--%s does not go with --listen", other)
			}
		}
	}
	if err := p.groups.Check(); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

func (p *groupLagPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) (err error) {
		if f := p.flags; f.listen != "" {
			return f.watch.Listen(ctx, f.listen, f.watch.Observer(env, admin, false), p.groups, func(snapshots []group.Snapshot) []group.Snapshot {
				return group.OfTopics(snapshots, p.flags.topics)
			})
		}
		ctx, quit := context.WithCancel(ctx)
		defer quit()
		var screen *group.Screen
		if p.flags.watch.Watch && p.listing.Format == "table" && env.Draws() {
			screen, env = group.OpenScreen(env, quit)
			defer func() { err = errors.Join(err, screen.Close()) }()
		}
		untimed := p.by != group.ByPartition && !p.flags.set("max-time")
		told := false
		return p.flags.watch.Run(ctx, p.flags.watch.Observer(env, admin, untimed), p.groups, func(snapshots []group.Snapshot) error {
			snapshots = group.OfTopics(snapshots, p.flags.topics)
			if !told && group.Open(snapshots) {
				told = true
				env.Notice("records wait in an open transaction; kstream transaction list shows it")
			}
			render := func() ([]byte, error) { return p.render(snapshots) }
			if screen != nil {
				return cli.FirstOf(screen.Draw(render), p.check(snapshots))
			}
			text, err := render()
			if err == nil {
				_, err = env.Stdout.Write(text)
			}
			return cli.FirstOf(err, p.check(snapshots))
		})
	})
}

// render returns the text of one look.
func (p *groupLagPlan) render(snapshots []group.Snapshot) ([]byte, error) {
	if p.listing.Format == "openmetrics" {
		return group.AppendOpenMetrics(nil, snapshots, p.listing.Env.StdoutTerminal), nil
	}
	if p.by != group.ByPartition {
		sums := slices.DeleteFunc(group.Sums(snapshots, p.by), func(s *group.SumItem) bool { return s.Lag < p.flags.behind })
		return p.listing.Append(nil, "kstream.group.lag."+string(p.by)+"/v1", sums, func() *output.Table {
			return group.SumTable(sums, p.by)
		})
	}
	items := []group.PartitionLagItem{}
	for _, s := range snapshots {
		for _, item := range s.Partitions {
			if item.Lag >= p.flags.behind {
				items = append(items, item)
			}
		}
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
