package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

func newWaitRegistryCmd(env *Env) *cobra.Command {
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
			if err := f.cluster.needRegistry(); err != nil {
				return err
			}
			return f.runRegistry(cmd.Context(), env)
		},
	}
	f.register(cmd.Flags())
	f.cluster.registerRegistry(cmd.Flags())
	return cmd
}

func (f *waitFlags) runRegistry(ctx context.Context, env *Env) error {
	if err := f.cluster.connectRegistry(ctx, env); err != nil {
		return err
	}
	registry := f.cluster.schemaRegistry()
	return f.await(ctx, env, "registry", []string{registry.URL()}, func(ctx context.Context) (string, error) {
		_, err := registry.Subjects(ctx)
		return "", err
	})
}
