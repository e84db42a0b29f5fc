package columns

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// FromAvro returns the columns of an Avro schema, for values that are plain JSON: logical
// types as what they mean, unions without their branches. What has no type here, such as
// a map or a union of several types, is JSON; what is unknown comes from the rows.
// The name is that of the record, with its namespace. Text that is no schema gives
// nil.
func FromAvro(text []byte) (s *Shape, name string) {
	var schema any
	if json.Unmarshal(text, &schema) != nil {
		return nil, ""
	}
	r := avroReader{named: map[string]*Shape{}}
	s = r.shape(schema, "", 0)
	if m, ok := schema.(map[string]any); ok {
		name, _ = m["name"].(string)
		name = fullName(name, textOf(m, "namespace"))
	}
	return s, name
}

// avroReader knows the types that were defined so far. One that is not finished is nil: a
// type in itself has no columns.
type avroReader struct{ named map[string]*Shape }

func fullName(name, namespace string) string {
	if namespace == "" || strings.Contains(name, ".") {
		return name
	}
	return namespace + "." + name
}

// textOf returns a member that is a string.
func textOf(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

func (r *avroReader) shape(schema any, namespace string, depth int) *Shape {
	if depth > mostDepth {
		return &Shape{Type: JSON}
	}
	switch t := schema.(type) {
	case string:
		return r.byName(t, namespace)
	case []any:
		var only any
		for _, branch := range t {
			switch {
			case branch == "null":
			case only != nil:
				return &Shape{Type: JSON}
			default:
				only = branch
			}
		}
		return r.shape(only, namespace, depth+1)
	case map[string]any:
		return r.defined(t, namespace, depth)
	}
	return &Shape{}
}

// byName returns a type by its name.
func (r *avroReader) byName(name, namespace string) *Shape {
	switch name {
	case "boolean":
		return &Shape{Type: Bool}
	case "int", "long":
		return &Shape{Type: Int}
	case "float", "double":
		return &Shape{Type: Double}
	case "string":
		return &Shape{Type: String}
	case "bytes": // they have several forms in JSON: the rows tell
		return &Shape{Logical: LogicalBytes}
	case "null":
		return &Shape{}
	}
	if s, ok := r.named[fullName(name, namespace)]; ok && s != nil {
		return s.clone()
	}
	return &Shape{Type: JSON}
}

// defined returns a type that is an object in the schema.
func (r *avroReader) defined(m map[string]any, namespace string, depth int) *Shape {
	kind, named := m["type"].(string)
	if !named {
		return r.shape(m["type"], namespace, depth+1)
	}
	if ns := textOf(m, "namespace"); ns != "" {
		namespace = ns
	}
	name := fullName(textOf(m, "name"), namespace)
	switch kind {
	case "record", "error":
		if at := strings.LastIndexByte(name, '.'); at >= 0 {
			namespace = name[:at]
		}
		r.named[name] = nil
		s := &Shape{Type: Struct}
		fields, _ := m["fields"].([]any)
		for _, f := range fields {
			if field, ok := f.(map[string]any); ok {
				*s.field(textOf(field, "name")) = *r.shape(field["type"], namespace, depth+1)
			}
		}
		r.named[name] = s
		return s
	case "enum":
		r.named[name] = &Shape{Type: String}
		return &Shape{Type: String}
	case "fixed":
		logical := logicalOf(m)
		if logical == "" && textOf(m, "logicalType") == "" {
			logical = LogicalBytes
		}
		r.named[name] = &Shape{Logical: logical}
		return &Shape{Logical: logical}
	case "array":
		return &Shape{Type: List, Elem: r.shape(m["items"], namespace, depth+1)}
	case "map":
		return &Shape{Type: JSON}
	}
	switch textOf(m, "logicalType") {
	case "timestamp-millis", "timestamp-micros":
		return &Shape{Type: Timestamp}
	case "date":
		return &Shape{Type: Date}
	case "":
		return r.byName(kind, namespace)
	}
	return &Shape{Logical: logicalOf(m)} // others have forms of their own: the rows tell
}

// What Shape.Logical may be.
const (
	LogicalDecimal  = "decimal"
	LogicalUUID     = "uuid"
	LogicalBytes    = "bytes"
	LogicalUnsigned = "unsigned" // 64 bits without a sign
)

func logicalOf(m map[string]any) string {
	switch l := textOf(m, "logicalType"); l {
	case "decimal", "big-decimal":
		return LogicalDecimal
	case LogicalUUID:
		return l
	}
	return ""
}

// FromJSONSchema returns the columns of a JSON Schema as far as it tells types in its
// properties and items; the rest comes from the rows. It returns nil for text that is no
// schema.
func FromJSONSchema(text []byte) *Shape {
	var schema map[string]any
	if json.Unmarshal(text, &schema) != nil {
		return nil
	}
	return jsonShape(schema, 0)
}

func jsonShape(schema map[string]any, depth int) *Shape {
	s := &Shape{}
	if depth > mostDepth {
		return s
	}
	switch only(schema["type"]) {
	case "boolean":
		s.Type = Bool
	case "integer":
		s.Type = Int
	case "number":
		s.Type = Double
	case "string":
		s.Type = String
	case "array":
		s.Type, s.Elem = List, &Shape{}
		if items, ok := schema["items"].(map[string]any); ok {
			s.Elem = jsonShape(items, depth+1)
		}
	case "object":
		properties, _ := schema["properties"].(map[string]any)
		if len(properties) == 0 {
			return s
		}
		s.Type = Struct
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if p, ok := properties[name].(map[string]any); ok {
				*s.field(name) = *jsonShape(p, depth+1)
			}
		}
	}
	return s
}

// only returns the type, when it is one beside null.
func only(t any) string {
	one, ok := t.(string)
	if ok {
		return one
	}
	list, _ := t.([]any)
	for _, t := range list {
		switch name, _ := t.(string); {
		case name == "null":
		case one != "":
			return ""
		default:
			one = name
		}
	}
	return one
}
