package pickle

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

var errOpaque = errors.New("cannot be added to")

// pushGlobal records a class or function by its name, or by its code.
func (m *machine) pushGlobal(op byte) error {
	switch op {
	case opGlobal:
		g, err := m.global()
		if err != nil {
			return err
		}
		return m.push(g)
	case opStackGlobal:
		names, err := m.popN(2)
		if err != nil {
			return err
		}
		module, ok1 := names[0].(string)
		name, ok2 := names[1].(string)
		if !ok1 || !ok2 {
			return errors.New("the name of a class is not text")
		}
		return m.push(m.named(module, name))
	}
	width := 1 << (op - opExt1)
	b, err := m.take(width)
	if err != nil {
		return err
	}
	var code int64
	for i := width - 1; i >= 0; i-- {
		code = code<<8 | int64(b[i])
	}
	if op == opExt4 {
		code = int64(int32(code))
	}
	if code <= 0 {
		return fmt.Errorf("%d is no extension code", code)
	}
	return m.push(extension(code))
}

// global reads the two lines of GLOBAL and INST.
func (m *machine) global() (*global, error) {
	module, err := m.line()
	if err != nil {
		return nil, err
	}
	name, err := m.line()
	if err != nil {
		return nil, err
	}
	if !utf8.ValidString(module) || !utf8.ValidString(name) {
		return nil, errNotUTF8
	}
	return m.named(module, name), nil
}

func (m *machine) named(module, name string) *global {
	if m.proto < 3 {
		module, name = python3Name(module, name)
	}
	return &global{module, name}
}

// pushPersistent records a reference to what is stored elsewhere.
func (m *machine) pushPersistent(op byte) error {
	if op == opBinPersID {
		id, err := m.pop()
		if err != nil {
			return err
		}
		m.containers++
		return m.push(&persistent{id})
	}
	line, err := m.line()
	if err != nil {
		return err
	}
	id, err := text(line)
	if err != nil {
		return err
	}
	return m.push(&persistent{id})
}

// readonly marks the buffer on the stack.
func (m *machine) readonly() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	switch t := v.(type) {
	case buffer:
		t.readonly = true
		return m.push(t)
	case octets:
		return m.push(t)
	}
	return errors.New("no buffer on the stack")
}

// pushObject records what would have been called, and with what.
func (m *machine) pushObject(op byte) error {
	o := &object{how: call}
	switch op {
	case opReduce, opNewObj:
		v, err := m.popTwo()
		if err != nil {
			return err
		}
		o.class, o.args = v[0], v[1]
		if op == opNewObj {
			o.how = made
		}
	case opNewObjEx:
		v, err := m.popN(3)
		if err != nil {
			return err
		}
		o.how, o.class, o.args, o.kwargs = made, v[0], v[1], v[2]
		if k, ok := v[2].(*node); !ok || k.kind != dict {
			return errors.New("the keyword arguments are no dict")
		}
	case opInst:
		class, err := m.global()
		if err != nil {
			return err
		}
		args, err := m.popMark()
		if err != nil {
			return err
		}
		o.how, o.class, o.args = inst, class, &node{kind: tuple, items: args}
	case opObj:
		args, err := m.popMark()
		if err != nil {
			return err
		}
		if len(args) == 0 {
			return errUnderflow
		}
		o.how, o.class, o.args = inst, args[0], &node{kind: tuple, items: args[1:]}
	}
	o.see()
	m.record(o)
	return m.push(o)
}

// popTwo is popN(2) without an allocation.
func (m *machine) popTwo() (v [2]any, err error) {
	from := len(m.stack) - 2
	if from < m.floor() {
		return v, errUnderflow
	}
	copy(v[:], m.stack[from:])
	m.stack = m.stack[:from]
	return v, nil
}

// record counts an object, and keeps a class to name in a note.
func (m *machine) record(o *object) {
	m.containers++
	g, ok := o.class.(*global)
	if ok && modelled(g) {
		return
	}
	m.classes++
	if ok && m.class == nil {
		m.class = g
	}
}

// fill adds what lies above the mark, or the topmost values, to the container below.
func (m *machine) fill(op byte) error {
	from := m.floor()
	switch op {
	case opAppend:
		from = len(m.stack) - 1
	case opSetItem:
		from = len(m.stack) - 2
	default:
		if len(m.marks) == 0 {
			return errNoMark
		}
		m.marks = m.marks[:len(m.marks)-1]
	}
	if from-1 < m.floor() {
		return errUnderflow
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	pairs := op == opSetItem || op == opSetItems
	if pairs && len(items)%2 != 0 {
		return errOddItems
	}
	want := list
	switch {
	case pairs:
		want = dict
	case op == opAddItems:
		want = set
	}
	below := &m.stack[from-1]
	if n, ok := (*below).(*node); ok {
		if n.kind != want {
			return fmt.Errorf("a %s %w", n.kind, errOpaque)
		}
		n.items = grow(n.items, items)
		return nil
	}
	if op == opAddItems {
		return fmt.Errorf("what is no set %w", errOpaque)
	}
	o, err := m.recorded(below)
	if err != nil {
		return err
	}
	if pairs {
		o.entries = grow(o.entries, items)
	} else {
		o.items = grow(o.items, items)
	}
	return nil
}

// grow appends without room to spare the first time: most containers are filled at once.
func grow(dst, items []any) []any {
	if dst == nil && len(items) > 0 {
		dst = make([]any, 0, len(items))
	}
	return append(dst, items...)
}

// build sets the state of an object.
func (m *machine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	if _, err := m.top(); err != nil {
		return err
	}
	o, err := m.recorded(&m.stack[len(m.stack)-1])
	if err != nil {
		return err
	}
	o.states = append(o.states, state)
	return nil
}

// recorded returns the object at slot. What no call made, a class say, is wrapped and
// stays as it is itself: others may hold it too.
func (m *machine) recorded(slot *any) (*object, error) {
	switch t := (*slot).(type) {
	case *object:
		return t, nil
	case *global, extension, *persistent:
		o := &object{how: bare, class: t}
		m.record(o)
		*slot = o
		return o, nil
	case *node:
		return nil, fmt.Errorf("a %s %w", t.kind, errOpaque)
	}
	return nil, fmt.Errorf("a plain value %w", errOpaque)
}
