package cmd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"kstream/cmd/config"
	"kstream/kafka"
	"kstream/kafka/embedded"
)

type demoFlags struct {
	cluster    clusterFlags
	members    int
	partitions int
	interval   durationFlag
	count      int64
}

func newDemoCmd(env *Env) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See five members of a group share ten partitions",
		Long: `See how Kafka spreads the partitions of a topic over the members of a group: five
members start as goroutines, each says which partitions it was given, and a producer
writes a record a second, which the member that owns its partition prints.

It runs on an embedded broker of its own, unless --brokers or a context names a
cluster; there it makes a topic of its own and deletes it at the end.`,
		Example: `  kstream demo                        until Ctrl-C
  kstream demo --count 20             20 records
  kstream demo --members 3 --partitions 7 --interval 200ms`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := f.plan(env)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	f.interval.d = time.Second
	flags.IntVarP(&f.members, "members", "m", 5, "run `N` members")
	flags.IntVar(&f.partitions, "partitions", 10, "make the topic with `N` partitions")
	flags.Var(&f.interval, "interval", "write a record every `D`")
	flags.Int64VarP(&f.count, "count", "n", 0, "stop after `N` records; 0 goes on until Ctrl-C")
	f.cluster.register(flags)
	return cmd
}

// demoPlan is demoFlags, checked.
type demoPlan struct {
	*demoFlags
	topic string // a new one for each run
}

// demoGroup is the group of the demo's members.
const demoGroup = "kstream-demo"

func (f *demoFlags) plan(env *Env) (*demoPlan, error) {
	switch {
	case f.members < 1 || f.members > 1000:
		return nil, usagef("--members %d: want 1 to 1000", f.members)
	case f.partitions < 1 || f.partitions > 1000:
		return nil, usagef("--partitions %d: want 1 to 1000", f.partitions)
	case f.interval.d <= 0:
		return nil, usagef("--interval: want a duration above 0")
	case f.count < 0:
		return nil, usagef("--count %d: want a number of records", f.count)
	}
	return &demoPlan{f, "kstream-demo-" + rand.Text()[:6]}, f.cluster.plan(env)
}

func (p *demoPlan) run(ctx context.Context, env *Env) (err error) {
	cluster, err := p.cluster.connect(ctx, env)
	if err != nil {
		return err
	}
	if err := cluster.refuseWrites(); err != nil {
		return err
	}
	if p.cluster.effective.BrokersOrigin.Kind == config.FromDefault {
		broker, err := embedded.Start(embedded.Config{Partitions: p.partitions})
		if err != nil {
			return fmt.Errorf("embedded broker: %w", err)
		}
		defer func() { err = errors.Join(err, broker.Close()) }()
		cluster.Brokers = []string{broker.Addr()}
		env.notice("an embedded broker runs at %s", broker.Addr())
	}
	admin, err := kafka.OpenAdmin(ctx, cluster.Config)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := admin.CreateTopic(ctx, kafka.TopicConfig{Name: p.topic, Partitions: p.partitions}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.DeleteTopic(context.WithoutCancel(ctx), p.topic)) }()
	env.notice("created topic %s with %d partitions", p.topic, p.partitions)
	return newShow(p, env, cluster.Config).run(ctx)
}
