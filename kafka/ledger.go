package kafka

import (
	"maps"
	"sync"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ledger holds what a member has written out and not yet committed. The printer
// writes into it, the member commits from it.
//
// It knows which partitions are the member's, and since when: an acknowledgement that
// comes after a partition was lost, or given away and taken back, is not the new
// owner's to commit and is dropped.
type ledger struct {
	mu     sync.Mutex
	turn   int64 // counts assignments
	owned  map[TopicPartition]*entry
	moving map[TopicPartition]int64 // acknowledged and not committed
}

// entry is an owned partition.
type entry struct {
	turn int64 // the assignment that it came with
	next int64 // acknowledged up to here, committed or not
	kept int64 // committed up to here
}

// mark says that a partition was written out up to, not including, next.
type mark struct {
	TopicPartition
	turn, next int64
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
		l.owned[tp] = &entry{l.turn, start, start}
	}
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

// turns tells the assignment that each owned partition came with.
func (l *ledger) turnOf(tp TopicPartition) (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.owned[tp]
	if !ok {
		return 0, false
	}
	return e.turn, true
}

// ack records marks.
func (l *ledger) ack(marks []mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range marks {
		e, ok := l.owned[m.TopicPartition]
		if ok && e.turn == m.turn && m.next > e.next {
			e.next = m.next
			l.moving[m.TopicPartition] = m.next
		}
	}
}

// position tells up to where an owned partition was acknowledged.
func (l *ledger) position(tp TopicPartition) (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.owned[tp]; ok {
		return e.next, true
	}
	return 0, false
}

// due gives what is to be committed.
func (l *ledger) due() map[TopicPartition]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.moving)
}

// committed tells up to where an owned partition was committed.
func (l *ledger) committed(tp TopicPartition) (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.owned[tp]; ok {
		return e.kept, true
	}
	return 0, false
}

// forget drops what was acknowledged and not committed.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.moving)
	for _, e := range l.owned {
		e.next = e.kept
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
