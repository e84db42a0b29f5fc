package cmd

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/consume"
)

func newConsumeCmd(env *cli.Env) *cobra.Command {
	var f consume.Options
	cmd := &cobra.Command{
		Use:     "consume TOPIC...",
		Aliases: []string{"read"},
		Short:   "Print records as they arrive",
		Long: `Print records from the beginning, and then as they arrive, until Ctrl-C.

Reading without a group changes nothing on the cluster. With --group the members
share the partitions with all others of the group, and commit what was printed.
file:PATH in place of the topics, or file:- for stdin, reads a dump of replay.`,
		Example: `  kstream consume orders -e -o json               all there is, a line a record
  kstream consume orders --from-offset -1h -e     of the last hour
  kstream consume orders --tail 10                the newest 10, then what comes
  kstream consume orders --filter '.value.color=="red"' -n 10
  kstream consume orders -o '%p %o %k %v\n'       in a format of your own
  kstream consume orders --group g --members 5    as five members of a group
  kstream consume --group g --no-commit -e        what g would read next
  kstream consume orders -e -o parquet:orders     files for DuckDB and Spark`,
		Args: func(cmd *cobra.Command, topics []string) error {
			if f.NoCommit {
				return nil
			}
			return cobra.MinimumNArgs(1)(cmd, topics)
		},
		RunE: func(cmd *cobra.Command, topics []string) error {
			plan, err := f.Plan(env, topics)
			if err != nil {
				return err
			}
			_, err = consume.Run(cmd.Context(), env, plan)
			return err
		},
	}
	registerConsume(&f, cmd.Flags())
	return cmd
}

func registerConsume(f *consume.Options, flags *pflag.FlagSet) {
	end := section(flags, flagsOwn, "count-per-partition", "idle-timeout", "fail-empty")
	flags.BoolVarP(&f.Exit, "exit", "e", false, "stop at the end offsets seen at startup")
	flags.Int64VarP(&f.Count, "count", "n", 0, "stop after exactly `N` printed records")
	flags.Int64Var(&f.PerPart, "count-per-partition", 0, "print at most `N` records of each partition; stop when every one has them")
	flags.Var(&f.Idle, "idle-timeout", "stop when nothing has come for `D`")
	flags.Var(&f.Limit, "for", "stop after `D`")
	registerExecMode(flags, &f.ExecMode)
	flags.BoolVar(&f.FailEmpty, "fail-empty", false, "exit with 7 when nothing was printed")
	flags.StringVar(&f.OnError, "on-error", "keep", "for bad records: `keep|skip|stop|dlq:TOPIC`; those that cannot be decoded, filtered or mapped. keep shows their bytes, and takes what cannot be filtered as no match")
	flags.StringVar(&f.Exec, "exec", "", "print what `CMD` makes of the records; each member writes record lines to it, prints its answers, a line a record, and commits what was answered")
	end()
	registerSelection(&f.Options, flags)
	hideWriting(flags)
	registerPatterns(&f.Reading, flags)
	registerOrder(&f.Order, flags)
	registerMembers(&f.Members, flags)
	noCommit := section(flags, flagsMembers)
	flags.BoolVar(&f.NoCommit, "no-commit", false, "with --group: show what waits, join nothing; of its own topics where none is named, without a commit")
	noCommit()
	registerLive(&f.Live, flags)
	registerRecordOutput(&f.Output, flags)
	registerCluster(&f.Cluster, flags)
}

func registerOrder(f *consume.OrderOptions, flags *pflag.FlagSet) {
	defer section(flags, flagsOwn, "follow", "tail", "sort-by-time", "sort-window", "latest-per-key")()
	f.Window.D = time.Second
	flags.Int64Var(&f.Last, "last", 0, "the newest `N` records, in time order; over all partitions. Stops at the end as -e does")
	flags.Int64Var(&f.Tail, "tail", 0, "the newest `N` records, and then those that come, as tail -f: --last N --follow")
	flags.BoolVar(&f.Follow, "follow", false, "with --last: read on until Ctrl-C, as a read without --last does")
	flags.BoolVar(&f.ByTime, "sort-by-time", false, "sort by time: with -e or --to-offset fully, else within --sort-window")
	flags.Var(&f.Window, "sort-window", "how long an endless --sort-by-time waits for older records: `D`")
	flags.BoolVar(&f.LatestPerKey, "latest-per-key", false, "the last record of each key, without deleted keys; --filter and --grep look at these; stops at the end as -e does")
}

func registerLive(f *consume.LiveOptions, flags *pflag.FlagSet) {
	flags.BoolVar(&f.Watch, "watch", false, "show the members of --group live; with keys to add, remove and freeze one. Records are printed only if stdout is no terminal")
}
