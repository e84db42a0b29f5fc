package cmd

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/pipe"
)

func newPipeCmd(env *cli.Env) *cobra.Command {
	var f pipe.Options
	cmd := &cobra.Command{
		Use:   "pipe SRC DST",
		Short: "Transform records from topic to topic, without end, as a group",
		Long: `Read SRC as members of a group and write what becomes of each record to DST, with its key,
headers and timestamp, until Ctrl-C. As many processes on as many machines as one likes share
the group, and the partitions.

A record counts as done when what came of it is acknowledged: at least once. With
--exactly-once, what came of records and the offsets of the group are committed in one
transaction for each member: readers of committed records see each result once, whatever is
killed. Such readers wait up to transaction.timeout.ms (15 s unless -X says otherwise) for a
member that was killed.

DST - takes the topic of each record from --route. Nothing is created but DST, with --create.`,
		Example: `  kstream pipe orders orders-copy --group copy --members 3
  kstream pipe orders paid --group paid --filter '.value.state == "paid"' --map '.value | {id, total}'
  kstream pipe orders enriched --group enrich --exec ./enrich.py --exactly-once
  kstream pipe events - --group split --route '"events-" + .value.country' --on-error dlq:events-odd`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args[0], args[1])
			if err != nil {
				return err
			}
			_, err = pipe.Run(cmd.Context(), env, plan)
			return err
		},
	}
	registerPipe(&f, cmd.Flags())
	return cmd
}

// keyFromUsage is the line of help of --key-from where records are changed.
const keyFromUsage = "the key, from the value as it is written by the jq `EXPR`: .user.id; it chooses the partition"

func registerPipe(f *pipe.Options, flags *pflag.FlagSet) {
	f.Changed = flags.Changed
	f.CommitEvery.D = 500 * time.Millisecond
	registerPipeReading(f, flags)
	r := &f.Reading
	end := section(flags, flagsOwn, "commit-every")
	flags.StringVar(&f.Exec, "exec", "", "each member writes record lines to the command `CMD`; each line that it answers is the new value, and an empty one drops the record")
	registerExecMode(flags, &f.ExecMode)
	flags.StringVar(&f.KeyFrom, "key-from", "", keyFromUsage)
	flags.StringVar(&f.Route, "route", "", "the topic by the jq `EXPR` over the record as it is written; null is DST")
	flags.BoolVar(&f.ExactlyOnce, "exactly-once", false, "commit results and offsets in one transaction for each member")
	flags.BoolVar(&f.Create, "create", false, "create DST like SRC if it does not exist: partitions and configuration")
	flags.Var(&f.CommitEvery, "commit-every", "commit what is done every `D`, or after N records and every 5s")
	flags.StringVarP(&f.Compression, "compression", "z", "", "`none|gzip|snappy|lz4|zstd`")
	flags.StringVar(&f.OnError, "on-error", "stop", "records that cannot be decoded, changed, routed or delivered: `stop|skip|dlq:TOPIC`")
	end()
	r.Serdes.Cluster = &r.Cluster
	registerSerdes(&r.Serdes, flags)
	flags.StringVar(&f.ToValue, "to-value-serde", "", "write values in the format `SPEC` (default that of --value-serde)")
	registerCluster(&r.Cluster, flags)
}

// registerReading adds the flags of consume that a member of a group can have.
func registerPipeReading(f *pipe.Options, flags *pflag.FlagSet) {
	r := &f.Reading
	r.Changed = flags.Changed
	r.Reading.Isolation = "read_committed"
	end := section(flags, flagsReading, "idle-timeout")
	flags.StringVar(&r.Reading.From, "from-offset", "", "move the group to position `P` first: beginning, end, N, +N, -N, @TIME, 0=10,3=-5")
	flags.BoolVarP(&f.Exit, "exit", "e", false, "stop when all that was there at the start is done, by whichever member")
	flags.Int64VarP(&f.Count, "count", "n", 0, "stop after `N` records that were written or put aside; all that becomes of one record is")
	flags.Var(&f.Idle, "idle-timeout", "stop when nothing has come for `D`")
	flags.Var(&f.Limit, "for", "stop after `D`")
	end()
	registerFilters(&r.Filters, flags, "key-equals") // members of a group read all partitions
	flags.Lookup("map").Usage = changesValue
	registerMembers(&f.Members, flags)
	flags.Lookup("group").Usage = "the group `NAME` whose offsets say what is done"
	flags.Lookup("members").Usage = "join as `N` members, a goroutine and a producer each"
	flags.Lookup("instance-id").Usage = "make the members static: `NAME`-0, NAME-1, …; with --exactly-once a restart then ends what a kill left open"
	flags.Lookup("yes").Usage = "with --from-offset: move a group that has committed already"
}
