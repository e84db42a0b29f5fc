package cmd

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/pipe"
	"kstream/cmd/sink"
	"kstream/cmd/source"
)

func newPipeCmd(env *cli.Env) *cobra.Command {
	var f pipe.Options
	into, from := sink.Options{Pipe: &f}, source.Options{Pipe: &f}
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
member that was killed. Transactional ids are kstream-pipe-GROUP-RANDOM-MEMBER, and with
--instance-id kstream-pipe-GROUP-NAME-NUMBER; --transactional-id-prefix replaces kstream-pipe-.

With --aggregate or --reduce it keeps a state for each key, and with --window for each key and
span of time, in the compacted topic --state: always exactly once. Results are {key, window,
state, updated} to --map and --key-from; without them the state under its key, KEY@START with
a window. Another member, process or machine goes on with the state where this one ended;
a state that is gone, or was made by other flags, is refused. Docs: streams.md.

DST - takes the topic of each record from --route. Nothing is created but DST, and the topic of the
state, with --create.

DST postgres://USER@HOST/DATABASE or sqlite:FILE is a database: each record becomes a row of
--table, or of the table that --route says, in one transaction with the offsets, which its table
kstream_offsets keeps. So each record is a row once, whatever is killed. A password in a URL may be
a reference, such as postgres://ada:@env:PGPASSWORD@db/shop. DST https://HOST/PATH is a server that
takes many records in a request, at least once, each with its id. See docs/connect.md.

SRC can be such a database, too: its rows behind the position of --group, in the order of --cursor,
become records of DST, with the position in their transaction. Rows that commit late, with a smaller
cursor than one that was read, are missed, unless --settle waits for them; deleted rows are not seen.`,
		Example: `  kstream pipe orders orders-copy --group copy --members 3
  kstream pipe orders paid --group paid --filter '.value.state == "paid"' --map '.value | {id, total}'
  kstream pipe orders enriched --group enrich --exec ./enrich.py --exactly-once
  kstream pipe orders revenue --group revenue --create --aggregate 'n=count, sum=sum(.value.total)'
  kstream pipe events busy --group busy --create --aggregate n=count --window 1m --map 'select(.state.n > 5)'
  kstream pipe events - --group split --route '"events-" + .value.country' --on-error dlq:events-odd
  kstream pipe orders sqlite:orders.db --table orders --create-table --group orders-db -e
  kstream pipe orders postgres://ada:@env:PGPASSWORD@db/shop --table orders --mode upsert --primary-key key --group shop
  kstream pipe orders https://search:9200/orders/_bulk --format elasticsearch --group search
  kstream pipe sqlite:app.db changes --table customers --cursor updated_at,id --group app -e`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch changed := cmd.Flags().Changed; {
			case sink.IsURL(args[0]):
				from.Table, from.PrimaryKey = into.Table, into.PrimaryKey
				plan, err := from.Plan(env, args[0], args[1])
				if err != nil {
					return err
				}
				_, err = source.Run(cmd.Context(), env, plan)
				return err
			case slices.ContainsFunc(source.Flags(), changed):
				return cli.Usagef("%s are about a database as SRC", "--"+strings.Join(source.Flags(), ", --"))
			case sink.IsURL(args[1]):
				plan, err := into.Plan(env, args[0], args[1])
				if err != nil {
					return err
				}
				_, err = sink.Run(cmd.Context(), env, plan)
				return err
			case slices.ContainsFunc(sink.Flags(), changed):
				return cli.Usagef("%s are about a database, and %s is a topic", "--"+strings.Join(sink.Flags(), ", --"), args[1])
			}
			plan, err := f.Plan(env, args[0], args[1])
			if err != nil {
				return err
			}
			_, err = pipe.Run(cmd.Context(), env, plan)
			return err
		},
	}
	registerPipe(&f, cmd.Flags())
	registerTables(&into, &from, cmd.Flags())
	return cmd
}

// keyFromUsage is the line of help of --key-from where records are changed.
const keyFromUsage = "the key, from the value as it is written by the jq `EXPR`: .user.id; it chooses the partition"

// registerTables adds what is about the tables of a database.
func registerTables(f *sink.Options, from *source.Options, flags *pflag.FlagSet) {
	from.Interval.D = 5 * time.Second
	defer section(flags, flagsTables)()
	flags.StringVar(&f.Table, "table", "", "the table `NAME` that rows are written to, or read from; with --route that of records for which it is null")
	flags.StringVar(&f.Mode, "mode", "append", "`append|upsert`: upsert replaces the row of the same primary key, and a record without a value deletes it")
	flags.StringVar(&f.PrimaryKey, "primary-key", "", "by which rows are the same: `key|.FIELD,…`, the key of the record or fields of its value")
	flags.BoolVar(&f.Create, "create-table", false, "create tables that are not there, with the columns of the schema or of the first rows")
	flags.BoolVar(&f.Alter, "alter-table", false, "add columns for fields that a table has none for")
	flags.BoolVar(&f.Meta, "meta", false, "write topic, partition, offset, timestamp and key, each a column")
	flags.StringVar(&f.Format, "format", "json", "the body of requests to DST https://…: `json|elasticsearch`, lines of JSON or those of _bulk")
	flags.StringVar(&from.Query, "query", "", "with a database as SRC: the rows of the `SQL` query, in place of --table")
	flags.StringVar(&from.Cursor, "cursor", "", "with a database as SRC: the `COLUMN[,ID]` that grows when a row is new or changes; an ID tells rows of one time apart")
	flags.Var(&from.Interval, "interval", "with a database as SRC: look for new rows every `D`")
	flags.Var(&from.Settle, "settle", "with a database as SRC: read only rows up to what was the newest `D` ago, for those that commit late")
}

func registerPipe(f *pipe.Options, flags *pflag.FlagSet) {
	f.Changed = flags.Changed
	f.CommitEvery.D = 500 * time.Millisecond
	registerPipeReading(f, flags)
	r := &f.Reading
	end := section(flags, flagsOwn, "commit-every", "transactional-id-prefix")
	flags.StringVar(&f.Exec, "exec", "", "each member writes record lines to the command `CMD`; each line that it answers is the new value, and an empty one drops the record")
	registerExecMode(flags, &f.ExecMode)
	flags.StringVar(&f.KeyFrom, "key-from", "", keyFromUsage)
	flags.StringArrayVar(&f.Lookups, "lookup", nil, "--filter, --map and --reduce see the newest values of a topic under their keys: `NAME=TOPIC` is $NAME[.key]; repeatable")
	flags.StringVar(&f.Route, "route", "", "the topic by the jq `EXPR` over the record as it is written; null is DST")
	flags.BoolVar(&f.ExactlyOnce, "exactly-once", false, "commit results and offsets in one transaction for each member")
	flags.StringVar(&f.IDPrefix, "transactional-id-prefix", pipe.DefaultIDPrefix, "with --exactly-once: `PREFIX` of the transactional ids, before the group and the member")
	flags.BoolVar(&f.Create, "create", false, "create DST like SRC if it does not exist: partitions and configuration")
	flags.Var(&f.CommitEvery, "commit-every", "commit what is done every `D`, or after N records and every 5s")
	flags.StringVarP(&f.Compression, "compression", "z", "", "`none|gzip|snappy|lz4|zstd`")
	flags.StringVar(&f.OnError, "on-error", "stop", "records that cannot be decoded, changed, routed or delivered: `stop|skip|dlq:TOPIC`")
	end()
	registerKeyed(&f.Keyed, flags)
	r.Serdes.Cluster = &r.Cluster
	registerSerdes(&r.Serdes, flags)
	flags.StringVar(&f.ToValue, "to-value-serde", "", "write values in the format `SPEC` (default that of --value-serde)")
	registerCluster(&r.Cluster, flags)
}

// registerKeyed adds the flags of a pipe that keeps a state for each key.
func registerKeyed(f *pipe.KeyedOptions, flags *pflag.FlagSet) {
	defer section(flags, flagsState, "advance", "session", "grace", "time-from", "late", "expire", "close-idle", "state", "restart")()
	flags.StringArrayVar(&f.Aggregates, "aggregate", nil, "for each key: `LIST` of NAME=count, sum(EXPR), min, max, avg, first, last, distinct, approx_distinct; repeatable")
	flags.StringVar(&f.Reduce, "reduce", "", "the next state of a key by the jq `EXPR` over the record, with $state and $window; null forgets the key, empty leaves its state")
	flags.StringVar(&f.By, "by", "", "keep states by the jq `EXPR` over the record instead of its key; with --via")
	flags.StringVar(&f.Via, "via", "", "with --by: records go through `TOPIC` under that key, and are deleted from it when they are done")
	flags.Var(&f.Window, "window", "a state for each span of `D` of the records' time, too")
	flags.Var(&f.Advance, "advance", "windows begin every `D`, and overlap (default: one ends where the next begins)")
	flags.Var(&f.Session, "session", "windows that last until a key is silent for `D`")
	flags.Var(&f.Grace, "grace", "windows are open for `D` behind their end, in the time of the partition's records")
	flags.StringVar(&f.TimeFrom, "time-from", "", "the time of a record by the jq `EXPR`: milliseconds, or RFC 3339")
	flags.StringVar(&f.Emit, "emit", "changes", "send `changes|every|final`: the newest state of each changed key at each commit, each update, or each window once it is closed")
	flags.StringVar(&f.Late, "late", "drop", "records whose windows are closed: `drop|dlq:TOPIC`; they are counted")
	flags.Var(&f.Expire, "expire", "forget keys that were silent for `D`, in the time of the partition's records")
	flags.Var(&f.CloseIdle, "close-idle", "close the windows of a partition that has been silent for `D`, too")
	flags.StringVar(&f.State, "state", "", "keep the state in `TOPIC`, compacted, with SRC's partitions (default GROUP-state)")
	flags.BoolVar(&f.Restart, "restart", false, "delete the state, and the group with its offsets, and begin anew")
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
