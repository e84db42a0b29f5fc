package sorting

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// latestOf is the view by its definition, from all records at once.
func latestOf(items []Item) []Item {
	type key struct{ topic, key string }
	last := map[key]map[int32]Item{}
	for _, item := range items {
		if item.Key == nil {
			continue
		}
		k := key{item.Topic, string(item.Key)}
		if last[k] == nil {
			last[k] = map[int32]Item{}
		}
		if old, ok := last[k][item.Partition]; !ok || item.Offset >= old.Offset {
			last[k][item.Partition] = item
		}
	}
	var view []Item
	for _, partitions := range last {
		var candidates []Item
		for _, item := range partitions {
			candidates = append(candidates, item)
		}
		winner := slices.MaxFunc(candidates, func(a, b Item) int {
			return cmp.Or(cmp.Compare(a.Timestamp, b.Timestamp), cmp.Compare(a.Partition, b.Partition))
		})
		if !winner.Tombstone {
			view = append(view, winner)
		}
	}
	// Two records of one place differ in the key alone; the one that was added first is first.
	order := map[string]int{}
	for i, item := range items {
		order[string(item.Text)] = i
	}
	slices.SortFunc(view, func(a, b Item) int {
		return cmp.Or(byLog(a, b), cmp.Compare(order[string(a.Text)], order[string(b.Text)]))
	})
	return view
}

// named gives records texts that differ.
func named(items []Item) []Item {
	for i := range items {
		items[i].Text = fmt.Appendf(nil, "%d", i)
	}
	return items
}

func FuzzLatestPerKey(f *testing.F) {
	random := rand.New(rand.NewPCG(9, 10))
	for _, n := range []int{3, 30, 300, 3000} {
		data := make([]byte, 4*n)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, items := NewLatestPerKey(0), named(itemsOf(data))
		var nullKeys int64
		for _, item := range items {
			if add(t, l, item); item.Key == nil {
				nullKeys++
			}
		}
		want := texts(latestOf(items))
		equal(t, want, collect(t, l))
		if l.Len() != len(want) || l.NullKeys() != nullKeys {
			t.Errorf("%d keys and %d null keys, want %d and %d", l.Len(), l.NullKeys(), len(want), nullKeys)
		}
		checkDead(t, l)
	})
}

// checkDead compares the counts of deleted keys with what is there.
func checkDead(t *testing.T, l *LatestPerKey) {
	t.Helper()
	dead, size := 0, int64(0)
	for _, all := range l.keys {
		if all.dead != nil {
			dead, size = dead+1, size+all.size
		}
	}
	if dead != l.dead.Len() || dead+l.Len() != len(l.keys) || size != l.deadSize || size > l.limit {
		t.Errorf("%d of %d keys are dead with %d bytes, counted as %d with %d", dead, len(l.keys), size, l.dead.Len(), l.deadSize)
	}
}

// TestLatestPerKeyForgetsTheDead reads partitions in order, each key in one of them:
// then nothing depends on keys that were deleted.
func TestLatestPerKeyForgetsTheDead(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	l := NewLatestPerKey(2000)
	var items []Item
	for i := range int64(20_000) {
		key := random.IntN(5000)
		items = append(items, Item{
			Topic: "orders", Partition: int32(key % 3), Offset: i, Timestamp: random.Int64N(100),
			Key: fmt.Append(nil, key), Tombstone: random.IntN(10) < 8,
		})
	}
	for _, item := range named(items) {
		add(t, l, item)
		if len(l.keys) > l.Len()+2000/int(versionsCost) {
			t.Fatalf("%d keys are held and %d live", len(l.keys), l.Len())
		}
	}
	equal(t, texts(latestOf(items)), collect(t, l))
	checkDead(t, l)
}

func TestLatestPerKey(t *testing.T) {
	item := func(partition int32, offset, timestamp int64, text string) Item {
		return Item{Topic: "t", Partition: partition, Offset: offset, Timestamp: timestamp, Key: []byte("k"), Text: []byte(text), Tombstone: text == ""}
	}
	tests := map[string]struct {
		items []Item
		want  []string
	}{
		"the highest offset, not the newest":    {items: []Item{item(0, 1, 9, "a"), item(0, 2, 3, "b")}, want: []string{"b"}},
		"an offset out of order":                {items: []Item{item(0, 2, 3, "b"), item(0, 1, 9, "a")}, want: []string{"b"}},
		"a tombstone":                           {items: []Item{item(0, 1, 1, "a"), item(0, 2, 2, "")}},
		"back after a tombstone":                {items: []Item{item(0, 2, 2, ""), item(0, 3, 3, "a")}, want: []string{"a"}},
		"two partitions: the newest":            {items: []Item{item(0, 1, 9, "a"), item(1, 2, 3, "b")}, want: []string{"a"}},
		"two partitions at once: the highest":   {items: []Item{item(1, 1, 3, "b"), item(0, 2, 3, "a")}, want: []string{"b"}},
		"a tombstone of another partition":      {items: []Item{item(1, 1, 9, ""), item(0, 2, 3, "a")}},
		"an old tombstone of another partition": {items: []Item{item(1, 1, 2, ""), item(0, 2, 3, "a")}, want: []string{"a"}},
		"a newer one gives way to an older":     {items: []Item{item(0, 1, 9, "a"), item(1, 2, 3, "b"), item(0, 2, 1, "c")}, want: []string{"b"}},
		"keys of two topics": {
			items: []Item{{Topic: "b", Key: []byte("k"), Text: []byte("b")}, {Topic: "a", Key: []byte("k"), Text: []byte("a")}},
			want:  []string{"a", "b"},
		},
		"an empty key is a key": {items: []Item{{Key: []byte{}, Text: []byte("a")}, {Text: []byte("b")}}, want: []string{"a"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := NewLatestPerKey(0)
			for _, item := range tc.items {
				add(t, l, item)
			}
			equal(t, tc.want, collect(t, l))
			stop := errors.New("stop")
			if err := l.Each(func([]byte) error { return stop }); len(tc.want) > 0 && err != stop { //nolint:errorlint // it is to come back as it is
				t.Errorf("got %v", err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
