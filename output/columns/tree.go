package columns

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Kinds of a JSON value.
const (
	isNull byte = iota
	isBool
	isNumber
	isString
	isList
	isObject
)

// node is a value in a tree, which is a slice of nodes in the order of the text: the
// members of a list or an object follow it.
type node struct {
	kind  byte
	name  []byte // of a member, without escapes
	text  []byte // as it stands in the JSON; of a string without quotes and escapes
	lone  bool   // text has U+FFFD where the string has a lone surrogate
	raw   []byte // of a string or number as it stands; nil for the others until they end
	after int    // index of the node behind it and all that is in it
	count int    // of members
}

// tree takes JSON apart. It belongs to one goroutine; the nodes point into the text and
// into the tree until the next call.
type tree struct {
	nodes []node
	names []byte
	data  []byte
	pos   int
}

// mostDepth is where nesting ends to become columns; deeper values stay JSON.
const mostDepth = 64

// parse reads one value, which must be valid JSON, and reports whether it is not too deep.
func (t *tree) parse(data []byte) bool {
	t.nodes, t.names, t.data, t.pos = t.nodes[:0], t.names[:0], data, 0
	if cap(t.names) < len(data) { // so that it never moves
		t.names = make([]byte, 0, 2*len(data))
	}
	return t.value(nil, 0)
}

func (t *tree) space() {
	for t.pos < len(t.data) && (t.data[t.pos] == ' ' || t.data[t.pos] == '\n' || t.data[t.pos] == '\t' || t.data[t.pos] == '\r') {
		t.pos++
	}
}

func (t *tree) value(name []byte, depth int) bool {
	t.space()
	if t.pos >= len(t.data) || depth > mostDepth {
		return false
	}
	at := len(t.nodes)
	t.nodes = append(t.nodes, node{name: name})
	start := t.pos
	n := &t.nodes[at]
	switch c := t.data[t.pos]; c {
	case '{', '[':
		n.kind = isObject
		if c == '[' {
			n.kind = isList
		}
		count, ok := t.members(n.kind, depth)
		if !ok {
			return false
		}
		n = &t.nodes[at] // it may have moved
		n.count = count
	case '"':
		n.kind = isString
		n.text, n.lone = t.quoted()
	default:
		for t.pos < len(t.data) && !bytes.ContainsRune([]byte(",]} \n\t\r"), rune(t.data[t.pos])) {
			t.pos++
		}
		switch c {
		case 'n':
			n.kind = isNull
		case 't', 'f':
			n.kind = isBool
		default:
			n.kind = isNumber
		}
		n.text = t.data[start:t.pos]
	}
	n.raw = t.data[start:t.pos:t.pos]
	n.after = len(t.nodes)
	return true
}

// members reads what stands in a list or an object, and the bracket behind it.
func (t *tree) members(kind byte, depth int) (count int, ok bool) {
	for t.pos++; ; t.pos++ { // behind the bracket, then behind each comma
		t.space()
		if t.pos >= len(t.data) {
			return 0, false
		}
		if c := t.data[t.pos]; c == ']' || c == '}' {
			t.pos++
			return count, true
		}
		var name []byte
		if kind == isObject {
			name, _ = t.quoted()
			t.space()
			t.pos++ // the colon
		}
		if !t.value(name, depth+1) {
			return 0, false
		}
		count++
		t.space()
		if t.pos >= len(t.data) {
			return 0, false
		}
		if t.data[t.pos] != ',' {
			t.pos++
			return count, true
		}
	}
}

// quoted reads a string, and reports whether it has lone surrogates.
func (t *tree) quoted() (text []byte, lone bool) {
	start, escaped := t.pos, false
	for t.pos++; t.pos < len(t.data) && t.data[t.pos] != '"'; t.pos++ {
		if t.data[t.pos] == '\\' {
			escaped = true
			t.pos++
		}
	}
	t.pos = min(t.pos+1, len(t.data))
	quoted := t.data[start:t.pos]
	if !escaped && len(quoted) > 1 {
		return quoted[1 : len(quoted)-1], false
	}
	from := len(t.names)
	var err error
	t.names, err = jsontext.AppendUnquote(t.names, quoted) // of valid JSON it complains of nothing else
	return t.names[from:len(t.names):len(t.names)], err != nil
}
