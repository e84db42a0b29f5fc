package avro

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kstream/serde"
)

// resolution reads what one schema wrote as another has it (Avro 1.12, "Schema
// Resolution"): it turns the bytes of the one into bytes of the other, from where on all
// is as if the record had been written so. What cannot be read is an error of the datum
// that has it, not of the schema: the branch of a union, the symbol of an enum. It agrees
// with Java's, see testdata/ResolvePairs.java.
type resolution struct {
	reader *Schema
	root   *plan
}

// plan is how values of w are read as r. Where err is set, none can be.
type plan struct {
	w, r *node
	err  error

	as       act
	branches []*plan // of a writer's union, each read as r
	branch   int     // of a reader's union
	inner    *plan   // w read as that branch; the items of an array or a map
	symbols  []int   // of the reader's enum for each of the writer's, -1 for none
	fields   []fieldPlan
	inOrder  bool // the fields come in the order of the writer
}

// act is what is done with the bytes of a value.
type act uint8

const (
	copied act = iota // they are the same
	promoted
	perBranch
	intoBranch
	perSymbol
	perItem
	perField
)

// fieldPlan is a field of the reader.
type fieldPlan struct {
	from  int // the field of the writer, -1 for the default
	plan  *plan
	bytes []byte // the default
}

// resolve fails when the reader can read nothing that the writer writes. Of the logical
// types it compares the units and scales, so that numbers do not change their meaning
// unnoticed.
func resolve(writer, reader *Schema) (*resolution, error) {
	units := unitCheck{}
	if err := units.compare(writer.root, reader.root); err != nil {
		return nil, fmt.Errorf("reader schema %s: %w", reader.Name, err)
	}
	p := planner{}
	root := p.plan(writer.root, reader.root)
	if root.err != nil {
		return nil, fmt.Errorf("reader schema %s: %w", reader.Name, root.err)
	}
	return &resolution{reader: reader, root: root}, nil
}

// planner makes one plan of each pair of types, as types may be recursive.
type planner map[[2]*node]*plan

func (p planner) plan(w, r *node) *plan {
	key := [2]*node{w, r}
	if known := p[key]; known != nil {
		return known
	}
	out := &plan{w: w, r: r}
	p[key] = out
	switch {
	case w.kind == kindUnion:
		p.ofUnion(out)
	case r.kind == kindUnion:
		p.intoUnion(out)
	case w.kind == r.kind:
		p.same(out)
	case promotes(w.kind, r.kind):
		out.as = promoted
	default:
		out.err = mismatch(w, r)
	}
	return out
}

func mismatch(w, r *node) error { return fmt.Errorf("%s cannot be read as %s", w.tag, r.tag) }

// ofUnion fails when each branch does.
func (p planner) ofUnion(out *plan) {
	out.as = perBranch
	failed := 0
	for _, b := range out.w.branches {
		of := p.plan(b, out.r)
		out.branches = append(out.branches, of)
		if of.err != nil {
			out.err = of.err
			failed++
		}
	}
	if failed < len(out.branches) {
		out.err = nil
	}
}

func (p planner) intoUnion(out *plan) {
	i := p.branchFor(out.w, out.r)
	if i < 0 {
		out.err = mismatch(out.w, out.r)
		return
	}
	out.as, out.branch, out.inner = intoBranch, i, p.plan(out.w, out.r.branches[i])
	out.err = out.inner.err
}

// branchFor returns the branch of a union that reads w: one of the same type and name, a
// record of the same short name or at least of fitting fields, or what w is promoted to.
func (p planner) branchFor(w, r *node) int {
	fits := -1
	for i, b := range r.branches {
		switch {
		case b.kind != w.kind:
		case !w.kind.named() || fullNames(w, b):
			return i
		case w.kind == kindRecord && (fits < 0 || shortName(w.tag) == shortName(b.tag)) && p.plan(w, b).err == nil:
			fits = i
		case w.kind != kindRecord && fits < 0 && sameName(b, w):
			fits = i
		}
	}
	if fits >= 0 {
		return fits
	}
	return slices.IndexFunc(r.branches, func(b *node) bool { return promotes(w.kind, b.kind) })
}

func fullNames(w, r *node) bool { return w.tag == r.tag || slices.Contains(r.aliases, w.tag) }

func shortName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// promotes reports whether a primitive is read as another one.
func promotes(from, to kind) bool {
	switch from {
	case kindInt:
		return to == kindLong || to == kindFloat || to == kindDouble
	case kindLong:
		return to == kindFloat || to == kindDouble
	case kindFloat:
		return to == kindDouble
	case kindString:
		return to == kindBytes
	case kindBytes:
		return to == kindString
	}
	return false
}

// same plans two types of one kind.
func (p planner) same(out *plan) {
	w, r := out.w, out.r
	switch w.kind {
	case kindFixed:
		if !sameName(r, w) || w.size != r.size {
			out.err = fmt.Errorf("%s of %d bytes cannot be read as %s of %d", w.tag, w.size, r.tag, r.size)
		}
	case kindEnum:
		if out.as = perSymbol; !sameName(r, w) {
			out.err = mismatch(w, r)
			return
		}
		p.symbols(out)
	case kindArray, kindMap:
		out.as, out.inner = perItem, p.plan(w.items, r.items)
	case kindRecord:
		out.as = perField
		p.fields(out)
	}
}

// symbols fails when the reader has none of the writer's, and no default.
func (p planner) symbols(out *plan) {
	some := false
	for _, s := range out.w.symbols {
		i, ok := out.r.symbolAt[s]
		if !ok && out.r.fallback != "" {
			i, ok = out.r.symbolAt[out.r.fallback], true
		}
		if !ok {
			i = -1
		}
		some = some || ok
		out.symbols = append(out.symbols, i)
	}
	if !some {
		out.err = fmt.Errorf("%s has no symbol of %s", out.r.tag, out.w.tag)
	}
}

func (p planner) fields(out *plan) {
	out.inOrder = true
	last := -1
	for i := range out.r.fields {
		f := &out.r.fields[i]
		at := writtenAs(f, out.w)
		if at < 0 {
			bytes, err := f.defaultBytes()
			if err != nil {
				out.err = within(err, f.name)
				return
			}
			out.fields = append(out.fields, fieldPlan{from: -1, bytes: bytes})
			continue
		}
		of := p.plan(out.w.fields[at].typ, f.typ)
		if of.err != nil {
			out.err = within(of.err, f.name)
			return
		}
		out.inOrder = out.inOrder && at > last
		last = at
		out.fields = append(out.fields, fieldPlan{from: at, plan: of})
	}
}

// writtenAs finds the field of the writer by its name, then by the reader's aliases.
func writtenAs(f *field, w *node) int {
	for _, name := range append([]string{f.name}, f.aliases...) {
		if at, ok := w.fieldAt[name]; ok {
			return at
		}
	}
	return -1
}

var errNoDefault = errors.New("the writer's schema lacks it, and there is no default")

func (f *field) defaultBytes() ([]byte, error) {
	switch {
	case !f.optional:
		return nil, errNoDefault
	case f.wrong != nil:
		return nil, f.wrong
	}
	return f.typ.appendNative([]byte{}, f.native), nil
}

// rewrite returns a datum of the writer, which the guard has accepted, in the bytes of
// the reader.
func (r *resolution) rewrite(datum []byte, limits serde.Limits) ([]byte, error) {
	m := resolver{data: datum, dst: make([]byte, 0, len(datum)+len(datum)/4), limit: limits.OrDefaults().Bytes}
	err := m.value(r.root)
	if err == nil && len(m.dst) > m.limit {
		err = serde.ErrTooBig
	}
	if err != nil {
		path, cause := pathOf(err)
		if path != "" {
			cause = fmt.Errorf("%s: %w", path, cause)
		}
		return nil, fault(-1, fmt.Errorf("reader schema %s: %w", r.reader.Name, cause))
	}
	return m.dst, nil
}
