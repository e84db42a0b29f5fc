package sorting

import "slices"

// Last keeps the newest N records by (timestamp, topic, partition, offset), over all
// partitions. Memory is in proportion to N; a record that is older than those held
// costs one comparison.
type Last struct {
	n      int
	seq    uint64
	topics names
	heap   heap[*held] // the oldest first
}

type held struct {
	place
	text []byte
}

// NewLast makes a Last for n records; of n below 1 it keeps none.
func NewLast(n int) *Last {
	return &Last{n: n, heap: heap[*held]{less: func(a, b *held) bool { return a.compare(&b.place) < 0 }}}
}

// Add takes a record. It returns no error.
func (l *Last) Add(item *Item) error {
	l.seq++
	p := placeOf(item, item.Topic, l.seq)
	switch {
	case len(l.heap.items) < l.n:
		p.topic = l.topics.intern(item.Topic)
		l.heap.push(&held{p, keep(nil, item.Text)})
	case l.n > 0 && l.heap.items[0].compare(&p) < 0:
		p.topic = l.topics.intern(item.Topic)
		oldest := l.heap.items[0]
		oldest.place, oldest.text = p, keep(oldest.text, item.Text)
		l.heap.fix()
	}
	return nil
}

// Each calls f with the texts of the newest records, the newest last.
func (l *Last) Each(f func(text []byte) error) error {
	slices.SortFunc(l.heap.items, func(a, b *held) int { return a.compare(&b.place) }) // which is a heap as well
	for _, h := range l.heap.items {
		if err := f(h.text); err != nil {
			return err
		}
	}
	return nil
}

// Close frees the records.
func (l *Last) Close() error {
	l.heap.items = nil
	return nil
}
