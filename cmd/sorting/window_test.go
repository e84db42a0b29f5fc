package sorting

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// stream is a Window with a clock of its own that notes what comes out.
type stream struct {
	*Window
	now time.Time
	got []string
}

func newStream(span time.Duration, limit int64) *stream {
	s := &stream{now: time.UnixMilli(1_000_000)}
	s.Window = NewWindow(span, limit, func(text []byte) error {
		s.got = append(s.got, string(text))
		return nil
	})
	return s
}

func (s *stream) add(t testing.TB, item Item) {
	t.Helper()
	item = reused(item)
	if err := s.Add(&item, s.now); err != nil {
		t.Fatal(err)
	}
	spoil(item)
}

func (s *stream) due(t testing.TB) {
	t.Helper()
	if err := s.Due(s.now); err != nil {
		t.Fatal(err)
	}
}

func (s *stream) flush(t testing.TB) {
	t.Helper()
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if s.Waiting() != 0 || s.first != nil || s.latest != nil {
		t.Errorf("%d wait after Flush", s.Waiting())
	}
}

func TestWindow(t *testing.T) {
	type event struct {
		timestamp int64 // of a record; its text is the time
		after     time.Duration
	}
	record := func(timestamp int64) event { return event{timestamp: timestamp} }
	wait := func(d time.Duration) event { return event{after: d} }
	tests := map[string]struct {
		events []event
		want   []string
	}{
		"nothing newer":            {events: []event{record(5), wait(99 * time.Millisecond)}},
		"newer by the span":        {events: []event{record(5), record(104), record(105)}, want: []string{"5"}},
		"out of order in the span": {events: []event{record(50), record(5), record(150)}, want: []string{"5", "50"}},
		"waited for the span":      {events: []event{record(5), wait(100 * time.Millisecond)}, want: []string{"5"}},
		"the older leave with one that waited": {
			events: []event{record(50), wait(60 * time.Millisecond), record(70), record(5), wait(40 * time.Millisecond)},
			want:   []string{"5", "50"},
		},
		"too late":                      {events: []event{record(5), record(200), record(6)}, want: []string{"5", "6"}},
		"far ahead of the clock":        {events: []event{record(math.MaxInt64), record(5), record(6)}},
		"far ahead of the clock leaves": {events: []event{record(math.MaxInt64), record(5), wait(100 * time.Millisecond)}, want: []string{"5", "9223372036854775807"}},
		"before all times":              {events: []event{record(math.MinInt64), record(5)}, want: []string{"-9223372036854775808"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStream(100*time.Millisecond, 0)
			for _, e := range tc.events {
				if e.after > 0 {
					s.now = s.now.Add(e.after)
				} else {
					s.add(t, Item{Timestamp: e.timestamp, Text: fmt.Append(nil, e.timestamp)})
				}
				s.due(t)
			}
			equal(t, tc.want, s.got)
		})
	}
}

func TestWindowSaysWhenItIsDue(t *testing.T) {
	s := newStream(time.Second, 0)
	if at, ok := s.Next(); ok {
		t.Errorf("empty, and due at %v", at)
	}
	start := s.now
	s.add(t, Item{Timestamp: 900, Text: []byte("a")})
	s.now = s.now.Add(300 * time.Millisecond)
	s.add(t, Item{Timestamp: 100, Text: []byte("b")})
	for _, want := range []time.Time{start.Add(time.Second), {}} {
		at, ok := s.Next()
		if ok == want.IsZero() || !at.Equal(want) {
			t.Fatalf("due at %v, %v; want %v", at, ok, want)
		}
		s.now = at
		s.due(t)
	}
	equal(t, []string{"b", "a"}, s.got) // b leaves with a, which waited longer
	s.add(t, Item{Timestamp: 100, Text: []byte("c")})
	s.flush(t)
	if s.Disordered() != 1 {
		t.Errorf("%d came too late, want c", s.Disordered())
	}
}

func TestWindowWithoutSpan(t *testing.T) {
	s := newStream(0, 0)
	for _, text := range []string{"b", "a"} {
		s.add(t, Item{Timestamp: int64(text[0]), Text: []byte(text)})
		s.due(t)
	}
	equal(t, []string{"b", "a"}, s.got)
}

// TestWindowSortsWithinItsSpan: a stream that is out of order by less than the span
// comes out as the library sorts it, in whatever batches it came.
func TestWindowSortsWithinItsSpan(t *testing.T) {
	const span = 50
	random := rand.New(rand.NewPCG(13, 14))
	data := make([]byte, 4*5000)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	items := itemsOf(data)
	for i := range items {
		items[i].Timestamp = int64(i)/10 - random.Int64N(span)
	}
	s := newStream(span*time.Millisecond, 0)
	for _, item := range items {
		if s.add(t, item); random.IntN(40) == 0 {
			s.due(t)
		}
	}
	if s.Waiting() > 2000 {
		t.Errorf("%d of %d records still wait", s.Waiting(), len(items))
	}
	s.flush(t)
	equal(t, texts(byTime(items)), s.got)
	if s.Disordered() != 0 || s.Early() != 0 {
		t.Errorf("%d out of order, %d early", s.Disordered(), s.Early())
	}
}

func TestWindowStaysWithinItsLimit(t *testing.T) {
	const limit = 20_000
	s := newStream(time.Hour, limit)
	random := rand.New(rand.NewPCG(15, 16))
	for i := range int64(5000) {
		s.add(t, Item{Timestamp: i, Text: make([]byte, random.IntN(600)*random.IntN(3))})
		if real := held64(s.Window); s.size > limit || s.size != real {
			t.Fatalf("record %d: counted %d bytes, held %d", i, s.size, real)
		}
	}
	if want := int64(len(s.got)); s.Early() != want || want < 4900 {
		t.Errorf("%d of %d are counted as early", s.Early(), want)
	}
	s.add(t, Item{Timestamp: 5000, Text: make([]byte, 2*limit)})
	if s.Waiting() != 0 {
		t.Errorf("%d wait beside a record that exceeds the limit alone", s.Waiting())
	}
}

// held64 adds up what a Window holds.
func held64(w *Window) (size int64) {
	for _, e := range slices.Concat(w.heap.items, w.free) {
		size += int64(cap(e.text)) + waitingCost
	}
	return size
}

func TestWindowAllocatesNothingInTheLongRun(t *testing.T) {
	w := NewWindow(10*time.Millisecond, 0, func([]byte) error { return nil })
	item, now := Item{Topic: "orders", Text: make([]byte, 100)}, time.UnixMilli(1_000_000)
	step := func() {
		item.Timestamp++
		_ = w.Add(&item, now)
		_ = w.Due(now)
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func TestWindowGivesErrorsBack(t *testing.T) {
	stop := errors.New("stop")
	emit := func([]byte) error { return stop }
	tests := map[string]func(w *Window, now time.Time) error{
		"Due":   func(w *Window, now time.Time) error { return w.Due(now.Add(time.Second)) },
		"Flush": func(w *Window, _ time.Time) error { return w.Flush() },
		"Add":   func(w *Window, now time.Time) error { return w.Add(&Item{Text: make([]byte, 5000)}, now) },
	}
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			w, now := NewWindow(time.Second, 4096, emit), time.UnixMilli(0)
			for range 3 {
				if err := w.Add(&Item{}, now); err != nil {
					t.Fatal(err)
				}
			}
			if err := call(w, now); err != stop { //nolint:errorlint // it is to come back as it is
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzWindow checks, for any stream and any clock, that nothing is lost or repeated,
// that each call emits in order, and that nothing waits longer than the span.
func FuzzWindow(f *testing.F) {
	f.Add([]byte("records of all kinds, in some order or other"), uint8(3), uint16(0))
	f.Add([]byte("records of all kinds, in some order or other"), uint8(9), uint16(700))
	f.Fuzz(func(t *testing.T, data []byte, span uint8, limit uint16) {
		items := named(itemsOf(data))
		s := newStream(time.Duration(span)*time.Millisecond, int64(limit))
		byText := map[string]Item{}
		inOrder := func(emitted []string) {
			if !slices.IsSortedFunc(emitted, func(a, b string) int { return cmp.Compare(byText[a].Timestamp, byText[b].Timestamp) }) {
				t.Errorf("one call emitted %v", emitted)
			}
		}
		for i, item := range items {
			byText[string(item.Text)] = item
			s.add(t, item)
			s.now = s.now.Add(time.Duration(data[4*i]) * time.Millisecond / 8)
			before := len(s.got)
			s.due(t)
			inOrder(s.got[before:])
			if at, ok := s.Next(); ok && !at.After(s.now) {
				t.Errorf("at %v something waits that was due at %v", s.now, at)
			}
			for _, e := range s.heap.items {
				if s.passed(e.timestamp) || s.now.Sub(e.arrived) >= s.span {
					t.Errorf("%s still waits", e.text)
				}
			}
			if held64(s.Window) > s.limit {
				t.Errorf("%d bytes are held", held64(s.Window))
			}
		}
		before := len(s.got)
		s.flush(t)
		inOrder(s.got[before:])
		want := texts(items)
		slices.Sort(want)
		got := slices.Clone(s.got)
		slices.Sort(got)
		equal(t, want, got)
	})
}
