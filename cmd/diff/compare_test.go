package diff

import (
	stdcmp "cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tiny makes everything spill: a buffer holds one or two records, a bucket a few.
func tiny(dir string) Options { return Options{Dir: dir, Buffer: 2 * metaLen, Bucket: 3} }

// row is a record as tests write it.
type row struct {
	key, value string // key "-": none; value "-": a tombstone, "!": a record that is dropped
	partition  int32
	offset     int64
	timestamp  int64
}

func (r row) record(by By) *Record {
	rec := &Record{
		Partition: r.partition, Offset: r.offset, Timestamp: r.timestamp,
		Keyless: r.key == "-", Tombstone: r.value == "-", Dropped: r.value == "!",
		Content: HashOf([]byte(r.key + ":" + r.value)), Payload: []byte(r.String()),
	}
	switch {
	case by == Offset:
		rec.ID = HashOf(fmt.Append(nil, r.partition, r.offset))
	case rec.Keyless:
		rec.ID = rec.Content
	default:
		rec.ID = HashOf([]byte(r.key))
	}
	return rec
}

func (r row) String() string {
	return fmt.Sprintf("%s:%s@%d/%d", r.key, r.value, r.partition, r.offset)
}

// sideOf takes rows; the payload's memory is spoilt afterwards, as a caller may do.
func sideOf(t testing.TB, o Options, by By, rows []row) *Side {
	t.Helper()
	s := NewSide(o)
	for _, r := range rows {
		rec := r.record(by)
		if err := s.Add(rec); err != nil {
			t.Fatal(err)
		}
		clear(rec.Payload)
	}
	return s
}

func goOn() error { return nil }

// compareRows returns the differences as lines, and the result without them.
func compareRows(t testing.TB, o Options, by By, most int, a, b []row) ([]string, Result) {
	t.Helper()
	x, y := sideOf(t, o, by, a), sideOf(t, o, by, b)
	defer func() {
		if err := errors.Join(x.Close(), y.Close()); err != nil {
			t.Error(err)
		}
	}()
	r, err := Compare(x, y, by, most, goOn)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, d := range r.Differences {
		line := fmt.Sprintf("%s %d", d.Kind, d.Count)
		for _, f := range []*Found{d.A, d.B} {
			if f == nil {
				line += " none"
			} else {
				line += " " + string(f.Payload)
			}
		}
		lines = append(lines, line)
	}
	r.Differences = nil
	return lines, *r
}

func TestCompare(t *testing.T) {
	tests := map[string]struct {
		by   By
		most int // 0: all
		a, b []row
		want []string
		res  Result
	}{
		"nothing": {res: Result{By: Key}, want: []string{}},
		"the last of a key counts": {
			a:    []row{{key: "k", value: "1"}, {key: "k", value: "2", offset: 1}, {key: "l", value: "x", offset: 2}},
			b:    []row{{key: "l", value: "y", partition: 1}, {key: "k", value: "2", offset: 7}},
			want: []string{"changed 1 l:x@0/2 l:y@1/0"},
			res:  Result{By: Key, A: Total{3, 2}, B: Total{2, 2}, Changed: 1},
		},
		"of a key in two partitions the newest": {
			a:    []row{{key: "k", value: "new", partition: 0, offset: 1, timestamp: 9}, {key: "k", value: "old", partition: 1, offset: 5, timestamp: 8}},
			b:    []row{{key: "k", value: "new"}},
			want: []string{},
			res:  Result{By: Key, A: Total{2, 1}, B: Total{1, 1}},
		},
		"a tombstone is as if nothing was there": {
			a:    []row{{key: "k", value: "1"}, {key: "k", value: "-", offset: 1}, {key: "l", value: "1", offset: 2}},
			b:    []row{{key: "m", value: "-"}, {key: "l", value: "1", offset: 1}, {key: "l", value: "-", offset: 2}},
			want: []string{"missing 1 l:1@0/2 none"},
			res:  Result{By: Key, A: Total{3, 1}, B: Total{3, 0}, Missing: 1},
		},
		"what is dropped hides its key": {
			a:    []row{{key: "k", value: "1"}, {key: "k", value: "!", offset: 1}},
			b:    []row{{key: "k", value: "1"}},
			want: []string{"extra 1 none k:1@0/0"},
			res:  Result{By: Key, A: Total{1, 0}, B: Total{1, 1}, Extra: 1},
		},
		"one record without a key makes a set": {
			a:    []row{{key: "k", value: "1"}, {key: "k", value: "2", offset: 1}, {key: "-", value: "1", offset: 2}},
			b:    []row{{key: "k", value: "2"}, {key: "-", value: "1", partition: 4}},
			want: []string{"missing 1 k:1@0/0 none"},
			res:  Result{By: Set, A: Total{3, 3}, B: Total{2, 2}, Missing: 1},
		},
		"by key, what has none is a set": {
			by:   Key,
			a:    []row{{key: "k", value: "1"}, {key: "k", value: "2", offset: 1}, {key: "-", value: "1", offset: 2}, {key: "-", value: "1", offset: 3}},
			b:    []row{{key: "k", value: "2"}, {key: "-", value: "1", offset: 1}, {key: "-", value: "3", offset: 2}},
			want: []string{"missing 1 -:1@0/2 none", "extra 1 none -:3@0/2"},
			res:  Result{By: Key, A: Total{4, 3}, B: Total{3, 3}, Missing: 1, Extra: 1},
		},
		"a set counts": {
			by:   Set,
			a:    []row{{key: "k", value: "1"}, {key: "k", value: "1", offset: 1}, {key: "k", value: "1", offset: 2}, {key: "k", value: "-", offset: 3}},
			b:    []row{{key: "k", value: "1"}, {key: "k", value: "!", offset: 1}},
			want: []string{"missing 2 k:1@0/0 none", "missing 1 k:-@0/3 none"},
			res:  Result{By: Set, A: Total{4, 4}, B: Total{1, 1}, Missing: 3},
		},
		"by offset": {
			by:   Offset,
			a:    []row{{key: "k", value: "1"}, {key: "k", value: "2", offset: 1}, {key: "k", value: "-", offset: 2}, {key: "k", value: "4", partition: 1, offset: 9}},
			b:    []row{{key: "k", value: "1"}, {key: "j", value: "2", offset: 1}, {key: "k", value: "-", offset: 2}, {key: "k", value: "4", partition: 2, offset: 9}},
			want: []string{"changed 1 k:2@0/1 j:2@0/1", "missing 1 k:4@1/9 none", "extra 1 none k:4@2/9"},
			res:  Result{By: Offset, A: Total{4, 4}, B: Total{4, 4}, Changed: 1, Missing: 1, Extra: 1},
		},
		"only the first": {
			most: 2,
			a:    []row{{key: "a", value: "1", partition: 1}, {key: "b", value: "1", offset: 5}, {key: "c", value: "1", offset: 6}},
			want: []string{"missing 1 b:1@0/5 none", "missing 1 c:1@0/6 none"},
			res:  Result{By: Key, A: Total{3, 3}, Missing: 3},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			most := tt.most
			if most == 0 {
				most = 100
			}
			for _, o := range []Options{{}, tiny(t.TempDir())} {
				lines, res := compareRows(t, o, tt.by, most, tt.a, tt.b)
				if diff := cmp.Diff(tt.want, lines); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.res, res); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// TestCompareNamesExactly is the promise with enough records that everything lies on
// disk: 3 changed, 2 missing and 1 extra of 5,000, in another number of partitions.
func TestCompareNamesExactly(t *testing.T) {
	var a, b []row
	for i := range int64(5000) {
		r := row{key: fmt.Sprint("key-", i), value: fmt.Sprint("value-", i), partition: int32(i % 3), offset: i / 3, timestamp: i}
		a = append(a, r)
		r.partition, r.offset = int32(i%7), i/7
		switch i {
		case 7, 1234, 4998:
			r.value = "other"
		case 2, 3003:
			continue
		}
		b = append(b, r)
	}
	b = append(b, row{key: "more", value: "x", partition: 6, offset: 5000})
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
	want := []string{
		"changed 1 key-1234:value-1234@1/411 key-1234:other@2/176",
		"changed 1 key-4998:value-4998@0/1666 key-4998:other@0/714",
		"changed 1 key-7:value-7@1/2 key-7:other@0/1",
		"extra 1 none more:x@6/5000",
		"missing 1 key-2:value-2@2/0 none",
		"missing 1 key-3003:value-3003@0/1001 none",
	}
	dir := t.TempDir()
	x, y := sideOf(t, tiny(dir), Auto, a), sideOf(t, tiny(dir), Auto, b)
	if x.file.Size() < 5000*metaLen || y.file.Size() < 5000*metaLen {
		t.Errorf("only %d and %d bytes are on disk", x.file.Size(), y.file.Size())
	}
	if err := errors.Join(x.Close(), y.Close()); err != nil {
		t.Error(err)
	}
	for _, o := range []Options{tiny(dir), {Dir: dir, Buffer: 10 * metaLen}, {}} {
		lines, _ := compareRows(t, o, Auto, 20, a, b)
		slices.Sort(lines)
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestCompareEndsWhenStopped(t *testing.T) {
	var rows []row
	for i := range int64(10_000) {
		rows = append(rows, row{key: fmt.Sprint(i), value: "v", offset: i})
	}
	a, b := sideOf(t, tiny(t.TempDir()), Auto, rows), NewSide(Options{})
	stop := errors.New("stop")
	if _, err := Compare(a, b, Auto, 5, func() error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Error(err)
	}
}

func TestSideNeedsItsDirectory(t *testing.T) {
	s := NewSide(tiny(t.TempDir() + "/none"))
	var err error
	for i := int64(0); err == nil && i < 1000; i++ {
		err = s.Add(row{key: "k", value: "v", offset: i}.record(Auto))
	}
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestLostFileIsNoPanic is about a temporary file that cannot be read any more.
func TestLostFileIsNoPanic(t *testing.T) {
	var rows []row
	for i := range int64(100) {
		rows = append(rows, row{key: fmt.Sprint(i), value: "v", offset: i})
	}
	a, b := sideOf(t, tiny(t.TempDir()), Auto, rows), NewSide(Options{})
	if err := a.file.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Compare(a, b, Auto, 5, goOn)
	if diff := cmp.Diff("temporary file: invalid argument", fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// rowsOf turns any bytes into records with few keys and values.
func rowsOf(data []byte) []row {
	var rows []row
	for i := 0; i+2 < len(data); i += 3 {
		rows = append(rows, row{
			key:   []string{"-", "a", "b", "c", "d", "e", "f", "g"}[data[i]&7],
			value: []string{"-", "!", "1", "2", "3", "1", "2", "3"}[data[i+1]&7],
			// An offset is there once: it is the place in the input.
			partition: int32(data[i] >> 6), offset: int64(i), timestamp: int64(data[i+2] & 3),
		})
	}
	return rows
}

// modelOf is what is there to compare, by definition, with everything in memory: how
// often each content is there, of each identity.
func modelOf(by By, rows []row) map[string]map[string]int {
	last := map[string]map[int32]row{} // of each key in each partition
	model := map[string]map[string]int{}
	add := func(id string, r row) {
		if model[id] == nil {
			model[id] = map[string]int{}
		}
		model[id][r.key+":"+r.value]++
	}
	for _, r := range rows {
		switch {
		case by == Key && r.key != "-":
			if last[r.key] == nil {
				last[r.key] = map[int32]row{}
			}
			if old, ok := last[r.key][r.partition]; !ok || r.offset > old.offset {
				last[r.key][r.partition] = r
			}
		case r.value == "!":
		case by == Offset:
			add(fmt.Sprint(r.partition, r.offset), r)
		default:
			add("="+r.key+":"+r.value, r)
		}
	}
	for key, partitions := range last {
		r := slices.MaxFunc(slices.Collect(maps.Values(partitions)), func(a, b row) int {
			return stdcmp.Or(stdcmp.Compare(a.timestamp, b.timestamp), stdcmp.Compare(a.partition, b.partition))
		})
		if r.value != "-" && r.value != "!" {
			add(key, r)
		}
	}
	return model
}

func FuzzCompare(f *testing.F) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{9, 90, 900} {
		a, b := make([]byte, n), make([]byte, n)
		for i := range a {
			a[i], b[i] = byte(random.Uint32()), byte(random.Uint32())
		}
		f.Add(a, b, uint8(n))
		f.Add(a, a, uint8(1))
	}
	f.Fuzz(func(t *testing.T, x, y []byte, mode uint8) {
		by := By(1 + mode%3)
		a, b := rowsOf(x), rowsOf(y)
		slices.SortStableFunc(a, func(p, q row) int { return stdcmp.Compare(p.partition, q.partition) })
		slices.SortStableFunc(b, func(p, q row) int { return stdcmp.Compare(q.timestamp, p.timestamp) })
		_, got := compareRows(t, tiny(t.TempDir()), by, 3, a, b)
		want := Result{By: by}
		ma, mb := modelOf(by, a), modelOf(by, b)
		for id, content := range ma {
			other := mb[id]
			for c, n := range content {
				want.A.Compared += int64(n)
				if by != Set && len(other) > 0 && id[0] != '=' && other[c] == 0 {
					want.Changed++
					continue
				}
				want.Missing += int64(max(0, n-other[c]))
			}
		}
		for id, content := range mb {
			for c, n := range content {
				want.B.Compared += int64(n)
				if by != Set && len(ma[id]) > 0 && id[0] != '=' {
					continue
				}
				want.Extra += int64(max(0, n-ma[id][c]))
			}
		}
		got.A.Records, got.B.Records = 0, 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %s: %s", by, diff)
		}
	})
}
