package avro

import (
	"fmt"
	"slices"
)

// unitCheck refuses to read dates and times of one unit as another, and decimals of one
// scale as another, or as one of less precision: the specification resolves the numbers
// as they are, which would move a timestamp by a factor of 1000 without a word. It holds
// the pairs that were compared.
type unitCheck map[[2]*node]bool

func (c unitCheck) compare(w, r *node) error {
	if c[[2]*node{w, r}] {
		return nil
	}
	c[[2]*node{w, r}] = true
	switch {
	case w.kind == kindUnion:
		return c.each(len(w.branches), func(i int) (*node, *node) { return w.branches[i], r })
	case r.kind == kindUnion:
		i := slices.IndexFunc(r.branches, func(b *node) bool { return b.kind == w.kind && (!b.kind.named() || sameName(b, w)) })
		if i < 0 {
			return nil // promoted, if at all: as the specification has it
		}
		return c.compare(w, r.branches[i])
	case w.kind == kindRecord && r.kind == kindRecord:
		return c.fields(w, r)
	case w.items != nil && r.items != nil:
		return c.compare(w.items, r.items)
	case w.logical == decimal && r.logical == decimal && (w.decimals.scale != r.decimals.scale || w.decimals.precision > r.decimals.precision):
		return fmt.Errorf("%s cannot be read as %s", w.digitsText(), r.digitsText())
	case w.isCalendar() && r.isCalendar() && w.attr != r.attr:
		return fmt.Errorf("%s cannot be read as %s", w.attr, r.attr)
	}
	return nil
}

func (c unitCheck) each(n int, pair func(i int) (w, r *node)) error {
	for i := range n {
		if err := c.compare(pair(i)); err != nil {
			return err
		}
	}
	return nil
}

func (c unitCheck) fields(w, r *node) error {
	for i := range r.fields {
		f := &r.fields[i]
		for _, name := range append([]string{f.name}, f.aliases...) {
			at, ok := w.fieldAt[name]
			if !ok {
				continue
			}
			if err := c.compare(w.fields[at].typ, f.typ); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			break
		}
	}
	return nil
}

func (n *node) digitsText() string {
	return fmt.Sprintf("decimal(%d, %d)", n.decimals.precision, n.decimals.scale)
}

func (n *node) isCalendar() bool { return n.unit > 0 || n.logical == date }

// sameName compares names without their namespaces, and aliases of the reader's.
func sameName(r, w *node) bool {
	return shortName(r.tag) == shortName(w.tag) || slices.Contains(r.aliases, w.tag)
}
