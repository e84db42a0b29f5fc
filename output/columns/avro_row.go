package columns

import (
	"encoding/binary"
	"math"
)

// avroEncoder writes rows in Avro's binary encoding. Each type is a union with null, whose
// branch is written first: 0 for null, 1 for a value.
type avroEncoder struct {
	shapes shapes
	trees  [2]tree
	quoted []byte
}

// Branches of a union, as they are written.
const (
	avroNull byte = 0
	avroSome byte = 2
)

func (e *avroEncoder) append(dst []byte, r *row) []byte {
	dst = appendAvroText(dst, r.topic)
	dst = binary.AppendVarint(dst, int64(r.partition))
	dst = binary.AppendVarint(dst, r.offset)
	if len(r.timestampType) == 0 {
		dst = append(dst, avroNull, avroNull)
	} else {
		dst = binary.AppendVarint(append(dst, avroSome), r.timestamp)
		dst = appendAvroText(append(dst, avroSome), r.timestampType)
	}
	for i := range r.parts {
		dst = e.part(dst, i, &r.parts[i])
	}
	if len(r.headers) > 0 {
		dst = binary.AppendVarint(dst, int64(len(r.headers)))
		for _, h := range r.headers {
			dst = appendAvroText(dst, headerName(h.key))
			dst = appendAvroOptional(dst, h.value, h.value != nil)
		}
	}
	return append(dst, 0)
}

func appendAvroText(dst, text []byte) []byte {
	return append(binary.AppendVarint(dst, int64(len(text))), text...)
}

func appendAvroOptional(dst, text []byte, there bool) []byte {
	if !there {
		return append(dst, avroNull)
	}
	return appendAvroText(append(dst, avroSome), text)
}

func (e *avroEncoder) part(dst []byte, i int, p *part) []byte {
	s := e.shapes[i]
	whole, fits := p.typed(s, &e.trees[i], &e.quoted)
	nodes := e.trees[i].nodes
	switch {
	case whole != nil:
		dst = appendAvroText(append(dst, avroSome), whole)
	case fits:
		dst, fits = e.value(dst, s, nodes, 0)
	default:
		dst = append(dst, avroNull)
	}
	isJSON, kept := p.kind == partJSON || len(nodes) > 0, fits || p.kind == partNull
	dst = appendAvroOptional(dst, p.data, !kept && isJSON)
	dst = appendAvroOptional(dst, p.data, !kept && !isJSON)
	dst = appendAvroOptional(dst, p.schema, len(p.schema) > 0)
	return appendAvroOptional(dst, p.err, len(p.err) > 0)
}

// value appends the node at index i, or a null for -1, and reports whether everything in it
// fits.
func (e *avroEncoder) value(dst []byte, s *Shape, nodes []node, i int) (_ []byte, fits bool) {
	if i < 0 || nodes[i].kind == isNull {
		return append(dst, avroNull), true
	}
	n := &nodes[i]
	switch {
	case s.Type == Struct && n.kind == isObject:
		return e.fields(append(dst, avroSome), s, nodes, i)
	case s.Type == List && n.kind == isList:
		dst, fits = append(dst, avroSome), true
		if n.count > 0 {
			dst = binary.AppendVarint(dst, int64(n.count))
			for at := i + 1; at < n.after; at = nodes[at].after {
				var ok bool
				dst, ok = e.value(dst, s.Elem, nodes, at)
				fits = fits && ok
			}
		}
		return append(dst, 0), fits
	case s.Type == Struct, s.Type == List:
		return append(dst, avroNull), false
	}
	c, ok := s.cell(n)
	if !ok {
		return append(dst, avroNull), false
	}
	dst = append(dst, avroSome)
	switch s.Type {
	case Bool:
		return append(dst, byte(c.whole)), true
	case Int, Timestamp, Date:
		return binary.AppendVarint(dst, c.whole), true
	case Double:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(c.real)), true
	}
	return appendAvroText(dst, c.text), true
}

func (e *avroEncoder) fields(dst []byte, s *Shape, nodes []node, i int) (_ []byte, fits bool) {
	fits = true
	found, likely := 0, i+1
	for _, f := range s.Fields {
		at := child(nodes, i, likely, f.Name)
		if at == 0 {
			dst = append(dst, avroNull)
			continue
		}
		found++
		likely = nodes[at].after
		var ok bool
		dst, ok = e.value(dst, f.Shape, nodes, at)
		fits = fits && ok
	}
	return dst, fits && found == nodes[i].count
}
