package cmd

import (
	"context"
	"errors"
	"strings"
	"time"

	"kstream/cmd/config"
	"kstream/serde"
	"kstream/serde/registry"
)

// schemaRegistry is the schema registry of a command: serdes get it when they are made,
// and it is connected when the command runs and secrets are looked up.
type schemaRegistry struct {
	*registry.Client
	rests bool // it is left alone for a while after a failure
}

// schemaRegistry is the registry that the settings name, or nil without one; plan must
// have come before. It answers once connect or connectRegistry has been called.
func (f *clusterFlags) schemaRegistry() *schemaRegistry {
	if _, named := f.effective.Registry["url"]; named && f.schemas == nil {
		f.schemas = &schemaRegistry{}
	}
	return f.schemas
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
		Rest:     s.rests,
	})
	if err != nil {
		return usagef("schema registry: %w", err)
	}
	s.Client = client
	return nil
}

// connectRegistry is connect for a command that needs no broker: only the registry's
// secrets are looked up.
func (f *clusterFlags) connectRegistry(ctx context.Context, env *Env) error {
	if f.schemas == nil || f.schemas.Client != nil {
		return nil
	}
	f.warn(env)
	only := *f.effective
	only.Properties, only.Token = nil, config.Setting{}
	connection, err := only.Connect(ctx, config.Secrets{})
	if err != nil {
		return err
	}
	return f.schemas.connect(connection.Registry, f.effective.Timeout)
}

var errNoRegistryNamed = errors.New("no schema registry is named")

// needRegistry is the error of a command that cannot do without one.
func (f *clusterFlags) needRegistry() error {
	if f.schemaRegistry() == nil {
		return hint(usagef("%w", errNoRegistryNamed), "--registry URL, KSTREAM_REGISTRY, or schema-registry in the context")
	}
	return nil
}

// registryCode is the code of an error of the registry, or empty.
func registryCode(err error) errorCode {
	var encode *serde.EncodeError
	switch {
	case errors.Is(err, registry.ErrAuth):
		return codeAuthFailed
	case errors.Is(err, registry.ErrDenied):
		return codeDenied
	case errors.Is(err, registry.ErrTLS):
		return codeTLSFailed
	case errors.Is(err, serde.ErrRegistry):
		return codeRegistry
	case errors.Is(err, registry.ErrIncompatible):
		return codeIncompatible
	case errors.Is(err, registry.ErrInvalid):
		return codeUsage
	case errors.As(err, &encode) && errors.Is(err, serde.ErrUnknownSchema):
		return codeUnknownSubject
	}
	return ""
}

// ofRegistry reports whether err is what a registry failed with or refused. It is no
// fault of a record, so --on-error does not decide about it; a schema that the registry
// does not know is.
func ofRegistry(err error) bool {
	return errors.Is(err, serde.ErrRegistry) || errors.Is(err, registry.ErrIncompatible) ||
		errors.Is(err, registry.ErrInvalid) || errors.Is(err, registry.ErrRefused)
}

const registryBusy = "it is there, and answers so: its log says why"

// registryRemedy is the hint for a registry that cannot answer, or that answers with an
// error of its own.
func registryRemedy(err error) string {
	var failure *registry.Error
	if errors.As(err, &failure) && failure.Later {
		return registryBusy
	}
	return "is it running, and is this its address? --registry names another"
}
