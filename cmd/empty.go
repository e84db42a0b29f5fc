package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
)

// emptyMeans lists the flags to which an empty text is a value like any other: a key, what
// stands for null, nothing between records.
func emptyMeans() []string {
	return []string{"key", "value", "key-equals", "null", "null-key", "null-value", "delimiter"}
}

// refuseEmpty refuses flags and arguments that are there and empty: a variable that is
// not set in a script would otherwise read everything, or act on another group.
func refuseEmpty(cmd *cobra.Command, args []string) error {
	if cmd.DisableFlagParsing {
		return nil // its arguments are another program's
	}
	const remedy = "is a variable of the shell not set? leave it out where it is not meant"
	var empty string
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if empty == "" && isEmpty(flag) {
			empty = flag.Name
		}
	})
	if empty != "" {
		return cli.Hint(cli.Usagef("--%s is empty", empty), "%s", remedy)
	}
	if strings.HasPrefix(cmd.Name(), "__complete") {
		return nil // the word that is being typed
	}
	ours := args
	if dash := cmd.ArgsLenAtDash(); dash >= 0 { // the others are a command's
		ours = args[:dash]
	} else if cmd.Name() == "sandbox" {
		ours = args[:min(1, len(args))]
	}
	if i := slices.Index(ours, ""); i >= 0 {
		return cli.Hint(cli.Usagef("%s: argument %d is empty", cmd.Name(), i+1), "%s", remedy)
	}
	return nil
}

func isEmpty(flag *pflag.Flag) bool {
	if slices.Contains(emptyMeans(), flag.Name) {
		return false
	}
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		values := list.GetSlice()
		return len(values) == 0 || slices.Contains(values, "")
	}
	return flag.Value.Type() == "string" && flag.Value.String() == "" // others refuse it themselves
}
