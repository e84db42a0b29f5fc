package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// replayFlags holds the command line as typed; plan gives it meaning.
type replayFlags struct {
	reading selectionFlags
	exit    bool
	count   int64
	limit   durationFlag
	other   otherClusterFlags

	setHeaders, dropHeaders  []string
	masks                    []string
	partitioning, timestamps string
	compression              string
	exactlyOnce, restart     bool
	name                     string
	speed, rate              string
	create, dryRun, verify   bool
	redrive                  bool
	redriveHeader            string
	redriveAllow             string
	maxRetries               int
	onError                  string
	output                   string
	set                      func(name string) bool
	text                     func(name string) string // of a flag, as typed
}

func newReplayCmd(env *Env) *cobra.Command {
	var f replayFlags
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
command ends with 8 rather than copy them again.

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
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *replayFlags) register(flags *pflag.FlagSet) {
	f.set = flags.Changed
	f.text = func(name string) string { return flags.Lookup(name).Value.String() }
	f.other.register(flags, "DST")
	flags.StringArrayVar(&f.setHeaders, "set-header", nil, "header `NAME=VALUE` instead of those of that name; NAME alone is a null; repeatable")
	flags.StringArrayVar(&f.dropHeaders, "drop-header", nil, "leave out headers called `NAME`; repeatable")
	flags.StringArrayVar(&f.masks, "mask", nil, "hide what the jq path `EXPR` names, such as .value.email, .key or .header.user; repeatable")
	flags.StringVar(&f.partitioning, "partitioning", "", "`keep|key`: the partition of SRC, or the one that Java's partitioner gives the key (default keep when the numbers of partitions agree)")
	flags.StringVar(&f.timestamps, "timestamps", "keep", "`keep|now`")
	flags.StringVarP(&f.compression, "compression", "z", "", "`none|gzip|snappy|lz4|zstd`")
	flags.BoolVar(&f.exactlyOnce, "exactly-once", false, "write records and progress in one transaction; the same command goes on where it ended")
	flags.StringVar(&f.name, "name", "", "keep progress under `NAME` (with --exactly-once: made from SRC and DST)")
	flags.BoolVar(&f.restart, "restart", false, "forget the progress and begin anew")
	flags.StringVar(&f.speed, "speed", "max", "keep the time between records, so many times faster: `2x|max`")
	flags.StringVar(&f.rate, "rate", "", "at most `N/s` records")
	flags.BoolVar(&f.create, "create", false, "create DST like SRC if it does not exist: partitions and configuration")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only count, per partition, what would be copied")
	flags.BoolVar(&f.verify, "verify", false, "afterwards read what was written and compare numbers and checksums; 7 when they differ")
	flags.BoolVar(&f.redrive, "redrive", false, "send dead letters back to the topics they come from, each once")
	flags.StringVar(&f.redriveHeader, "redrive-header", "", "with --redrive: the header `NAME` that holds the topic (default those of Spring Kafka, Kafka Connect and kstream)")
	flags.StringVar(&f.redriveAllow, "redrive-allow", "", "with --redrive: only to topics whose whole name matches `REGEX`")
	flags.IntVar(&f.maxRetries, "max-retries", 3, "with --redrive: leave a record that was sent back `N` times where it is")
	flags.StringVar(&f.onError, "on-error", "stop", "records that cannot be changed or delivered: `stop|skip|dlq:TOPIC`; the topic is on the cluster of DST")
	flags.StringVarP(&f.output, "output", "o", "text", "the summary: `text|json`")
	f.registerReading(flags)
}

// registerReading adds the flags of consume that say what is read.
func (f *replayFlags) registerReading(flags *pflag.FlagSet) {
	r := &f.reading
	flags.BoolVarP(&f.exit, "exit", "e", false, "with --to-offset: stop at the end as it is at the start, if that comes first")
	flags.Int64VarP(&f.count, "count", "n", 0, "stop after `N` records that were copied")
	flags.Var(&f.limit, "for", "stop after `D`")
	r.register(flags)
	r.cluster.register(flags)
	flags.Lookup("map").Usage = changesValue
}

// check refuses flags that contradict each other or mean nothing together.
func (f *replayFlags) check(args []string) error {
	needs := func(flag, other string, given bool) error {
		if f.set(flag) && !given {
			return usagef("--%s goes with %s", flag, other)
		}
		return nil
	}
	if err := firstOf(
		needs("redrive-header", "--redrive", f.redrive),
		needs("redrive-allow", "--redrive", f.redrive),
		needs("max-retries", "--redrive", f.redrive),
		needs("restart", "--name or --exactly-once", f.keepsProgress()),
		checkPositive(f.set, flagValue{"count", f.count}, flagValue{"for", int64(f.limit.d)}),
	); err != nil {
		return err
	}
	oneOf := func(flag, value string, values ...string) error {
		if !slices.Contains(values, value) {
			return usagef("--%s %s: want %s", flag, value, strings.Join(values, " or "))
		}
		return nil
	}
	if err := firstOf(
		oneOf("timestamps", f.timestamps, "keep", "now"),
		oneOf("output", f.output, "text", "json"),
	); err != nil {
		return err
	}
	switch {
	case f.redrive && len(args) == 2:
		return usagef("--redrive sends each record to the topic that it names: leave %s out", args[1])
	case !f.redrive && len(args) == 1:
		return hint(usagef("replay %s: want SRC and DST", args[0]), "--redrive sends dead letters back and needs no DST")
	case f.set("partitioning") && f.partitioning != "keep" && f.partitioning != "key":
		return usagef("--partitioning %s: want keep or key", f.partitioning)
	case f.set("speed") && f.set("rate"):
		return usagef("--speed and --rate exclude each other")
	case f.maxRetries < 1:
		return usagef("--max-retries %d: want 1 or more", f.maxRetries)
	case f.set("name") && !replayName.MatchString(f.name):
		return usagef("--name %q: want 1 to 200 of a–z, A–Z, 0–9, . _ -", f.name)
	case f.redrive && (f.create || f.verify):
		return usagef("--redrive has no DST that --create or --verify could mean")
	case f.dryRun && f.verify:
		return usagef("--dry-run writes nothing that --verify could read")
	}
	return nil
}

// keepsProgress says whether a second run goes on where the first one ended.
func (f *replayFlags) keepsProgress() bool { return f.exactlyOnce || f.redrive || f.name != "" }
