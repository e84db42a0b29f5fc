package cmd

import (
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/produce"
)

func newProduceCmd(env *cli.Env) *cobra.Command {
	var f produce.Options
	cmd := &cobra.Command{
		Use:     "produce TOPIC [FILE...]",
		Aliases: []string{"write"},
		Short:   "Write records",
		Long: `Write records from files, or from stdin: a line each, unless -i says otherwise. Each
is acknowledged by all in-sync replicas, once, in order (acks=all, idempotence), and
what was not is named with its place in the input.

TOPIC - takes the topic of each record from the input (-i json, or a format with %t).

With --transactional-id, readers of committed records see all of a transaction or none:
a record that is not delivered, or bad input under --on-error stop, aborts it. SIGINT
ends the input: what was read is delivered and committed.
The user needs WRITE on the transactional id ID and on the topic.`,
		Example: `  kstream produce orders --create -k k1 --value '{"amount":1}'
  kstream produce orders < orders.ndjson
  echo 'k1:{"amount":1}' | kstream produce orders -K :
  kstream produce orders -i csv orders.csv --key-from .id
  kstream consume orders -e -o json | kstream produce copy -i json
  kstream produce orders --generate '{"id":{{seq}},"name":{{json name}}}' -n 1000`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(cmd.Context(), env, args[0], args[1:])
			if err != nil {
				return err
			}
			_, err = produce.Run(cmd.Context(), env, plan)
			return err
		},
	}
	flags := cmd.Flags()
	f.Set = flags.Changed
	end := section(flags, flagsOwn, "idempotent", "seed", "repeat", "interval", "generate-key", "null-key", "null-value", "skip-empty", "partitioner", "partition-by", "keep-partition", "commit-every", "delimiter")
	flags.StringVarP(&f.Key, "key", "k", "", "the `KEY` of every record")
	flags.StringArrayVar(&f.Values, "value", nil, "write a record whose value is `TEXT`, and read no input; repeatable")
	flags.StringVarP(&f.KeySep, "key-separator", "K", "", "each line is KEY `SEP` VALUE, split at the first SEP")
	flags.StringVar(&f.KeyFrom, "key-from", "", "the key, from the value by the jq `EXPR`: .user.id")
	flags.StringArrayVarP(&f.Headers, "header", "H", nil, "header `NAME=VALUE`; NAME alone is a null; repeatable")
	flags.Int32VarP(&f.Partition, "partition", "p", -1, "write to partition `N`")
	flags.StringVar(&f.Partitioner, "partitioner", "murmur2_random", "how keys choose partitions: `NAME` is murmur2_random (as Java does), murmur2, consistent_random, consistent, fnv1a_random, fnv1a, random or round-robin")
	flags.StringVar(&f.PartitionBy, "partition-by", "", "the partition, by the jq `EXPR` over the record")
	flags.BoolVar(&f.KeepPartition, "keep-partition", false, "with -i json: keep the partition of each record line")
	flags.StringVar(&f.Timestamp, "timestamp", "", "the timestamp `TIME` of every record")
	flags.StringVarP(&f.Input, "input", "i", "line", "how to read: `FORMAT` is line, json, values, csv, file, or a format string such as '%k\\t%v\\n'")
	flags.StringVarP(&f.Delimiter, "delimiter", "d", `\n`, "what ends a line, `SEP`")
	flags.StringVar(&f.NullKey, "null-key", "", "this text as a key is a null: `MARKER`")
	flags.StringVar(&f.NullValue, "null-value", "", "this text as a value is a null: `MARKER`")
	flags.BoolVar(&f.Tombstones, "tombstones", false, "each line is a key; its value is null")
	flags.BoolVar(&f.SkipEmpty, "skip-empty", false, "leave empty lines out, instead of writing empty values")
	flags.StringVarP(&f.Compression, "compression", "z", "lz4", "`none|gzip|snappy|lz4|zstd`")
	flags.StringVar(&f.Acks, "acks", "all", "who must have a record before it counts: `all|1|0`")
	flags.BoolVar(&f.Idempotent, "idempotent", true, "store each record once, in order, whatever is retried")
	flags.StringVar(&f.Transactional, "transactional-id", "", "write in transactions under `ID`")
	flags.StringVar(&f.CommitEvery, "commit-every", "", "with --transactional-id: commit after `N` records, or after a time such as 500ms")
	flags.StringVar(&f.Generate, "generate", "", "make values from the Go `TEMPLATE` (@FILE reads one) with fake data; see kstream help generate")
	flags.StringVar(&f.GenerateKey, "generate-key", "", "make keys from the Go `TEMPLATE`")
	flags.Uint64Var(&f.Seed, "seed", 0, "make the same records each time: `N`")
	flags.Int64VarP(&f.Count, "count", "n", 0, "stop after `N` records")
	flags.IntVar(&f.Repeat, "repeat", 1, "write each record `N` times")
	flags.Var(&f.Interval, "interval", "one record every `D`")
	flags.StringVar(&f.Rate, "rate", "", "at most `N/s` records")
	flags.StringVar(&f.OnError, "on-error", "stop", "at input that is no record, or a record that is refused: `stop|skip`")
	flags.StringVar(&f.Rejects, "rejects", "", "write the input of what was not delivered to `FILE`, ready to be sent again")
	flags.StringVarP(&f.Output, "output", "o", "none", "receipts: `none|text|json`")
	flags.BoolVar(&f.Create, "create", false, "create the topic if it does not exist")
	end()
	f.Serdes.Cluster = &f.Cluster
	registerSerdes(&f.Serdes, flags)
	registerCluster(&f.Cluster, flags)
	return cmd
}
