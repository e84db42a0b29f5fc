package cmd

import (
	"strings"

	"github.com/spf13/pflag"

	"kstream/cmd/cli"
)

func registerConfirmation(f *cli.Confirmation, flags *pflag.FlagSet) {
	flags.BoolVarP(&f.Yes, "yes", "y", false, "do it without asking")
	flags.BoolVar(&f.DryRun, "dry-run", false, "only show what would be done")
}

// register adds -o and --headers; more are formats of this command beside table, json
// and yaml.
func registerListing(f *cli.ListingOptions, flags *pflag.FlagSet, more ...string) {
	f.Formats = append([]string{"table", "json", "yaml"}, more...)
	flags.StringVarP(&f.Output, "output", "o", "table", "`FORMAT`: "+strings.Join(f.Formats, ", "))
	flags.BoolVar(&f.Headers, "headers", false, "in a pipe, write the names of the columns too")
}
