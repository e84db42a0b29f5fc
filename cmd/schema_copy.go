package cmd

import (
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/schemacopy"
)

func newSchemaCopyCmd(env *cli.Env) *cobra.Command {
	var f schemacopy.Options
	cmd := &cobra.Command{
		Use:   "copy SUBJECT... --to URL",
		Short: "Copy subjects with their versions to another registry",
		Long: `Copy subjects with all their versions to another schema registry, and what their
schemas refer to before them. It shows what it would do and asks. A name may be a
pattern with * and ?, such as 'orders-*'.

A subject that has the mode IMPORT there keeps its ids and the numbers of its versions.
In any other the target gives new ones, which are told: records hold the old ids. What
the target has already is left as it is, so a copy that was cut short may be repeated.
What is deleted, levels of compatibility and modes are not copied. All versions are
tried; when one could not be copied the exit code is 1.`,
		Example: `  kstream schema copy orders-value --to http://localhost:8081 --dry-run
  kstream schema mode set --global IMPORT --registry http://localhost:8081
  kstream schema copy '*' --to http://localhost:8081 --yes
  kstream schema copy '*' -c prod --to-context test --yes`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, subjects []string) error {
			plan, err := f.Plan(env, subjects)
			if err != nil {
				return err
			}
			return schemacopy.Run(cmd.Context(), env, plan)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.To, "to", "", "the registry to copy to; `URL`, or several with commas")
	flags.StringVar(&f.Other.Context, "to-context", "", "copy to the registry of `NAME` in the configuration file")
	registerConfirmation(&f.Confirm, flags)
	registerListing(&f.Listing, flags)
	registerRegistry(&f.Cluster, flags)
	return cmd
}
