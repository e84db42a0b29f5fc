package sorting

import (
	"cmp"
	"slices"
	"unsafe"
)

// SorterOptions bound a Sorter. The zero value is fit for use.
type SorterOptions struct {
	Limit   int64        // of memory, in bytes; 0 is DefaultLimit
	Dir     string       // for the temporary file; "" is os.TempDir
	Stopped func() error // asked now and then while sorting; its error ends Each
}

// Sorter sorts any number of records by (timestamp, topic, partition, offset).
//
// Records that exceed the limit go to one temporary file as sorted runs, which Each
// merges. Memory stays below the limit and what one record takes; the file takes the
// texts and 32 bytes a record, twice that beyond 256 runs. The file is unlinked as
// soon as it is made where the system allows that, else by Close, and only its owner
// may read it.
type Sorter struct {
	limit   int64
	fanIn   int // how many runs are merged at once
	bufSize int // of each run while merging
	stopped func() error

	topics  names
	entries []entry
	texts   arena
	spill   spill
	runs    []extent // in the order of the Adds
}

// entry is a record in memory.
type entry struct {
	header
	at  spot
	seq uint32 // the order of the Adds within a run
}

// entryCost is what an entry takes while the slice that holds it grows.
const entryCost = 2 * int64(unsafe.Sizeof(entry{}))

const (
	maxFanIn  = 256
	minBuffer = 4 << 10
	maxBuffer = 256 << 10
)

// NewSorter makes a Sorter. It opens nothing before memory runs out.
func NewSorter(o SorterOptions) *Sorter {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	fanIn := min(max(o.Limit/minBuffer, 2), maxFanIn)
	return &Sorter{
		limit:   o.Limit,
		fanIn:   int(fanIn),
		bufSize: int(min(max(o.Limit/(fanIn+1), minBuffer), maxBuffer)),
		stopped: o.Stopped,
		texts:   arena{chunkSize: int(min(max(o.Limit/64, 256), maxChunk))},
		spill:   spill{dir: o.Dir},
	}
}

// Add takes a record. An error is one of the temporary file; nothing can be added
// after it.
func (s *Sorter) Add(item *Item) error {
	s.entries = append(s.entries, entry{
		header: header{
			timestamp: item.Timestamp,
			offset:    item.Offset,
			size:      int64(len(item.Text)),
			topic:     s.topics.number(item.Topic),
			partition: item.Partition,
		},
		at:  s.texts.put(item.Text),
		seq: uint32(len(s.entries)),
	})
	if s.memory() < s.limit {
		return nil
	}
	return s.spillRun()
}

func (s *Sorter) memory() int64 { return int64(len(s.entries))*entryCost + s.texts.used }

// Runs returns how many sorted runs are in the temporary file; 0 means that there is none.
func (s *Sorter) Runs() int { return len(s.runs) }

// Each calls f with the texts by time.
func (s *Sorter) Each(f func(text []byte) error) error {
	if len(s.runs) == 0 {
		s.sort()
		for i := range s.entries {
			if err := f(s.texts.get(s.entries[i].at)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(s.entries) > 0 {
		if err := s.spillRun(); err != nil {
			return err
		}
	}
	s.entries, s.texts = nil, arena{chunkSize: s.texts.chunkSize} // the memory is for merging now
	ranks := s.topics.ranks()
	if err := s.reduce(ranks); err != nil {
		return err
	}
	return s.merge(s.runs, ranks, func(_ *header, text []byte) error { return f(text) })
}

// Close removes the temporary file.
func (s *Sorter) Close() error {
	s.entries, s.texts, s.runs = nil, arena{chunkSize: s.texts.chunkSize}, nil
	return s.spill.close()
}

// sort puts the records in memory in order.
func (s *Sorter) sort() {
	ranks := s.topics.ranks()
	slices.SortFunc(s.entries, func(a, b entry) int {
		if c := a.compare(&b.header, ranks); c != 0 {
			return c
		}
		return cmp.Compare(a.seq, b.seq)
	})
}

// spillRun moves the records in memory to the temporary file.
func (s *Sorter) spillRun() error {
	s.sort()
	run, err := s.spill.run(func(w *runWriter) error {
		for i := range s.entries {
			e := &s.entries[i]
			if err := w.write(&e.header, s.texts.get(e.at)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.runs = append(s.runs, run)
	s.entries = s.entries[:0]
	s.texts.reset()
	return nil
}

// reduce merges neighbouring runs until all that remain can be merged at once. It
// merges no more than it must.
func (s *Sorter) reduce(ranks []int32) error {
	for len(s.runs) > s.fanIn {
		var merged []extent
		rest := s.runs
		for len(merged)+len(rest) > s.fanIn && len(rest) > 1 {
			n := min(s.fanIn, len(rest), len(merged)+len(rest)-s.fanIn+1)
			run, err := s.spill.run(func(w *runWriter) error {
				count := 0
				return s.merge(rest[:n], ranks, func(h *header, text []byte) error {
					if count++; count%4096 == 0 && s.stopped != nil {
						if err := s.stopped(); err != nil {
							return err
						}
					}
					return w.write(h, text)
				})
			})
			if err != nil {
				return err
			}
			merged, rest = append(merged, run), rest[n:]
		}
		s.runs = append(merged, rest...)
	}
	return nil
}

// merge merges the records of runs in order. Among equals the earlier run comes first.
// Only the headers of the runs are held; a text is read when its turn comes.
func (s *Sorter) merge(runs []extent, ranks []int32, f func(*header, []byte) error) error {
	h := heap[*runReader]{less: func(a, b *runReader) bool {
		if c := a.head.compare(&b.head, ranks); c != 0 {
			return c < 0
		}
		return a.order < b.order
	}}
	for i, run := range runs {
		r := s.spill.reader(run, i, s.bufSize)
		if more, err := r.next(); err != nil {
			return err
		} else if more {
			h.push(r)
		}
	}
	var text []byte
	for len(h.items) > 0 {
		r := h.items[0]
		var err error
		if text, err = r.text(text); err != nil {
			return err
		}
		if err := f(&r.head, text); err != nil {
			return err
		}
		more, err := r.next()
		if err != nil {
			return err
		}
		if more {
			h.fix()
		} else {
			h.pop()
		}
	}
	return nil
}
