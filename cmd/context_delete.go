package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
)

type contextDeleteFlags struct {
	file    configFile
	confirm cli.Confirmation
}

func newContextDeleteCmd(env *cli.Env) *cobra.Command {
	var f contextDeleteFlags
	cmd := &cobra.Command{
		Use:     "delete CONTEXT...",
		Aliases: []string{"rm"},
		Short:   "Take contexts out of the configuration file",
		Long: `Take contexts out of the configuration file. It asks first; all are taken out, or none when
one of them does not exist. No cluster is touched.`,
		Example: `  kstream context delete old
  kstream context delete old older --yes`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.confirm.Plan(); err != nil {
				return err
			}
			return f.run(cmd.Context(), env, cli.Distinct(args))
		},
	}
	registerConfirmation(&f.confirm, cmd.Flags())
	f.file.register(cmd.Flags())
	return cmd
}

func (f *contextDeleteFlags) run(ctx context.Context, env *cli.Env, names []string) error {
	path, err := f.file.find(env)
	if err != nil {
		return err
	}
	items, _, err := config.Summaries(path, env.Getenv)
	if err != nil {
		return err
	}
	items = slices.DeleteFunc(items, func(i config.Summary) bool { return !slices.Contains(names, i.Name) })
	return f.file.edit(env, func(d *config.Document) error {
		current := d.File().Current
		for _, name := range names {
			if err := d.Delete(name); err != nil {
				return err
			}
		}
		if f.confirm.DryRun {
			env.Notice("would delete %s", strings.Join(names, ", "))
			return errUnchanged
		}
		if err := f.confirm.Ask(ctx, env, contextTable(items), "delete context "+strings.Join(names, ", ")); err != nil {
			return err
		}
		if slices.Contains(names, current) {
			env.Notice("%s was the current context; now there is none", current)
		}
		return nil
	})
}
