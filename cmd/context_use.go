package cmd

import (
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
)

type contextUseFlags struct{ file configFile }

func newContextUseCmd(env *cli.Env) *cobra.Command {
	var f contextUseFlags
	cmd := &cobra.Command{
		Use:   "use CONTEXT",
		Short: "Make a context the one that counts when no flag names another",
		Example: `  kstream context use prod
  kstream topic list                  of prod
  kstream topic list -c local         of local, this once`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(env, args[0]) },
	}
	f.file.register(cmd.Flags())
	return cmd
}

func (f *contextUseFlags) run(env *cli.Env, name string) error {
	err := f.file.edit(env, func(d *config.Document) error { return d.Use(name) })
	if err != nil {
		return err
	}
	env.Notice("%s is the current context", name)
	if other := env.Getenv("KSTREAM_CONTEXT"); other != "" && other != name {
		env.Notice("but here KSTREAM_CONTEXT says %s, which goes before it", other)
	}
	return nil
}
