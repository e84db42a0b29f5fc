package cmd

import (
	"github.com/spf13/pflag"
)

func registerExecMode(flags *pflag.FlagSet, mode *string) {
	defer section(flags, flagsOwn, "exec-mode")()
	flags.StringVar(mode, "exec-mode", "lines", "how the command of --exec answers, `lines|json`: one line a record, or objects with the number of their record")
}
