package cmd

import (
	"strings"

	"github.com/spf13/cobra"
)

// produceFlags holds the command line as typed; plan gives it meaning.
type produceFlags struct {
	cluster clusterFlags
	serdes  serdeFlags

	input, keySep, delimiter string
	nullKey, nullValue       string
	tombstones, skipEmpty    bool
	key, keyFrom             string
	headers                  []string
	partition                int32
	partitioner, partitionBy string
	keepPartition            bool
	timestamp                string
	compression, acks        string
	idempotent               bool
	transactional            string
	commitEvery              string
	generate, generateKey    string
	seed                     uint64
	count                    int64
	repeat                   int
	interval                 durationFlag
	rate                     string
	onError, rejects         string
	output                   string
	create                   bool
	set                      func(name string) bool
}

func newProduceCmd(env *Env) *cobra.Command {
	var f produceFlags
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
ends the input: what was read is delivered and committed.`,
		Example: `  kstream produce orders < orders.ndjson
  kstream produce orders -K : <<< 'k1:{"amount":1}'
  kstream produce orders -i csv orders.csv --key-from .id
  kstream consume orders -e -o json | kstream produce copy -i json
  kstream produce orders --generate '{"id":{{seq}},"name":{{json name}}}' -n 1000`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(cmd.Context(), env, args[0], args[1:])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	f.set = flags.Changed
	flags.StringVarP(&f.key, "key", "k", "", "the `KEY` of every record")
	flags.StringVarP(&f.keySep, "key-separator", "K", "", "each line is KEY `SEP` VALUE, split at the first SEP")
	flags.StringVar(&f.keyFrom, "key-from", "", "the key, from the value by the jq `EXPR`: .user.id")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "header `NAME=VALUE`; NAME alone is a null; repeatable")
	flags.Int32VarP(&f.partition, "partition", "p", -1, "write to partition `N`")
	flags.StringVar(&f.partitioner, "partitioner", "murmur2_random", "how keys choose partitions: `NAME` is murmur2_random (as Java does), murmur2, consistent_random, consistent, fnv1a_random, fnv1a, random or round-robin")
	flags.StringVar(&f.partitionBy, "partition-by", "", "the partition, by the jq `EXPR` over the record")
	flags.BoolVar(&f.keepPartition, "keep-partition", false, "with -i json: keep the partition of each record line")
	flags.StringVar(&f.timestamp, "timestamp", "", "the timestamp `TIME` of every record")
	flags.StringVarP(&f.input, "input", "i", "line", "how to read: `FORMAT` is line, json, values, csv, file, or a format string such as '%k\\t%v\\n'")
	flags.StringVarP(&f.delimiter, "delimiter", "d", `\n`, "what ends a line, `SEP`")
	flags.StringVar(&f.nullKey, "null-key", "", "this text as a key is a null: `MARKER`")
	flags.StringVar(&f.nullValue, "null-value", "", "this text as a value is a null: `MARKER`")
	flags.BoolVar(&f.tombstones, "tombstones", false, "each line is a key; its value is null")
	flags.BoolVar(&f.skipEmpty, "skip-empty", false, "leave empty lines out, instead of writing empty values")
	flags.StringVarP(&f.compression, "compression", "z", "", "`none|gzip|snappy|lz4|zstd`")
	flags.StringVar(&f.acks, "acks", "all", "who must have a record before it counts: `all|1|0`")
	flags.BoolVar(&f.idempotent, "idempotent", true, "store each record once, in order, whatever is retried")
	flags.StringVar(&f.transactional, "transactional-id", "", "write in transactions under `ID`")
	flags.StringVar(&f.commitEvery, "commit-every", "", "with --transactional-id: commit after `N` records, or after a time such as 500ms")
	flags.StringVar(&f.generate, "generate", "", "make values from the Go `TEMPLATE` (@FILE reads one) with fake data; see kstream help generate")
	flags.StringVar(&f.generateKey, "generate-key", "", "make keys from the Go `TEMPLATE`")
	flags.Uint64Var(&f.seed, "seed", 0, "make the same records each time: `N`")
	flags.Int64VarP(&f.count, "count", "n", 0, "stop after `N` records")
	flags.IntVar(&f.repeat, "repeat", 1, "write each record `N` times")
	flags.Var(&f.interval, "interval", "one record every `D`")
	flags.StringVar(&f.rate, "rate", "", "at most `N/s` records")
	flags.StringVar(&f.onError, "on-error", "stop", "at input that is no record, or a record that is refused: `stop|skip`")
	flags.StringVar(&f.rejects, "rejects", "", "write the input of what was not delivered to `FILE`, ready to be sent again")
	flags.StringVarP(&f.output, "output", "o", "none", "receipts: `none|text|json`")
	flags.BoolVar(&f.create, "create", false, "create the topic if it does not exist")
	f.serdes.cluster = &f.cluster
	f.serdes.register(flags)
	f.cluster.register(flags)
	return cmd
}

// check refuses flags that contradict each other.
func (f *produceFlags) check(topic string, files []string) error {
	exclusive := func(names ...string) error {
		var given []string
		for _, n := range names {
			if f.set(n) {
				given = append(given, "--"+n)
			}
		}
		if len(given) > 1 {
			return usagef("%s exclude each other", strings.Join(given, " and "))
		}
		return nil
	}
	for _, names := range [][]string{
		{"key", "key-separator", "key-from", "tombstones", "generate-key"},
		{"partition", "partition-by", "keep-partition", "partitioner"},
		{"generate", "input"},
		{"interval", "rate"},
	} {
		if err := exclusive(names...); err != nil {
			return err
		}
	}
	switch {
	case f.onError != "stop" && f.onError != "skip":
		return usagef("--on-error %s: want stop or skip", f.onError)
	case f.output != "none" && f.output != "text" && f.output != "json":
		return usagef("-o %s: receipts are none, text or json", f.output)
	case f.acks != "all" && f.acks != "-1" && f.acks != "1" && f.acks != "0":
		return usagef("--acks %s: want all, 1 or 0", f.acks)
	case f.acks != "all" && f.acks != "-1" && f.idempotent && f.set("idempotent"):
		return usagef("--idempotent needs --acks all")
	case f.set("partition") && f.partition < 0:
		return usagef("-p %d: partitions count from 0", f.partition)
	case f.count < 0:
		return usagef("-n %d: want a number of records", f.count)
	case f.repeat < 1:
		return usagef("--repeat %d: want 1 or more", f.repeat)
	case f.set("commit-every") && f.transactional == "":
		return usagef("--commit-every needs --transactional-id")
	case f.generateKey != "" && f.generate == "":
		return usagef("--generate-key needs --generate")
	case f.generate != "" && len(files) > 0:
		return usagef("--generate makes records; it reads no files")
	case f.set("seed") && f.generate == "":
		return usagef("--seed needs --generate")
	case f.keepPartition && f.input != "json":
		return usagef("--keep-partition goes with -i json")
	case f.rejects != "" && f.generate != "":
		return usagef("--rejects keeps input; --generate has none")
	case f.rejects != "" && f.input == "file":
		return hint(usagef("--rejects cannot hold whole files"), "what was not delivered is named: send those files again")
	case topic == "-" && (f.generate != "" || f.input != "json" && !strings.Contains(f.input, "%t")):
		return hint(usagef("TOPIC -: records without a topic"), "with -i json, or a format with %%t, each record names its own")
	}
	return nil
}
