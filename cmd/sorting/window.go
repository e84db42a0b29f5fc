package sorting

import (
	"math"
	"time"
	"unsafe"
)

// Window puts an endless stream in order by time as far as it is out of order by less
// than a span. A record waits until
//
//   - one that is newer by the span has come, or
//   - it has waited for the span on the clock, or
//   - memory is short: then the oldest leaves early.
//
// A record leaves only after all older ones that are waiting, so what leaves in one
// call is in order. A record whose timestamp is ahead of the clock by more than the
// span does not make others leave: one wrong timestamp in the far future would end
// all ordering.
type Window struct {
	span  time.Duration
	limit int64
	emit  func(text []byte) error

	topics    names
	heap      heap[*waiting]
	first     *waiting // the one that came first of those that wait
	latest    *waiting // and the one that came last
	free      []*waiting
	size      int64 // bytes of all buffers and what goes with them, also those of free
	seq       uint64
	newest    int64 // timestamp of the newest record that counts
	left      int64 // timestamp of the newest record that left
	early     int64
	disorders int64
}

// waiting is a record in a Window. prev and next lead through those that wait, in the
// order in which they came.
type waiting struct {
	place
	text       []byte
	arrived    time.Time
	prev, next *waiting
}

const waitingCost = int64(unsafe.Sizeof(waiting{})) + 3*int64(unsafe.Sizeof(uintptr(0)))

// NewWindow returns a Window that passes each text to emit, valid until emit returns.
// limit bounds its memory in bytes; 0 is DefaultLimit. An error of emit comes back
// from the call that caused it, and the record counts as emitted.
func NewWindow(span time.Duration, limit int64, emit func(text []byte) error) *Window {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Window{
		span:   max(span, 0),
		limit:  limit,
		emit:   emit,
		heap:   heap[*waiting]{less: func(a, b *waiting) bool { return a.compare(&b.place) < 0 }},
		newest: math.MinInt64,
		left:   math.MinInt64,
	}
}

// Add takes a record that came at now. It emits only when memory is short: call Due
// once a batch was added.
func (w *Window) Add(item *Item, now time.Time) error {
	w.seq++
	e := w.slot()
	w.size -= int64(cap(e.text))
	e.text = keep(e.text, item.Text)
	w.size += int64(cap(e.text))
	e.place = placeOf(item, w.topics.intern(item.Topic), w.seq)
	e.arrived = now
	w.heap.push(e)
	if e.prev = w.latest; e.prev != nil {
		e.prev.next = e
	} else {
		w.first = e
	}
	w.latest = e
	if item.Timestamp > w.newest && item.Timestamp <= now.Add(w.span).UnixMilli() {
		w.newest = item.Timestamp
	}
	return w.fit()
}

// slot returns an entry, a used one where there is one.
func (w *Window) slot() *waiting {
	if last := len(w.free) - 1; last >= 0 {
		e := w.free[last]
		w.free = w.free[:last]
		return e
	}
	w.size += waitingCost
	return &waiting{}
}

// fit makes memory obey the limit.
func (w *Window) fit() error {
	if w.size <= w.limit {
		return nil
	}
	for i, e := range w.free {
		w.size -= int64(cap(e.text)) + waitingCost
		w.free[i] = nil
	}
	w.free = w.free[:0]
	for w.size > w.limit && len(w.heap.items) > 0 {
		if !w.passed(w.heap.items[0].timestamp) {
			w.early++
		}
		e, err := w.leave()
		w.size -= int64(cap(e.text)) + waitingCost
		w.free = w.free[:0]
		if err != nil {
			return err
		}
	}
	return nil
}

// Due emits what needs to wait no longer at now.
func (w *Window) Due(now time.Time) error {
	for len(w.heap.items) > 0 && (w.passed(w.heap.items[0].timestamp) || now.Sub(w.first.arrived) >= w.span) {
		if _, err := w.leave(); err != nil {
			return err
		}
	}
	return nil
}

// passed reports whether a record newer than t by the span has come.
func (w *Window) passed(t int64) bool {
	return w.newest >= t && uint64(w.newest)-uint64(t) >= uint64((w.span+time.Millisecond-1)/time.Millisecond)
}

// Next says when to call Due although nothing has come; false means never.
func (w *Window) Next() (time.Time, bool) {
	if w.first == nil {
		return time.Time{}, false
	}
	return w.first.arrived.Add(w.span), true
}

// Flush emits all that waits.
func (w *Window) Flush() error {
	for len(w.heap.items) > 0 {
		if _, err := w.leave(); err != nil {
			return err
		}
	}
	return nil
}

// leave emits the oldest record and frees its entry.
func (w *Window) leave() (*waiting, error) {
	e := w.heap.pop()
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		w.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		w.latest = e.prev
	}
	e.prev, e.next = nil, nil
	w.free = append(w.free, e)
	if e.timestamp < w.left {
		w.disorders++
	}
	w.left = max(w.left, e.timestamp)
	return e, w.emit(e.text)
}

// Waiting returns how many records wait.
func (w *Window) Waiting() int { return len(w.heap.items) }

// Early counts the records that left before their time because memory was short.
func (w *Window) Early() int64 { return w.early }

// Disordered counts the records that left after a newer one: they came too late for
// the span.
func (w *Window) Disordered() int64 { return w.disorders }
