package sorting

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newSorter(t testing.TB, limit int64) *Sorter {
	s := NewSorter(SorterOptions{Limit: limit, Dir: t.TempDir()})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSorterSortsLikeTheLibrary(t *testing.T) {
	tests := map[string]struct {
		limit   int64
		records int
		runs    int // at least so many, before they are merged
	}{
		"nothing":          {limit: 1 << 20},
		"in memory":        {limit: 1 << 20, records: 2000},
		"two runs":         {limit: 64 << 10, records: 900, runs: 2},
		"many runs":        {limit: 4 << 10, records: 3000, runs: 50},
		"each its own run": {limit: 1, records: 300, runs: 300},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(tc.records)))
			data := make([]byte, 4*tc.records)
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			items := itemsOf(data)
			s := newSorter(t, tc.limit)
			for _, item := range items {
				add(t, s, item)
			}
			if got := s.Runs(); got < tc.runs || tc.runs == 0 && got > 0 {
				t.Fatalf("%d runs, want %d", got, tc.runs)
			}
			equal(t, texts(byTime(items)), collect(t, s))
			if s.Runs() > s.fanIn {
				t.Errorf("%d runs are left, and %d can be merged at once", s.Runs(), s.fanIn)
			}
			equal(t, texts(byTime(items)), collect(t, s))
		})
	}
}

func TestSorterTakesMoreAfterEach(t *testing.T) {
	for _, limit := range []int64{1, 1 << 20} {
		s := newSorter(t, limit)
		for _, text := range []string{"b", "a"} {
			add(t, s, Item{Timestamp: int64(text[0]), Text: []byte(text)})
		}
		equal(t, []string{"a", "b"}, collect(t, s))
		for _, text := range []string{"a second", "0"} {
			add(t, s, Item{Timestamp: int64(text[0]), Text: []byte(text)})
		}
		equal(t, []string{"0", "a", "a second", "b"}, collect(t, s))
	}
}

func TestSorterStaysWithinItsLimit(t *testing.T) {
	const limit = 256 << 10
	s := newSorter(t, limit)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range int64(20_000) {
		add(t, s, Item{Timestamp: int64(random.Uint64()), Offset: i, Text: make([]byte, random.IntN(300))})
		if s.memory() >= limit {
			t.Fatalf("record %d: %d bytes in memory", i, s.memory())
		}
		allocated := 0
		for _, c := range s.texts.chunks {
			allocated += cap(c)
		}
		if int64(allocated) < s.texts.used || allocated > limit {
			t.Fatalf("record %d: chunks of %d bytes, counted as %d", i, allocated, s.texts.used)
		}
	}
	if limit := int64(limit + 64<<10); int64(s.fanIn*s.bufSize) > limit {
		t.Errorf("merging takes %d buffers of %d bytes", s.fanIn, s.bufSize)
	}
}

func TestSorterCarriesTextsLargerThanItsLimit(t *testing.T) {
	s := newSorter(t, 8<<10)
	var want []string
	for i := range 20 {
		text := strings.Repeat(string(rune('a'+i)), 50_000*(i%3))
		want = append(want, text)
	}
	for i := len(want) - 1; i >= 0; i-- {
		add(t, s, Item{Timestamp: int64(i), Text: []byte(want[i])})
	}
	equal(t, want, collect(t, s))
}

func TestSorterLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	s := NewSorter(SorterOptions{Limit: 1, Dir: dir})
	for i := range int64(10) {
		add(t, s, Item{Timestamp: -i})
	}
	if s.spill.file == nil {
		t.Fatal("no file was made")
	}
	if names := filesIn(t, dir); !s.spill.linked && len(names) > 0 {
		t.Errorf("%v while open", names)
	}
	if info, err := s.spill.file.Stat(); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if names := filesIn(t, dir); len(names) > 0 {
		t.Errorf("%v after Close", names)
	}
}

// TestSpillThatStaysLinked is the system where an open file cannot be removed.
func TestSpillThatStaysLinked(t *testing.T) {
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "run"))
	if err != nil {
		t.Fatal(err)
	}
	s := spill{file: file, linked: true}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if names := filesIn(t, dir); len(names) > 0 {
		t.Errorf("%v after close", names)
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestSorterErrors(t *testing.T) {
	t.Run("no place for the file", func(t *testing.T) {
		s := NewSorter(SorterOptions{Limit: 1, Dir: filepath.Join(t.TempDir(), "none")})
		err := s.Add(&Item{})
		if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "sort by time: open ") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the file is gone", func(t *testing.T) {
		s := newSorter(t, 1)
		add(t, s, Item{Text: []byte("abc")})
		if err := s.spill.file.Truncate(headerLen + 1); err != nil {
			t.Fatal(err)
		}
		err := s.Each(func([]byte) error { return nil })
		if want := "sort by time: the temporary file was cut off"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	t.Run("of the caller", func(t *testing.T) {
		for _, limit := range []int64{1, 1 << 20} {
			s := newSorter(t, limit)
			for i := range 3 {
				add(t, s, Item{Text: fmt.Append(nil, i)})
			}
			enough, calls := errors.New("enough"), 0
			err := s.Each(func([]byte) error {
				if calls++; calls == 2 {
					return enough
				}
				return nil
			})
			if err != enough || calls != 2 { //nolint:errorlint // it is to come back as it is
				t.Errorf("limit %d: %v after %d calls", limit, err, calls)
			}
		}
	})
	t.Run("stopped while merging", func(t *testing.T) {
		stop := errors.New("stop")
		s := NewSorter(SorterOptions{Limit: 64 << 10, Dir: t.TempDir(), Stopped: func() error { return stop }})
		defer func() { _ = s.Close() }()
		var want []string
		for i := range int64(20_000) {
			want = append(want, fmt.Sprintf("%05d", i))
		}
		for i := range want {
			i = len(want) - 1 - i
			add(t, s, Item{Timestamp: int64(i), Text: []byte(want[i])})
		}
		none := func([]byte) error { return errors.New("called") }
		if err := s.Each(none); err != stop { //nolint:errorlint // as above
			t.Errorf("got %v", err)
		}
		s.stopped = nil
		equal(t, want, collect(t, s)) // what was written before the stop does no harm
	})
}

func FuzzSorter(f *testing.F) {
	f.Add([]byte("records of all kinds, in some order or other"), uint16(1))
	f.Add([]byte("records of all kinds, in some order or other"), uint16(1000))
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		s := NewSorter(SorterOptions{Limit: int64(limit), Dir: ""})
		defer func() { _ = s.Close() }()
		items := itemsOf(data)
		for _, item := range items {
			add(t, s, item)
		}
		equal(t, texts(byTime(items)), collect(t, s))
	})
}

// BenchmarkSorter sorts a million records of 100 bytes: eight partitions, each in order.
func BenchmarkSorter(b *testing.B) {
	for name, limit := range map[string]int64{"memory": 1 << 30, "disk": DefaultLimit} {
		b.Run(name, func(b *testing.B) {
			const records = 1_000_000
			text := make([]byte, 100)
			b.ReportAllocs()
			b.SetBytes(records * int64(len(text)))
			for b.Loop() {
				random := rand.New(rand.NewPCG(5, 6))
				s := NewSorter(SorterOptions{Limit: limit, Dir: b.TempDir()})
				item := Item{Topic: "orders", Text: text}
				for i := range int64(records) {
					item.Partition = int32(i / 500 % 8)
					item.Offset = i
					item.Timestamp = i/4000*500 + i%500 + random.Int64N(5)
					if err := s.Add(&item); err != nil {
						b.Fatal(err)
					}
				}
				n := 0
				if err := s.Each(func([]byte) error { n++; return nil }); err != nil || n != records {
					b.Fatal(n, err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
