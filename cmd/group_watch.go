package cmd

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"kstream/kafka"
)

// watchFlags make a command look again and again.
type watchFlags struct {
	watch    bool
	interval durationFlag
	stalled  durationFlag
}

func (f *watchFlags) register(flags *pflag.FlagSet) {
	flags.BoolVarP(&f.watch, "watch", "w", false, "look again and again, until Ctrl-C")
	flags.Var(&f.interval, "interval", "with --watch: look every `D` (default 2s)")
	flags.Var(&f.stalled, "stalled-after", "call a partition stalled when records wait and its commit does not move for `D` (default 30s; without --watch only when given: looking takes that long)")
}

func (f *watchFlags) plan() error {
	if f.interval.d > 0 && !f.watch {
		return usagef("--interval goes with --watch")
	}
	if f.interval.d > 0 && f.interval.d < 100*time.Millisecond {
		return usagef("--interval %v: want at least 100ms", f.interval.d)
	}
	return nil
}

// observer makes what takes the snapshots.
func (f *watchFlags) observer(env *Env, admin *kafka.Admin) *groupObserver {
	o := &groupObserver{env: env, admin: admin, stalled: f.stalled.d}
	if f.watch && o.stalled == 0 {
		o.stalled = 30 * time.Second
	}
	return o
}

// run shows one snapshot, or one after the other until ctx ends, which is no error.
// Without --watch it first looks for --stalled-after. While it watches, a cluster that
// does not answer is a notice, once, and it goes on.
func (f *watchFlags) run(ctx context.Context, o *groupObserver, groups []string, show func([]groupSnapshot) error) error {
	if !f.watch {
		snapshots, err := o.observe(ctx, groups)
		if err == nil && f.stalled.d > 0 {
			if err = o.rest(ctx, f.stalled.d); err == nil {
				snapshots, err = o.observe(ctx, groups)
			}
		}
		if err != nil {
			return err
		}
		return firstOf(show(snapshots), missingIn(snapshots))
	}
	interval := f.interval.d
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
				o.env.notice("the cluster answers again")
			}
			down = false
			missing := ""
			if err := missingIn(snapshots); err != nil {
				missing = err.Error()
			}
			if missing != missed && missing != "" {
				o.env.notice("%s", missing)
			}
			missed = missing
			if err := show(snapshots); err != nil {
				return err
			}
		case first || !errors.Is(err, kafka.ErrUnreachable) && !errors.Is(err, kafka.ErrFailed):
			return err
		case !down:
			down = true
			o.env.notice("%v; still watching", err)
		}
		if o.rest(ctx, interval) != nil {
			return nil
		}
	}
}

// rest waits, or returns the cause when ctx ends first.
func (o *groupObserver) rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Control sequences (ECMA-48) with which a screen is drawn anew without flicker: to the
// top left, each line cleared behind its end, and what is left below.
const (
	cursorHome = "\x1b[H"
	clearScene = "\x1b[2J\x1b[H"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
)

// screen draws text over what it drew before.
type screen struct {
	env   *Env
	drawn bool
}

func (s *screen) draw(text []byte) error {
	var b bytes.Buffer
	if s.drawn {
		b.WriteString(cursorHome)
	} else {
		b.WriteString(clearScene)
	}
	s.drawn = true
	b.Write(bytes.ReplaceAll(text, []byte("\n"), []byte(clearLine+"\n")))
	b.WriteString(clearBelow)
	_, err := s.env.Stdout.Write(b.Bytes())
	return err
}
