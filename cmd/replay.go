package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/replay"
)

func newReplayCmd(env *cli.Env) *cobra.Command {
	var f replay.Options
	cmd := &cobra.Command{
		Use:     "replay SRC DST",
		Aliases: []string{"copy"},
		Short:   "Copy records to another topic, cluster or file, and back",
		Long: `Copy records from SRC to DST. Each is a topic, or file:PATH, a dump. All records up to the
end as it is now are copied, with keys, headers and timestamps, unless flags choose some of
them or change them on the way.

With --exactly-once, readers of committed records see each record once, whatever happens:
records and progress are written in one transaction, and the same command goes on after a
kill. A second one takes over from a first that still runs. --name does the same at least
once, without transactions. Progress is kept in the compacted topic __kstream_progress on the
cluster of DST, for each partition by itself; where it is lost, and DST has the records, the
command ends with 8 rather than copy them again. The transactional id is kstream-replay-NAME;
--transactional-id-prefix replaces kstream-replay-.

With --redrive there is no DST: each record goes back to the topic that one of its headers
names, as Spring Kafka, Kafka Connect and kstream write them into dead letter topics.`,
		Example: `  kstream replay orders orders-copy --create --exactly-once
  kstream replay orders orders-test --from-offset -1h --filter '.value.total > 100' --mask .value.email
  kstream replay orders orders --dst-brokers other:9092 --verify
  kstream replay orders file:orders.dump
  kstream replay file:orders.dump orders-again --create --partitioning keep
  kstream replay traffic load-test --speed 2x --timestamps now
  kstream replay orders.dlq --redrive --redrive-allow 'orders.*'`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args)
			if err != nil {
				return err
			}
			_, err = replay.Run(cmd.Context(), env, plan)
			return err
		},
	}
	registerReplay(&f, cmd.Flags())
	return cmd
}

func registerReplay(f *replay.Options, flags *pflag.FlagSet) {
	f.Set = flags.Changed
	end := section(flags, flagsCluster)
	registerOtherCluster(&f.Other, flags, "DST")
	end()
	end = section(flags, flagsOwn, "redrive-header", "redrive-allow", "max-retries", "restart", "transactional-id-prefix", "drop-header", "rate")
	flags.StringArrayVar(&f.SetHeaders, "set-header", nil, "header `NAME=VALUE` instead of those of that name; NAME alone is a null; repeatable")
	flags.StringArrayVar(&f.DropHeaders, "drop-header", nil, "leave out headers called `NAME`; repeatable")
	flags.StringVar(&f.KeyFrom, "key-from", "", keyFromUsage)
	flags.StringArrayVar(&f.Masks, "mask", nil, "hide what the jq path `EXPR` names, such as .value.email, .key or .header.user; repeatable")
	flags.StringVar(&f.Partitioning, "partitioning", "", "`keep|key`: the partition of SRC, or the one that Java's partitioner chooses for the key (default keep when the numbers of partitions agree)")
	flags.StringVar(&f.Timestamps, "timestamps", "keep", "`keep|now`")
	flags.StringVarP(&f.Compression, "compression", "z", "", "`none|gzip|snappy|lz4|zstd`")
	flags.BoolVar(&f.ExactlyOnce, "exactly-once", false, "write records and progress in one transaction; the same command goes on where it ended")
	flags.StringVar(&f.IDPrefix, "transactional-id-prefix", replay.DefaultIDPrefix, "with --exactly-once: `PREFIX` of the transactional id, before the name of the progress; the same each time")
	flags.StringVar(&f.Name, "name", "", "keep progress under `NAME` (with --exactly-once: made from SRC and DST)")
	flags.BoolVar(&f.Restart, "restart", false, "forget the progress and begin anew")
	flags.StringVar(&f.Speed, "speed", "max", "keep the time between records, so many times faster: `2x|max`")
	flags.StringVar(&f.Rate, "rate", "", "at most `N/s` records")
	flags.BoolVar(&f.Create, "create", false, "create DST like SRC if it does not exist: partitions and configuration")
	flags.BoolVar(&f.DryRun, "dry-run", false, "only count, per partition, what would be copied")
	flags.BoolVar(&f.Verify, "verify", false, "afterwards read what was written and compare numbers and checksums; 7 when they differ")
	flags.BoolVar(&f.Redrive, "redrive", false, "send dead letters back to the topics they come from, each once")
	flags.StringVar(&f.RedriveHeader, "redrive-header", "", "with --redrive: the header `NAME` that holds the topic (default those of Spring Kafka, Kafka Connect and kstream)")
	flags.StringVar(&f.RedriveAllow, "redrive-allow", "", "with --redrive: only to topics whose whole name matches `REGEX`")
	flags.IntVar(&f.MaxRetries, "max-retries", 3, "with --redrive: leave a record that was sent back `N` times where it is")
	flags.StringVar(&f.OnError, "on-error", "stop", "records that cannot be changed or delivered: `stop|skip|dlq:TOPIC`; the topic is on the cluster of DST")
	flags.StringVarP(&f.Output, "output", "o", "text", "the summary: `text|json`")
	end()
	registerReplayReading(f, flags)
}

// registerReading adds the flags of consume that say what is read.
func registerReplayReading(f *replay.Options, flags *pflag.FlagSet) {
	r := &f.Reading
	flags.BoolVarP(&f.Exit, "exit", "e", false, "with --to-offset: stop at the end offsets seen at startup, if they come first")
	flags.Int64VarP(&f.Count, "count", "n", 0, "stop after `N` records that were copied")
	flags.Var(&f.Limit, "for", "stop after `D`")
	registerSelection(r, flags)
	registerCluster(&r.Cluster, flags)
	flags.Lookup("map").Usage = changesValue
}
