package columns

import (
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// ordered is a group whose members stay in their order, not that of the alphabet.
type ordered struct {
	parquet.Group
	names []string
}

func (o *ordered) add(name string, n parquet.Node) {
	if o.Group == nil {
		o.Group = parquet.Group{}
	}
	o.Group[name] = n
	o.names = append(o.names, name)
}

// Fields returns the members in the order in which they were added.
func (o *ordered) Fields() []parquet.Field {
	fields := make([]parquet.Field, len(o.names))
	for i, name := range o.names {
		fields[i] = &member{o.Group[name], name}
	}
	return fields
}

// member is a node under its name.
type member struct {
	parquet.Node
	name string
}

// Name implements parquet.Field.
func (m *member) Name() string { return m.name }

// Value implements parquet.Field for values that are maps; rows of values do not need it.
func (m *member) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(m.name))
}

// schemaOf returns the Parquet schema of rows with these shapes, which are settled.
func schemaOf(s shapes) *parquet.Schema {
	word := parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	root := &ordered{}
	root.add("topic", word)
	root.add("partition", parquet.Int(32))
	root.add("offset", parquet.Int(64))
	root.add("timestamp", parquet.Optional(parquet.Timestamp(parquet.Millisecond)))
	root.add("timestamp_type", parquet.Optional(word))
	for i, name := range partNames() {
		root.add(name, s[i].node())
		root.add(name+"_json", parquet.Optional(parquet.JSON()))
		root.add(name+"_bytes", parquet.Optional(parquet.Leaf(parquet.ByteArrayType)))
		root.add(name+"_schema", parquet.Optional(word))
		root.add(name+"_error", parquet.Optional(parquet.String()))
	}
	header := &ordered{}
	header.add("key", parquet.String())
	header.add("value", parquet.Optional(parquet.Leaf(parquet.ByteArrayType)))
	root.add("headers", parquet.List(header))
	return parquet.NewSchema("record", root)
}

// node returns the type of a column.
func (s *Shape) node() parquet.Node {
	var n parquet.Node
	switch s.Type {
	case Bool:
		n = parquet.Leaf(parquet.BooleanType)
	case Int:
		n = parquet.Int(64)
	case Double:
		n = parquet.Leaf(parquet.DoubleType)
	case String:
		n = parquet.String()
	case Bytes:
		n = parquet.Leaf(parquet.ByteArrayType)
	case Timestamp:
		n = parquet.Timestamp(parquet.Microsecond)
	case Date:
		n = parquet.Date()
	case List:
		n = parquet.List(s.Elem.node())
	case Struct:
		group := &ordered{}
		for _, f := range s.Fields {
			group.add(f.Name, f.Shape.node())
		}
		n = group
	default:
		n = parquet.JSON()
	}
	return parquet.Optional(n)
}
