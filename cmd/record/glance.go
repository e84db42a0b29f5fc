package record

import (
	"time"
)

// glance decides when somebody who works on the records of a batch, one after the other,
// looks at the clock: at every record while they take long, else at some.
type glance struct {
	Next   int // the record before which to call Look
	stride int
	last   time.Time
	polled time.Time // when the group was served
}

// glanceMost is the most records without a look at the clock.
const glanceMost = 16

// NewGlance returns a glance at a batch whose work begins now.
func NewGlance() glance {
	now := time.Now()
	return glance{stride: 1, last: now, polled: now}
}

// Look reports whether the group is to be served before record i.
func (g *glance) Look(i int) (poll bool) {
	now := time.Now()
	if now.Sub(g.last) < time.Millisecond {
		g.stride = min(2*g.stride, glanceMost)
	} else {
		g.stride = 1
	}
	g.Next, g.last = i+g.stride, now
	if now.Sub(g.polled) < execPoll {
		return false
	}
	g.polled = now
	return true
}
