package profile

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/jqpath"
)

// Limits of the fields that are told apart: in all, in one object, how deep, and how
// long a name may be. Objects whose names are data, such as ids, would fill the memory.
const (
	defaultFields = 1000
	maxMembers    = 256
	maxLevels     = 32
	maxName       = 256
)

// kind is a type of JSON; numbers without a fraction and an exponent are integers.
type kind uint8

const (
	isNull kind = iota
	isBoolean
	isInteger
	isNumber
	isString
	isArray
	isObject
	kinds
)

func (k kind) String() string {
	return [kinds]string{"null", "boolean", "integer", "number", "string", "array", "object"}[k]
}

// field is a place in JSON values.
type field struct {
	step    jqpath.Step
	level   int
	members []*field // those of rules, then in the order in which they were first seen
	byName  map[string]int
	element *field

	first   int64 // 1 for the field that was seen first of all; 0: not seen
	present int64 // values that have it
	count   int64 // how often it was there in all
	kinds   [kinds]int64
	serial  int64 // of the value that had it last
}

// tree has the fields of all values so far.
type tree struct {
	root   field
	room   int   // for further fields
	found  int64 // fields that were seen
	values int64 // that are not null, JSON or not
	full   bool  // there are fields that are not counted
	serial int64
	name   []byte // of the member at hand, without its escapes
}

func newTree(limit int, rules []*Rule) tree {
	if limit <= 0 {
		limit = defaultFields
	}
	t := tree{room: limit}
	for _, r := range rules {
		f := &t.root
		for _, s := range r.path {
			if s.Kind == jqpath.Elements {
				f = t.elementOf(f, true)
			} else {
				f = t.memberOf(f, []byte(s.Name), true)
			}
		}
	}
	return t
}

// hasRoom reports whether there is room for a field below f, whose name has so many bytes.
func (t *tree) hasRoom(f *field, name int) bool {
	if t.room > 0 && len(f.members) < maxMembers && f.level < maxLevels && name <= maxName {
		return true
	}
	t.full = true
	return false
}

// elementOf finds the elements of an array or makes them, unless there is no room.
func (t *tree) elementOf(f *field, always bool) *field {
	if f.element == nil && (always || t.hasRoom(f, 0)) {
		t.room--
		f.element = &field{step: jqpath.Step{Kind: jqpath.Elements}, level: f.level + 1}
	}
	return f.element
}

// memberOf finds a member by its name or makes it, unless there is no room.
func (t *tree) memberOf(f *field, name []byte, always bool) *field {
	if i, ok := f.byName[string(name)]; ok {
		return f.members[i]
	}
	if !always && !t.hasRoom(f, len(name)) {
		return nil
	}
	t.room--
	m := &field{step: jqpath.Step{Name: string(name)}, level: f.level + 1}
	if f.byName == nil {
		f.byName = map[string]int{}
	}
	f.byName[m.step.Name] = len(f.members)
	f.members = append(f.members, m)
	return m
}

// add counts the fields of one value, which is valid JSON. White space may stand between
// its tokens.
func (t *tree) add(json []byte) {
	t.serial++
	t.value(&t.root, json, space(json, 0))
}

// seen counts f in the value at hand.
func (t *tree) seen(f *field, k kind) {
	if f.count++; f.count == 1 {
		t.found++
		f.first = t.found
	}
	f.kinds[k]++
	if f.serial != t.serial {
		f.serial = t.serial
		f.present++
	}
}

// value counts what begins at i as f and returns the offset behind it. A nil f is only
// stepped over.
func (t *tree) value(f *field, json []byte, i int) int {
	if f == nil {
		return skip(json, i)
	}
	switch json[i] {
	case '{':
		t.seen(f, isObject)
		return t.object(f, json, i)
	case '[':
		t.seen(f, isArray)
		return t.array(f, json, i)
	case '"':
		t.seen(f, isString)
		return skipString(json, i)
	case 't':
		t.seen(f, isBoolean)
		return i + len("true")
	case 'f':
		t.seen(f, isBoolean)
		return i + len("false")
	case 'n':
		t.seen(f, isNull)
		return i + len("null")
	}
	k := isInteger
	for ; i < len(json); i++ {
		switch c := json[i]; {
		case c >= '0' && c <= '9', c == '-':
		case c == '.' || c == 'e' || c == 'E' || c == '+':
			k = isNumber
		default:
			t.seen(f, k)
			return i
		}
	}
	t.seen(f, k)
	return i
}

// object counts the members of the object at i. Objects of one kind mostly have the same
// members in the same order, so the one that came next last time is tried first.
func (t *tree) object(f *field, json []byte, i int) int {
	next := 0
	for i = space(json, i+1); json[i] != '}'; {
		end := i + 1
		for json[end] != '"' && json[end] != '\\' {
			end++
		}
		name := json[i+1 : end]
		if json[end] == '\\' {
			end = skipString(json, i) - 1
			t.name, _ = jsontext.AppendUnquote(t.name[:0], json[i:end+1]) // a lone surrogate is replaced
			name = t.name
		}
		var member *field
		if next < len(f.members) && f.members[next].step.Name == string(name) {
			member = f.members[next]
			next++
		} else if at, ok := f.byName[string(name)]; ok {
			member, next = f.members[at], at+1
		} else {
			member = t.memberOf(f, name, false)
		}
		i = space(json, end+1) // of the colon
		i = space(json, t.value(member, json, space(json, i+1)))
		if json[i] == ',' {
			i = space(json, i+1)
		}
	}
	return i + 1
}

// array counts the elements of the array at i.
func (t *tree) array(f *field, json []byte, i int) int {
	i = space(json, i+1)
	if json[i] == ']' {
		return i + 1
	}
	element := t.elementOf(f, false)
	for {
		i = space(json, t.value(element, json, i))
		if json[i] == ']' {
			return i + 1
		}
		i = space(json, i+1) // behind the comma
	}
}

// space returns the offset of the first byte from i on that is no white space.
func space(json []byte, i int) int {
	for i < len(json) && json[i] <= ' ' {
		i++
	}
	return i
}

// skip returns the offset behind the value at i, which is valid.
func skip(json []byte, i int) int {
	depth := 0
	for {
		switch json[i] {
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case '"':
			i = skipString(json, i)
		case ',', ':', ' ', '\t', '\n', '\r':
			i++
			continue
		default:
			for i < len(json) && json[i] > ' ' && json[i] != ',' && json[i] != '}' && json[i] != ']' {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// skipString returns the offset behind the string whose opening quote is at i.
func skipString(json []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(json[i:], '"')
		slashes := 0
		for json[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// find returns the field at the path of a rule, which newTree has made.
func (t *tree) find(p jqpath.Path) *field {
	f := &t.root
	for _, s := range p {
		if s.Kind == jqpath.Elements {
			f = f.element
		} else {
			f = f.members[f.byName[s.Name]]
		}
	}
	return f
}
