package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
)

func newWaitRegistryCmd(env *cli.Env) *cobra.Command {
	var f waitFlags
	cmd := &cobra.Command{
		Use:   "registry",
		Short: "Wait until the schema registry answers",
		Long: `Wait until the schema registry lists its subjects. Its address comes from --registry,
KSTREAM_REGISTRY or the context; no broker is asked.`,
		Example: `  kstream wait registry --registry http://localhost:8081 --within 2m`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.plan(env); err != nil {
				return err
			}
			if err := f.cluster.NeedRegistry(); err != nil {
				return err
			}
			return f.runRegistry(cmd.Context(), env)
		},
	}
	f.register(cmd.Flags())
	registerRegistry(&f.cluster, cmd.Flags())
	return cmd
}

func (f *waitFlags) runRegistry(ctx context.Context, env *cli.Env) error {
	if err := f.cluster.ConnectRegistry(ctx, env); err != nil {
		return err
	}
	registry := f.cluster.SchemaRegistry()
	return f.await(ctx, env, "registry", []string{registry.URL()}, func(ctx context.Context) (string, error) {
		_, err := registry.Subjects(ctx)
		return "", err
	})
}
