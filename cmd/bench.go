package cmd

import (
	"github.com/spf13/cobra"

	"kstream/cmd/bench"
	"kstream/cmd/cli"
)

func newBenchCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast a cluster takes and gives records",
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newBenchProduceCmd(env), newBenchConsumeCmd(env))
	return cmd
}

func newBenchProduceCmd(env *cli.Env) *cobra.Command {
	var f bench.ProduceOptions
	cmd := &cobra.Command{
		Use:   "produce TOPIC",
		Short: "Write records of no meaning, and measure rate and latency",
		Long: `Write records of no meaning to TOPIC and read them back, and print how many were
acknowledged in a second, and how long they took from the call that sends them to the
one that reads them. At full speed that is mostly the time that they wait in the
client; --rate shows what a cluster does under a given load.

The topic must be a new one that --create makes, or --yes permits writing to it.`,
		Example: `  kstream bench produce bench-1 --create --records 1000000
  kstream bench produce bench-2 --create --rate 5000/s --for 30s --size 1000
  kstream bench produce bench-3 --create --partitions 12 -z zstd -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args[0])
			if err != nil {
				return err
			}
			_, err = bench.RunProduce(cmd.Context(), env, plan)
			return err
		},
	}
	flags := cmd.Flags()
	f.Set = flags.Changed
	flags.Int64VarP(&f.Records, "records", "n", 1_000_000, "write `N` records")
	flags.IntVar(&f.Size, "size", 100, "values of `BYTES`")
	flags.StringVar(&f.Rate, "rate", "", "at most `N/s` records (default as fast as it goes)")
	flags.Var(&f.For, "for", "stop after `D`")
	flags.StringVarP(&f.Compression, "compression", "z", "", "`none|gzip|snappy|lz4|zstd`")
	flags.StringVar(&f.Acks, "acks", "all", "who must have a record before it counts: `all|1|0`")
	flags.BoolVar(&f.Latency, "latency", true, "read the records back and measure how long they took; --latency=false leaves the machine to writing")
	flags.BoolVar(&f.Create, "create", false, "create the topic if it does not exist")
	flags.IntVar(&f.Partitions, "partitions", 0, "with --create: `N` partitions (default: the broker's)")
	flags.BoolVarP(&f.Yes, "yes", "y", false, "write to a topic that exists")
	registerListing(&f.Listing, flags)
	registerCluster(&f.Cluster, flags)
	return cmd
}

func newBenchConsumeCmd(env *cli.Env) *cobra.Command {
	var f bench.ConsumeOptions
	cmd := &cobra.Command{
		Use:   "consume TOPIC",
		Short: "Read a topic, and measure the rate",
		Long: `Read TOPIC from its beginning to its end as it is now, and print how many records came
in a second. With --members it is read by a new group, which is deleted afterwards; the
time that joining takes is not counted.

With --follow only new records are read: those that kstream bench produce writes
meanwhile carry the time of sending, and their latency is measured.`,
		Example: `  kstream bench consume orders
  kstream bench consume orders --members 5 -o json
  kstream bench consume bench-2 --follow --for 30s`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args[0])
			if err != nil {
				return err
			}
			_, err = bench.RunConsume(cmd.Context(), env, plan)
			return err
		},
	}
	flags := cmd.Flags()
	f.Set = flags.Changed
	flags.Int64VarP(&f.Records, "records", "n", 0, "stop after `N` records (default: all)")
	flags.Var(&f.For, "for", "stop after `D`")
	flags.IntVarP(&f.Members, "members", "m", 0, "read as `N` members of a new group (default: without a group)")
	flags.BoolVar(&f.Follow, "follow", false, "read what is written from now on")
	registerListing(&f.Listing, flags)
	registerCluster(&f.Cluster, flags)
	return cmd
}
