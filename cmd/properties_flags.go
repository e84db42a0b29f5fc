package cmd

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
)

// registeredFlags are the flags of a command as settle sees them. Its command is nil until
// the command runs.
type registeredFlags struct {
	*pflag.FlagSet
	command *cobra.Command
}

func (f registeredFlags) Value(name string) (value string, ok bool) {
	flag := f.Lookup(name)
	if flag == nil {
		return "", false
	}
	return flag.Value.String(), true
}

func (f registeredFlags) Given(name string) bool { return f.Changed(name) }

func (f registeredFlags) SetDefault(name, value string) error {
	flag := f.Lookup(name)
	if flag.Changed {
		return nil
	}
	return flag.Value.Set(value)
}

func (f registeredFlags) Adopt(context string, defaults map[string]string) error {
	if f.command == nil {
		return nil
	}
	return adoptDefaults(f, context, defaults)
}

// clusterMark lets adoptProperties find the clusterFlags behind the flags of a command.
type clusterMark struct {
	pflag.Value
	cluster *connect.Options
}

// adoptProperties sets the flags of a command to the defaults that its settings name,
// before its plan reads them. Settings that cannot be read are told by the plan.
func adoptProperties(cmd *cobra.Command, env *cli.Env, args []string) error {
	flag := cmd.Flags().Lookup("context")
	if flag == nil {
		return nil
	}
	mark, ok := flag.Value.(*clusterMark)
	if !ok {
		return nil
	}
	mark.cluster.Flags = registeredFlags{cmd.Flags(), cmd}
	err := mark.cluster.Plan(env)
	if unread := (*config.Error)(nil); errors.As(err, &unread) {
		return nil
	}
	if err != nil || len(mark.cluster.Effective.Topics) == 0 {
		return err
	}
	return adoptFormats(cmd, mark.cluster, args)
}
