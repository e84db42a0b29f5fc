package cmd

import (
	"github.com/spf13/pflag"

	"kstream/cmd/record"
	"kstream/cmd/stats"
)

func registerChoice(f *record.ChoiceOptions, flags *pflag.FlagSet) {
	flags.BoolVar(&f.Regex, "regex", false, "topics are regular expressions; RE2, matching whole names")
}

func registerTopics(f *record.TopicsOptions, flags *pflag.FlagSet) {
	registerChoice(&f.Choice, flags)
	registerListing(&f.Listing, flags)
	registerCluster(&f.Cluster, flags)
}

func registerScan(f *stats.ScanOptions, flags *pflag.FlagSet, formats ...string) {
	registerChoice(&f.Choice, flags)
	registerSelection(&f.Reading, flags, "map") // it changes what is shown, and nothing is
	registerLooking(&f.Looking, flags)
	registerListing(&f.Listing, flags, formats...)
	registerCluster(&f.Reading.Cluster, flags)
	flags.Lookup("to-offset").Usage = "stop before position `P`, or at the end if that comes first"
}
