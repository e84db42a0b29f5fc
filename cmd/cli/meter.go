package cli

import (
	"fmt"
	"time"
)

// meterInterval is how often a meter is drawn.
const meterInterval = 250 * time.Millisecond

// Meter shows on stderr how far a bounded read is, on one line that it draws anew. It
// shows nothing where nobody watches. One goroutine owns it.
type Meter struct {
	env     *Env
	done    string // such as "counted"
	began   time.Time
	drawn   time.Time
	visible bool
}

// NewMeter returns a Meter that begins now; done is the participle in its line, such as
// "copied".
func NewMeter(env *Env, done string) *Meter {
	now := env.Now()
	return &Meter{env: env, done: done, began: now, drawn: now}
}

// Show draws the line, unless that was done a moment ago. Of total offsets, left says
// how many are still to be read.
func (m *Meter) Show(total int64, left func() int64) {
	if m.env.Quiet || !m.env.StderrTerminal || total <= 0 {
		return
	}
	now := m.env.Now()
	if now.Sub(m.drawn) < meterInterval {
		return
	}
	m.drawn, m.visible = now, true
	fmt.Fprintf(m.env.Stderr, "\r\x1b[K%s", m.line(total, total-left(), now.Sub(m.began)))
}

// line returns "counted 45%, 1.2M offsets a second, 12s left".
func (m *Meter) line(total, read int64, took time.Duration) string {
	text := fmt.Sprintf("%s %d%%", m.done, int(100*float64(read)/float64(total)))
	if read <= 0 || took <= 0 {
		return text
	}
	rate := float64(read) / took.Seconds()
	left := time.Duration(float64(total-read) / rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s, %s offsets a second, %v left", text, ShortNumber(rate), left)
}

// ShortNumber formats n as "850", "12.3k", "1.2M".
func ShortNumber(n float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.1f%s", n/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.0f", n)
}

// Clear takes the line away, so that others can be printed.
func (m *Meter) Clear() {
	if m.visible {
		m.visible = false
		fmt.Fprint(m.env.Stderr, "\r\x1b[K")
	}
}
