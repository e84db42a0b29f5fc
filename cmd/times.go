package cmd

import (
	"context"
	"errors"
	"strconv"
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

// commitEveryFlag reads how often a pipe commits: after a time, or after a number of
// records. What is committed after records is also committed every 5 s, so that the last
// ones do not wait for others.
type commitEveryFlag struct {
	d time.Duration
	n int64 // 0: by time alone
}

func (f *commitEveryFlag) String() string {
	if f.n > 0 {
		return strconv.FormatInt(f.n, 10)
	}
	return (&durationFlag{d: f.d}).String()
}

func (f *commitEveryFlag) Set(s string) error {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
		f.n, f.d = n, 5*time.Second
		return nil
	}
	var d durationFlag
	if err := d.Set(s); err != nil {
		return errors.New("want a number of records or a duration such as 500ms, above 0")
	}
	f.n, f.d = 0, d.d
	return nil
}

func (f *commitEveryFlag) Type() string { return "D" }
