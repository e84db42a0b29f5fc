package cmd

import (
	"github.com/spf13/pflag"
)

func registerExecMode(flags *pflag.FlagSet, mode *string) {
	flags.StringVar(mode, "exec-mode", "lines", "how the command of --exec answers: `lines|json`; lines: one line a record; json: objects with the number of their record")
}
