package sorting

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// itemsOf turns any bytes into records: few topics, partitions, times and keys, so that
// all kinds of ties occur. Four bytes make a record; its text says which one it is.
func itemsOf(data []byte) []Item {
	var items []Item
	for ; len(data) >= 4; data = data[4:] {
		item := Item{
			Topic:     string([]byte{'b' - data[0]&1, 'x'}),
			Partition: int32(data[0] >> 1 & 3),
			Offset:    int64(data[1] & 15),
			Timestamp: int64(data[2]&31) - 4,
			Tombstone: data[3]&7 == 0,
			Key:       []byte{data[3] >> 4},
		}
		switch data[0] >> 5 {
		case 1:
			item.Key = []byte{}
		case 2:
			item.Key = nil
		case 3:
			item.Timestamp = math.MaxInt64
		case 4:
			item.Timestamp = math.MinInt64
		}
		item.Text = fmt.Appendf(nil, "%d:%s/%d@%d", len(items), item.Topic, item.Partition, item.Offset)
		if n := int(data[1] >> 4); n == 0 {
			item.Text = nil
		} else if n > 12 {
			item.Text = append(item.Text, bytes.Repeat([]byte{'.'}, n*64)...)
		}
		items = append(items, item)
	}
	return items
}

// byTime is the order that is promised, as the standard library makes it.
func byTime(items []Item) []Item {
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Timestamp, b.Timestamp), byLog(a, b))
	})
	return sorted
}

func byLog(a, b Item) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
}

func texts(items []Item) []string {
	var out []string
	for _, item := range items {
		out = append(out, string(item.Text))
	}
	return out
}

// add adds an item whose bytes are overwritten afterwards, as a caller may do.
func add(t testing.TB, a Arranger, item Item) {
	t.Helper()
	item = reused(item)
	if err := a.Add(&item); err != nil {
		t.Fatal(err)
	}
	spoil(item)
}

func reused(item Item) Item {
	item.Text = bytes.Clone(item.Text)
	item.Key = bytes.Clone(item.Key)
	return item
}

func spoil(item Item) {
	for _, b := range [][]byte{item.Text, item.Key} {
		for i := range b {
			b[i] = '!'
		}
	}
}

func collect(t testing.TB, a Arranger) []string {
	t.Helper()
	var got []string
	if err := a.Each(func(text []byte) error {
		got = append(got, string(text))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func equal(t testing.TB, want, got []string) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}
