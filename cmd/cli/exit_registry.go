package cli

import (
	"errors"

	"kstream/serde"
	"kstream/serde/registry"
)

// ErrNoRegistryNamed is returned where a command needs a registry and no setting names one.
var ErrNoRegistryNamed = errors.New("no schema registry is named")

// registryCode is the code of an error of the registry, or empty.
func registryCode(err error) Code {
	var encode *serde.EncodeError
	switch {
	case errors.Is(err, registry.ErrAuth):
		return CodeAuthFailed
	case errors.Is(err, registry.ErrDenied):
		return CodeDenied
	case errors.Is(err, registry.ErrTLS):
		return codeTLSFailed
	case errors.Is(err, serde.ErrRegistry):
		return CodeRegistry
	case errors.Is(err, registry.ErrIncompatible):
		return codeIncompatible
	case errors.Is(err, registry.ErrInvalid):
		return CodeUsage
	case errors.As(err, &encode) && errors.Is(err, serde.ErrUnknownSchema):
		return CodeUnknownSubject
	}
	return ""
}

// OfRegistry reports whether err is what a registry failed with or refused. It is no
// fault of a record, so --on-error does not decide about it; a schema that the registry
// does not know is.
func OfRegistry(err error) bool {
	return errors.Is(err, serde.ErrRegistry) || errors.Is(err, registry.ErrIncompatible) ||
		errors.Is(err, registry.ErrInvalid) || errors.Is(err, registry.ErrRefused)
}

// RegistryBusy is the hint for a registry that answers with an error of its own.
const RegistryBusy = "it is there, and answers so: its log says why"

// registryRemedy is the hint for a registry that cannot answer, or that answers with an
// error of its own.
func registryRemedy(err error) string {
	var failure *registry.Error
	if errors.As(err, &failure) && failure.Later {
		return RegistryBusy
	}
	return "is it running, and is this its address? --registry names another"
}

// lockedOut reports whether the registry, or we, refuse to talk to each other. That is a
// matter of settings, and no outage.
func lockedOut(err error) bool {
	return errors.Is(err, registry.ErrAuth) || errors.Is(err, registry.ErrDenied) || errors.Is(err, registry.ErrTLS)
}

// IsOutage reports whether err is the fault of a registry that may be back soon.
func IsOutage(err error) bool { return errors.Is(err, serde.ErrRegistry) && !lockedOut(err) }
