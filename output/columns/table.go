package columns

import (
	"github.com/go-json-experiment/json/jsontext"
)

// Kind is what a value is in JSON, or as bytes.
type Kind byte

// The kinds of values.
const (
	IsNull   Kind = Kind(isNull)
	IsBool   Kind = Kind(isBool)
	IsNumber Kind = Kind(isNumber)
	IsString Kind = Kind(isString)
	IsList   Kind = Kind(isList)
	IsObject Kind = Kind(isObject)
	IsBinary Kind = Kind(isObject + 1) // bytes that are no text
)

// Value is one value of a [TableRow].
type Value struct {
	Name []byte // of a member
	Kind Kind
	Text []byte // of a string without quotes and escapes, of a number as it stands, or the bytes
	Lone bool   // Text has U+FFFD where the string has a lone surrogate, which no text can hold
	raw  []byte // as it stands in JSON; nil where it does not come from there
}

// JSON returns the value as JSON. Text that comes from elsewhere is appended to scratch, quoted.
func (v *Value) JSON(scratch []byte) []byte {
	switch {
	case v.raw != nil:
		return v.raw
	case v.Kind == IsNull:
		return []byte("null")
	}
	quoted, _ := jsontext.AppendQuote(scratch, v.Text) // it is UTF-8
	return quoted
}

// Fits reports whether a number is held by a 64 bit integer as it is, and whether it is by a
// double.
func (v *Value) Fits() (whole int64, isWhole bool, real float64, isReal bool) {
	whole, isWhole = integer(v.Text)
	real, isReal = double(v.Text)
	return whole, isWhole, real, isReal
}

// TableRow is a record as a row of a table in a database: a value that is an object has a
// column for each of its members. It points into the frame, and is valid until the next call of
// the TableRows that has made it.
type TableRow struct {
	Topic        []byte
	Partition    int32
	Offset       int64
	Timestamp    int64 // milliseconds
	HasTimestamp bool
	Key, Value   Value
	Members      []Value // of a Value that is an object
	Failed       []byte  // why the key or the value could not be decoded

	schema []byte
	nodes  []node
}

// TableRows takes frames of Rows apart. One goroutine owns it.
type TableRows struct {
	row   row
	out   TableRow
	trees [2]tree
}

// Each hands on each row of frames.
func (t *TableRows) Each(frames []byte, add func(*TableRow) error) error {
	_, err := t.row.each(frames, func([]byte) error {
		t.load()
		return add(&t.out)
	})
	return err
}

func (t *TableRows) load() {
	r, out := &t.row, &t.out
	out.Topic, out.Partition, out.Offset = r.topic, r.partition, r.offset
	out.Timestamp, out.HasTimestamp = r.timestamp, len(r.timestampType) > 0
	out.Failed, out.schema, out.Members = nil, r.parts[1].schema, out.Members[:0]
	for i, v := range []*Value{&out.Key, &out.Value} {
		p := &r.parts[i]
		*v = Value{}
		if len(p.err) > 0 {
			out.Failed = p.err
		}
		t.trees[i].nodes = t.trees[i].nodes[:0]
		if p.kind == partNull {
			continue
		}
		switch p.meaning(&t.trees[i]) {
		case partText:
			v.Kind, v.Text = IsString, p.data
		case partJSON:
			if len(t.trees[i].nodes) == 0 { // too deep
				v.Kind, v.raw = IsList, p.data
				continue
			}
			*v = valueOf(&t.trees[i].nodes[0])
		default:
			v.Kind, v.Text = IsBinary, p.data
		}
	}
	out.nodes = t.trees[1].nodes
	if out.Value.Kind == IsObject {
		for at := 1; at < out.nodes[0].after; at = out.nodes[at].after {
			out.Members = append(out.Members, valueOf(&out.nodes[at]))
		}
	}
}

func valueOf(n *node) Value {
	return Value{Name: n.name, Kind: Kind(n.kind), Text: n.text, Lone: n.lone, raw: n.raw}
}

// KeyMembers hands on the members of a key that is an object.
func (t *TableRows) KeyMembers(add func(Value)) {
	nodes := t.trees[0].nodes
	if t.out.Key.Kind != IsObject {
		return
	}
	for at := 1; at < nodes[0].after; at = nodes[at].after {
		add(valueOf(&nodes[at]))
	}
}

// TableSketch finds the columns that rows need: those of their schemas, where they are known,
// and else those that hold what the rows have.
type TableSketch struct {
	schemas Schemas
	known   map[string]bool
	shape   *Shape
	whole   *Shape // of values that are no objects
}

// NewTableSketch returns a sketch of no rows. Schemas may be nil.
func NewTableSketch(schemas Schemas) *TableSketch {
	return &TableSketch{schemas: schemas, known: map[string]bool{}, shape: &Shape{Type: Struct}, whole: &Shape{}}
}

// Add looks at a row.
func (k *TableSketch) Add(r *TableRow) {
	if len(r.schema) > 0 && k.schemas != nil && !k.known[string(r.schema)] {
		k.known[string(r.schema)] = true
		if s := k.schemas(string(r.schema)); s != nil && s.Type == Struct {
			for _, f := range s.Fields {
				k.shape.field(f.Name).join(f.Shape)
				k.shape.field(f.Name).Logical = f.Shape.Logical
			}
		}
	}
	switch r.Value.Kind {
	case IsNull:
	case IsObject:
		for at := 1; at < r.nodes[0].after; at = r.nodes[at].after {
			k.shape.field(string(r.nodes[at].name)).widen(r.nodes, at)
		}
	case IsBinary:
		k.whole = &Shape{Type: Bytes}
	default:
		if len(r.nodes) > 0 {
			k.whole.widen(r.nodes, 0)
		} else if k.whole.Type == Null {
			k.whole.Type = String
		}
	}
}

// Fields returns the columns: one for each member, in the order in which they came, and one
// called value for values that are no objects. Types that nothing tells are JSON.
func (k *TableSketch) Fields() []Field {
	var fields []Field
	for _, f := range k.shape.Fields {
		s := f.Shape.clone()
		s.settle()
		fields = append(fields, Field{f.Name, s})
	}
	if k.whole.Type != Null {
		s := k.whole.clone()
		s.settle()
		fields = append(fields, Field{ValueColumn, s})
	}
	return fields
}

// ValueColumn is the column of values that are no objects.
const ValueColumn = "value"

// FromJSON reports whether the value is, or is in, a JSON text: else it is the bytes of a record.
func (v *Value) FromJSON() bool { return v.raw != nil }
