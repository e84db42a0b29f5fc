package connect

import (
	"context"

	"kstream/cmd/cli"
	"kstream/serde/registry"
)

// OpenRegistry connects to the registry that the settings name; needRegistry must have
// come before.
func (f *Options) OpenRegistry(ctx context.Context, env *cli.Env) (*registry.Client, error) {
	if err := f.ConnectRegistry(ctx, env); err != nil {
		return nil, err
	}
	return f.Schemas.Client, nil
}

// PlanRegistry is plan for a command that cannot do without a registry.
func (f *Options) PlanRegistry(env *cli.Env) error {
	if err := f.Plan(env); err != nil {
		return err
	}
	return f.NeedRegistry()
}

// RefuseSchemaWrites is the error of a command that changes the registry when the
// context is read-only.
func (f *Options) RefuseSchemaWrites() error {
	var c Cluster
	if f.Effective.ReadOnly {
		c.readOnly = f.Effective.Context
	}
	return c.RefuseWrites()
}
