package stream

import (
	"context"
	"math"

	"kstream/cmd/expr"
)

// Partition is the state of one partition of the input. One goroutine owns it.
type Partition struct {
	*Config
	// Out takes the results that come while records are added: each update, or closed windows.
	Out func(*Result) error

	time     int64 // of the stream: the greatest of all records
	buckets  map[int64]*bucket
	sessions map[string][]*slot // open ones, in the order in which they were made
	keyless  []*slot            // sessions of the null key
	due      dues
	dirty    []*slot // changed since the last Save, in that order
	open     int     // states

	result  Result
	scratch []byte
	starts  []int64
	nexts   []next
}

// Input is a record to add.
type Input struct {
	View   *expr.Record
	Key    []byte // nil: null
	Time   int64  // milliseconds since the epoch, within MaxTime
	Offset int64
}

// MaxTime is the greatest time, before the epoch and after it, that a record may have.
const MaxTime = 1 << 53

// Result is a state to be sent. Its bytes are valid during the call.
type Result struct {
	Key     []byte
	Window  *expr.Window // nil without windows
	State   []byte       // JSON; nil when the key, or the session, is no more
	Updated int64        // the time of its newest record

	window expr.Window
}

// slot is one state.
type slot struct {
	key        string
	start, end int64 // of its window
	updated    int64 // the greatest time of its records
	cells      []cell
	state      []byte // of --reduce; nil: none yet
	null       bool   // the key is
	dirty      bool   // it is in Partition.dirty
	changed    bool   // and results have not shown how
	gone       bool   // it is closed or forgotten
	stored     bool   // the state topic may have it
}

// next is what --reduce makes of a state.
type next struct {
	slot  *slot // nil: a new one
	state []byte
	keep  bool // nothing changes
}

// NewPartition returns one without any state.
func NewPartition(c *Config) *Partition {
	return &Partition{Config: c, time: math.MinInt64, buckets: map[int64]*bucket{}, sessions: map[string][]*slot{}}
}

// Time is the time of the stream, and false before the first record.
func (p *Partition) Time() (int64, bool) { return p.time, p.time != math.MinInt64 }

// SetTime sets the time of the stream when a Partition is loaded.
func (p *Partition) SetTime(at int64) { p.time = at }

// Len is the number of states: of keys, or of open windows.
func (p *Partition) Len() int { return p.open }

// Add adds a record. It reports whether the record is late: all of its windows are closed.
// An error is one of the record, which changes no state then, or of Out.
func (p *Partition) Add(ctx context.Context, in *Input) (late bool, err error) {
	if err := p.Fold.prepare(ctx, in.View); err != nil {
		return false, err
	}
	if err := p.advance(max(p.time, in.Time)); err != nil {
		return false, err
	}
	if p.Windows.Gap > 0 {
		return p.addSession(in)
	}
	p.starts = p.starts[:0]
	if p.Windows.Size > 0 {
		if p.starts = p.Windows.appendStarts(p.starts, in.Time, p.time); len(p.starts) == 0 {
			return true, nil
		}
	} else {
		p.starts = append(p.starts, 0)
	}
	p.nexts = p.nexts[:0]
	for _, start := range p.starts {
		n, err := p.next(ctx, in, start)
		if err != nil {
			return false, err
		}
		p.nexts = append(p.nexts, n)
	}
	for i, start := range p.starts {
		if err := p.apply(in, start, &p.nexts[i]); err != nil {
			return false, err
		}
	}
	return false, nil
}

// next finds the state of a window, and what becomes of it.
func (p *Partition) next(ctx context.Context, in *Input, start int64) (n next, err error) {
	if b := p.buckets[start]; b != nil {
		n.slot = b.find(in.Key)
	}
	if p.Fold.Reduce == nil {
		return n, p.Fold.check(n.slot)
	}
	var before []byte
	if n.slot != nil {
		before = n.slot.state
	}
	changed := false
	n.state, changed, err = p.Fold.Reduce.Apply(ctx, in.View, before, p.window(start, start+p.Windows.Size))
	n.keep = !changed
	return n, err
}

func (p *Partition) window(start, end int64) *expr.Window {
	if !p.Windows.Some() {
		return nil
	}
	return &expr.Window{Start: start, End: end}
}

// apply makes the next state that of a window.
func (p *Partition) apply(in *Input, start int64, n *next) error {
	forget := p.Fold.Reduce != nil && string(n.state) == "null"
	if n.keep || forget && n.slot == nil {
		return nil
	}
	s := n.slot
	if s == nil {
		s = p.insert(in.Key, start)
		s.updated = in.Time
		p.schedule(s)
	}
	s.updated = max(s.updated, in.Time)
	p.touch(s)
	switch {
	case forget:
		s.state = nil
		p.remove(s)
	case p.Fold.Reduce != nil:
		s.state = n.state
	default:
		p.Fold.add(s.cells, in.Offset)
	}
	return p.update(s)
}

// update sends the newest state, where each update is sent.
func (p *Partition) update(s *slot) error {
	if p.Emit != EmitEvery {
		return nil
	}
	return p.send(s, p.Out)
}

// touch notes that a state changes.
func (p *Partition) touch(s *slot) {
	s.changed = true
	p.soil(s)
}

// soil notes that the state topic has an older state.
func (p *Partition) soil(s *slot) {
	if !s.dirty {
		s.dirty = true
		p.dirty = append(p.dirty, s)
	}
}

// newSlot returns a state without records.
func (p *Partition) newSlot(key []byte, start, end int64) *slot {
	s := &slot{key: string(key), null: key == nil, start: start, end: end}
	if p.Fold.Reduce == nil {
		s.cells = make([]cell, len(p.Fold.Aggregates))
	}
	return s
}

// keyOf returns the key of a state.
func (s *slot) keyOf() []byte {
	if s.null {
		return nil
	}
	return []byte(s.key)
}

// send makes a result of a state.
func (p *Partition) send(s *slot, to func(*Result) error) error {
	s.changed = false
	r := &p.result
	*r = Result{Key: s.keyOf(), Updated: s.updated}
	if p.Windows.Some() {
		r.window = expr.Window{Start: s.start, End: s.end}
		r.Window = &r.window
	}
	if s.cells != nil || s.state != nil {
		p.scratch = p.Fold.appendState(p.scratch[:0], s)
		r.State = p.scratch
	}
	return to(r)
}

// Save hands on what has changed since the last Save: results where the newest state of each
// key is sent, and records for the state topic, whose value is nil for a state that is no
// more. Their bytes are valid during the call.
func (p *Partition) Save(result func(*Result) error, record func(key, value []byte) error) error {
	var key, value []byte
	for _, s := range p.dirty {
		if p.Emit == EmitChanges && s.changed {
			if err := p.send(s, result); err != nil {
				return err
			}
		}
		s.dirty = false
		if s.gone && !s.stored {
			continue
		}
		key = appendKey(key[:0], s.keyOf(), p.Windows.Some(), s.start)
		value = value[:0]
		if !s.gone {
			value = p.appendValue(value, s)
		} else {
			value = nil
		}
		if err := record(key, value); err != nil {
			return err
		}
		s.stored = !s.gone
	}
	clear(p.dirty)
	p.dirty = p.dirty[:0]
	return nil
}

// advance moves the time of the stream, and ends what is over then.
func (p *Partition) advance(now int64) error {
	if now <= p.time {
		return nil
	}
	p.time = now
	for len(p.due) > 0 && p.due[0].at <= now {
		d := p.due.pop()
		if d.bucket != nil {
			if err := p.closeBucket(d.bucket); err != nil {
				return err
			}
			continue
		}
		s := d.slot
		if s.gone {
			continue
		}
		if at := p.dueAt(s); at > now {
			p.due.push(due{at: at, slot: s})
			continue
		}
		if err := p.end(s); err != nil {
			return err
		}
		p.unlink(s)
	}
	return nil
}

// dueAt is the time of the stream at which a state ends that is not in a bucket of windows.
func (p *Partition) dueAt(s *slot) int64 {
	if p.Windows.Gap > 0 {
		return s.end + p.Windows.Grace
	}
	return s.updated + p.Expire
}

// schedule makes sure that a state ends in time.
func (p *Partition) schedule(s *slot) {
	if p.Windows.Gap > 0 || p.Windows.Size == 0 && p.Expire > 0 {
		p.due.push(due{at: p.dueAt(s), slot: s})
	}
}

// CloseAll closes all windows that are open, as a record would whose time is behind all of
// them, and reports whether there were any.
func (p *Partition) CloseAll() (bool, error) {
	last := int64(math.MinInt64)
	for start := range p.buckets {
		if p.Windows.Size > 0 {
			last = max(last, start+p.Windows.Size)
		}
	}
	for _, list := range p.sessions {
		for _, s := range list {
			last = max(last, s.end)
		}
	}
	for _, s := range p.keyless {
		last = max(last, s.end)
	}
	if last == math.MinInt64 {
		return false, nil
	}
	return true, p.advance(last + p.Windows.Grace)
}

// end sends the final state, and takes it out of the state topic. The caller unlinks it.
func (p *Partition) end(s *slot) error {
	if p.Windows.Some() && p.Emit == EmitFinal {
		if err := p.send(s, p.Out); err != nil {
			return err
		}
	}
	s.gone = true
	p.open--
	p.soil(s)
	return nil
}

// remove forgets a state.
func (p *Partition) remove(s *slot) {
	s.gone = true
	p.open--
	p.soil(s)
	p.unlink(s)
}
