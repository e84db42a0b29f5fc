package avro

import "fmt"

// Sizes beyond unreal fit in no record; endless is that of a type whose every
// value holds another one of it.
const (
	unreal  = int64(1) << 40
	endless = int64(1) << 50
)

// measure finds the least bytes of each type, which tell the guard what cannot
// fit, and refuses a type without an end. A node's size only ever shrinks, and
// each time it does, those that are made of it are looked at again.
func (s *Schema) measure() error {
	users := make([][]*node, len(s.nodes))
	for _, n := range s.nodes {
		n.least = endless
		n.parts(func(part *node) { users[part.id] = append(users[part.id], n) })
	}
	queue := append([]*node(nil), s.nodes...)
	waiting := make([]bool, len(s.nodes))
	for i := range waiting {
		waiting[i] = true
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		waiting[n.id] = false
		least := n.leastBytes()
		if least == n.least {
			continue
		}
		n.least = least
		for _, user := range users[n.id] {
			if !waiting[user.id] {
				waiting[user.id] = true
				queue = append(queue, user)
			}
		}
	}
	for _, n := range s.nodes {
		if n.least >= endless {
			return fmt.Errorf("schema: a value of %q has no end", n.tag)
		}
	}
	return nil
}

// parts calls f for each type whose values are part of every value of n.
func (n *node) parts(f func(*node)) {
	for _, b := range n.branches {
		f(b)
	}
	for i := range n.fields {
		f(n.fields[i].typ)
	}
}

func (n *node) leastBytes() int64 {
	switch n.kind {
	case kindNull:
		return 0
	case kindFloat:
		return 4
	case kindDouble:
		return 8
	case kindFixed:
		return int64(n.size)
	case kindUnion:
		least := endless
		for _, b := range n.branches {
			least = min(least, b.least)
		}
		return min(least+1, endless)
	case kindRecord:
		var sum int64
		for i := range n.fields {
			size := n.fields[i].typ.least
			if size >= endless {
				return endless
			}
			sum = min(sum+size, unreal)
		}
		return sum
	}
	return 1 // a varint, a length, the end of the blocks
}
