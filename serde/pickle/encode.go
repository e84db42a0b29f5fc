package pickle

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"kstream/serde"
	"kstream/serde/value"
)

// Append appends v, which is a *Value or of the shared model, to dst as a pickle.
// Containers that are one and the same, in a *Value or by $id and $ref, are written so
// that they load as one. Errors are *serde.EncodeError, and leave dst as it was.
func (s *Serde) Append(dst []byte, v value.V) ([]byte, error) {
	b := builder{lossless: s.o.Lossless, depth: s.o.Limits.Depth}
	root, err := b.build(v)
	if err != nil {
		return dst, serde.NewEncodeError(format, err)
	}
	e := encoder{
		out: dst, proto: byte(s.o.Protocol), objects: s.o.AllowObjects,
		// A cycle through a tuple is written twice as deeply as it is nested.
		depth: 2*s.o.Limits.Depth + 16, limit: len(dst) + s.o.Limits.Output,
	}
	if err := e.pickle(root); err != nil {
		return dst, serde.NewEncodeError(format, err)
	}
	return e.out, nil
}

// EncodeJSON appends the pickle of the one JSON value that json holds to dst. Tags are
// read as such if Options.Lossless says so, {"$bytes":…} and {"$hex":…} anyway.
func (s *Serde) EncodeJSON(_ context.Context, dst []byte, _ string, _ serde.Part, json []byte) (serde.Output, error) {
	depth := s.o.Limits.Depth
	if s.o.Lossless {
		depth *= 3 // {"$dict":[[1,2]]} nests JSON more deeply than Python's values
	}
	v, err := value.ParseInput(json, false, depth)
	if err != nil {
		var syntax *value.SyntaxError
		if errors.As(err, &syntax) {
			return serde.Output{}, &serde.EncodeError{Format: format, Offset: syntax.Offset, Err: syntax.Err}
		}
		return serde.Output{}, serde.NewEncodeError(format, err)
	}
	out, err := s.Append(dst, v)
	if err != nil {
		return serde.Output{}, err
	}
	return serde.Output{Data: out}, nil
}

// encoder writes one pickle.
type encoder struct {
	out     []byte
	proto   byte
	objects bool
	depth   int // left
	limit   int // of len(out)

	all     bool           // put everything into the memo, as CPython does
	stored  int            // indexes of the memo in use
	memo    map[any]int    // containers that are referred to again, and buffers
	strings map[string]int // keys and names
	buffers int
}

func (e *encoder) pickle(root any) error {
	if e.proto >= 2 {
		e.op(opProto, e.proto)
	}
	start := len(e.out)
	if e.proto >= 4 {
		e.op(opFrame, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	body := len(e.out)
	if err := e.save(root); err != nil {
		return err
	}
	e.op(opStop)
	if e.proto >= 4 {
		binary.LittleEndian.PutUint64(e.out[start+1:], uint64(len(e.out)-body))
	}
	return nil
}

func (e *encoder) op(b ...byte) { e.out = append(e.out, b...) }

// save writes what pushes v.
func (e *encoder) save(v any) error {
	if len(e.out) > e.limit {
		return fmt.Errorf("more than %d bytes: %w", e.limit, serde.ErrTooBig)
	}
	if done, err := e.scalar(v); done {
		return err
	}
	if e.depth == 0 {
		return serde.ErrTooDeep
	}
	e.depth--
	defer func() { e.depth++ }()
	switch t := v.(type) {
	case *node:
		return e.node(t)
	case *object:
		return e.object(t)
	case *global:
		if !e.objects {
			return refuse("the class or function", t)
		}
		return e.global(t)
	case extension:
		return e.extension(t)
	case *persistent:
		return e.persistent(t)
	case buffer:
		return e.buffer(t)
	}
	return fmt.Errorf("no pickle of a %T", v)
}

func refuse(what string, class any) error {
	return fmt.Errorf("%s %s is not written: loading it runs code; objects have to be allowed for that",
		what, describe(class))
}

// wanted reports whether a container may be referred to again.
func (e *encoder) wanted(container any, f flags) bool {
	return container != nil && (e.all || f&multiple != 0)
}

// remembered writes the GET of a container that is in the memo.
func (e *encoder) remembered(container any, f flags) bool {
	if !e.wanted(container, f) {
		return false
	}
	i, ok := e.memo[container]
	if ok {
		e.get(i)
	} else if f&identified != 0 {
		// This may be a cycle through something that exists only once all it holds is
		// written. It ends at the first container in between that is in the memo.
		e.all = true
	}
	return ok
}

// remember stores what was just pushed if it is referred to again.
func (e *encoder) remember(container any, f flags) {
	if !e.wanted(container, f) {
		return
	}
	if e.memo == nil {
		e.memo = make(map[any]int)
	}
	e.memo[container] = e.put()
}

// rewound is for what exists only once all it holds is written: if what it holds refers
// to it, it was written in there, and is in the memo now. Then n values, and a mark if
// marked, are dropped for it.
func (e *encoder) rewound(container any, f flags, n int, marked bool) bool {
	if !e.wanted(container, f) {
		return false
	}
	i, ok := e.memo[container]
	if !ok {
		return false
	}
	if marked && e.proto >= 1 {
		e.op(opPopMark)
	} else {
		if marked {
			n++
		}
		for range n {
			e.op(opPop)
		}
	}
	e.get(i)
	return true
}

func (e *encoder) put() int {
	i := e.stored
	e.stored++
	switch {
	case e.proto >= 4:
		e.op(opMemoize)
	case e.proto == 0:
		e.out = fmt.Appendf(append(e.out, opPut), "%d\n", i)
	case i < 256:
		e.op(opBinPut, byte(i))
	default:
		e.out = binary.LittleEndian.AppendUint32(append(e.out, opLongBinPut), uint32(i))
	}
	return i
}

func (e *encoder) get(i int) {
	switch {
	case e.proto == 0:
		e.out = fmt.Appendf(append(e.out, opGet), "%d\n", i)
	case i < 256:
		e.op(opBinGet, byte(i))
	default:
		e.out = binary.LittleEndian.AppendUint32(append(e.out, opLongBinGet), uint32(i))
	}
}

func (e *encoder) node(t *node) error {
	if e.remembered(t, t.flags) {
		return nil
	}
	switch t.kind {
	case list:
		if e.proto >= 1 {
			e.op(opEmptyList)
		} else {
			e.op(opMark, opList)
		}
		e.remember(t, t.flags)
		return e.appends(t.items)
	case dict:
		if e.proto >= 1 {
			e.op(opEmptyDict)
		} else {
			e.op(opMark, opDict)
		}
		e.remember(t, t.flags)
		return e.setItems(t.items)
	case tuple:
		return e.tuple(t)
	case bytearray:
		return e.bytearray(t, t.flags, t.items[0].(octets))
	default:
		return e.set(t, t.flags, t.kind == frozenset, t.items)
	}
}

func (e *encoder) tuple(t *node) error {
	n := len(t.items)
	short := n <= 3 && e.proto >= 2
	if n == 0 && e.proto >= 1 {
		e.op(opEmptyTuple)
		return nil
	}
	if !short {
		e.op(opMark)
	}
	for _, v := range t.items {
		if err := e.save(v); err != nil {
			return err
		}
	}
	if e.rewound(t, t.flags, n, !short) {
		return nil
	}
	if short {
		e.op(opTuple1 + byte(n-1))
	} else {
		e.op(opTuple)
	}
	e.remember(t, t.flags)
	return nil
}

// set writes a set or frozenset; below protocol 4 they are calls.
func (e *encoder) set(container any, f flags, frozen bool, items []any) error {
	if e.proto < 4 {
		name := "set"
		if frozen {
			name = "frozenset"
		}
		return e.call(container, f, "builtins", name, &node{kind: list, items: items})
	}
	if frozen {
		e.op(opMark)
		for _, v := range items {
			if err := e.save(v); err != nil {
				return err
			}
		}
		if e.rewound(container, f, 0, true) {
			return nil
		}
		e.op(opFrozenSet)
		e.remember(container, f)
		return nil
	}
	e.op(opEmptySet)
	e.remember(container, f)
	return e.batches(items, 1, 0, opAddItems)
}

func (e *encoder) bytearray(container any, f flags, b octets) error {
	switch {
	case e.proto >= 5:
		e.out = binary.LittleEndian.AppendUint64(append(e.out, opByteArray8), uint64(len(b)))
		e.out = append(e.out, b...)
		e.remember(container, f)
		return nil
	case len(b) == 0:
		return e.call(container, f, "builtins", "bytearray")
	case e.proto >= 3:
		return e.call(container, f, "builtins", "bytearray", b)
	}
	return e.call(container, f, "builtins", "bytearray", fromLatin1(b), "latin-1")
}

// call writes the call of one of Python's own, harmless types.
func (e *encoder) call(container any, f flags, module, name string, args ...any) error {
	if err := e.global(&global{module, name}); err != nil {
		return err
	}
	if err := e.tuple(&node{kind: tuple, items: args}); err != nil {
		return err
	}
	e.op(opReduce)
	if e.rewound(container, f, 1, false) {
		return nil
	}
	e.remember(container, f)
	return nil
}

// batch is how many elements CPython adds at once.
const batch = 1000

func (e *encoder) appends(items []any) error {
	return e.batches(items, 1, opAppend, opAppends)
}

func (e *encoder) setItems(items []any) error {
	if len(items)%2 != 0 {
		return errors.New("a key without a value")
	}
	return e.batches(items, 2, opSetItem, opSetItems)
}

// batches adds items, in groups of size values, by the opcode for one group, if there is
// one, or by that for many; protocol 0 has only the first.
func (e *encoder) batches(items []any, size int, one, many byte) error {
	for len(items) > 0 {
		n := min(batch*size, len(items))
		single := n == size && one != 0 || e.proto == 0
		if single {
			n = size
		} else {
			e.op(opMark)
		}
		for i, v := range items[:n] {
			var err error
			if key, ok := v.(string); ok && size == 2 && i%2 == 0 {
				e.name(key)
			} else {
				err = e.save(v)
			}
			if err != nil {
				return err
			}
		}
		if single {
			e.op(one)
		} else {
			e.op(many)
		}
		items = items[n:]
	}
	return nil
}
