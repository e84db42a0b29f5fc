package profile

import (
	"bytes"
	"container/heap"
	"crypto/sha256"
	"errors"
	"slices"

	"kstream/cmd/scratch"
)

// keyHash names a key: half of its SHA-256. Nobody can make two keys that have one.
type keyHash [16]byte

const (
	// keysInMemory is how many different keys are in memory at once; they take some 50 MiB.
	keysInMemory = 1 << 20
	// keysInBlock is how many hashes of a run are written, and read again, at once.
	keysInBlock = 1024
)

// keySet counts different keys, exactly and in bounded memory: when most of them are in
// memory they are written to a temporary file, sorted, as a run without repetitions, and
// the runs are merged in the end.
type keySet struct {
	most int
	seen map[keyHash]struct{}
	file scratch.File
	runs [][]scratch.Extent
}

func newKeySet(most int, dir string) keySet {
	if most <= 0 {
		most = keysInMemory
	}
	return keySet{most: most, seen: map[keyHash]struct{}{}, file: scratch.File{Dir: dir, Name: "kstream-keys"}}
}

// add counts a key, unless it was there before.
func (s *keySet) add(key []byte) error {
	sum := sha256.Sum256(key)
	h := keyHash(sum[:len(keyHash{})])
	if _, ok := s.seen[h]; ok {
		return nil
	}
	if len(s.seen) == s.most {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.seen[h] = struct{}{}
	return nil
}

// spill writes what is in memory as a run.
func (s *keySet) spill() error {
	sorted := make([]keyHash, 0, len(s.seen))
	for h := range s.seen {
		sorted = append(sorted, h)
	}
	slices.SortFunc(sorted, func(a, b keyHash) int { return bytes.Compare(a[:], b[:]) })
	var run []scratch.Extent
	var block []byte
	for part := range slices.Chunk(sorted, keysInBlock) {
		block = block[:0]
		for i := range part {
			block = append(block, part[i][:]...)
		}
		at, err := s.file.Write(block)
		if err != nil {
			return err
		}
		run = append(run, at)
	}
	s.runs = append(s.runs, run)
	clear(s.seen)
	return nil
}

// count returns how many different keys there were. Nothing can be added after it.
func (s *keySet) count() (n int64, err error) {
	if len(s.runs) == 0 {
		return int64(len(s.seen)), nil
	}
	if err := s.spill(); err != nil {
		return 0, err
	}
	s.seen = nil
	var m runHeap
	for _, blocks := range s.runs {
		r := &keyRun{blocks: blocks}
		switch more, err := r.next(&s.file); {
		case err != nil:
			return 0, err
		case more:
			m = append(m, r)
		}
	}
	heap.Init(&m)
	var last keyHash
	for len(m) > 0 {
		r := m[0]
		if n == 0 || r.head != last {
			n, last = n+1, r.head
		}
		switch more, err := r.next(&s.file); {
		case err != nil:
			return 0, err
		case more:
			heap.Fix(&m, 0)
		default:
			heap.Pop(&m)
		}
	}
	return n, nil
}

func (s *keySet) close() error {
	s.seen, s.runs = nil, nil
	return s.file.Close()
}

// keyRun reads a run.
type keyRun struct {
	blocks     []scratch.Extent // those that are still to be read
	buf, block []byte           // block is the rest of buf
	head       keyHash
}

// next makes the next hash the head, if there is one.
func (r *keyRun) next(file *scratch.File) (more bool, err error) {
	if len(r.block) == 0 {
		if len(r.blocks) == 0 {
			return false, nil
		}
		if r.buf, err = file.Read(r.blocks[0], r.buf); err != nil {
			return false, err
		}
		r.block, r.blocks = r.buf, r.blocks[1:]
	}
	if len(r.block) < len(r.head) {
		return false, errors.New("temporary file: a key was cut off")
	}
	r.block = r.block[copy(r.head[:], r.block):]
	return true, nil
}

// runHeap has the run with the least head on top.
type runHeap []*keyRun

func (m runHeap) Len() int           { return len(m) }
func (m runHeap) Less(i, j int) bool { return bytes.Compare(m[i].head[:], m[j].head[:]) < 0 }
func (m runHeap) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *runHeap) Push(x any)        { *m = append(*m, x.(*keyRun)) }
func (m *runHeap) Pop() any {
	last := len(*m) - 1
	x := (*m)[last]
	*m = (*m)[:last]
	return x
}
