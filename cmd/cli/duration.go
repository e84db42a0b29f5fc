package cli

import (
	"errors"
	"time"

	"kstream/kafka/position"
)

// Duration reads Go's durations and days and weeks. Unless zero is set, 0 is refused:
// it would count as no duration at all.
type Duration struct {
	D    time.Duration
	Zero bool
}

func (f *Duration) String() string {
	if f.D == 0 {
		return ""
	}
	return f.D.String()
}

// Set implements pflag.Value. It refuses 0 unless f.Zero is set.
func (f *Duration) Set(s string) (err error) {
	if f.D, err = position.ParseDuration(s); err == nil && f.D == 0 && !f.Zero {
		return errors.New("want a duration above 0")
	}
	return err
}

// Type implements pflag.Value.
func (f *Duration) Type() string { return "D" }
