package replay

import (
	"context"
	"math"
	"time"

	"kstream/cmd/input"
	"kstream/kafka"
)

// pacer says when the next records may go. A nil one lets all go at once.
type pacer struct {
	pace *input.Pace // of --rate; nil under --speed

	clock input.Clock
	speed float64
	began time.Time
	zero  int64 // the first timestamp
	now   int64 // the latest timestamp: the next record is not before it
}

// pacerQuantum is the shortest wait: what is due within it goes at once.
const pacerQuantum = time.Millisecond

// newPacer returns what was asked for by --rate or --speed. The latter needs records in the
// order of their times.
func newPacer(p *Plan, clock input.Clock) *pacer {
	switch {
	case p.perSecond > 0:
		return &pacer{pace: input.NewRate(p.perSecond, clock)}
	case p.speed > 0 && !p.dryRun:
		return &pacer{clock: clock, speed: p.speed}
	}
	return nil
}

// take waits until at least one of the records may go, and returns how many may.
func (t *pacer) take(ctx context.Context, records []kafka.Record) (int, error) {
	switch {
	case t == nil:
		return len(records), nil
	case t.pace != nil:
		return t.pace.Take(ctx, len(records))
	}
	t.now = max(t.now, records[0].Timestamp)
	if t.began.IsZero() {
		t.began, t.zero = t.clock.Now(), t.now
	}
	if wait := t.due(t.now) - t.clock.Now().Sub(t.began); wait > 0 {
		if err := t.clock.Sleep(ctx, max(wait, pacerQuantum)); err != nil {
			return 0, err
		}
	}
	n, elapsed := 1, t.clock.Now().Sub(t.began)
	for n < len(records) {
		at := max(t.now, records[n].Timestamp)
		if t.due(at) > elapsed {
			break
		}
		t.now = at
		n++
	}
	return n, nil
}

// due is when a record of that time may go, counted from the first.
func (t *pacer) due(millis int64) time.Duration {
	return time.Duration(min(float64(millis-t.zero)/t.speed*float64(time.Millisecond), math.MaxInt64/2))
}
