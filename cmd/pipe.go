package cmd

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// pipeFlags holds the command line as typed; plan gives it meaning.
type pipeFlags struct {
	reading     selectionFlags
	members     memberFlags
	exec        string
	execMode    string
	exit        bool
	count       int64
	idle, limit durationFlag
	route       string
	exactlyOnce bool
	commitEvery commitEveryFlag
	compression string
	toValue     string
	onError     string
	create      bool
	changed     func(name string) bool
}

func newPipeCmd(env *Env) *cobra.Command {
	var f pipeFlags
	cmd := &cobra.Command{
		Use:   "pipe SRC DST",
		Short: "Transform records from topic to topic, without end, as members of a group",
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
			plan, err := f.plan(env, args[0], args[1])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *pipeFlags) register(flags *pflag.FlagSet) {
	f.changed = flags.Changed
	f.commitEvery.d = 500 * time.Millisecond
	f.registerReading(flags)
	r := &f.reading
	flags.StringVar(&f.exec, "exec", "", "each member gives record lines to the command `CMD`; each line that it answers is the new value, and an empty one drops the record")
	registerExecMode(flags, &f.execMode)
	flags.StringVar(&f.route, "route", "", "the topic by the jq `EXPR` over the record as it is written; null is DST")
	flags.BoolVar(&f.exactlyOnce, "exactly-once", false, "commit results and offsets in one transaction for each member")
	flags.BoolVar(&f.create, "create", false, "create DST like SRC if it does not exist: partitions and configuration")
	flags.Var(&f.commitEvery, "commit-every", "commit what is done every `D`, or after N records and every 5s")
	flags.StringVarP(&f.compression, "compression", "z", "", "`none|gzip|snappy|lz4|zstd`")
	flags.StringVar(&f.onError, "on-error", "stop", "records that cannot be decoded, changed, routed or delivered: `stop|skip|dlq:TOPIC`")
	r.serdes.cluster = &r.cluster
	r.serdes.register(flags)
	flags.StringVar(&f.toValue, "to-value-serde", "", "write values in the format `SPEC` (default that of --value-serde)")
	r.cluster.register(flags)
}

// registerReading adds the flags of consume that a member of a group can have.
func (f *pipeFlags) registerReading(flags *pflag.FlagSet) {
	r := &f.reading
	r.changed = flags.Changed
	r.reading.isolation = "read_committed"
	flags.StringVar(&r.reading.from, "from-offset", "", "move the group to position `P` first: beginning, end, N, +N, -N, @TIME, 0=10,3=-5")
	flags.BoolVarP(&f.exit, "exit", "e", false, "stop when all that was there at the start is done, by whichever member")
	flags.Int64VarP(&f.count, "count", "n", 0, "stop after `N` records that were written or put aside; all that becomes of one record is")
	flags.Var(&f.idle, "idle-timeout", "stop when nothing has come for `D`")
	flags.Var(&f.limit, "for", "stop after `D`")
	r.filters.register(flags, "key-equals") // members of a group read all partitions
	flags.Lookup("map").Usage = changesValue
	f.members.register(flags)
	flags.Lookup("group").Usage = "the group `NAME` whose offsets say what is done"
	flags.Lookup("members").Usage = "join as `N` members, a goroutine and a producer each"
	flags.Lookup("instance-id").Usage = "make the members static: `NAME`-0, NAME-1, …; with --exactly-once a restart then ends what a kill left open"
	flags.Lookup("yes").Usage = "with --from-offset: move a group that has committed already"
}
