package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/record"
	"kstream/serde/formats"
)

// serdeArg is the error of a command whose SPEC argument is missing, with the list.
func serdeArg(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return cobra.MaximumNArgs(2)(cmd, args)
	}
	return errors.New("want a SPEC: " + strings.Join(record.SerdeNames(), " "))
}

// newSerdesHelp is `kstream help serdes`.
func newSerdesHelp() *cobra.Command {
	var text strings.Builder
	text.WriteString("SPEC is name[:argument][?param=value&…]. The formats:\n\n")
	for _, f := range formats.List() {
		name := f.Name
		switch {
		case f.NeedsArgument:
			name += ":" + f.Argument
		case f.Argument != "":
			name += "[:" + f.Argument + "]"
		}
		text.WriteString(flagLines(flagRow{form: "  " + name, usage: f.Help}, 18, 80))
		for _, p := range f.Params {
			parameter := fmt.Sprintf("?%s=%s: %s", p.Name, p.Values, p.Help)
			text.WriteString(filled(parameter, strings.Repeat(" ", 22), 80))
		}
	}
	return &cobra.Command{
		Use:   "serdes",
		Short: "The formats of keys and values",
		Long:  text.String(),
	}
}
