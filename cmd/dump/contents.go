package dump

import (
	"cmp"
	"slices"
)

// Contents is what a dump holds of one partition.
type Contents struct {
	Topic     string
	Partition int32
	// First and Last are offsets of records that are there; some between them may not be.
	First, Last int64
	Records     int64
	// Oldest and Newest are timestamps in milliseconds, -1 when no record has one.
	Oldest, Newest int64
}

// Contents returns what the dump holds, by topic and partition. A stream does not know:
// ErrNoIndex.
func (r *Reader) Contents() ([]Contents, error) {
	if !r.indexed {
		return nil, ErrNoIndex
	}
	type place struct {
		topic     string
		partition int32
	}
	at := map[place]int{}
	var all []Contents
	for i := range r.blocks {
		h := &r.blocks[i]
		k := place{h.topic, h.partition}
		n, ok := at[k]
		if !ok {
			n, at[k] = len(all), len(all)
			all = append(all, Contents{Topic: h.topic, Partition: h.partition, First: h.first, Oldest: -1, Newest: -1})
		}
		c := &all[n]
		c.Last = h.last
		c.Records += int64(h.records)
		if h.oldest >= 0 && (c.Oldest < 0 || h.oldest < c.Oldest) {
			c.Oldest = h.oldest
		}
		c.Newest = max(c.Newest, h.newest)
	}
	slices.SortFunc(all, func(a, b Contents) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return all, nil
}

// OffsetAt returns the offset of the first record of a partition, in the order of offsets, that has
// this timestamp or a later one, in milliseconds; and -1 when there is none. It
// reads at most one block. Next goes on where it was, but what it returned last is not valid any more.
func (r *Reader) OffsetAt(topic string, partition int32, millis int64) (int64, error) {
	if !r.indexed {
		return 0, ErrNoIndex
	}
	for i := range r.blocks {
		h := &r.blocks[i]
		if h.topic != topic || h.partition != partition || h.newest < millis || h.newest < 0 {
			continue
		}
		if err := r.readAt(h); err != nil {
			return 0, err
		}
		if err := r.parse(h); err != nil {
			return 0, err
		}
		for j := range r.records {
			if t := r.records[j].Timestamp; t >= millis && t >= 0 {
				return r.records[j].Offset, nil
			}
		}
	}
	return -1, nil
}
