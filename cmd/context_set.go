package cmd

import (
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
)

type contextSetFlags struct {
	file   configFile
	change config.Change
	use    bool
}

func newContextSetCmd(env *cli.Env) *cobra.Command {
	var f contextSetFlags
	cmd := &cobra.Command{
		Use:   "set CONTEXT [KEY=VALUE...]",
		Short: "Make a context, or change some of its keys",
		Long: `Make a context, or change some of its keys; the others stay as they are, and so do comments.
A KEY has dots: auth.username. kstream help config lists them. Secrets are best references:
@env:NAME, @file:PATH, @cmd:COMMAND, @keyring:NAME.`,
		Example: `  kstream context set local --brokers localhost:9092
  kstream context set prod -b b1:9093,b2:9093 tls={} auth.mechanism=SCRAM-SHA-512
  kstream context set prod auth.username=ada auth.password=@env:KAFKA_PASSWORD
  kstream context set prod --unset readonly -X linger.ms=50`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := f.plan(args); err != nil {
				return err
			}
			return f.run(env, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.change.Brokers, "brokers", "b", "", "bootstrap servers `HOST:PORT,…`")
	flags.StringVar(&f.change.Registry, "registry", "", "schema registry `URL`")
	flags.StringVar(&f.change.Timeout, "timeout", "", "bound connecting, each request and each delivery to `D`")
	flags.StringArrayVarP(&f.change.Properties, "property", "X", nil, "librdkafka property `NAME=VALUE`; repeatable")
	flags.StringArrayVar(&f.change.Unset, "unset", nil, "take out `KEY`; repeatable")
	flags.BoolVar(&f.use, "use", false, "make it the current context too")
	f.file.register(flags)
	return cmd
}

func (f *contextSetFlags) plan(args []string) error {
	f.change.Keys = args[1:]
	ch := f.change
	if len(ch.Keys)+len(ch.Properties)+len(ch.Unset) == 0 && ch.Brokers == "" && ch.Registry == "" && ch.Timeout == "" && !f.use {
		return cli.Hint(cli.Usagef("%s: nothing to set", args[0]), "want KEY=VALUE, --brokers, -X or --unset; kstream help config lists the keys")
	}
	return nil
}

func (f *contextSetFlags) run(env *cli.Env, name string) error {
	return f.file.edit(env, func(d *config.Document) error {
		created, notes, err := d.Apply(name, f.change)
		if err == nil && f.use {
			err = d.Use(name)
		}
		if err != nil {
			return err
		}
		for _, n := range notes {
			env.Notice("%s: %s", name, n)
		}
		if !created {
			env.Notice("changed %s", name)
		} else if d.File().Current != name {
			env.Notice("made %s; kstream context use %s makes it the current one", name, name)
		}
		return nil
	})
}
