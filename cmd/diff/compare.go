package diff

import (
	"container/heap"
	"slices"
)

// Compare finds what differs between two sides and returns the first differences, up to
// most, in the order of partitions and offsets. stopped is asked now and then; its error
// ends the comparison.
func Compare(a, b *Side, by By, most int, stopped func() error) (*Result, error) {
	if by == Auto {
		by = Set
		if a.keyless+b.keyless == 0 {
			by = Key
		}
	}
	c := &comparison{
		sides: [2]*Side{a, b}, most: most, stopped: stopped, slots: map[Hash]int32{}, others: map[place][]meta{},
		result: &Result{By: by, A: a.total, B: b.total},
	}
	if err := c.shelves([2]*shelf{a.shelf, b.shelf}, 0); err != nil {
		return nil, err
	}
	return c.result, c.load()
}

type comparison struct {
	sides   [2]*Side
	most    int
	stopped func() error
	result  *Result
	firsts  firsts

	slots  map[Hash]int32 // to pairs
	pairs  []pair
	others map[place][]meta
	checks int
}

// pair is what both sides have of one identity: their last records, or how many.
type pair struct {
	last  [2]meta
	count [2]int64
}

// place is a side of a pair whose key lives in several partitions: others has the last
// records of those that are not in last.
type place struct {
	pair int32
	side int
}

// maxDepth is how often a bucket is dealt out again. Then all of it has one identity.
const maxDepth = 3

// shelves compares bucket by bucket. depth says which byte of the hashes is dealt out by
// next.
func (c *comparison) shelves(s [2]*shelf, depth int) error {
	for i := range fanOut {
		number := byte(i)
		if max(s[0].buckets[i].count, s[1].buckets[i].count) > c.sides[0].options.Bucket && depth < maxDepth {
			deeper := [2]*shelf{c.sides[0].newShelf(), c.sides[1].newShelf()}
			for side := range deeper {
				if err := s[side].each(number, func(m *meta) error {
					if err := c.check(); err != nil {
						return err
					}
					id := c.identity(m)
					return deeper[side].add(id[depth+1], m)
				}); err != nil {
					return err
				}
				s[side].free(number)
			}
			if err := c.shelves(deeper, depth+1); err != nil {
				return err
			}
			continue
		}
		for side := range s {
			if err := s[side].each(number, func(m *meta) error { return c.take(side, m) }); err != nil {
				return err
			}
			s[side].free(number)
		}
		c.judge()
	}
	return nil
}

// check asks now and then whether to go on.
func (c *comparison) check() error {
	if c.checks++; c.checks%4096 != 0 {
		return nil
	}
	return c.stopped()
}

// counts reports whether equal records are counted, rather than the last one taken.
func (c *comparison) counts(m *meta) bool {
	return c.result.By == Set || c.result.By == Key && m.flags&keyless != 0
}

func (c *comparison) identity(m *meta) Hash {
	if c.counts(m) {
		return m.content
	}
	return m.id
}

// take puts a record beside those with the same identity.
func (c *comparison) take(side int, m *meta) error {
	if err := c.check(); err != nil {
		return err
	}
	counts := c.counts(m)
	if m.flags&dropped != 0 && (counts || c.result.By != Key) {
		return nil
	}
	id := c.identity(m)
	i, ok := c.slots[id]
	if !ok {
		i = int32(len(c.pairs))
		c.slots[id] = i
		c.pairs = append(c.pairs, pair{})
	}
	p := &c.pairs[i]
	switch {
	case p.count[side] == 0:
		p.last[side], p.count[side] = *m, 1
	case counts:
		p.count[side]++
	default:
		c.takeLast(place{i, side}, m)
	}
	return nil
}

// takeLast makes m the last record of its key in its partition, if it is.
func (c *comparison) takeLast(at place, m *meta) {
	old := &c.pairs[at.pair].last[at.side]
	if old.partition != m.partition {
		others := c.others[at]
		i := slices.IndexFunc(others, func(o meta) bool { return o.partition == m.partition })
		if i < 0 {
			c.others[at] = append(others, *m)
			return
		}
		old = &others[i]
	}
	if m.offset >= old.offset {
		*old = *m
	}
}

// choose lets the last records of all partitions compete, where there are several.
func (c *comparison) choose() {
	for at, others := range c.others {
		last := &c.pairs[at.pair].last[at.side]
		for i := range others {
			if others[i].newer(last) {
				*last = others[i]
			}
		}
	}
	clear(c.others)
}

// judge decides what differs among the records that were taken, and forgets them.
func (c *comparison) judge() {
	c.choose()
	r := c.result
	totals := [2]*Total{&r.A, &r.B}
	for i := range c.pairs {
		p := &c.pairs[i]
		for side, total := range totals {
			if p.count[side] > 0 && r.By == Key && p.last[side].flags&keyless == 0 && p.last[side].flags&(tombstone|dropped) != 0 {
				p.count[side] = 0
			}
			total.Compared += p.count[side]
		}
		switch n := p.count[0] - p.count[1]; {
		case n > 0:
			r.Missing += n
			c.firsts.offer(c.most, difference{Missing, n, p.last})
		case n < 0:
			r.Extra -= n
			c.firsts.offer(c.most, difference{Extra, -n, p.last})
		case p.count[0] > 0 && p.last[0].content != p.last[1].content:
			r.Changed++
			c.firsts.offer(c.most, difference{Changed, 1, p.last})
		}
	}
	clear(c.slots)
	c.pairs = c.pairs[:0]
}

// load fetches the payloads of the differences that are shown.
func (c *comparison) load() error {
	slices.SortFunc(c.firsts, func(a, b difference) int { return a.compare(&b) })
	found := make([]Difference, len(c.firsts))
	for side, s := range c.sides {
		for i := range c.firsts {
			d := &c.firsts[i]
			to := &found[i]
			to.Kind, to.Count = d.kind, d.count
			if d.kind == Missing && side == 1 || d.kind == Extra && side == 0 {
				continue
			}
			f, err := s.found(&d.of[side])
			if err != nil {
				return err
			}
			if side == 0 {
				to.A = f
			} else {
				to.B = f
			}
		}
	}
	c.result.Differences = found
	return nil
}

// difference is a Difference whose payloads are still on disk.
type difference struct {
	kind  Kind
	count int64
	of    [2]meta
}

// place is the record by whose offset the difference is ordered.
func (d *difference) place() *meta {
	if d.kind == Extra {
		return &d.of[1]
	}
	return &d.of[0]
}

func (d *difference) compare(o *difference) int {
	if c := d.place().compareLog(o.place()); c != 0 {
		return c
	}
	return int(d.kind) - int(o.kind)
}

// firsts are the first differences; the last of them is on top of the heap.
type firsts []difference

func (f firsts) Len() int           { return len(f) }
func (f firsts) Less(i, j int) bool { return f[i].compare(&f[j]) > 0 }
func (f firsts) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *firsts) Push(x any)        { *f = append(*f, x.(difference)) }
func (f *firsts) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	*f = (*f)[:last]
	return x
}

// offer keeps d when it is among the first n.
func (f *firsts) offer(n int, d difference) {
	switch {
	case len(*f) < n:
		heap.Push(f, d)
	case n > 0 && d.compare(&(*f)[0]) < 0:
		(*f)[0] = d
		heap.Fix(f, 0)
	}
}
