package columns

import (
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Schemas returns the columns of a schema by its name in a record line, or nil if the
// schema is unknown.
type Schemas func(name string) *Shape

// shapes are the types of the key and of the value, in this order.
type shapes [2]*Shape

func newShapes() shapes { return shapes{{}, {}} }

// partNames are how the columns of keys and values begin.
func partNames() [2]string { return [2]string{"key", "value"} }

// sketch gathers what the first rows hold.
type sketch struct {
	shapes  shapes
	json    [2]bool // some are JSON: only these count for the type
	text    [2]bool
	binary  [2]bool
	schemas Schemas
	known   map[string]bool
	trees   [2]tree
}

func newSketch(from shapes, schemas Schemas) *sketch {
	return &sketch{shapes: shapes{from[0].clone(), from[1].clone()}, schemas: schemas, known: map[string]bool{}}
}

// shapesOf returns the shapes that fit the rows in frames and, as far as they can, are those of from.
func shapesOf(frames []byte, from shapes, schemas Schemas) (shapes, error) {
	k := newSketch(from, schemas)
	var r row
	_, err := r.each(frames, func([]byte) error {
		k.add(&r)
		return nil
	})
	return k.result(), err
}

// add looks at a row.
func (k *sketch) add(r *row) {
	for i := range r.parts {
		p := &r.parts[i]
		if len(p.err) > 0 || p.kind == partNull {
			continue
		}
		if len(p.schema) > 0 && k.schemas != nil && !k.known[partNames()[i]+string(p.schema)] {
			k.known[partNames()[i]+string(p.schema)] = true
			k.shapes[i].join(k.schemas(string(p.schema)))
		}
		switch p.meaning(&k.trees[i]) {
		case partJSON:
			k.json[i] = true
			if len(k.trees[i].nodes) == 0 {
				k.shapes[i].becomeJSON() // too deep
			} else {
				k.shapes[i].widen(k.trees[i].nodes, 0)
			}
		case partText:
			k.text[i] = true
		default:
			k.binary[i] = true
		}
	}
}

// result returns the shapes that fit what was seen.
func (k *sketch) result() shapes {
	for i := range k.shapes {
		switch {
		case k.json[i]:
		case k.binary[i]:
			if s := k.shapes[i]; s.Type == Null || s.Type == String {
				*s = Shape{Type: Bytes}
			}
		case k.text[i]:
			if s := k.shapes[i]; s.Type == Null {
				s.Type = String
			}
		}
	}
	return k.shapes
}

// settled returns shapes that can be written.
func (s shapes) settled() shapes {
	var out shapes
	for i := range s {
		if out[i] = s[i].clone(); out[i].Type == Null {
			out[i].Type = String
		}
		out[i].settle()
	}
	return out
}

// meaning returns whether the part is JSON, text or binary, and parses JSON into t.
func (p *part) meaning(t *tree) byte {
	t.nodes = t.nodes[:0]
	switch p.kind {
	case partJSON:
		t.parseOrNone(p.data)
		return partJSON
	case partAuto:
		if c := p.data; len(c) > 1 && startsJSON(c) && jsontext.Value(c).IsValid(jsontext.AllowDuplicateNames(true)) {
			t.parseOrNone(c)
			return partJSON
		}
		fallthrough
	case partText:
		if utf8.Valid(p.data) {
			return partText
		}
	}
	return partBinary
}

// parseOrNone leaves no nodes of JSON that is too deep.
func (t *tree) parseOrNone(data []byte) {
	if !t.parse(data) {
		t.nodes = t.nodes[:0]
	}
}

func startsJSON(data []byte) bool {
	for _, c := range data {
		switch c {
		case ' ', '\t', '\n', '\r':
			continue
		}
		return c == '{' || c == '['
	}
	return false
}

// cell is the value of a leaf column.
type cell struct {
	whole int64 // of Int, Bool, Timestamp in microseconds, Date in days
	real  float64
	text  []byte
}

// cell returns the value of a node as the leaf type s, if it fits.
func (s *Shape) cell(n *node) (c cell, ok bool) {
	switch s.Type {
	case JSON:
		c.text = n.raw
		return c, true
	case Bool:
		if n.kind == isBool && n.text[0] == 't' {
			c.whole = 1
		}
		return c, n.kind == isBool
	case Int:
		if n.kind == isNumber {
			c.whole, ok = integer(n.text)
		}
	case Double:
		switch n.kind {
		case isNumber:
			c.real, ok = double(n.text)
		case isString:
			c.real, ok = notFinite(string(n.text))
		}
	case String, Bytes:
		c.text = n.text
		return c, n.kind == isString && (s.Type == String)
	case Timestamp:
		if n.kind == isString {
			t, err := time.Parse(time.RFC3339Nano, string(n.text))
			c.whole = t.UnixMicro()
			return c, err == nil && t.Nanosecond()%1000 == 0
		}
	case Date:
		if n.kind == isString {
			t, err := time.Parse(time.DateOnly, string(n.text))
			c.whole = t.Unix() / (24 * 60 * 60)
			return c, err == nil && t.Unix()%(24*60*60) == 0
		}
	}
	return c, ok
}

// child finds the member of an object, beginning where it is most likely; 0 is none.
func child(nodes []node, object, likely int, name string) int {
	end := nodes[object].after
	if likely < end && string(nodes[likely].name) == name {
		return likely
	}
	for at := object + 1; at < end; at = nodes[at].after {
		if string(nodes[at].name) == name {
			return at
		}
	}
	return 0
}
