package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/profile"
	"kstream/cmd/stats"
)

func newTopicStatsCmd(env *cli.Env) *cobra.Command {
	var f stats.StatsOptions
	cmd := &cobra.Command{
		Use:     "stats TOPIC...",
		Aliases: []string{"profile"},
		Short:   "Profile records: sizes, rates, keys, partitions, fields",
		Long: `Show what the records of topics are like: how many, how large, when they came, how many
different keys, how evenly they lie in the partitions, which schemas they name, and which
fields their JSON has, of what types and how often null. With --value-serde the fields of
Avro, Protobuf and all else that decodes are found too.

Of a large topic a sample is read, some records each at up to ten places of every
partition. Then figures are estimates, marked ≈ (≥ where there are at least so many) and
"estimate":true: numbers of records and bytes are those of all, and keys, schemas and
fields those of the records_read. --exact reads all, and every figure is exact. Different
keys beyond a million are counted in a temporary file ($TMPDIR, 16 bytes each).

The size of a record is that of its key, value and headers. Compression and the sizes of
batches are not shown: the client does not tell them. Records are out of order (disorder)
when they are older than the one before in their partition; skew is how many records the
fullest partition has, over the mean. presence is the share of the values, null left out,
that have a field; null_rate the share of a field's occurrences that is null.

--rule holds the figures to a bound, with < <= > >= == != and a number or percentage, and
exits 7 when one does not hold. == and != want exact figures, so a sample is refused with
exit code 2. On the left stands a figure:

` + statsRuleForms(),
		Example: `  kstream topic stats orders
  kstream topic stats orders --exact --from-offset -1d -o json
  kstream topic stats orders -s avro --registry http://localhost:8081
  kstream topic stats orders --exact --rule 'null_rate(.email) < 1%' --rule 'presence(.items[].sku) == 1'
  kstream topic stats orders --rule 'skew < 2' --rule 'size_p99 < 10000' --rule 'disorder < 10'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args)
			if err != nil {
				return err
			}
			_, err = stats.RunStats(cmd.Context(), env, plan)
			return err
		},
	}
	registerTopicStats(&f, cmd.Flags())
	return cmd
}

// statsRuleForms lists what a rule can be about.
func statsRuleForms() string {
	names := profile.Figures()
	half := (len(names) + 1) / 2
	return "  " + strings.Join(names[:half], " ") + "\n  " + strings.Join(names[half:], " ") + "\n" +
		"  " + strings.Join(profile.Functions(), "(PATH)  ") + "(PATH)  null_rate(key)  null_rate(value)\n" +
		`PATH is a field as jq writes it: .email  .user.name  .items[].price  ."a b"`
}

func registerTopicStats(f *stats.StatsOptions, flags *pflag.FlagSet) {
	flags.BoolVar(&f.Exact, "exact", false, "read all records instead of a sample")
	flags.Int64Var(&f.Sample, "sample-records", stats.DefaultSample, "read about `N` records of each topic")
	flags.StringArrayVar(&f.Rules, "rule", nil, "exit 7 unless `'FIGURE OP NUMBER'` holds; repeatable")
	f.Set = flags.Changed
	registerScan(&f.ScanOptions, flags)
}
