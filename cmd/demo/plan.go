package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/kafka/embedded"
)

// Options are the flags of demo, as typed.
type Options struct {
	Cluster    connect.Options
	Members    int
	Partitions int
	Interval   cli.Duration
	Count      int64
}

// Plan is a valid command line of demo.
type Plan struct {
	*Options
	topic string // a new one for each run
}

// demoGroup is the group of the demo's members.
const demoGroup = "kstream-demo"

// joinDelay lets all members join before the first assignment. They come within a few
// hundredths of a second of each other, on a machine that is busy a few tenths.
const joinDelay = 500 * time.Millisecond

// Plan checks the flags, and returns a usage error when they make no sense.
func (f *Options) Plan(env *cli.Env) (*Plan, error) {
	switch {
	case f.Members < 1 || f.Members > 1000:
		return nil, cli.Usagef("--members %d: want 1 to 1000", f.Members)
	case f.Partitions < 1 || f.Partitions > 1000:
		return nil, cli.Usagef("--partitions %d: want 1 to 1000", f.Partitions)
	case f.Interval.D <= 0:
		return nil, cli.Usagef("--interval: want a duration above 0")
	case f.Count < 0:
		return nil, cli.Usagef("--count %d: want a number of records", f.Count)
	}
	return &Plan{f, "kstream-demo-" + rand.Text()[:6]}, f.Cluster.Plan(env)
}

// Run starts a broker unless one is named, the members and the producer, and shows them
// until ctx ends or all records have come.
func Run(ctx context.Context, env *cli.Env, p *Plan) (err error) {
	cluster, err := p.Cluster.Connect(ctx, env)
	if err != nil {
		return err
	}
	if err := cluster.RefuseWrites(); err != nil {
		return err
	}
	if p.Cluster.Effective.BrokersOrigin.Kind == config.FromDefault {
		broker, err := embedded.Start(embedded.Config{Partitions: p.Partitions, JoinDelay: joinDelay})
		if err != nil {
			return fmt.Errorf("embedded broker: %w", err)
		}
		defer func() { err = errors.Join(err, broker.Close()) }()
		cluster.Brokers = []string{broker.Addr()}
		env.Notice("an embedded broker runs at %s", broker.Addr())
	}
	admin, err := kafka.OpenAdmin(ctx, cluster.Config)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := admin.CreateTopic(ctx, kafka.TopicConfig{Name: p.topic, Partitions: p.Partitions}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.DeleteTopic(context.WithoutCancel(ctx), p.topic)) }()
	env.Notice("created topic %s with %d partitions", p.topic, p.Partitions)
	return newShow(p, env, cluster.Config).run(ctx)
}
