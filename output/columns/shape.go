package columns

import (
	"bytes"
	"math"
	"strconv"
)

// Type is what a column holds.
type Type string

// The types of columns.
const (
	Null      Type = ""          // nothing but null was seen
	Bool      Type = "bool"      // a boolean
	Int       Type = "int"       // 64 bits
	Double    Type = "double"    // IEEE 754, 64 bits
	String    Type = "string"    // UTF-8
	Bytes     Type = "bytes"     // any bytes
	Timestamp Type = "timestamp" // microseconds, UTC; RFC 3339 in JSON
	Date      Type = "date"      // days; 2006-01-02 in JSON
	List      Type = "list"      // of Elem
	Struct    Type = "struct"    // of Fields
	JSON      Type = "json"      // JSON text
)

// mostColumns is how many columns the fields of one structure may make; a structure
// with more is rather a map, and becomes JSON.
const mostColumns = 1000

// Shape is the type of a column and of what is in it.
type Shape struct {
	Type   Type    `json:"type,omitempty"`
	Elem   *Shape  `json:"elem,omitempty"`
	Fields []Field `json:"fields,omitempty"`
	// Logical is what a schema calls the type, where databases have one that files of columns
	// have not: decimal, uuid, bytes, unsigned. Type is then that of its JSON.
	Logical string `json:"-"`

	index       map[string]int // of Fields
	first, last int            // leaf columns, last not included
	levels      int            // definition level of a value that is there
	repeats     int            // repetition level of an element that is not the first
}

// Field is a member of a structure.
type Field struct {
	Name  string `json:"name"`
	Shape *Shape `json:"shape"`
}

// widen makes s fit the value at index i of the tree too.
func (s *Shape) widen(nodes []node, i int) {
	n := &nodes[i]
	if n.kind == isNull || s.Type == JSON {
		return
	}
	seen := typeOf(n)
	switch {
	case s.Type == Null:
		s.Type = seen
	case s.Type == seen:
	case s.Type == Int && seen == Double && n.kind == isNumber, s.Type == Double && seen == Int:
		s.Type = Double
	case s.Type == Timestamp && seen == String, s.Type == Date && seen == String: // by a schema
	default:
		s.becomeJSON()
		return
	}
	switch s.Type {
	case List:
		if s.Elem == nil {
			s.Elem = &Shape{}
		}
		for at := i + 1; at < n.after; at = nodes[at].after {
			s.Elem.widen(nodes, at)
		}
	case Struct:
		s.widenFields(nodes, i)
	}
}

func (s *Shape) widenFields(nodes []node, i int) {
	for at := i + 1; at < nodes[i].after; at = nodes[at].after {
		s.field(string(nodes[at].name)).widen(nodes, at)
		if len(s.Fields) > mostColumns {
			s.becomeJSON()
			return
		}
	}
}

// field returns the shape of a member, a new one if there is none.
func (s *Shape) field(name string) *Shape {
	if s.index == nil {
		s.index = make(map[string]int, len(s.Fields))
		for i := range s.Fields {
			s.index[s.Fields[i].Name] = i
		}
	}
	i, ok := s.index[name]
	if !ok {
		i = len(s.Fields)
		s.index[name] = i
		s.Fields = append(s.Fields, Field{name, &Shape{}})
	}
	return s.Fields[i].Shape
}

func (s *Shape) becomeJSON() { *s = Shape{Type: JSON} }

// join makes s fit everything that fits o.
func (s *Shape) join(o *Shape) {
	switch {
	case o == nil || o.Type == Null || s.Type == JSON:
		return
	case s.Type == Null:
		s.Type = o.Type
	case s.Type == o.Type:
	case s.Type == Int && o.Type == Double, s.Type == Double && o.Type == Int:
		s.Type = Double
		return
	default:
		s.becomeJSON()
		return
	}
	if o.Elem != nil {
		if s.Elem == nil {
			s.Elem = &Shape{}
		}
		s.Elem.join(o.Elem)
	}
	for _, f := range o.Fields {
		s.field(f.Name).join(f.Shape)
	}
}

// settle sets a type that holds anything where none is known, so that the shape can be
// written. Structures without members and lists of nothing are such.
func (s *Shape) settle() {
	switch s.Type {
	case Null:
		s.Type = JSON
	case List:
		if s.Elem == nil {
			s.Elem = &Shape{}
		}
		s.Elem.settle()
	case Struct:
		for _, f := range s.Fields {
			f.Shape.settle()
		}
		if len(s.Fields) == 0 || s.leaves() > mostColumns {
			s.becomeJSON()
		}
	}
}

// leaves returns the number of columns of the shape.
func (s *Shape) leaves() int {
	switch s.Type {
	case List:
		return s.Elem.leaves()
	case Struct:
		n := 0
		for _, f := range s.Fields {
			n += f.Shape.leaves()
		}
		return n
	}
	return 1
}

// clone copies the shape, without places.
func (s *Shape) clone() *Shape {
	c := &Shape{Logical: s.Logical}
	c.join(s)
	return c
}

// typeOf returns the narrowest type for a JSON value other than null.
func typeOf(n *node) Type {
	switch n.kind {
	case isBool:
		return Bool
	case isString:
		return String
	case isList:
		return List
	case isObject:
		return Struct
	}
	if _, ok := integer(n.text); ok {
		return Int
	}
	if _, ok := double(n.text); ok {
		return Double
	}
	return JSON
}

// integer reads a number without a fraction or an exponent.
func integer(text []byte) (int64, bool) {
	if len(text) == 2 && text[0] == '-' && text[1] == '0' {
		return 0, false // a double has a negative zero
	}
	v, err := strconv.ParseInt(string(text), 10, 64)
	return v, err == nil
}

// double reads a number that a double holds as it is written: its shortest form has the
// same digits.
func double(text []byte) (float64, bool) {
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, false
	}
	var buf [32]byte
	digits, exponent := decimal(text)
	shortest, shortestExponent := decimal(strconv.AppendFloat(buf[:0], v, 'e', -1, 64))
	return v, digits == shortest && (digits == "" || exponent == shortestExponent)
}

// decimal returns the digits of a number without zeros around them, and the power of ten
// of the first. A number is equal to another when sign, digits and power are.
func decimal(text []byte) (digits string, exponent int64) {
	mantissa, power, _ := bytes.Cut(bytes.ToLower(bytes.TrimPrefix(text, []byte("-"))), []byte("e"))
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	all := string(whole) + string(fraction)
	exponent = int64(len(whole))
	for len(all) > 0 && all[0] == '0' {
		all, exponent = all[1:], exponent-1
	}
	for len(all) > 0 && all[len(all)-1] == '0' {
		all = all[:len(all)-1]
	}
	if len(power) > 0 {
		p, err := strconv.ParseInt(string(power), 10, 32)
		if err != nil {
			return "?", 0
		}
		exponent += p
	}
	return all, exponent
}
