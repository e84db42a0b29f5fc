package cmd

import (
	"time"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/demo"
)

func newDemoCmd(env *cli.Env) *cobra.Command {
	var f demo.Options
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
			plan, err := f.Plan(env)
			if err != nil {
				return err
			}
			return demo.Run(cmd.Context(), env, plan)
		},
	}
	flags := cmd.Flags()
	f.Interval.D = time.Second
	flags.IntVarP(&f.Members, "members", "m", 5, "run `N` members")
	flags.IntVar(&f.Partitions, "partitions", 10, "make the topic with `N` partitions")
	flags.Var(&f.Interval, "interval", "write a record every `D`")
	flags.Int64VarP(&f.Count, "count", "n", 0, "stop after `N` records; 0 goes on until Ctrl-C")
	registerCluster(&f.Cluster, flags)
	return cmd
}
