package kafka

import (
	"maps"
	"math"
	"sync"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ledger holds what a member has written out and not yet committed. The printer
// writes into it, the member commits from it.
//
// It knows which partitions are the member's, and since when: an acknowledgement that
// comes after a partition was lost, or given away and taken back, is not the new
// owner's to commit and is dropped. It never holds an offset behind the first record that
// was dropped without being done.
type ledger struct {
	mu     sync.Mutex
	turn   int64 // counts assignments, and what was taken back
	owned  map[TopicPartition]*entry
	moving map[TopicPartition]int64 // acknowledged and not committed
}

// entry is an owned partition.
type entry struct {
	turn    int64 // of the assignment that it came with, or of the last time it was taken back
	next    int64 // acknowledged up to here, committed or not
	kept    int64 // committed up to here
	dropped int64 // the first record that was dropped and is not done
	over    bool  // nothing more is read of it
}

// mark says that a partition was written out up to, not including, next, and whether
// that is all that is read of it. It counts if the partition has been the member's since
// the turn at which that was read.
type mark struct {
	TopicPartition
	turn, next int64
	over       bool
}

func newLedger() *ledger {
	return &ledger{owned: map[TopicPartition]*entry{}, moving: map[TopicPartition]int64{}}
}

// own takes partitions in, which start at the given offsets.
func (l *ledger) own(starts map[TopicPartition]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn++
	for tp, start := range starts {
		l.owned[tp] = &entry{turn: l.turn, next: start, kept: start, dropped: math.MaxInt64}
	}
}

// owe makes offsets due of partitions that the group has committed less of than their
// OffsetKeeper knows.
func (l *ledger) owe(offsets map[TopicPartition]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(l.moving, offsets)
}

// disown forgets partitions and what was not committed of them.
func (l *ledger) disown(tps []TopicPartition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, tp := range tps {
		delete(l.owned, tp)
		delete(l.moving, tp)
	}
}

// now is the turn of what is read now.
func (l *ledger) now() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turn
}

// owns reports whether a partition is owned by what was known at a turn.
func (l *ledger) owns(tp TopicPartition, turn int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.owned[tp]
	return ok && e.turn <= turn
}

// ack records marks.
func (l *ledger) ack(marks []mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range marks {
		e, ok := l.owned[m.TopicPartition]
		if !ok || e.turn > m.turn {
			continue
		}
		if next := min(m.next, e.dropped); next > e.next {
			e.next = next
			l.moving[m.TopicPartition] = next
		}
		e.over = e.over || m.over
	}
}

// drop notes that the record at an offset was dropped although it is not done.
func (l *ledger) drop(tp TopicPartition, offset int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.owned[tp]; ok {
		e.dropped = min(e.dropped, offset)
	}
}

// reached reports whether an owned partition was acknowledged up to end, or as far as
// there is something to read; with committed, whether that was committed too.
func (l *ledger) reached(tp TopicPartition, end int64, committed bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.owned[tp]
	if !ok || committed && e.kept < e.next {
		return false
	}
	return e.over || e.next >= end
}

// again makes the offset of an owned partition due, whether it was committed or not.
func (l *ledger) again(tp TopicPartition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.owned[tp]; ok {
		l.moving[tp] = e.next
	}
}

// due returns what is to be committed.
func (l *ledger) due() map[TopicPartition]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.moving)
}

// forget drops what was acknowledged and not committed, and what is still to be
// acknowledged of what was read before.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.moving)
	l.turn++
	for _, e := range l.owned {
		e.turn, e.next, e.over = l.turn, e.kept, false
	}
}

// settle notes that offsets were committed; what was acknowledged since stays due.
func (l *ledger) settle(committed map[TopicPartition]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for tp, offset := range committed {
		if e, ok := l.owned[tp]; ok {
			e.kept = offset
		}
		if l.moving[tp] == offset {
			delete(l.moving, tp)
		}
	}
}

func clientOffsets(offsets map[TopicPartition]int64) []ck.TopicPartition {
	list := make([]ck.TopicPartition, 0, len(offsets))
	for tp, offset := range offsets {
		list = append(list, ck.TopicPartition{Topic: &tp.Topic, Partition: tp.Partition, Offset: ck.Offset(offset)})
	}
	return list
}
