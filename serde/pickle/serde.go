// Package pickle reads and writes Python's pickles, protocols 0 to 5, without Python.
//
// A pickle is a program that builds an object. The machine in this package runs the
// part of it that builds lists, dicts, text and numbers, and only records the rest:
// which class would have been loaded, what would have been called with which arguments.
// Nothing in a pickle can make this package load, call, open or send anything, and no
// pickle makes it panic, or use memory or time out of proportion to its length and to
// the limits it was given.
//
// What Python's pickle keeps, a Value keeps: two references to one list are one list,
// cycles are cycles. It has two JSON forms, plain for reading and lossless for coming
// back; serdes.md has the table of both.
//
// Writing is guarded the other way round: a pickle that calls something is a weapon
// against whoever loads it, so only values that merely build data are written, unless
// Options.AllowObjects says otherwise.
package pickle

import (
	"context"
	"fmt"
	"sync"

	"kstream/serde"
	"kstream/serde/value"
)

const format = "pickle"

// DefaultProtocol is what Encode writes when nothing else is said; Python 3.4 and later
// read it.
const DefaultProtocol = 4

// Options say what a Serde writes and how much it reads. The zero value is protocol 0,
// no objects, and the default limits.
type Options struct {
	// Protocol of what Encode writes, 0 to 5. Decode reads all of them.
	Protocol int
	// AllowObjects lets Encode write classes, calls, persistent ids and extension codes,
	// which can harm whoever loads the pickle.
	AllowObjects bool
	// Lossless makes Encode read {"$tuple":…} and the other tags of lossless JSON in a
	// *value.Map too; else they are keys like any other, but for {"$bytes":…} and
	// {"$hex":…}. A value.Tagged is always read as a tag.
	Lossless bool
	Limits   serde.Limits
}

// Serde implements serde.Serde. It is safe for concurrent use.
type Serde struct {
	o        Options
	machines sync.Pool
}

var (
	_ serde.Serde       = (*Serde)(nil)
	_ serde.JSONEncoder = (*Serde)(nil)
)

// New returns a Serde, or an error when there is no such protocol.
func New(o Options) (*Serde, error) {
	if o.Protocol < 0 || o.Protocol > 5 {
		return nil, fmt.Errorf("pickle protocol %d: want 0 to 5", o.Protocol)
	}
	o.Limits = o.Limits.OrDefaults()
	return &Serde{o: o}, nil
}

// Name is "pickle".
func (s *Serde) Name() string { return format }

// Decode reads one pickle. The value of the result is a *Value; classes are told in the
// notes. Errors are *serde.DecodeError.
func (s *Serde) Decode(_ context.Context, in serde.Input) (serde.Result, error) {
	v, rest, err := s.decode(in.Data)
	if err == nil && rest > 0 {
		err = serde.AfterValue(format, len(in.Data)-rest, rest)
	}
	if err != nil {
		return serde.Result{}, err
	}
	return serde.Result{Value: v.Value, Format: format, Notes: v.notes}, nil
}

// decoded is a value and what to say about it.
type decoded struct {
	Value *Value
	notes []string
}

func (s *Serde) decode(data []byte) (d decoded, rest int, err error) {
	if len(data) > s.o.Limits.Bytes {
		err := fmt.Errorf("%d bytes, at most %d are read: %w", len(data), s.o.Limits.Bytes, serde.ErrTooBig)
		return d, 0, &serde.DecodeError{Format: format, Offset: 0, Err: err}
	}
	m, ok := s.machines.Get().(*machine)
	if !ok {
		m = new(machine)
	}
	defer s.machines.Put(m)
	m.reset(string(data), s.o.Limits)
	defer m.reset("", serde.Limits{})
	root, err := m.run()
	if err != nil {
		return d, 0, err
	}
	// Without a second way to anything, what is nested deeply takes many containers.
	if m.revisits || m.containers > s.o.Limits.Depth {
		if err := survey(root, s.o.Limits.Depth); err != nil {
			return d, 0, &serde.DecodeError{Format: format, Offset: -1, Err: err}
		}
	}
	d.Value = &Value{root: root, limits: s.o.Limits}
	if m.classes > 0 {
		d.notes = []string{m.note()}
	}
	return d, len(data) - m.pos, nil
}

// note returns the note that objects are shown, not made.
func (m *machine) note() string {
	name := "an object"
	if m.class != nil {
		name = className(m.class)
		if len(name) > 80 {
			name = name[:80]
		}
	}
	if m.classes == 1 {
		return fmt.Sprintf("%q is recorded, not run", name)
	}
	return fmt.Sprintf("%q and %d more are recorded, not run", name, m.classes-1)
}

// reset prepares m for data, keeping the room it has unless that is a lot.
func (m *machine) reset(data string, limits serde.Limits) {
	const keep = 1 << 12
	stack, marks, dense := m.stack, m.marks, m.memo.dense
	clear(stack[:cap(stack)])
	clear(dense[:cap(dense)])
	if cap(stack) > keep || cap(dense) > keep || cap(marks) > keep {
		stack, marks, dense = nil, nil, nil
	}
	*m = machine{data: data, limits: limits, stack: stack[:0], marks: marks[:0], memo: memo{dense: dense[:0]}}
}

// Sniff reports whether data is, as a whole, one pickle of protocol 2 to 5. Pickles of
// protocols 0 and 1 look like text, and are never recognised.
func (s *Serde) Sniff(data []byte) bool {
	n := len(data)
	if n < 4 || data[0] != opProto || data[1] < 2 || data[1] > 5 || data[n-1] != opStop {
		return false
	}
	_, rest, err := s.decode(data)
	return err == nil && rest == 0
}

// Encode writes v, which is a *Value or of the shared model, as a pickle.
func (s *Serde) Encode(_ context.Context, _ string, _ serde.Part, v value.V) (serde.Output, error) {
	data, err := s.Append(nil, v)
	if err != nil {
		return serde.Output{}, err
	}
	return serde.Output{Data: data}, nil
}
