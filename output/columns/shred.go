package columns

import (
	"math"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parquet-go/parquet-go"
)

// notFinite reads what JSON has no numbers for.
func notFinite(text string) (float64, bool) {
	switch text {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return 0, false
}

// place numbers the leaf columns of the shape, beginning with first, and sets its levels.
// Everything is optional; a list adds two levels more.
func (s *Shape) place(first, levels, repeats int) (next int) {
	s.first, s.levels, s.repeats = first, levels+1, repeats
	switch s.Type {
	case List:
		s.repeats = repeats + 1
		s.last = s.Elem.place(first, levels+2, repeats+1)
	case Struct:
		s.last = first
		for _, f := range s.Fields {
			s.last = f.Shape.place(s.last, levels+1, repeats)
		}
	default:
		s.last = first + 1
	}
	return s.last
}

// shredder turns rows into the values of columns (the record shredding of Dremel, as Parquet
// does it).
type shredder struct {
	shapes  shapes
	parts   [2]int // first column of what follows the typed columns of a part
	headers int
	columns [][]parquet.Value
	row     parquet.Row
	trees   [2]tree
	quoted  []byte
}

// Columns before those of the key.
const (
	columnTopic = iota
	columnPartition
	columnOffset
	columnTimestamp
	columnTimestampType
	fixedColumns
)

// Columns behind the typed ones of a key or value.
const (
	columnJSON = iota
	columnBytes
	columnSchema
	columnError
	partColumns
)

func newShredder(s shapes) *shredder {
	d := &shredder{shapes: s}
	next := fixedColumns
	for i := range s {
		d.parts[i] = s[i].place(next, 0, 0)
		next = d.parts[i] + partColumns
	}
	d.headers = next
	d.columns = make([][]parquet.Value, next+2)
	return d
}

// shred returns the values of a row, which are valid until the next call.
func (d *shredder) shred(r *row) parquet.Row {
	for i := range d.columns {
		d.columns[i] = d.columns[i][:0]
	}
	d.put(columnTopic, 0, parquet.ByteArrayValue(r.topic))
	d.put(columnPartition, 0, parquet.Int32Value(r.partition))
	d.put(columnOffset, 0, parquet.Int64Value(r.offset))
	if len(r.timestampType) == 0 {
		d.null(columnTimestamp)
		d.null(columnTimestampType)
	} else {
		d.put(columnTimestamp, 1, parquet.Int64Value(r.timestamp))
		d.put(columnTimestampType, 1, parquet.ByteArrayValue(r.timestampType))
	}
	for i := range r.parts {
		d.part(i, &r.parts[i])
	}
	d.header(r.headers)
	d.row = d.row[:0]
	for _, values := range d.columns {
		d.row = append(d.row, values...)
	}
	return d.row
}

func (d *shredder) put(column, levels int, v parquet.Value) {
	d.columns[column] = append(d.columns[column], v.Level(0, levels, column))
}

func (d *shredder) null(column int) { d.put(column, 0, parquet.NullValue()) }

// text puts a text that is null when it is not there.
func (d *shredder) text(column int, text []byte, there bool) {
	if there {
		d.put(column, 1, parquet.ByteArrayValue(text))
	} else {
		d.null(column)
	}
}

// part puts a key or a value.
func (d *shredder) part(i int, p *part) {
	s, rest := d.shapes[i], d.parts[i]
	whole, fits := p.typed(s, &d.trees[i], &d.quoted)
	nodes := d.trees[i].nodes
	switch {
	case whole != nil:
		d.leaf(s, 0, cell{text: whole})
	case fits:
		fits = d.value(s, nodes, 0, 0, 0)
	default:
		d.value(s, nodes, -1, 0, 0)
	}
	isJSON := p.kind == partJSON || len(nodes) > 0
	kept := fits || p.kind == partNull
	d.text(rest+columnJSON, p.data, !kept && isJSON)
	d.text(rest+columnBytes, p.data, !kept && !isJSON)
	d.text(rest+columnSchema, p.schema, len(p.schema) > 0)
	d.text(rest+columnError, p.err, len(p.err) > 0)
}

// typed returns what stands in the typed columns: text that is the whole value, or, when
// it is nil and fits is true, the nodes of the tree.
func (p *part) typed(s *Shape, t *tree, quoted *[]byte) (whole []byte, fits bool) {
	t.nodes = t.nodes[:0]
	if p.kind == partNull || len(p.err) > 0 {
		return nil, false
	}
	switch meaning := p.meaning(t); {
	case meaning == partJSON && s.Type == JSON:
		return p.data, true
	case meaning == partJSON && len(t.nodes) > 0:
		if s.Type == Bytes && p.kind == partAuto {
			return p.data, true
		}
		return nil, true
	case meaning == partText && s.Type == JSON:
		*quoted, _ = jsontext.AppendQuote((*quoted)[:0], p.data) // it is UTF-8
		return *quoted, true
	case meaning == partText && s.Type == String, meaning != partJSON && s.Type == Bytes:
		return p.data, true
	}
	return nil, false
}

// value puts the node at index i, or a null for -1, and reports whether everything in it
// fits. repeats is the repetition level of what comes first in it, levels the definition
// level of what it is in.
func (d *shredder) value(s *Shape, nodes []node, i, repeats, levels int) bool {
	if i < 0 || nodes[i].kind == isNull {
		for column := s.first; column < s.last; column++ {
			d.columns[column] = append(d.columns[column], parquet.NullValue().Level(repeats, levels, column))
		}
		return true
	}
	n := &nodes[i]
	switch {
	case s.Type == Struct && n.kind == isObject:
		return d.fields(s, nodes, i, repeats)
	case s.Type == List && n.kind == isList:
		if n.count == 0 {
			d.value(s.Elem, nodes, -1, repeats, s.levels)
			return true
		}
		fits := true
		for at := i + 1; at < n.after; at = nodes[at].after {
			fits = d.value(s.Elem, nodes, at, repeats, s.levels+1) && fits
			repeats = s.repeats
		}
		return fits
	case s.Type == Struct, s.Type == List:
		d.value(s, nodes, -1, repeats, levels)
		return false
	}
	c, ok := s.cell(n)
	if !ok {
		d.value(s, nodes, -1, repeats, levels)
		return false
	}
	d.leaf(s, repeats, c)
	return true
}

// fields puts the members of an object.
func (d *shredder) fields(s *Shape, nodes []node, i, repeats int) bool {
	fits, found, likely := true, 0, i+1
	for _, f := range s.Fields {
		at := child(nodes, i, likely, f.Name)
		if at == 0 {
			d.value(f.Shape, nodes, -1, repeats, s.levels)
			continue
		}
		found++
		likely = nodes[at].after
		fits = d.value(f.Shape, nodes, at, repeats, s.levels) && fits
	}
	return fits && found == nodes[i].count // else it has others, or one of them twice
}

func (d *shredder) leaf(s *Shape, repeats int, c cell) {
	var v parquet.Value
	switch s.Type {
	case Bool:
		v = parquet.BooleanValue(c.whole == 1)
	case Int, Timestamp:
		v = parquet.Int64Value(c.whole)
	case Date:
		v = parquet.Int32Value(int32(c.whole))
	case Double:
		v = parquet.DoubleValue(c.real)
	default:
		v = parquet.ByteArrayValue(c.text)
	}
	d.columns[s.first] = append(d.columns[s.first], v.Level(repeats, s.levels, s.first))
}

// header puts the list of headers, whose key is there whenever the element is.
func (d *shredder) header(headers []header) {
	if len(headers) == 0 {
		d.null(d.headers)
		d.null(d.headers + 1)
		return
	}
	for i, h := range headers {
		repeats := min(i, 1)
		d.columns[d.headers] = append(d.columns[d.headers], parquet.ByteArrayValue(headerName(h.key)).Level(repeats, 1, d.headers))
		v := parquet.NullValue().Level(repeats, 1, d.headers+1)
		if h.value != nil {
			v = parquet.ByteArrayValue(h.value).Level(repeats, 2, d.headers+1)
		}
		d.columns[d.headers+1] = append(d.columns[d.headers+1], v)
	}
}

// headerName shows bytes that are no UTF-8 as \xNN.
func headerName(name []byte) []byte {
	if utf8.Valid(name) {
		return name
	}
	const digits = "0123456789abcdef"
	var out []byte
	for len(name) > 0 {
		r, size := utf8.DecodeRune(name)
		if r == utf8.RuneError && size == 1 {
			out = append(out, '\\', 'x', digits[name[0]>>4], digits[name[0]&15])
		} else {
			out = append(out, name[:size]...)
		}
		name = name[size:]
	}
	return out
}
