package stream

import (
	"cmp"
	"fmt"
	"time"
)

// Emit is when results are sent.
type Emit string

// When results are sent.
const (
	EmitChanges Emit = "changes" // the newest state of each key that has changed, at each Save
	EmitEvery   Emit = "every"   // each update
	EmitFinal   Emit = "final"   // once, when the window is closed
)

// Config is what becomes of the records of a key.
type Config struct {
	Fold    *Fold
	Windows Windows
	Emit    Emit
	Expire  int64 // keys that were silent for so many milliseconds are forgotten; 0: none are
}

// Windows are the spans of time that have a state each, in milliseconds. Without Size and
// Gap there are none: a key has one state.
type Windows struct {
	Size    int64 // of each; they begin at the multiples of Advance
	Advance int64
	Gap     int64 // silence that ends a session
	Grace   int64 // how long after its end, in the time of the stream, a window stays open
}

// maxOverlap is how many windows a record may belong to.
const maxOverlap = 1000

// NewWindows checks what was asked for. Its errors name the flags.
func NewWindows(size, advance, gap, grace time.Duration) (w Windows, err error) {
	for _, f := range []struct {
		name string
		d    time.Duration
	}{{"window", size}, {"advance", advance}, {"session", gap}, {"grace", grace}} {
		if f.d < 0 || f.d%time.Millisecond != 0 {
			return w, fmt.Errorf("--%s %v: want whole milliseconds above 0", f.name, f.d)
		}
	}
	w = Windows{size.Milliseconds(), cmp.Or(advance, size).Milliseconds(), gap.Milliseconds(), grace.Milliseconds()}
	switch {
	case size > 0 && gap > 0:
		return w, fmt.Errorf("--window and --session exclude each other")
	case size == 0 && advance > 0:
		return w, fmt.Errorf("--advance goes with --window")
	case size == 0 && gap == 0 && grace > 0:
		return w, fmt.Errorf("--grace goes with --window or --session")
	case w.Advance > w.Size:
		return w, fmt.Errorf("--advance %v: want at most the %v of --window, or records between two windows would be lost", advance, size)
	case w.Size > 0 && w.Size/w.Advance > maxOverlap:
		return w, fmt.Errorf("--advance %v: each record would be in %d windows of %v; want at most %d", advance, w.Size/w.Advance, size, maxOverlap)
	}
	return w, nil
}

// Some reports whether there are windows.
func (w *Windows) Some() bool { return w.Size > 0 || w.Gap > 0 }

// appendStarts appends where the windows begin that have a time in them, the first one first,
// and leaves out those that are closed at now.
func (w *Windows) appendStarts(starts []int64, at, now int64) []int64 {
	last := at - floorMod(at, w.Advance)
	first := last
	for first-w.Advance > at-w.Size {
		first -= w.Advance
	}
	for start := first; start <= last; start += w.Advance {
		if start+w.Size+w.Grace > now {
			starts = append(starts, start)
		}
	}
	return starts
}

func floorMod(n, by int64) int64 {
	return (n%by + by) % by
}
