package group

import (
	"context"
	"errors"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// WatchOptions make a command look again and again.
type WatchOptions struct {
	Watch    bool
	Interval cli.Duration
	Stalled  cli.Duration
}

// Plan checks the flags.
func (f *WatchOptions) Plan() error {
	if f.Interval.D > 0 && !f.Watch {
		return cli.Usagef("--interval goes with --watch")
	}
	if f.Interval.D > 0 && f.Interval.D < 100*time.Millisecond {
		return cli.Usagef("--interval %v: want at least 100ms", f.Interval.D)
	}
	return nil
}

// Observer makes what takes the snapshots, without the times of records if untimed.
func (f *WatchOptions) Observer(env *cli.Env, admin *kafka.Admin, untimed bool) *observer {
	o := &observer{env: env, admin: admin, stalled: f.Stalled.D, untimed: untimed}
	if f.Watch && o.stalled == 0 {
		o.stalled = 30 * time.Second
	}
	return o
}

// Run shows one snapshot, or one after the other until ctx ends, which is no error.
// Without --watch it first looks for --stalled-after. While it watches, a cluster that
// does not answer is a notice, once, and it goes on.
func (f *WatchOptions) Run(ctx context.Context, o *observer, groups Wanted, show func([]Snapshot) error) error {
	if !f.Watch {
		snapshots, err := o.observe(ctx, groups)
		if err == nil && f.Stalled.D > 0 {
			if err = o.rest(ctx, f.Stalled.D); err == nil {
				snapshots, err = o.observe(ctx, groups)
			}
		}
		if err != nil {
			return err
		}
		return cli.FirstOf(show(snapshots), missingIn(snapshots))
	}
	interval := f.Interval.D
	if interval == 0 {
		interval = 2 * time.Second
	}
	down, missed := false, ""
	for first := true; ; first = false {
		snapshots, err := o.observe(ctx, groups)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			if down {
				o.env.Notice("the cluster answers again")
			}
			down = false
			missing := ""
			if err := missingIn(snapshots); err != nil {
				missing = err.Error()
			}
			if missing != missed && missing != "" {
				o.env.Notice("%s", missing)
			}
			missed = missing
			if err := show(snapshots); err != nil {
				return err
			}
		case first || !errors.Is(err, kafka.ErrUnreachable) && !errors.Is(err, kafka.ErrFailed):
			return err
		case !down:
			down = true
			o.env.Notice("%v; still watching", err)
		}
		if o.rest(ctx, interval) != nil {
			return nil
		}
	}
}

// rest waits, or returns the cause when ctx ends first.
func (o *observer) rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
