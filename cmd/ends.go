package cmd

import (
	"context"
	"errors"
	"sync"
	"time"
)

// isSignal says whether a signal is the cause of an end.
func isSignal(cause error) bool { return errors.As(cause, new(*errInterrupted)) }

// isHasty says whether the cause of an end leaves no time for what may take for ever: a
// command, an expression, a reader of the output. What ends by itself has that time.
func isHasty(cause error) bool {
	return isSignal(cause) || errors.Is(cause, errTimeUp) || errors.Is(cause, errIdle)
}

// graceAfter gives a channel that closes some time after one of the contexts has ended for
// such a cause. Of several the outer one counts too when the inner has ended before.
func graceAfter(grace time.Duration, is func(cause error) bool, ctxs ...context.Context) (over <-chan struct{}, release func()) {
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

// graceOf is graceAfter as a context, whose cause is that of the end.
func graceOf(grace time.Duration, is func(cause error) bool, ctxs ...context.Context) (context.Context, func()) {
	over, release := graceAfter(grace, is, ctxs...)
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
