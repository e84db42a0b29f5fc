package stream

import "slices"

// addSession adds a record to the session of its key that it falls into, which begins with
// it, grows by it, or is made of several that it joins. A session ends a gap after its last
// record: a record that comes just then begins the next one.
func (p *Partition) addSession(in *Input) (late bool, err error) {
	start, end := in.Time, in.Time+p.Windows.Gap
	var joined []*slot
	for _, s := range p.sessionsOf(in.Key) {
		if s.start < in.Time+p.Windows.Gap && in.Time < s.end {
			joined = append(joined, s)
			start, end = min(start, s.start), max(end, s.end)
		}
	}
	if len(joined) == 0 && end+p.Windows.Grace <= p.time {
		return true, nil
	}
	var s *slot // that goes on: the one that begins where all of it does
	for _, j := range joined {
		if err := p.Fold.check(j); err != nil {
			return false, err
		}
		if j.start == start {
			s = j
		}
	}
	if s == nil {
		s = p.newSlot(in.Key, start, end)
		s.updated = in.Time
		p.linkSession(s)
		p.open++
		p.schedule(s)
	}
	s.end = end
	for _, j := range joined {
		if j == s {
			continue
		}
		p.Fold.merge(s.cells, j.cells)
		s.updated = max(s.updated, j.updated)
		if err := p.dissolve(j); err != nil {
			return false, err
		}
	}
	s.updated = max(s.updated, in.Time)
	p.touch(s)
	p.Fold.add(s.cells, in.Offset)
	return false, p.update(s)
}

// dissolve forgets a session that is part of another one now: who has seen it is told.
func (p *Partition) dissolve(s *slot) error {
	s.cells = nil
	p.touch(s)
	p.remove(s)
	return p.update(s)
}

func (p *Partition) sessionsOf(key []byte) []*slot {
	if key == nil {
		return p.keyless
	}
	return p.sessions[string(key)]
}

func (p *Partition) linkSession(s *slot) {
	if s.null {
		p.keyless = append(p.keyless, s)
		return
	}
	p.sessions[s.key] = append(p.sessions[s.key], s)
}

func (p *Partition) unlinkSession(s *slot) {
	is := func(other *slot) bool { return other == s }
	if s.null {
		p.keyless = slices.DeleteFunc(p.keyless, is)
		return
	}
	if list := slices.DeleteFunc(p.sessions[s.key], is); len(list) > 0 {
		p.sessions[s.key] = list
	} else {
		delete(p.sessions, s.key)
	}
}
