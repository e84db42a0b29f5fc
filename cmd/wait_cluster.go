package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
)

// waitPatience is how long a wait first gives a broker that accepts connections to
// answer; it doubles with each failure, up to --timeout. So a wrong password, which the
// client repeats until it may not any more, is told early.
const waitPatience = time.Second

// waitProbes is how many brokers are asked at the same time.
const waitProbes = 8

// clusterLook keeps a connection between looks at a cluster. One goroutine at a time
// uses it; a look that is abandoned keeps it.
type clusterLook struct {
	*connect.Cluster
	admin    *kafka.Admin // nil: not connected
	patience time.Duration
}

// connect looks up the secrets of a cluster that is to be looked at.
func (f *waitFlags) connect(ctx context.Context, env *cli.Env) (*clusterLook, error) {
	cluster, err := f.cluster.Connect(ctx, env)
	if err != nil {
		return nil, err
	}
	return &clusterLook{Cluster: cluster, patience: min(waitPatience, cluster.Timeout)}, nil
}

// patient is how to connect with the patience as it is now.
func (c *clusterLook) patient(brokers ...string) kafka.Config {
	cfg := c.Config
	cfg.Timeout = c.patience
	if len(brokers) > 0 {
		cfg.Brokers = brokers
	}
	return cfg
}

// with connects, unless it is connected, and asks. After a question that no broker has
// answered it connects anew.
func (c *clusterLook) with(ctx context.Context, ask func(*kafka.Admin) (string, error)) (string, error) {
	if c.admin == nil {
		began := time.Now()
		admin, err := kafka.OpenAdmin(ctx, c.patient())
		if err != nil {
			if time.Since(began) >= c.patience {
				c.patience = min(2*c.patience, c.Timeout)
			}
			return "", err
		}
		c.admin = admin
	}
	missing, err := ask(c.admin)
	if errors.Is(err, kafka.ErrUnreachable) || errors.Is(err, kafka.ErrTLS) {
		c.admin.Close()
		c.admin = nil
		c.patience = min(2*c.patience, c.Timeout)
	}
	return missing, err
}

type waitBrokerFlags struct {
	wait waitFlags
	up   int
}

func newWaitBrokerCmd(env *cli.Env) *cobra.Command {
	var f waitBrokerFlags
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Wait until every advertised broker answers",
		Long: `Wait until the cluster answers, and every broker that it advertises, at the address that it
advertises. With --brokers-up N there must be N of them at least.`,
		Example: `  kstream wait broker -b kafka:9092 --within 2m
  kstream wait broker --brokers-up 3`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.up < 1 {
				return cli.Usagef("--brokers-up: want 1 or more")
			}
			if err := f.wait.plan(env); err != nil {
				return err
			}
			return f.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.up, "brokers-up", 1, "want `N` brokers at least")
	f.wait.register(flags)
	registerCluster(&f.wait.cluster, flags)
	return cmd
}

func (f *waitBrokerFlags) run(ctx context.Context, env *cli.Env) error {
	cluster, err := f.wait.connect(ctx, env)
	if err != nil {
		return err
	}
	return f.wait.await(ctx, env, "broker", cluster.Brokers, func(ctx context.Context) (string, error) {
		return cluster.with(ctx, func(admin *kafka.Admin) (string, error) {
			about, err := admin.Cluster(ctx)
			if err != nil {
				return "", err
			}
			if len(about.Brokers) < f.up {
				return fmt.Sprintf("%s: %d of %d brokers are up", strings.Join(cluster.Brokers, ","), len(about.Brokers), f.up), nil
			}
			return "", cluster.probe(ctx, about.Brokers)
		})
	})
}

// probe asks every broker at its own address. A client that knows only that address can
// learn nothing from another broker before this one has answered.
func (c *clusterLook) probe(ctx context.Context, brokers []kafka.Broker) error {
	probes, ctx := errgroup.WithContext(ctx)
	probes.SetLimit(waitProbes)
	for _, b := range brokers {
		probes.Go(func() error { // ends with its requests, which are bounded
			admin, err := kafka.OpenAdmin(ctx, c.patient(b.Address()))
			if err == nil {
				_, err = admin.Cluster(ctx)
				admin.Close()
			}
			if err != nil {
				return fmt.Errorf("broker %d, which advertises %s: %w", b.ID, b.Address(), err)
			}
			return nil
		})
	}
	return probes.Wait()
}

type waitTopicFlags struct {
	wait       waitFlags
	partitions int
}

func newWaitTopicCmd(env *cli.Env) *cobra.Command {
	var f waitTopicFlags
	cmd := &cobra.Command{
		Use:   "topic TOPIC...",
		Short: "Wait until topics exist and their partitions have leaders",
		Long: `Wait until each topic exists and every partition of it has a leader, so that it can be
read and written. With --partitions N each must have N partitions at least.`,
		Example: `  kstream wait topic orders
  kstream wait topic orders customers --partitions 6 --within 30s`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, topics []string) error {
			if f.partitions < 1 {
				return cli.Usagef("--partitions: want 1 or more")
			}
			if err := f.wait.plan(env); err != nil {
				return err
			}
			return f.run(cmd.Context(), env, cli.Distinct(topics))
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.partitions, "partitions", 1, "want `N` partitions at least")
	f.wait.register(flags)
	registerCluster(&f.wait.cluster, flags)
	return cmd
}

func (f *waitTopicFlags) run(ctx context.Context, env *cli.Env, topics []string) error {
	cluster, err := f.wait.connect(ctx, env)
	if err != nil {
		return err
	}
	return f.wait.await(ctx, env, "topic", topics, func(ctx context.Context) (string, error) {
		return cluster.with(ctx, func(admin *kafka.Admin) (string, error) {
			found, err := admin.Topics(ctx, topics...)
			if err != nil {
				return "", err
			}
			for _, t := range found {
				if n := len(t.Partitions); n < f.partitions {
					return fmt.Sprintf("%s: %d of %d partitions", t.Name, n, f.partitions), nil
				}
				for _, p := range t.Partitions {
					if p.Offline() {
						return fmt.Sprintf("%s[%d]: no leader", t.Name, p.ID), nil
					}
				}
			}
			return "", nil
		})
	})
}
