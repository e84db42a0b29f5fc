package columns

import (
	"encoding/json"
	"strconv"
	"strings"
)

// avroNames makes the names that Avro allows: letters, digits and underscores, and a
// different one for each record.
type avroNames struct{ records map[string]bool }

// word turns a name into one that Avro allows.
func word(name string) string {
	var b strings.Builder
	for i, c := range name {
		switch {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9' && i > 0:
			b.WriteRune(c)
		case '0' <= c && c <= '9':
			b.WriteByte('_')
			b.WriteRune(c)
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

// fresh returns name, or name with the first number that makes it new.
func fresh(taken map[string]bool, name string) string {
	one := name
	for i := 2; taken[one]; i++ {
		one = name + "_" + strconv.Itoa(i)
	}
	taken[one] = true
	return one
}

// avroField is a field of a record in a schema.
type avroField struct {
	Name string `json:"name"`
	Type any    `json:"type"`
	// Doc is the name as it is in the JSON, where Avro does not allow that.
	Doc string `json:"doc,omitempty"`
}

type avroRecord struct {
	Type   string      `json:"type"`
	Name   string      `json:"name"`
	Fields []avroField `json:"fields"`
}

type avroLogical struct {
	Type    string `json:"type"`
	Logical string `json:"logicalType"`
}

type avroArray struct {
	Type  string `json:"type"`
	Items any    `json:"items"`
}

func avroOptional(t any) any { return []any{"null", t} }

// avroSchema returns the schema of rows with these shapes.
func avroSchema(s shapes) ([]byte, error) {
	names := avroNames{map[string]bool{}}
	fields := []avroField{
		{Name: "topic", Type: "string"},
		{Name: "partition", Type: "int"},
		{Name: "offset", Type: "long"},
		{Name: "timestamp", Type: avroOptional(avroLogical{"long", "timestamp-millis"})},
		{Name: "timestamp_type", Type: avroOptional("string")},
	}
	for i, name := range partNames() {
		fields = append(
			fields, avroField{Name: name, Type: names.typeOf(s[i], name)},
			avroField{Name: name + "_json", Type: avroOptional("string")}, avroField{Name: name + "_bytes", Type: avroOptional("bytes")},
			avroField{Name: name + "_schema", Type: avroOptional("string")}, avroField{Name: name + "_error", Type: avroOptional("string")},
		)
	}
	header := avroRecord{"record", "Header", []avroField{{Name: "key", Type: "string"}, {Name: "value", Type: avroOptional("bytes")}}}
	fields = append(fields, avroField{Name: "headers", Type: avroArray{"array", header}})
	return json.Marshal(avroRecord{"record", "Record", fields})
}

// typeOf returns the type of a column; name is where it stands.
func (n *avroNames) typeOf(s *Shape, name string) any {
	var t any
	switch s.Type {
	case Bool:
		t = "boolean"
	case Int:
		t = "long"
	case Double:
		t = "double"
	case Bytes:
		t = "bytes"
	case Timestamp:
		t = avroLogical{"long", "timestamp-micros"}
	case Date:
		t = avroLogical{"int", "date"}
	case List:
		t = avroArray{"array", n.typeOf(s.Elem, name+"_element")}
	case Struct:
		record := avroRecord{Type: "record", Name: fresh(n.records, word(name))}
		taken := map[string]bool{}
		for _, f := range s.Fields {
			field := avroField{Name: fresh(taken, word(f.Name))}
			if field.Name != f.Name {
				field.Doc = f.Name
			}
			field.Type = n.typeOf(f.Shape, name+"_"+word(f.Name))
			record.Fields = append(record.Fields, field)
		}
		t = record
	default:
		t = "string"
	}
	return avroOptional(t)
}
