package cmd

import (
	"cmp"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/config"
)

func newContextCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "context",
		Aliases: []string{"contexts", "ctx"},
		Short:   "Name clusters, and how to connect to them",
		Long: `Name clusters, and how to connect to them, in one file: $KSTREAM_CONFIG, else
~/.config/kstream/config.yaml. Then -c NAME, KSTREAM_CONTEXT or kstream context use NAME
chooses one. kstream help config lists every key of the file.`,
		Example: `  kstream context import team client.properties    the settings of a Java client
  kstream context use team                         for every command from now on
  kstream context set local --brokers localhost:9092
  kstream context show --effective                 what counts, and where it is from`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(
		newContextListCmd(env),
		newContextShowCmd(env),
		newContextUseCmd(env),
		newContextSetCmd(env),
		newContextDeleteCmd(env),
		newContextImportCmd(env),
	)
	return cmd
}

// configFile is --config of a command that reads or edits the configuration file itself.
type configFile struct{ path string }

func (f *configFile) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "config", "", "configuration `FILE` ($KSTREAM_CONFIG; default in the user's configuration directory)")
}

// find returns the path of the file, which need not be there.
func (f *configFile) find(env *cli.Env) (string, error) {
	path := cmp.Or(f.path, config.DefaultPath(env.Getenv))
	if path == "" {
		return "", cli.Hint(cli.Usagef("there is no home directory for a configuration file"), "--config FILE or KSTREAM_CONFIG names one")
	}
	return path, nil
}

// errUnchanged ends an edit that writes nothing.
var errUnchanged = errors.New("nothing to write")

// edit opens the file, lets change do its work, and writes it unless that was errUnchanged.
func (f *configFile) edit(env *cli.Env, change func(*config.Document) error) error {
	path, err := f.find(env)
	if err != nil {
		return err
	}
	release, err := config.Lock(path)
	if err != nil {
		return err
	}
	defer release()
	d, err := config.OpenDocument(path)
	if err != nil {
		return err
	}
	if err := change(d); errors.Is(err, errUnchanged) {
		return nil
	} else if err != nil {
		return err
	}
	return d.Save()
}
