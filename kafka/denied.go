package kafka

import (
	"errors"
	"fmt"
	"strings"
)

// DeniedError is the error of an operation that no ACL allows. It wraps ErrDenied. The
// names are those of [ACL].
type DeniedError struct {
	Operation, Resource string
	Name                string // of the resource; empty for the cluster
	Principal           string // empty where it is not known
}

func (e *DeniedError) Error() string {
	on := strings.ReplaceAll(e.Resource, "_", " ") + " " + e.Name
	if e.Resource == "cluster" {
		on = "the cluster"
	}
	text := fmt.Sprintf("%s on %s is not allowed", strings.ToUpper(e.Operation), on)
	if e.Principal != "" {
		text += " for " + e.Principal
	}
	return text
}

// Is reports whether target is ErrDenied.
func (e *DeniedError) Is(target error) bool { return target == ErrDenied }

// deniedOn returns err, an error of this package, with what was denied if something was.
func (c Config) deniedOn(err error, operation, resource, name string) error {
	var known *DeniedError
	if !errors.Is(err, ErrDenied) || errors.As(err, &known) {
		return err
	}
	return &DeniedError{operation, resource, name, c.Principal()}
}

// refusedOn explains what a broker answered about one resource.
func (a *Admin) refusedOn(err error, operation, resource, name string) error {
	return a.named(explain(a.cfg, a.logs, err), operation, resource, name)
}

// named puts the name of a resource before an error of this package, unless that is about
// a right, which has the name in it.
func (a *Admin) named(err error, operation, resource, name string) error {
	if errors.Is(err, ErrDenied) {
		return a.cfg.deniedOn(err, operation, resource, name)
	}
	return fmt.Errorf("%s: %w", name, err)
}
