package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/stats"
)

func newTopicCountCmd(env *cli.Env) *cobra.Command {
	var f stats.CountOptions
	cmd := &cobra.Command{
		Use:   "count TOPIC...",
		Short: "Count records exactly, by reading them",
		Long: `Count the records that are in topics now. It reads them: offsets that compaction has left
out, and those of transactions, are no records, and records of aborted transactions count only
with --isolation read_uncommitted. Tombstones are records.

Of one topic it prints the number alone; of several, or with --by-partition or --headers, a
table. With --by it groups them, and --aggregate says what is computed of each group: the greatest
first, with bars in a terminal. --estimate asks only for the bounds of the logs and prints ≤N: there are N records at
most.`,
		Example: `  kstream topic count orders
  kstream topic count orders --filter '.value.total > 100' --from-offset -1d
  kstream topic count 'orders*' --estimate
  kstream topic count orders --by .value.city --aggregate 'n=count, total=sum(.value.total)'
  kstream topic count orders -o json | jq '[.items[].count] | add'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args)
			if err != nil {
				return err
			}
			_, err = stats.RunCount(cmd.Context(), env, plan)
			return err
		},
	}
	registerTopicCount(&f, cmd.Flags())
	return cmd
}

func registerTopicCount(f *stats.CountOptions, flags *pflag.FlagSet) {
	flags.BoolVar(&f.ByPartition, "by-partition", false, "a number for each partition")
	flags.BoolVar(&f.Estimate, "estimate", false, "do not read: at most how many records there can be")
	flags.StringVar(&f.Grouping.By, "by", "", "group the records by the jq `EXPR` over the record: .key, .value.city")
	flags.StringArrayVar(&f.Grouping.Aggregates, "aggregate", nil, "with --by: `LIST` of NAME=count, sum(EXPR), min, max, avg, first, last, distinct, approx_distinct; repeatable (default count)")
	flags.Var(&f.Grouping.Window, "window", "with --by: and by spans of `D` of the records' time")
	f.Grouping.Changed = flags.Changed
	registerScan(&f.ScanOptions, flags, "csv")
}
