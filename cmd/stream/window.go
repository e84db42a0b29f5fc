package stream

import "container/heap"

// bucket has the states of all keys in one window; without windows, of all keys.
type bucket struct {
	start   int64
	keys    map[string]*slot
	keyless *slot
	order   []*slot // in which they were made; nil without windows
}

// find returns the state of a key, or nil.
func (b *bucket) find(key []byte) *slot {
	if key == nil {
		return b.keyless
	}
	return b.keys[string(key)]
}

// insert adds a state of a key that has none.
func (p *Partition) insert(key []byte, start int64) *slot {
	b := p.buckets[start]
	if b == nil {
		b = &bucket{start: start, keys: map[string]*slot{}}
		p.buckets[start] = b
		if p.Windows.Size > 0 {
			p.due.push(due{at: start + p.Windows.Size + p.Windows.Grace, bucket: b})
		}
	}
	s := p.newSlot(key, start, start+p.Windows.Size)
	if key == nil {
		b.keyless = s
	} else {
		b.keys[s.key] = s
	}
	if p.Windows.Size > 0 {
		b.order = append(b.order, s)
	}
	p.open++
	return s
}

// closeBucket closes a window of all keys.
func (p *Partition) closeBucket(b *bucket) error {
	for _, s := range b.order {
		if s.gone {
			continue
		}
		if err := p.end(s); err != nil {
			return err
		}
	}
	delete(p.buckets, b.start)
	return nil
}

// unlink takes a state out of where it is looked for.
func (p *Partition) unlink(s *slot) {
	if p.Windows.Gap > 0 {
		p.unlinkSession(s)
		return
	}
	b := p.buckets[s.start]
	switch {
	case b == nil:
	case s.null:
		b.keyless = nil
	default:
		delete(b.keys, s.key)
	}
}

// due is when a window ends, or when it is to be seen whether a state does.
type due struct {
	at     int64
	bucket *bucket
	slot   *slot
}

// dues is a heap: the earliest first.
type dues []due

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, j int) bool { return d[i].at < d[j].at }
func (d dues) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }

// Push is that of heap.Interface.
func (d *dues) Push(x any) { *d = append(*d, x.(due)) }

// Pop is that of heap.Interface.
func (d *dues) Pop() any {
	last := (*d)[len(*d)-1]
	(*d)[len(*d)-1] = due{}
	*d = (*d)[:len(*d)-1]
	return last
}

func (d *dues) push(one due) { heap.Push(d, one) }

func (d *dues) pop() due { return heap.Pop(d).(due) }
