package cmd

import (
	"context"
	"errors"
	"sync/atomic"

	"kstream/serde"
	"kstream/serde/registry"
)

// lockedOut says whether the registry, or we, refuse to talk to each other. That is a
// matter of settings, and no outage.
func lockedOut(err error) bool {
	return errors.Is(err, registry.ErrAuth) || errors.Is(err, registry.ErrDenied) || errors.Is(err, registry.ErrTLS)
}

// unasked is what a read went without: records whose schema the registry was not there
// to give.
type unasked struct {
	failureCount
	told  atomic.Bool
	later atomic.Bool // the registry answered that it cannot
}

// withoutRegistry keeps a record that could not be decoded because of the registry.
func (s *selected) withoutRegistry(_ context.Context, r *record) (bool, error) {
	if r.unasked { // its key, too
		return true, nil
	}
	r.unasked = true
	var failure *registry.Error
	if errors.As(r.decodeErr, &failure) {
		s.unasked.later.CompareAndSwap(false, failure.Later)
		s.unasked.add(decoded, failure)
		return true, nil
	}
	s.unasked.add(decoded, r.decodeErr)
	return true, nil
}

// outage is the line for somebody who waits or watches, once; the others get it as the
// error at the end.
func (r *run) outage() string {
	n, why := r.unasked.total()
	if n == 0 || !r.limits.endless && !r.env.StderrTerminal || r.unasked.told.Swap(true) {
		return ""
	}
	return why + ": records are shown as their bytes until it answers"
}

// err is how a read ends that went without the registry.
func (u *unasked) err() error {
	n, why := u.total()
	if n == 0 {
		return nil
	}
	left := "were left as their bytes"
	if n == 1 {
		left = "was left as its bytes"
	}
	err := faultf(codeRegistry, "%s %s: %s", countOf(n, "record"), left, why)
	if u.later.Load() {
		return hint(err, "%s", registryBusy)
	}
	return hint(err,
		"is it running, and is this its address? --registry names another; without -s none is asked")
}

// isOutage says whether err is the fault of a registry that may be back soon.
func isOutage(err error) bool { return errors.Is(err, serde.ErrRegistry) && !lockedOut(err) }
