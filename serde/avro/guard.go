package avro

import (
	"errors"
	"fmt"
	"math"

	"kstream/serde"
)

// Values that take no bytes cost the writer nothing and the reader memory. A
// datum may have this many, and some more for each of its bytes.
const (
	freeValues    = 4096
	valuesPerByte = 64
	maxDepth      = 499 // twice as much in the JSON of tagged unions, where 1000 is the most
)

// Reasons to refuse a datum, besides those that every format shares.
var (
	errVarint  = errors.New("no integer of this size")
	errBoolean = errors.New("a boolean is neither 0 nor 1")
	errLength  = errors.New("a length below zero")
	errBranch  = errors.New("the union has no such branch")
	errSymbol  = errors.New("the enum has no such symbol")
	errCount   = errors.New("more items than the bytes left can hold")
	errEmpty   = errors.New("too many values without bytes")
	errBlock   = errors.New("the size of a block is not that of its items")
)

// guard walks a datum as its schema says, before anything is built from it. What
// it accepts can be decoded without further checks, in memory in proportion to
// the bytes. It allocates only to say what is wrong.
type guard struct {
	data  []byte
	free  int // values without bytes that may still come
	items int // of all arrays and maps that may still come
	depth int // of nesting allowed
}

// Check returns how many bytes at the start of data are one value of the schema. Its
// errors are *serde.DecodeError with the offset of the first wrong byte.
func (s *Schema) Check(data []byte, limits serde.Limits) (int, error) {
	limits = limits.OrDefaults()
	if len(data) > limits.Bytes {
		return 0, fault(0, serde.ErrTooBig)
	}
	g := guard{
		data:  data,
		free:  freeValues + valuesPerByte*len(data),
		items: limits.Items,
		depth: min(limits.Depth, maxDepth),
	}
	return g.value(s.root, 0, 0)
}

func fault(at int, err error) error {
	return &serde.DecodeError{Format: "avro", Offset: at, Err: err}
}

// value checks one value of n that starts at at and returns where it ends.
func (g *guard) value(n *node, at, depth int) (int, error) {
	if n.least == 0 {
		if g.free--; g.free < 0 {
			return 0, fault(at, errEmpty)
		}
	}
	switch n.kind {
	case kindNull:
		return at, nil
	case kindBoolean:
		return g.boolean(at)
	case kindInt:
		_, end, err := g.int(at)
		return end, err
	case kindLong:
		_, end, err := g.long(at)
		return end, err
	case kindFloat, kindDouble, kindFixed:
		return g.skip(at, n.least)
	case kindBytes, kindString:
		return g.run(at)
	case kindEnum:
		i, end, err := g.int(at)
		if err == nil && (i < 0 || i >= int64(len(n.symbols))) {
			err = fault(at, errSymbol)
		}
		return end, err
	case kindUnion:
		i, end, err := g.long(at)
		if err == nil && (i < 0 || i >= int64(len(n.branches))) {
			err = fault(at, errBranch)
		}
		if err != nil {
			return 0, err
		}
		return g.value(n.branches[i], end, depth)
	case kindRecord:
		if depth >= g.depth {
			return 0, fault(at, serde.ErrTooDeep)
		}
		var err error
		for i := range n.fields {
			if at, err = g.value(n.fields[i].typ, at, depth+1); err != nil {
				return 0, err
			}
		}
		return at, nil
	}
	return g.blocks(n, at, depth)
}

// blocks checks the items of an array or the entries of a map.
func (g *guard) blocks(n *node, at, depth int) (int, error) {
	if depth >= g.depth {
		return 0, fault(at, serde.ErrTooDeep)
	}
	least := n.items.least
	if n.kind == kindMap {
		least++
	}
	for {
		start := at
		count, end, err := g.long(at)
		if err != nil {
			return 0, err
		}
		at = end
		if count == 0 {
			return at, nil
		}
		stop := -1
		if count < 0 {
			if count == math.MinInt64 {
				return 0, fault(start, errCount)
			}
			count = -count
			if stop, at, err = g.blockEnd(at); err != nil {
				return 0, err
			}
		}
		switch left := int64(len(g.data) - at); {
		case least > 0 && count > left/least:
			return 0, fault(start, errCount)
		case least == 0 && count > int64(g.free):
			return 0, fault(start, errEmpty)
		case count > int64(g.items):
			return 0, fault(start, fmt.Errorf("items: %w", serde.ErrTooBig))
		}
		g.items -= int(count)
		for range count {
			if n.kind == kindMap {
				if at, err = g.run(at); err != nil {
					return 0, err
				}
			}
			if at, err = g.value(n.items, at, depth+1); err != nil {
				return 0, err
			}
		}
		if stop >= 0 && at != stop {
			return 0, fault(start, errBlock)
		}
	}
}

// blockEnd reads the size that a block with a negative count carries, and returns
// where the block ends and where it begins.
func (g *guard) blockEnd(at int) (stop, start int, err error) {
	size, start, err := g.long(at)
	switch {
	case err != nil:
		return 0, 0, err
	case size < 0:
		return 0, 0, fault(at, errLength)
	case size > int64(len(g.data)-start):
		return 0, 0, fault(at, serde.ErrTruncated)
	}
	return start + int(size), start, nil
}

func (g *guard) boolean(at int) (int, error) {
	if at >= len(g.data) {
		return 0, fault(at, serde.ErrTruncated)
	}
	if g.data[at] > 1 {
		return 0, fault(at, errBoolean)
	}
	return at + 1, nil
}

func (g *guard) skip(at int, size int64) (int, error) {
	if size > int64(len(g.data)-at) {
		return 0, fault(at, serde.ErrTruncated)
	}
	return at + int(size), nil
}

// run checks a length and as many bytes. Those of a string are not always UTF-8, as
// writers exist that do not check.
func (g *guard) run(at int) (int, error) {
	size, start, err := g.long(at)
	switch {
	case err != nil:
		return 0, err
	case size < 0:
		return 0, fault(at, errLength)
	case size > int64(len(g.data)-start):
		return 0, fault(at, serde.ErrTruncated)
	}
	return start + int(size), nil
}

func (g *guard) int(at int) (int64, int, error) {
	i, end, err := g.long(at)
	if err == nil && int64(int32(i)) != i {
		return 0, 0, fault(at, errVarint)
	}
	return i, end, err
}

// long reads a zigzag varint: at most ten bytes, the last of which has one bit.
func (g *guard) long(at int) (int64, int, error) {
	if at < len(g.data) && g.data[at] < 0x80 {
		b := g.data[at]
		return int64(b>>1) ^ -int64(b&1), at + 1, nil
	}
	var u uint64
	for i := range 10 {
		if at+i >= len(g.data) {
			return 0, 0, fault(len(g.data), serde.ErrTruncated)
		}
		b := g.data[at+i]
		if i == 9 && b > 1 {
			break
		}
		u |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return int64(u>>1) ^ -int64(u&1), at + i + 1, nil
		}
	}
	return 0, 0, fault(at, errVarint)
}
