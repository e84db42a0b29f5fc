package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// object writes what o means if it merely builds data, and else, where that is allowed,
// the calls that were recorded in it.
func (e *encoder) object(o *object) error {
	if e.remembered(o, o.flags) {
		return nil
	}
	v := o.view()
	switch v.sort {
	case aSet, aFrozenset:
		return e.set(o, o.flags, v.sort == aFrozenset, v.items)
	case someBytes:
		return e.bytes(v.octets)
	case aBytearray:
		return e.bytearray(o, o.flags, v.octets)
	case other:
		if !e.objects {
			return refuse("a call of", o.class)
		}
	case aUUID:
		return e.uuid(o)
	case aDatetime, aTime:
		if v.zone != nil && !e.objects {
			return refuse("a call of", zoneClass(v.zone))
		}
	}
	objects := e.objects
	if v.sort != other && v.zone == nil {
		e.objects = true // its class is one of Python's own types
	}
	err := e.made(o)
	e.objects = objects
	if err != nil {
		return err
	}
	if e.rewound(o, o.flags, 1, false) {
		return nil
	}
	e.remember(o, o.flags)
	return e.filled(o)
}

func zoneClass(zone any) any {
	if o, ok := zone.(*object); ok {
		return o.class
	}
	return zone
}

// uuid writes an empty UUID and its number.
func (e *encoder) uuid(o *object) error {
	class, empty := &global{"uuid", "UUID"}, &node{kind: tuple}
	if e.proto < 2 {
		base := &global{"builtins", "object"}
		if err := e.parts(&global{"copyreg", "_reconstructor"}, &node{kind: tuple, items: []any{class, base, nil}}); err != nil {
			return err
		}
		e.op(opReduce)
	} else {
		if err := e.parts(class, empty); err != nil {
			return err
		}
		e.op(opNewObj)
	}
	e.remember(o, o.flags)
	return e.filled(o)
}

// parts writes a class and its arguments where both are known to be harmless.
func (e *encoder) parts(class *global, args *node) error {
	objects := e.objects
	e.objects = true
	defer func() { e.objects = objects }()
	if err := e.global(class); err != nil {
		return err
	}
	return e.tuple(args)
}

// made writes the call that makes o. If its arguments refer to o, the call in there
// stands for this one.
func (e *encoder) made(o *object) error {
	class, args, op := o.class, o.args, byte(opReduce)
	switch {
	case o.how == bare:
		return e.save(class)
	case o.how == inst:
		return e.instance(o)
	case o.how == made && o.kwargs != nil && e.proto >= 4:
		op = opNewObjEx
	case o.how == made && o.kwargs != nil:
		class = &global{"copyreg", "__newobj_ex__"}
		args = &node{kind: tuple, items: []any{o.class, o.args, o.kwargs}}
	case o.how == made && e.proto >= 2:
		op = opNewObj
	case o.how == made:
		items, ok := o.arguments()
		if !ok {
			return errors.New("the arguments of a new object are no tuple")
		}
		class = &global{"copyreg", "__newobj__"}
		args = &node{kind: tuple, items: append([]any{o.class}, items...)}
	case o.kwargs != nil:
		return errors.New(`only objects made by "new" have keyword arguments`)
	}
	if err := e.save(class); err != nil {
		return err
	}
	if err := e.save(args); err != nil {
		return err
	}
	if op == opNewObjEx {
		if err := e.save(o.kwargs); err != nil {
			return err
		}
	}
	e.op(op)
	return nil
}

// instance writes the call of a Python 2 class.
func (e *encoder) instance(o *object) error {
	args, ok := o.arguments()
	if !ok || o.kwargs != nil {
		return errors.New("the arguments of an instance are no tuple")
	}
	e.op(opMark)
	if e.proto >= 1 {
		if err := e.save(o.class); err != nil {
			return err
		}
	}
	for _, v := range args {
		if err := e.save(v); err != nil {
			return err
		}
	}
	if e.proto >= 1 {
		e.op(opObj)
		return nil
	}
	class, ok := o.class.(*global)
	if !ok || strings.Contains(class.name, ".") {
		return errors.New("protocol 0 has instances of named classes only; use 1 or later")
	}
	return e.lines(opInst, class)
}

// filled writes what was added to o after the call, in CPython's order.
func (e *encoder) filled(o *object) error {
	if err := e.appends(o.items); err != nil {
		return err
	}
	if err := e.setItems(o.entries); err != nil {
		return err
	}
	for _, state := range o.states {
		if err := e.save(state); err != nil {
			return err
		}
		e.op(opBuild)
	}
	return nil
}

// global writes a class by name. Below protocol 4 a nested name is a chain of getattr,
// below 3 the name is that of Python 2, as CPython does it.
func (e *encoder) global(g *global) error {
	if e.proto >= 4 {
		e.name(g.module)
		e.name(g.name)
		e.op(opStackGlobal)
		return nil
	}
	if i := strings.LastIndexByte(g.name, '.'); i > 0 {
		if err := e.global(&global{"builtins", "getattr"}); err != nil {
			return err
		}
		objects := e.objects
		e.objects = true // whoever asks for a class is allowed its parent
		err := e.tuple(&node{kind: tuple, items: []any{&global{g.module, g.name[:i]}, g.name[i+1:]}})
		e.objects = objects
		e.op(opReduce)
		return err
	}
	return e.lines(opGlobal, g)
}

// lines writes an opcode that is followed by a module and a name, each on its line.
func (e *encoder) lines(op byte, g *global) error {
	module, name := g.module, g.name
	if strings.ContainsRune(module+name, '\n') {
		return fmt.Errorf("the name %s needs protocol 4", describe(g))
	}
	if e.proto < 3 {
		module, name = python2Name(module, name)
		if m, n := python3Name(module, name); m != g.module || n != g.name {
			return fmt.Errorf("protocol %d has no name for %s: Python 2 meant something else by it; use 3 or later",
				e.proto, describe(g))
		}
	}
	e.op(op)
	e.out = append(e.out, module...)
	e.op('\n')
	e.out = append(e.out, name...)
	e.op('\n')
	return nil
}

func (e *encoder) extension(code extension) error {
	switch {
	case !e.objects:
		return fmt.Errorf("extension code %d is not written: it stands for a class; objects have to be allowed for that", code)
	case e.proto < 2:
		return fmt.Errorf("protocol %d has no extension codes; use 2 or later", e.proto)
	case code < 1<<8:
		e.op(opExt1, byte(code))
	case code < 1<<16:
		e.op(opExt2, byte(code), byte(code>>8))
	default:
		e.out = binary.LittleEndian.AppendUint32(append(e.out, opExt4), uint32(code))
	}
	return nil
}

func (e *encoder) persistent(p *persistent) error {
	if !e.objects {
		return errors.New("a persistent id is not written: what it loads is not in the pickle; objects have to be allowed for that")
	}
	if e.proto >= 1 {
		if err := e.save(p.id); err != nil {
			return err
		}
		e.op(opBinPersID)
		return nil
	}
	id, ok := p.id.(string)
	if !ok || !ascii(id) || strings.ContainsRune(id, '\n') {
		return errors.New("protocol 0 has only one line of ASCII for a persistent id; use 1 or later")
	}
	e.op(opPersID)
	e.out = append(e.out, id...)
	e.op('\n')
	return nil
}

// buffer writes that the next out-of-band buffer belongs here.
func (e *encoder) buffer(b buffer) error {
	i, again := e.memo[b.index]
	switch {
	case !e.objects:
		return errors.New("an out-of-band buffer is not written: its bytes are not in the pickle; objects have to be allowed for that")
	case e.proto < 5:
		return fmt.Errorf("protocol %d has no out-of-band buffers; use 5", e.proto)
	case again:
		e.get(i)
	case b.index != e.buffers:
		return fmt.Errorf("buffer %d comes before buffer %d", b.index, e.buffers)
	default:
		e.op(opNextBuffer)
		e.buffers++
		if e.memo == nil {
			e.memo = make(map[any]int)
		}
		e.memo[b.index] = e.put()
	}
	if b.readonly {
		e.op(opReadonlyBuffer)
	}
	return nil
}
