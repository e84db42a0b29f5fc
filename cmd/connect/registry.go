package connect

import (
	"context"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/serde/registry"
)

// schemaRegistry is the schema registry of a command: serdes get it when they are made,
// and it is connected when the command runs and secrets are looked up.
type schemaRegistry struct {
	*registry.Client
	Rests bool // it is left alone for a while after a failure
}

// SchemaRegistry is the registry that the settings name, or nil without one; plan must
// have come before. It answers once connect or connectRegistry has been called.
func (f *Options) SchemaRegistry() *schemaRegistry {
	if _, named := f.Effective.Registry["url"]; named && f.Schemas == nil {
		f.Schemas = &schemaRegistry{}
	}
	return f.Schemas
}

// connect makes the client from settings without references. On nil it does nothing.
func (s *schemaRegistry) connect(settings map[string]string, timeout time.Duration) error {
	if s == nil || s.Client != nil {
		return nil
	}
	client, err := registry.Open(registry.Config{
		URLs:     strings.Split(settings["url"], ","),
		Username: settings["username"], Password: settings["password"], Token: settings["token"],
		CA: settings["ca"], Cert: settings["cert"], Key: settings["key"],
		Insecure: settings["insecure"] == "true",
		Timeout:  timeout,
		Rest:     s.Rests,
	})
	if err != nil {
		return cli.Usagef("schema registry: %w", err)
	}
	s.Client = client
	return nil
}

// ConnectRegistry is connect for a command that needs no broker: only the registry's
// secrets are looked up.
func (f *Options) ConnectRegistry(ctx context.Context, env *cli.Env) error {
	if f.Schemas == nil || f.Schemas.Client != nil {
		return nil
	}
	f.warn(env)
	only := *f.Effective
	only.Properties, only.Token = nil, config.Setting{}
	connection, err := only.Connect(ctx, config.Secrets{})
	if err != nil {
		return err
	}
	env.Withhold(f.Effective.Variables(), connection.Scrub)
	return f.Schemas.connect(connection.Registry, f.Effective.Timeout)
}

// NeedRegistry is the error of a command that cannot do without one.
func (f *Options) NeedRegistry() error {
	if f.SchemaRegistry() == nil {
		return cli.Hint(cli.Usagef("%w", cli.ErrNoRegistryNamed), "--registry URL, KSTREAM_REGISTRY, or schema-registry in the context")
	}
	return nil
}

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
	return (&Cluster{readOnly: f.readOnly()}).RefuseWrites()
}
