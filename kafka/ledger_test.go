package kafka

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// A commit stands before the first record that was dropped without being done, whatever is
// acknowledged.
func TestLedgerHoldsBeforeWhatWasDropped(t *testing.T) {
	tp := TopicPartition{"t", 0}
	l := newLedger()
	l.own(map[TopicPartition]int64{tp: 0})
	turn := l.now()
	l.drop(tp, 7)
	l.drop(tp, 5)
	l.drop(tp, 9)
	l.ack([]mark{{TopicPartition: tp, turn: turn, next: 3}, {TopicPartition: tp, turn: turn, next: 10}})
	if due := l.due()[tp]; due != 5 {
		t.Errorf("%d is to be committed, want 5", due)
	}
	l.forget()
	l.ack([]mark{{TopicPartition: tp, turn: turn, next: 4}})
	if due := l.due(); len(due) > 0 {
		t.Errorf("%v is to be committed of what was taken back", due)
	}
	l.disown([]TopicPartition{tp})
	l.own(map[TopicPartition]int64{tp: 0})
	l.ack([]mark{{TopicPartition: tp, turn: l.now(), next: 10}})
	if due := l.due()[tp]; due != 10 {
		t.Errorf("%d is to be committed by the next owner, want 10", due)
	}
}

// Groups whose members fetch, drop, write, commit, fail, take back, give away, lose and
// end at random: nothing is committed that was not written, nothing is left out, and
// what was not lost, refused or taken back is written once.
func TestLedgerHistories(t *testing.T) {
	for seed := range uint64(10_000) {
		w := newWorld(seed)
		if err := w.live(); err != nil {
			t.Fatalf("history %d (committer %t, ends %v): %v", seed, w.carries, w.ends, err)
		}
	}
}

// world is a group, its topic and what was made of it, without a broker.
type world struct {
	*rand.Rand
	carries   bool // members commit with what they wrote, or take it back
	logs      []modelLog
	ends      []int64 // Follow without one
	committed []int64
	written   []map[int64]int // how often, of each partition
	members   []*modelMember
	owners    []int  // of each partition, as the coordinator sees it; -1: nobody
	excused   []bool // partitions of which something may be written twice
}

// modelLog says which offsets hold a record; the others are markers, or compacted away.
type modelLog []bool

type modelMember struct {
	*Reader
	at      map[TopicPartition]int64 // where the client fetches next
	lost    []TopicPartition         // of which it has not heard yet
	chunks  []modelChunk             // emitted and not written
	carried []modelPlace             // written since the last commit, by one that carries
	rewinds bool
}

type modelPlace struct {
	partition int32
	offset    int64
}

type modelChunk struct {
	places []modelPlace
	ack    func()
}

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 11))}
	w.carries = w.IntN(2) == 0
	bounded := w.IntN(2) == 0
	for range 1 + w.IntN(4) {
		w.logs = append(w.logs, nil)
		w.grow(len(w.logs) - 1)
		end := Follow
		if bounded {
			end = w.Int64N(int64(len(w.logs[len(w.logs)-1])) + 1)
		}
		w.ends = append(w.ends, end)
		w.committed, w.owners, w.excused = append(w.committed, 0), append(w.owners, -1), append(w.excused, false)
		w.written = append(w.written, map[int64]int{})
	}
	for range 1 + w.IntN(3) {
		w.members = append(w.members, &modelMember{
			Reader: &Reader{parts: map[TopicPartition]*readPart{}, member: true, ledger: newLedger(), ended: true},
			at:     map[TopicPartition]int64{},
		})
	}
	return w
}

func (w *world) grow(partition int) {
	for range w.IntN(12) {
		w.logs[partition] = append(w.logs[partition], w.IntN(5) > 0)
	}
}

func place(partition int) TopicPartition { return TopicPartition{"t", int32(partition)} }

// live lets the group live, and then reads all that is left.
func (w *world) live() error {
	for range 20 + w.IntN(60) {
		m := w.members[w.IntN(len(w.members))]
		if err := w.step(m); err != nil {
			return err
		}
	}
	m := w.members[0]
	for i := range w.owners {
		if err := w.give(i, 0); err != nil {
			return err
		}
	}
	for m.rewinds || len(m.chunks) > 0 || w.behind(m) {
		w.fetch(m)
		for len(m.chunks) > 0 {
			w.write(m)
		}
		if err := w.commit(m, 0); err != nil {
			return err
		}
	}
	return w.judge()
}

// behind reports whether a member has something left to fetch.
func (w *world) behind(m *modelMember) bool {
	for tp, p := range m.parts {
		if !p.done && (m.at[tp] < int64(len(w.logs[tp.Partition])) || !p.atEnd) {
			return true
		}
	}
	return false
}

func (w *world) step(m *modelMember) error {
	switch w.IntN(10) {
	case 0:
		w.grow(w.IntN(len(w.logs)))
	case 1, 2, 3:
		w.fetch(m)
	case 4, 5:
		w.write(m)
	case 6:
		return w.commit(m, w.IntN(3))
	case 7:
		return w.give(w.IntN(len(w.owners)), w.IntN(len(w.members)))
	case 8:
		return w.steal(w.IntN(len(w.owners)), w.IntN(len(w.members)))
	case 9:
		w.hear(m)
	}
	return nil
}

// fetch takes a batch of some runs of some partitions, in which ends are told or not, and
// emits it.
func (w *world) fetch(m *modelMember) {
	if m.rewinds {
		w.rewind(m)
	}
	if !w.carries && len(m.chunks) > 3 {
		return // the printer takes no more
	}
	b := &Batch{ledger: m.ledger, turn: m.ledger.now()}
	for _, tp := range slices.SortedFunc(maps.Keys(m.at), TopicPartition.compare) {
		log := w.logs[tp.Partition]
		for range w.IntN(8) {
			at := m.at[tp]
			if at == int64(len(log)) {
				b.Signals = append(b.Signals, Signal{Topic: tp.Topic, Partition: tp.Partition, Offset: at})
				break
			}
			if log[at] {
				b.Records = append(b.Records, Record{Topic: tp.Topic, Partition: tp.Partition, Offset: at})
			}
			m.at[tp]++
		}
	}
	m.keepWithin(b)
	for _, s := range b.Signals {
		if p := m.part(s.Topic, s.Partition); p != nil && !p.done {
			m.reachedEnd(p, s.Offset)
		}
	}
	m.ending = m.ending[:0] // no client need be told
	b.reached, m.reached = slices.Clone(m.reached), m.reached[:0]
	w.emit(m, b)
}

// emit makes chunks of a batch, each of which acknowledges what came before it too. One
// that carries writes them now, or is taken back in the middle.
func (w *world) emit(m *modelMember, b *Batch) {
	first := 0
	for _, n := range []int{w.IntN(len(b.Records) + 1), len(b.Records)} {
		if n < first {
			continue
		}
		c := modelChunk{ack: b.Ack(n)}
		for _, r := range b.Records[first:n] {
			c.places = append(c.places, modelPlace{r.Partition, r.Offset})
		}
		m.chunks, first = append(m.chunks, c), n
		if !w.carries {
			continue
		}
		w.write(m)
		if w.IntN(30) == 0 {
			w.takeBack(m)
			b.Ack(len(b.Records))() // too late
			return
		}
	}
}

// write writes a chunk out, as the printer does.
func (w *world) write(m *modelMember) {
	if len(m.chunks) == 0 {
		return
	}
	c := m.chunks[0]
	m.chunks = m.chunks[1:]
	for _, at := range c.places {
		if w.carries {
			m.carried = append(m.carried, at)
		} else {
			w.written[at.partition][at.offset]++
		}
	}
	c.ack()
}

// Outcomes of a commit: it succeeds; it is refused; it succeeds and nobody hears of it.
const (
	succeeds = iota
	refused
	unheard
)

// commit commits what is due. The coordinator refuses members of an old generation.
func (w *world) commit(m *modelMember, outcome int) error {
	due := m.ledger.due()
	if len(due) == 0 {
		return nil
	}
	if len(m.lost) > 0 {
		outcome = refused
	}
	if outcome != refused {
		if err := w.accept(m, due); err != nil {
			return err
		}
	}
	if !w.carries && w.IntN(2) == 0 {
		w.write(m) // the printer does not wait for the answer
	}
	switch {
	case outcome == succeeds:
		m.ledger.settle(due)
	case w.carries:
		w.takeBack(m)
	}
	return nil
}

// accept makes a commit last, if all before it is written.
func (w *world) accept(m *modelMember, due map[TopicPartition]int64) error {
	for _, at := range m.carried {
		w.written[at.partition][at.offset]++
	}
	m.carried = nil
	for tp, offset := range due {
		i := tp.Partition
		if offset < w.committed[i] {
			return fmt.Errorf("%s: %d is committed after %d", tp, offset, w.committed[i])
		}
		if w.ends[i] != Follow && offset > w.ends[i] {
			return fmt.Errorf("%s: %d is committed, behind the end at %d", tp, offset, w.ends[i])
		}
		for at := range offset {
			if w.logs[i][at] && w.written[i][at] == 0 {
				return fmt.Errorf("%s: %d is committed, and %d was never written", tp, offset, at)
			}
		}
		w.committed[i] = offset
	}
	return nil
}

// takeBack undoes what was carried since the last commit.
func (w *world) takeBack(m *modelMember) {
	m.carried, m.rewinds = nil, true
	m.ledger.forget()
}

// rewind goes back to what is committed.
func (w *world) rewind(m *modelMember) {
	m.rewinds = false
	starts := map[TopicPartition]int64{}
	for tp := range m.parts {
		starts[tp] = w.committed[tp.Partition]
	}
	m.ledger.disown(slices.Collect(maps.Keys(starts)))
	w.start(m, starts)
}

// start lets a member read partitions.
func (w *world) start(m *modelMember, starts map[TopicPartition]int64) {
	m.ledger.own(starts)
	m.last = nil
	for tp, at := range starts {
		p := &readPart{TopicPartition: tp, from: at, next: at, end: w.ends[tp.Partition], corrupt: -1}
		m.parts[tp], m.at[tp] = p, at
		if p.end != Follow && at >= p.end {
			m.finish(p)
		}
	}
}

// stop lets a member forget partitions.
func (m *modelMember) forget(tps ...TopicPartition) {
	for _, tp := range tps {
		delete(m.parts, tp)
		delete(m.at, tp)
	}
	m.last = nil
	m.ledger.disown(tps)
}

// give moves a partition in order: what was fetched is written and committed first.
func (w *world) give(partition, to int) error {
	tp := place(partition)
	from := w.owners[partition]
	if from >= 0 {
		m := w.members[from]
		w.hear(m)
		for len(m.chunks) > 0 {
			w.write(m)
		}
		outcome := max(0, w.IntN(9)-6)
		if err := w.commit(m, outcome); err != nil {
			return err
		}
		w.excused[partition] = w.excused[partition] || outcome != succeeds // the next owner reads it again
		m.forget(tp)
	}
	w.owners[partition] = to
	m := w.members[to]
	w.hear(m)
	w.start(m, map[TopicPartition]int64{tp: w.committed[partition]})
	return nil
}

// steal gives a partition away whose owner does not hear of it.
func (w *world) steal(partition, to int) error {
	from := w.owners[partition]
	if from < 0 || from == to {
		return w.give(partition, to)
	}
	w.excused[partition] = true
	w.members[from].lost = append(w.members[from].lost, place(partition))
	w.owners[partition] = to
	m := w.members[to]
	w.hear(m)
	w.start(m, map[TopicPartition]int64{place(partition): w.committed[partition]})
	return nil
}

// hear tells a member what it has lost. What it emitted of it is written all the same,
// and acknowledged, for nothing.
func (w *world) hear(m *modelMember) {
	if len(m.lost) == 0 {
		return
	}
	if w.carries {
		w.takeBack(m)
	}
	m.forget(m.lost...)
	m.lost = nil
}

// judge looks at what was made of the topic.
func (w *world) judge() error {
	for i, log := range w.logs {
		end := int64(len(log))
		if w.ends[i] != Follow {
			end = w.ends[i]
		}
		if w.committed[i] != end {
			return fmt.Errorf("%s: %d is committed at the end, want %d", place(i), w.committed[i], end)
		}
		for at, holds := range log {
			switch n := w.written[i][int64(at)]; {
			case holds && int64(at) < end && n == 0:
				return fmt.Errorf("%s@%d was never written", place(i), at)
			case !holds && n > 0, int64(at) >= end && n > 0:
				return fmt.Errorf("%s@%d was written and is not to be", place(i), at)
			case n > 1 && (w.carries || !w.excused[i]):
				return fmt.Errorf("%s@%d was written %d times", place(i), at, n)
			}
		}
	}
	return nil
}
