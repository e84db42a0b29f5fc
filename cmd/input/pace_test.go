package input

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// fakeClock passes time only when it is slept away.
type fakeClock struct {
	now    time.Time
	sleeps int
	late   time.Duration // what a sleep takes longer
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.sleeps++
	c.now = c.now.Add(d + c.late)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func TestPace(t *testing.T) {
	tests := map[string]struct {
		pace   func(Clock) *Pace
		late   time.Duration
		take   int // records
		want   time.Duration
		sleeps int // at most
	}{
		"one a second":       {func(c Clock) *Pace { return NewInterval(time.Second, c) }, 0, 11, 10 * time.Second, 10},
		"slow rate":          {func(c Clock) *Pace { return NewRate(0.5, c) }, 0, 3, 4 * time.Second, 2},
		"fast, in groups":    {func(c Clock) *Pace { return NewRate(100_000, c) }, 0, 100_001, time.Second, 1000},
		"timers are late":    {func(c Clock) *Pace { return NewRate(1000, c) }, 700 * time.Microsecond, 10_001, 10 * time.Second, 10_000},
		"one third a second": {func(c Clock) *Pace { return NewInterval(3*time.Second, c) }, 0, 101, 300 * time.Second, 100},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clock := &fakeClock{now: time.Unix(1000, 0), late: tt.late}
			start := clock.now
			p := tt.pace(clock)
			for n := 0; n < tt.take; {
				k, err := p.Take(context.Background(), tt.take-n)
				if err != nil {
					t.Fatal(err)
				}
				if n += k; k < 1 || n > tt.take {
					t.Fatalf("took %d", k)
				}
			}
			if got := clock.now.Sub(start); got < tt.want || got > tt.want+tt.late+2*paceQuantum {
				t.Errorf("took %v, want %v", got, tt.want)
			}
			if clock.sleeps > tt.sleeps {
				t.Errorf("slept %d times, want at most %d", clock.sleeps, tt.sleeps)
			}
		})
	}
}

// After a hold-up a pace makes up for a second, not for all of it.
func TestPaceHoldUp(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1000, 0)}
	p := NewRate(10, clock)
	if n, err := p.Take(context.Background(), 100); n != 1 || err != nil {
		t.Fatalf("first: %d, %v", n, err)
	}
	clock.now = clock.now.Add(time.Hour)
	if n, _ := p.Take(context.Background(), 100); n != 11 { // a second's worth, and the one that is due
		t.Errorf("after an hour: %d records", n)
	}
	p.Return(3)
	if n, _ := p.Take(context.Background(), 100); n != 3 || clock.sleeps != 0 {
		t.Errorf("given back: %d records, %d sleeps", n, clock.sleeps)
	}
}

func TestPaceEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(context.Background(), 90*time.Second, errors.New("enough"))
		defer cancel()
		p := NewInterval(time.Minute, WallClock{})
		start, n := time.Now(), 0
		for {
			k, err := p.Take(ctx, 10)
			if err != nil {
				if err.Error() != "enough" {
					t.Error(err)
				}
				break
			}
			n += k
		}
		if took := time.Since(start); n != 2 || took != 90*time.Second {
			t.Errorf("%d records in %v", n, took)
		}
	})
}
