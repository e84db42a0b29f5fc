package record

import (
	"context"
	"errors"
	"sync/atomic"

	"kstream/cmd/cli"
	"kstream/serde/registry"
)

// registryOutage counts records that are shown as their bytes, because the registry did not
// answer when it was asked for their schemas.
type registryOutage struct {
	sharedFailures
	told  atomic.Bool
	later atomic.Bool // the registry answered that it cannot
}

// withoutRegistry keeps a record that could not be decoded because of the registry.
func (s *Reading) withoutRegistry(_ context.Context, r *Record) (bool, error) {
	if r.outage { // of its key already
		return true, nil
	}
	r.outage = true
	var failure *registry.Error
	if errors.As(r.DecodeErr, &failure) {
		s.Outage.later.CompareAndSwap(false, failure.Later)
		s.Outage.Add(decoded, "", failure)
		return true, nil
	}
	s.Outage.Add(decoded, "", r.DecodeErr)
	return true, nil
}

// TellOutage returns the line for somebody who waits or watches, once; the others get it as
// the error at the end.
func (r *Run) TellOutage() string {
	n, why := r.Outage.Total()
	if n == 0 || !r.Limits.Endless && !r.Env.StderrTerminal || r.Outage.told.Swap(true) {
		return ""
	}
	return why + ": records are shown as their bytes until it answers"
}

// Err returns how a read with an outage ends.
func (o *registryOutage) Err() error {
	n, why := o.Total()
	if n == 0 {
		return nil
	}
	left := "were left as their bytes"
	if n == 1 {
		left = "was left as its bytes"
	}
	err := cli.Errorf(cli.CodeRegistry, "%s %s: %s", cli.Count(n, "record"), left, why)
	if o.later.Load() {
		return cli.Hint(err, "%s", cli.RegistryBusy)
	}
	return cli.Hint(err,
		"is it running, and is this its address? --registry names another; without -s none is asked")
}
