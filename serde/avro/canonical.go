package avro

import (
	"strconv"
	"strings"

	"kstream/serde/value"
)

// dialect is what a schema is printed for.
type dialect uint8

const (
	// canonical is the parsing canonical form, of which fingerprints are made.
	canonical dialect = iota
	// bare is what matters to readers, for resolution: names, aliases and
	// defaults, but no logical types.
	bare
	// typed is bare with the logical types that are valid.
	typed
	// forCodec is a schema of the same bytes for the codec, see wire.go.
	forCodec
)

// printer writes a schema, with each definition where its name is first used.
type printer struct {
	dialect dialect
	dst     []byte
	seen    map[*node]bool
}

// Canonical returns the parsing canonical form of the specification, references inlined.
func (s *Schema) Canonical() string { return s.print(canonical) }

func (s *Schema) print(d dialect) string {
	p := printer{dialect: d, seen: map[*node]bool{}}
	p.node(s.root)
	return string(p.dst)
}

// full reports whether all that readers may need is printed.
func (p *printer) full() bool { return p.dialect == bare || p.dialect == typed }

func (p *printer) raw(s string) { p.dst = append(p.dst, s...) }

func (p *printer) quote(s string) { p.dst = value.AppendString(p.dst, s) }

func (p *printer) node(n *node) {
	switch {
	case n.kind == kindUnion:
		p.union(n)
	case n.kind.named():
		p.definition(n)
	case n.kind == kindArray:
		p.raw(`{"type":"array","items":`)
		p.node(n.items)
		p.raw("}")
	case n.kind == kindMap && p.dialect == forCodec:
		p.wireMap(n)
	case n.kind == kindMap:
		p.raw(`{"type":"map","values":`)
		p.node(n.items)
		p.raw("}")
	case p.dialect == typed && n.logical != plainType:
		p.raw(`{"type":"` + n.kind.String() + `"`)
		p.annotation(n)
		p.raw("}")
	default:
		p.raw(`"` + n.kind.String() + `"`)
	}
}

func (p *printer) union(n *node) {
	p.raw("[")
	for i, b := range n.branches {
		if i > 0 {
			p.raw(",")
		}
		p.node(b)
	}
	p.raw("]")
}

func (p *printer) name(n *node) string {
	if p.dialect == forCodec {
		return n.wire
	}
	return n.tag
}

func (p *printer) definition(n *node) {
	if p.seen[n] {
		p.quote(p.name(n))
		return
	}
	p.seen[n] = true
	p.raw(`{"name":`)
	p.quote(p.name(n))
	if p.full() && !strings.Contains(n.tag, ".") { // not the namespace around it
		p.raw(`,"namespace":""`)
	}
	p.raw(`,"type":"` + n.kind.String() + `"`)
	switch n.kind {
	case kindFixed:
		p.raw(`,"size":` + strconv.Itoa(n.size))
	case kindEnum:
		p.symbols(n)
	case kindRecord:
		p.fields(n)
	}
	if p.full() {
		p.list("aliases", n.aliases)
	}
	if p.dialect == typed {
		p.annotation(n)
	}
	p.raw("}")
}

func (p *printer) symbols(n *node) {
	names := n.symbols
	if p.dialect == forCodec {
		names = n.wireSymbols
	}
	p.list("symbols", names)
	if n.fallback != "" && p.full() {
		p.raw(`,"default":`)
		p.quote(n.fallback)
	}
}

func (p *printer) fields(n *node) {
	p.raw(`,"fields":[`)
	for i := range n.fields {
		f := &n.fields[i]
		if i > 0 {
			p.raw(",")
		}
		p.raw(`{"name":`)
		if p.dialect == forCodec {
			p.quote(f.wire)
		} else {
			p.quote(f.name)
		}
		p.raw(`,"type":`)
		p.node(f.typ)
		if p.full() {
			p.list("aliases", f.aliases)
			if f.optional {
				p.raw(`,"default":`)
				p.dst, _ = value.AppendJSON(p.dst, f.def, value.JSONOptions{})
			}
		}
		p.raw("}")
	}
	p.raw("]")
}

func (p *printer) list(attr string, names []string) {
	if len(names) == 0 {
		return
	}
	p.raw(`,"` + attr + `":[`)
	for i, s := range names {
		if i > 0 {
			p.raw(",")
		}
		p.quote(s)
	}
	p.raw("]")
}

func (p *printer) annotation(n *node) {
	if n.logical == plainType {
		return
	}
	p.raw(`,"logicalType":`)
	p.quote(n.attr)
	if n.logical == decimal {
		p.raw(`,"precision":` + strconv.Itoa(n.decimals.precision))
		p.raw(`,"scale":` + strconv.Itoa(n.decimals.scale))
	}
}
