package record

import (
	"context"
	"errors"
	"sync/atomic"

	"kstream/cmd/cli"
	"kstream/serde/registry"
)

// registryOutage is what a read went without: records whose schema the registry was not there
// to give.
type registryOutage struct {
	failureCount
	told  atomic.Bool
	later atomic.Bool // the registry answered that it cannot
}

// withoutRegistry keeps a record that could not be decoded because of the registry.
func (s *Reading) withoutRegistry(_ context.Context, r *Record) (bool, error) {
	if r.unasked { // its key, too
		return true, nil
	}
	r.unasked = true
	var failure *registry.Error
	if errors.As(r.DecodeErr, &failure) {
		s.Unasked.later.CompareAndSwap(false, failure.Later)
		s.Unasked.Add(decoded, failure)
		return true, nil
	}
	s.Unasked.Add(decoded, r.DecodeErr)
	return true, nil
}

// Outage is the line for somebody who waits or watches, once; the others get it as the
// error at the end.
func (r *Run) Outage() string {
	n, why := r.Unasked.Total()
	if n == 0 || !r.Limits.Endless && !r.Env.StderrTerminal || r.Unasked.told.Swap(true) {
		return ""
	}
	return why + ": records are shown as their bytes until it answers"
}

// Err is how a read ends that went without the registry.
func (u *registryOutage) Err() error {
	n, why := u.Total()
	if n == 0 {
		return nil
	}
	left := "were left as their bytes"
	if n == 1 {
		left = "was left as its bytes"
	}
	err := cli.Errorf(cli.CodeRegistry, "%s %s: %s", cli.Count(n, "record"), left, why)
	if u.later.Load() {
		return cli.Hint(err, "%s", cli.RegistryBusy)
	}
	return cli.Hint(err,
		"is it running, and is this its address? --registry names another; without -s none is asked")
}
