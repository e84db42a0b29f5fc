package record

import (
	"context"
	"errors"
	"strconv"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka/position"
)

// TimeOptions are the exact filters by record timestamp.
type TimeOptions struct {
	Since, Until string
}

// timeFilter keeps records from one moment up to another, in milliseconds since the epoch.
type timeFilter struct{ since, until int64 }

func (f *timeFilter) step(_ context.Context, r *Record) (bool, error) {
	return r.Message.Timestamp >= f.since && r.Message.Timestamp < f.until, nil
}

// plan returns the filter, or nil when neither flag was given.
func (f *TimeOptions) plan(env *cli.Env) (*timeFilter, error) {
	if f.Since == "" && f.Until == "" {
		return nil, nil
	}
	bounds := [2]int64{-1 << 63, 1<<63 - 1}
	for i, flag := range []struct{ name, text string }{{"since", f.Since}, {"until", f.Until}} {
		if flag.text == "" {
			continue
		}
		t, err := position.ParseTime(flag.text, env.Now())
		if err != nil {
			return nil, cli.Usagef("--%s %s: %w", flag.name, flag.text, err)
		}
		bounds[i] = t.UnixMilli()
	}
	return &timeFilter{bounds[0], bounds[1]}, nil
}

// CommitEveryFlag reads how often a pipe commits: after a time, or after a number of
// records. What is committed after records is also committed every 5 s, so that the last
// ones do not wait for others.
type CommitEveryFlag struct {
	D time.Duration
	N int64 // 0: by time alone
}

func (f *CommitEveryFlag) String() string {
	if f.N > 0 {
		return strconv.FormatInt(f.N, 10)
	}
	return (&cli.Duration{D: f.D}).String()
}

// Set implements pflag.Value: a number of records, or a duration.
func (f *CommitEveryFlag) Set(s string) error {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
		f.N, f.D = n, 5*time.Second
		return nil
	}
	var d cli.Duration
	if err := d.Set(s); err != nil {
		return errors.New("want a number of records or a duration such as 500ms, above 0")
	}
	f.N, f.D = 0, d.D
	return nil
}

// Type implements pflag.Value.
func (f *CommitEveryFlag) Type() string { return "D" }
