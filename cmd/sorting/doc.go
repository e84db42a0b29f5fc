// Package sorting puts rendered records into an order other than the one in which
// they arrived.
//
// Sorter sorts a bounded read fully by time, on disk where memory does not suffice.
// Last keeps the newest N records, LatestPerKey the view that a compacted topic has.
// These three are Arrangers: Add every record, then Each passes on the texts in order.
// Window is for a read without end: it holds each record back for a while, so that
// those which arrive a little late come out in their place.
//
// The order by time is (timestamp, topic, partition, offset); among records equal in
// all four, the one that was added first comes first.
//
// Everything added is copied, so callers use their buffers again. Memory is bounded
// as each type says. No type is for more than one goroutine at a time, and none reads
// the clock: where the time matters, it is passed in.
package sorting

import "cmp"

// Item is a rendered record.
type Item struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp int64  // milliseconds since the epoch; any number is allowed
	Key       []byte // nil is the null key
	Tombstone bool   // the value is null
	Text      []byte // what is printed
}

// Arranger takes all records first and passes on their texts afterwards, in its own order.
//
// Each calls f with the text of each record, which is valid until f returns, and ends
// with the first error of f, as it is. It may be called again, also after further
// Adds. Close frees all that is held; after it only Close may be called.
type Arranger interface {
	Add(item *Item) error
	Each(f func(text []byte) error) error
	Close() error
}

// DefaultLimit is the memory for records where a limit is left at 0, in bytes.
const DefaultLimit = 64 << 20

// place is where a record stands in the order by time. seq counts Adds: it makes the
// order total.
type place struct {
	timestamp int64
	topic     string
	partition int32
	offset    int64
	seq       uint64
}

func placeOf(item *Item, topic string, seq uint64) place {
	return place{item.Timestamp, topic, item.Partition, item.Offset, seq}
}

// compare is the order by time.
func (p *place) compare(q *place) int {
	if p.timestamp != q.timestamp {
		return cmp.Compare(p.timestamp, q.timestamp)
	}
	return p.compareLog(q)
}

// compareLog is the order of logs: topic, partition, offset, then that of the Adds.
func (p *place) compareLog(q *place) int {
	if c := cmp.Compare(p.topic, q.topic); c != 0 {
		return c
	}
	if c := cmp.Compare(p.partition, q.partition); c != 0 {
		return c
	}
	if c := cmp.Compare(p.offset, q.offset); c != 0 {
		return c
	}
	return cmp.Compare(p.seq, q.seq)
}

// keep copies text, into buf where that fits without wasting much of it.
func keep(buf, text []byte) []byte {
	if len(text) <= cap(buf) && cap(buf) <= 4*len(text)+256 {
		return append(buf[:0], text...)
	}
	return append(make([]byte, 0, len(text)), text...)
}
