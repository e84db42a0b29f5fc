package cmd

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"kstream/kafka/position"
)

// timeFlags are the exact filters by record timestamp.
type timeFlags struct {
	since, until string
}

func (f *timeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.since, "since", "", "only records with a timestamp of `TIME` or later")
	flags.StringVar(&f.until, "until", "", "only records with a timestamp before `TIME`")
}

// step gives the filter, or nil when neither flag was given.
func (f *timeFlags) step(env *Env) (step, error) {
	if f.since == "" && f.until == "" {
		return nil, nil
	}
	bounds := [2]int64{-1 << 63, 1<<63 - 1}
	for i, flag := range []struct{ name, text string }{{"since", f.since}, {"until", f.until}} {
		if flag.text == "" {
			continue
		}
		t, err := position.ParseTime(flag.text, env.Now())
		if err != nil {
			return nil, usagef("--%s %s: %w", flag.name, flag.text, err)
		}
		bounds[i] = t.UnixMilli()
	}
	return func(_ context.Context, r *record) (bool, error) {
		return r.Message.Timestamp >= bounds[0] && r.Message.Timestamp < bounds[1], nil
	}, nil
}

// durationFlag reads Go's durations and days and weeks. Unless zero is set, 0 is refused:
// it would count as no duration at all.
type durationFlag struct {
	d    time.Duration
	zero bool
}

func (f *durationFlag) String() string {
	if f.d == 0 {
		return ""
	}
	return f.d.String()
}

func (f *durationFlag) Set(s string) (err error) {
	if f.d, err = position.ParseDuration(s); err == nil && f.d == 0 && !f.zero {
		return errors.New("want a duration above 0")
	}
	return err
}

func (f *durationFlag) Type() string { return "D" }
