package cli

import (
	"context"
	"errors"
	"sync"
	"time"
)

// AskingGrace is how long the command of --exec has for its answers once the run is to
// end.
const AskingGrace = OutputGrace / 2

// IsSignal reports whether a signal is the cause of an end.
func IsSignal(cause error) bool { return errors.As(cause, new(*InterruptedError)) }

// IsHasty reports whether the cause of an end leaves no time for what may take for ever: a
// command, an expression, a reader of the output. What ends by itself has that time.
func IsHasty(cause error) bool {
	return IsSignal(cause) || errors.Is(cause, ErrTimeUp) || errors.Is(cause, ErrIdle)
}

// GraceAfter returns a channel that closes some time after one of the contexts has ended for
// such a cause. Of several the outer one counts too when the inner has ended before.
func GraceAfter(grace time.Duration, is func(cause error) bool, ctxs ...context.Context) (over <-chan struct{}, release func()) {
	closing := make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	var timer *time.Timer
	var unhook []func() bool
	for _, ctx := range ctxs {
		unhook = append(unhook, context.AfterFunc(ctx, func() {
			if !is(context.Cause(ctx)) {
				return
			}
			once.Do(func() {
				mu.Lock()
				defer mu.Unlock()
				timer = time.AfterFunc(grace, func() { close(closing) })
			})
		}))
	}
	return closing, func() {
		for _, stop := range unhook {
			stop()
		}
		mu.Lock()
		defer mu.Unlock()
		if timer != nil {
			timer.Stop()
		}
	}
}

// GraceOf is graceAfter as a context, whose cause is that of the end.
func GraceOf(grace time.Duration, is func(cause error) bool, ctxs ...context.Context) (context.Context, func()) {
	over, release := GraceAfter(grace, is, ctxs...)
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctxs[0]))
	go func() { // ends with over or release
		select {
		case <-over:
			for _, ended := range ctxs {
				if cause := context.Cause(ended); cause != nil && is(cause) {
					cancel(cause)
					return
				}
			}
		case <-ctx.Done():
		}
	}()
	return ctx, func() { release(); cancel(context.Canceled) }
}

// ErrGone is the cause of a read whose output nobody reads any more.
var ErrGone = errors.New("the reader of the output has gone")

// Reasons for which a read ends before its records do.
var (
	ErrEnough  = errors.New("enough records")
	ErrTooMany = errors.New("more records came")
	ErrIdle    = errors.New("nothing has come for the idle timeout")
	ErrTimeUp  = errors.New("the time is up")
)

// OutputGrace is how long a signal waits for output that nobody takes.
const OutputGrace = 4 * time.Second
