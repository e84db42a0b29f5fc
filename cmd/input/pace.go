package input

import (
	"context"
	"time"
)

const (
	// paceQuantum is the shortest wait: what is due more often comes in groups.
	paceQuantum = time.Millisecond
	// paceDebt is how much a Pace makes up for after a hold-up.
	paceDebt = time.Second
)

// Clock is the time that a Pace keeps.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or until ctx ends: then it returns the cause.
	Sleep(ctx context.Context, d time.Duration) error
}

// WallClock is the clock of this machine.
type WallClock struct{}

// Now implements Clock.
func (WallClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (WallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Pace holds a stream of records to a rate. The first record is due at the first
// Take, record i is due i intervals later: the schedule is absolute, so neither
// slow sending nor coarse timers change the rate. After a hold-up it makes up for
// a second at most and lets the rest of the time go. A Pace is for one goroutine.
type Pace struct {
	clock Clock
	// perNanos records are due in every nanos nanoseconds.
	records, nanos float64
	start          time.Time
	given          int64 // records since start
}

// NewRate makes a pace of perSecond records a second, which must be above zero.
func NewRate(perSecond float64, clock Clock) *Pace {
	return &Pace{clock: clock, records: perSecond, nanos: float64(time.Second)}
}

// NewInterval makes a pace of one record every d, which must be above zero.
func NewInterval(d time.Duration, clock Clock) *Pace {
	return &Pace{clock: clock, records: 1, nanos: float64(d)}
}

// due is when record i may go, counted from start.
func (p *Pace) due(i int64) time.Duration {
	return time.Duration(float64(i) * p.nanos / p.records)
}

// Take waits until at least one record may go and returns how many may, at most
// most. They count as gone; see Return. It returns the cause when ctx ends first.
func (p *Pace) Take(ctx context.Context, most int) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	now := p.clock.Now()
	if p.start.IsZero() {
		p.start = now
	}
	if wait := p.due(p.given) - now.Sub(p.start); wait > 0 {
		if err := p.clock.Sleep(ctx, max(wait, paceQuantum)); err != nil {
			return 0, err
		}
		now = p.clock.Now()
	}
	elapsed := now.Sub(p.start)
	if late := elapsed - p.due(p.given); late > paceDebt {
		p.start = p.start.Add(late - paceDebt)
		elapsed -= late - paceDebt
	}
	// Record i is due at i intervals, so one more is due than intervals have passed.
	ready := int64(float64(elapsed)*p.records/p.nanos) + 1 - p.given
	n := int(max(1, min(ready, int64(most))))
	p.given += int64(n)
	return n, nil
}

// Return puts back n records that were taken and did not go.
func (p *Pace) Return(n int) { p.given -= int64(n) }

// Paced holds the records of r to a pace. Only as many as may go at once are read,
// so nothing waits in between. When ctx ends the pace does too: what r then still
// has to deliver comes without delay.
func Paced(ctx context.Context, r Reader, p *Pace) Reader {
	return &paced{ctx: ctx, r: r, pace: p}
}

type paced struct {
	ctx  context.Context // of the command, like its reader's
	r    Reader
	pace *Pace
}

func (p *paced) ReadBatch(dst *Batch) error {
	most := dst.Limit()
	n, err := p.pace.Take(p.ctx, most)
	if err != nil {
		return p.r.ReadBatch(dst)
	}
	dst.SetLimit(n)
	err = p.r.ReadBatch(dst)
	dst.SetLimit(most)
	p.pace.Return(n - len(dst.Records))
	return err
}
