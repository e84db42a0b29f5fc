package sorting

import (
	"errors"
	"math/rand/v2"
	"testing"
)

func TestLastKeepsTheNewest(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	data := make([]byte, 4*1000)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	items := itemsOf(data)
	sorted := texts(byTime(items))
	for _, n := range []int{-1, 0, 1, 2, 17, 999, 1000, 5000} {
		l := NewLast(n)
		for _, item := range items {
			add(t, l, item)
		}
		want := append([]string(nil), sorted[len(sorted)-min(max(n, 0), len(sorted)):]...)
		equal(t, want, collect(t, l))
		equal(t, want, collect(t, l))
	}
}

func TestLastTakesMoreAfterEach(t *testing.T) {
	l := NewLast(2)
	for _, text := range []string{"b", "c", "a"} {
		add(t, l, Item{Timestamp: int64(text[0]), Text: []byte(text)})
	}
	equal(t, []string{"b", "c"}, collect(t, l))
	add(t, l, Item{Timestamp: 'd', Text: []byte("d")})
	equal(t, []string{"c", "d"}, collect(t, l))
	stop := errors.New("stop")
	if err := l.Each(func([]byte) error { return stop }); err != stop { //nolint:errorlint // it is to come back as it is
		t.Errorf("got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestLastDoesNotHoardBuffers is about a long record that a short one replaces.
func TestLastDoesNotHoardBuffers(t *testing.T) {
	l := NewLast(1)
	add(t, l, Item{Timestamp: 1, Text: make([]byte, 1<<20)})
	add(t, l, Item{Timestamp: 2, Text: []byte("short")})
	if got := cap(l.heap.items[0].text); got > 1000 {
		t.Errorf("5 bytes are held in %d", got)
	}
}

func TestLastOfOldRecordsAllocatesNothing(t *testing.T) {
	l := NewLast(3)
	item := Item{Topic: "orders", Text: make([]byte, 100)}
	for item.Timestamp = range 3 {
		add(t, l, item)
	}
	older := Item{Topic: "orders", Timestamp: -1, Text: item.Text}
	if n := testing.AllocsPerRun(100, func() {
		item.Timestamp++ // replaces
		_ = l.Add(&item)
		_ = l.Add(&older)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzLast(f *testing.F) {
	f.Add([]byte("records of all kinds, in some order or other"), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		l, items := NewLast(int(n)), itemsOf(data)
		for _, item := range items {
			add(t, l, item)
		}
		sorted := byTime(items)
		equal(t, texts(sorted[len(sorted)-min(int(n), len(sorted)):]), collect(t, l))
	})
}
