package pickle

import (
	"fmt"

	"kstream/serde"
)

// survey walks the graph below v once, refuses it when it is nested more deeply than
// depth, and marks the containers that JSON has to name: those that can be changed and
// that are reached twice, and one of each cycle. It takes time in proportion to the
// graph, not to what the graph expands to.
func survey(v any, depth int) error {
	s := surveyor{max: depth}
	return s.reach(v)
}

type surveyor struct{ depth, max int }

func (s *surveyor) enter() error {
	s.depth++
	if s.depth > s.max {
		return fmt.Errorf("more than %d levels: %w", s.max, serde.ErrTooDeep)
	}
	return nil
}

// reach visits v, as a value that is going to be written.
func (s *surveyor) reach(v any) error {
	switch t := v.(type) {
	case *node:
		if err := s.enter(); err != nil {
			return err
		}
		err := s.reachNode(t)
		s.depth--
		return err
	case *object:
		if err := s.enter(); err != nil {
			return err
		}
		err := s.reachObject(t)
		s.depth--
		return err
	case *persistent:
		if err := s.enter(); err != nil {
			return err
		}
		err := s.reach(t.id)
		s.depth--
		return err
	}
	return nil
}

func (s *surveyor) reachNode(t *node) error {
	if !again(&t.flags, t.kind.mutable()) || t.kind == bytearray {
		return nil
	}
	err := s.reachAll(t.items)
	t.flags &^= visiting
	return err
}

// again notes that a container is reached, and reports whether what it holds is to be
// visited: the first time, and the second time if what it holds is then written twice.
func again(f *flags, mutable bool) bool {
	switch {
	case *f&visiting != 0: // a cycle
		*f |= multiple | identified
		return false
	case *f&visited == 0:
		*f |= visited | visiting
		return true
	case mutable:
		*f |= multiple | identified
		return false
	}
	*f |= multiple
	if *f&(revisited|identified) != 0 {
		return false
	}
	*f |= revisited | visiting
	return true
}

func (s *surveyor) reachObject(o *object) error {
	v := o.shape()
	if !again(&o.flags, !v.sort.immutable()) {
		return nil
	}
	err := s.reachParts(o, v)
	o.flags &^= visiting
	return err
}

func (s *surveyor) reachParts(o *object, v view) error {
	switch v.sort {
	case aSet, aFrozenset:
		args, _ := o.arguments()
		if len(args) == 0 {
			return nil
		}
		return s.carry(args[0].(*node))
	case anOrderedDict:
		return s.reachAll(o.entries)
	case other:
	default:
		if v.zone == nil {
			return nil
		}
	}
	if err := s.reach(o.class); err != nil {
		return err
	}
	if args, ok := o.args.(*node); ok && args.kind == tuple {
		if err := s.carry(args); err != nil {
			return err
		}
	} else if err := s.reach(o.args); err != nil {
		return err
	}
	if err := s.reach(o.kwargs); err != nil {
		return err
	}
	if err := s.reachAll(o.states); err != nil {
		return err
	}
	if err := s.reachAll(o.items); err != nil {
		return err
	}
	return s.reachAll(o.entries)
}

// carry visits what is in t; t itself is not going to be seen. Twice is enough to know
// what is shared.
func (s *surveyor) carry(t *node) error {
	switch {
	case t.flags&carried == 0:
		t.flags |= carried
	case t.flags&recarried == 0:
		t.flags |= recarried
	default:
		return nil
	}
	return s.reachAll(t.items)
}

func (s *surveyor) reachAll(items []any) error {
	for _, v := range items {
		if err := s.reach(v); err != nil {
			return err
		}
	}
	return nil
}
