package cmd

import (
	"slices"

	"github.com/spf13/pflag"

	"kstream/cmd/record"
)

// register adds the flags, except those whose names are in without.
func registerFilters(f *record.FilterOptions, flags *pflag.FlagSet, without ...string) {
	defer section(flags, flagsReading, "sample", "key-equals")()
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.StringVar(&f.Filter, "filter", "", "only records for which the jq `EXPR` is true; such as '.value.amount > 10'")
	all.StringVar(&f.Mapping, "map", "", "show what the jq `EXPR` makes of a record; it takes the place of the value")
	all.StringArrayVar(&f.Grep, "grep", nil, "only records that match `REGEX`; key:, value: or header.NAME: in front says where, ! before all negates; repeatable")
	all.StringVar(&f.Sample, "sample", "", "one record in N, always the same ones: `1/N`")
	all.StringVar(&f.Key, "key-equals", "", "only records with the key `KEY`; reads only its partition")
	f.KeySet = func() bool { return flags.Changed("key-equals") }
	registerTimes(&f.Times, all)
	all.VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(without, flag.Name) {
			flags.AddFlag(flag)
		}
	})
}

func registerLooking(f *record.LookingOptions, flags *pflag.FlagSet) {
	flags.StringVar(&f.OnError, "on-error", "keep", "records that cannot be decoded or filtered: `keep|skip|stop`; keep takes their bytes, and what cannot be filtered as no match")
}

func registerRange(f *record.RangeOptions, flags *pflag.FlagSet) {
	defer section(flags, flagsReading, "isolation")()
	flags.StringVar(&f.From, "from-offset", "", "start at position `P`; beginning, end, N, +N, -N, @TIME, stored:GROUP, 0=10,3=-5")
	flags.StringVar(&f.To, "to-offset", "", "stop before position `P`; waits for it unless -e")
	flags.StringVarP(&f.Partitions, "partitions", "p", "", "read only partitions `LIST`, such as 0,2,5-7")
	flags.StringVar(&f.Isolation, "isolation", "read_committed", "`read_committed|read_uncommitted`")
}

// registerPatterns adds the flags by which topics are found.
func registerPatterns(f *record.RangeOptions, flags *pflag.FlagSet) {
	defer section(flags, flagsReading, "regex", "wait-for-match")()
	flags.BoolVar(&f.Regex, "regex", false, "topics are regular expressions; RE2, matching whole names")
	flags.BoolVar(&f.Wait, "wait-for-match", false, "with --regex: wait when no topic matches yet")
}

// register adds the flags, except the filters whose names are in without.
func registerSelection(f *record.Options, flags *pflag.FlagSet, without ...string) {
	f.Changed = flags.Changed
	registerRange(&f.Reading, flags)
	registerFilters(&f.Filters, flags, without...)
	f.Serdes.Cluster = &f.Cluster
	registerSerdes(&f.Serdes, flags)
}

func registerTimes(f *record.TimeOptions, flags *pflag.FlagSet) {
	flags.StringVar(&f.Since, "since", "", "only records with a timestamp of `TIME` or later")
	flags.StringVar(&f.Until, "until", "", "only records with a timestamp before `TIME`")
}

// changesValue is what --map does where records are written again.
const changesValue = "the value becomes what the jq `EXPR` makes of a record: nothing drops it, several results are several records"
