package registry

import (
	"context"
	"errors"
	"sync"
	"time"

	"kstream/serde"
)

// How long a registry that failed is left alone: after the first failure, and at most.
// The pause doubles from failure to failure.
const (
	firstRest   = time.Second
	longestRest = 30 * time.Second
)

// rest is the patience of a reader that can do without answers. After a failure nobody
// waits for the registry: until the pause is over each question gets the failure that
// is known, and the first one after that is asked aside, while it gets that failure
// too. As soon as the registry answers, questions are asked as ever.
type rest struct {
	now func() time.Time

	mu     sync.Mutex
	failed error // nil: it answers, as far as is known
	pause  time.Duration
	until  time.Time // the pause is over
	aside  bool      // a question is asked aside
}

func newRest(now func() time.Time) *rest {
	if now == nil {
		now = time.Now
	}
	return &rest{now: now}
}

// ask asks a question, or says why it is not worth the wait.
func (r *rest) ask(ctx context.Context, question func(context.Context) error) error {
	again, known := r.known()
	if again {
		go func() { // ends with ctx, or the timeout of the question
			err := question(ctx)
			r.learn(ctx, err, false)
		}()
	}
	if known != nil {
		return known
	}
	err := question(ctx)
	r.learn(ctx, err, true)
	return err
}

// known returns the failure that is remembered, if any. again reports whether it is time
// to ask the registry once more; the caller that is told so has to do it.
func (r *rest) known() (again bool, failed error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil || r.aside || r.now().Before(r.until) {
		return false, r.failed
	}
	r.aside = true
	return true, r.failed
}

// learn takes the outcome of a question that somebody waited for, or of one asked aside.
func (r *rest) learn(ctx context.Context, err error, waited bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !waited {
		r.aside = false
	}
	switch {
	case ctx.Err() != nil: // whoever asked has gone: this says nothing about the registry
	case !errors.Is(err, serde.ErrRegistry):
		r.failed = nil
		if waited {
			r.pause = 0 // it is well; an answer to one question alone may be luck
		}
	case r.failed == nil || !waited: // else several waited for the same failure
		r.pause = min(max(firstRest, 2*r.pause), longestRest)
		r.failed, r.until = err, r.now().Add(r.pause)
	}
}
