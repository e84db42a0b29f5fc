package cmd

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
)

// registeredFlags are the flags of a command as settle sees them.
type registeredFlags struct{ *pflag.FlagSet }

func (f registeredFlags) Value(name string) (value string, ok bool) {
	flag := f.Lookup(name)
	if flag == nil {
		return "", false
	}
	return flag.Value.String(), true
}

func (f registeredFlags) SetDefault(name, value string) error {
	flag := f.Lookup(name)
	if flag.Changed {
		return nil
	}
	return flag.Value.Set(value)
}

// clusterMark lets adoptProperties find the clusterFlags behind the flags of a command.
type clusterMark struct {
	pflag.Value
	cluster *connect.Options
}

// adoptProperties sets the flags of a command to the defaults that its settings name,
// before its plan reads them. Settings that cannot be read are told by the plan.
func adoptProperties(cmd *cobra.Command, env *cli.Env) error {
	flag := cmd.Flags().Lookup("context")
	if flag == nil {
		return nil
	}
	mark, ok := flag.Value.(*clusterMark)
	if !ok {
		return nil
	}
	err := mark.cluster.Plan(env)
	if unread := (*config.Error)(nil); errors.As(err, &unread) {
		return nil
	}
	return err
}
