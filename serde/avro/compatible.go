package avro

import (
	"fmt"
	"slices"
)

// Compatible returns nil if all that can be written with one schema can be read with another
// ("Schema Resolution" of the specification), otherwise the first reason why not. It is
// stricter than reading, where only the branch or the symbol of a value counts.
func Compatible(writer, reader *Schema) error {
	return compatible(planner{}.plan(writer.root, reader.root), map[*plan]bool{})
}

func compatible(p *plan, seen map[*plan]bool) error {
	if p == nil || seen[p] {
		return nil
	}
	seen[p] = true
	if p.err != nil {
		return p.err
	}
	if p.as == perSymbol {
		if i := slices.Index(p.symbols, -1); i >= 0 {
			return fmt.Errorf("%s has no symbol %s, and no default", p.r.tag, p.w.symbols[i])
		}
	}
	for _, b := range p.branches {
		if err := compatible(b, seen); err != nil {
			return err
		}
	}
	for i, f := range p.fields {
		if err := compatible(f.plan, seen); err != nil {
			return within(err, p.r.fields[i].name)
		}
	}
	return compatible(p.inner, seen)
}
