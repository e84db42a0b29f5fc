package cmd

import (
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/sandbox"
)

func newSandboxCmd(env *cli.Env) *cobra.Command {
	var f sandbox.Options
	cmd := &cobra.Command{
		Use:   "sandbox [flags] -- COMMAND [ARG...]",
		Short: "Run a command with a throw-away broker and schema registry",
		Long: `Run COMMAND with a broker of its own, in memory, on a free port of the loopback
address, and a schema registry, which refuses incompatible schemas. COMMAND finds them in
KSTREAM_BROKERS and KSTREAM_REGISTRY. No other cluster and no registry of yours counts inside: variables that name one are taken away, and KSTREAM_CONFIG is an empty
file, so that no context is the current one; flags of COMMAND still count. Signals go to COMMAND, its exit
code becomes ours (128+N when signal N killed it), and the broker ends with it.`,
		Example: `  kstream sandbox -- make test
  kstream sandbox --topics orders:3 -- sh -c 'date | kstream produce orders'
  kstream sandbox --load orders.dump -- kstream consume orders -e`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, command []string) error {
			plan, err := f.Plan(env, command)
			if err != nil {
				return err
			}
			return sandbox.Run(cmd.Context(), env, plan)
		},
	}
	cmd.Flags().SetInterspersed(false) // what follows COMMAND is for COMMAND
	registerShape(&f.Shape, cmd.Flags())
	cmd.Flags().StringArrayVar(&f.Load, "load", nil, "first write the records of the dump `FILE` into topics like those it was made from; repeatable")
	return cmd
}
