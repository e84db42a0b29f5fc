package cmd

import (
	"github.com/spf13/pflag"

	"kstream/cmd/consume"
)

func registerRecordOutput(f *consume.OutputOptions, flags *pflag.FlagSet) {
	defer section(flags, flagsOutput, "kcat-format", "csv-safe", "null", "delimiter")()
	flags.StringVarP(&f.Output, "output", "o", "", "print as `FORMAT`: "+consume.FormatNames()+", or a format string like '%k %v\\n'; see kstream help format. The default is pretty on a terminal, value in a pipe")
	flags.StringVar(&f.Kcat, "kcat-format", "", "a format string in kcat's `TOKENS`")
	flags.StringVarP(&f.KeySep, "key-separator", "K", "", "print KEY `SEP` VALUE")
	flags.StringVarP(&f.Delimiter, "delimiter", "d", `\n`, "what ends each record, `SEP`: \\n, \\0, …")
	flags.StringVar(&f.Null, "null", "", "how a null key or value is shown: `MARKER`")
	flags.BoolVar(&f.CsvSafe, "csv-safe", false, "with -o csv: quote cells that a spreadsheet would run")
	f.Set = flags.Changed
}
