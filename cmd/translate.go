package cmd

import (
	"fmt"

	shellquote "github.com/kballard/go-shellquote"
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/translate"
)

func newTranslateCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "translate",
		Short: "Write a command line of another tool as kstream's",
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "kcat ARGS...",
		Short: "Print what does the same as a command line of kcat",
		Long: `Print the command line of kstream that does what kcat does with ARGS: as words, or
as one text in quotes. What is different, or has no counterpart, is told on stderr.`,
		Example: `  kstream translate kcat -b broker:9092 -C -t orders -o -5 -e
  kstream translate kcat 'kcat -P -t orders -K : -z lz4'`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
				return c.Help()
			}
			if len(args) == 1 {
				words, err := shellquote.Split(args[0])
				if err != nil {
					return cli.Usagef("translate kcat: %s: %w", args[0], err)
				}
				args = words
			}
			t, err := translate.Kcat(args)
			if err != nil {
				return err
			}
			for _, note := range t.Notes {
				env.Notice("%s", note)
			}
			_, err = fmt.Fprintf(env.Stdout, "kstream %s\n", shellquote.Join(t.Words...))
			return err
		},
	})
	return cmd
}
