package pickle

import (
	"errors"
	"fmt"
	"strconv"
)

// memo holds what PUT stored. Indexes that pickles use, 0 1 2 … or Python 2's 1 2 3 …,
// lie in a slice; any other lie in a map, so that an index costs no memory by its size.
type memo struct {
	dense  []any
	sparse map[uint64]any
	stored int // different indexes
}

// unset marks an index of dense that was skipped.
type unset struct{}

// maxSkip is how many indexes a pickle may leave out before they go to the map.
const maxSkip = 2

func (t *memo) put(i uint64, v any) {
	n := uint64(len(t.dense))
	switch {
	case i < n:
		if t.dense[i] == any(unset{}) {
			t.stored++
		}
		t.dense[i] = v
	case i <= n+maxSkip && len(t.sparse) == 0:
		for ; n < i; n++ {
			t.dense = append(t.dense, unset{})
		}
		t.dense = append(t.dense, v)
		t.stored++
	default:
		if t.sparse == nil {
			t.sparse = make(map[uint64]any)
		}
		if _, ok := t.sparse[i]; !ok {
			t.stored++
		}
		t.sparse[i] = v
	}
}

func (t *memo) get(i uint64) (v any, ok bool) {
	if i < uint64(len(t.dense)) {
		v = t.dense[i]
		return v, v != any(unset{})
	}
	v, ok = t.sparse[i]
	return v, ok
}

// store executes PUT and its kin: the top of the stack can be had again.
func (m *machine) store(op byte) error {
	i := uint64(m.memo.stored)
	if op != opMemoize {
		var err error
		if i, err = m.index(op); err != nil {
			return err
		}
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	m.memo.put(i, v)
	return nil
}

// load executes GET and its kin.
func (m *machine) load(op byte) error {
	i, err := m.index(op)
	if err != nil {
		return err
	}
	v, ok := m.memo.get(i)
	if !ok {
		return fmt.Errorf("%d: %w", i, errNoSlot)
	}
	return m.pushAgain(v)
}

// index reads the index after a PUT or GET.
func (m *machine) index(op byte) (uint64, error) {
	switch op {
	case opBinPut, opBinGet:
		b, err := m.take(1)
		if err != nil {
			return 0, err
		}
		return uint64(b[0]), nil
	case opLongBinPut, opLongBinGet:
		b, err := m.take(4)
		if err != nil {
			return 0, err
		}
		return uint64(uint32Of(b)), nil
	}
	line, err := m.line()
	if err != nil {
		return 0, err
	}
	i, err := strconv.ParseUint(line, 10, 63)
	if err != nil {
		return 0, errors.New("the index is no number")
	}
	return i, nil
}
