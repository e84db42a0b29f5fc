package expr

import (
	"bytes"
	"math"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/output"
)

// look is a record as direct looks at it: what a walk over its value, and one over its
// key, found at the steps.
type look struct {
	r      *Record
	steps  []step
	walked [2]bool
	bare   [2]bool // it is no JSON, but a text
	slots  [maxSteps]slot
}

// slot is where in the bytes the value of a step is; the kind is kindNone where there is
// none.
type slot struct {
	kind       kind
	start, end int32
}

// walk fills the slots of the value, or the key, and reports whether they say what gojq
// would be given.
func (l *look) walk(root int32) bool {
	if l.walked[root] {
		return true
	}
	l.walked[root] = true
	data, parse := l.data(root), true
	if root == stepKey {
		parse = l.r.Key.Decoded || isContainer(data)
	}
	if len(data) > math.MaxInt32 {
		return false
	}
	if data == nil {
		l.slots[root].kind = kindNull
		return true
	}
	if parse {
		i, ok, certain := l.value(data, skipSpace(data, 0), root, 0)
		if !certain {
			return false
		}
		if ok && skipSpace(data, i) == len(data) {
			return true
		}
		l.forget(root)
	}
	l.bare[root] = true
	l.slots[root] = slot{kindString, 0, int32(len(data))}
	return utf8.Valid(data)
}

func (l *look) data(root int32) []byte {
	if root == stepKey {
		return l.r.Key.Data
	}
	return l.r.Value.Data
}

// value notes the value that starts at data[i], within depth arrays and objects, in the slot
// of step s, and what is in it in those of the steps below. It returns the offset after
// it; not ok is no JSON.
func (l *look) value(data []byte, i int, s int32, depth int) (end int, ok, certain bool) {
	if i >= len(data) {
		return i, false, true
	}
	var k kind
	certain = true
	switch data[i] {
	case '"':
		k = kindString
		end, ok = output.ScanString(data, i+1)
	case '{':
		k = kindObject
		if l.steps[s].child == 0 || depth == output.MaxNesting {
			end, ok = output.ScanValue(data, i, depth)
		} else {
			end, ok, certain = l.object(data, i+1, s, depth+1)
		}
	case '[':
		k = kindArray
		if l.steps[s].child == 0 || depth == output.MaxNesting {
			end, ok = output.ScanValue(data, i, depth)
		} else {
			end, ok, certain = l.array(data, i+1, s, depth+1)
		}
	default:
		k = kindOfScalar(data[i])
		end, ok = output.ScanValue(data, i, depth)
	}
	l.slots[s] = slot{k, int32(i), int32(end)}
	return end, ok, certain
}

func kindOfScalar(first byte) kind {
	switch first {
	case 'n':
		return kindNull
	case 't':
		return kindTrue
	case 'f':
		return kindFalse
	}
	return kindNumber
}

// object looks through the members of an object from after its brace.
func (l *look) object(data []byte, i int, s int32, depth int) (end int, ok, certain bool) {
	i = skipSpace(data, i)
	if i < len(data) && data[i] == '}' {
		return i + 1, true, true
	}
	for {
		if i >= len(data) || data[i] != '"' {
			return i, false, true
		}
		start := i + 1
		if i, ok = output.ScanString(data, start); !ok {
			return i, false, true
		}
		name := data[start : i-1]
		if i = skipSpace(data, i); i >= len(data) || data[i] != ':' {
			return i, false, true
		}
		i = skipSpace(data, i+1)
		to := l.steps[s].child
		if bytes.IndexByte(name, '\\') >= 0 {
			var err error
			if name, err = jsontext.AppendUnquote(nil, data[start-1:start+len(name)+1]); err != nil {
				return i, false, false
			}
		}
		for to != 0 && (l.steps[to].isIndex || l.steps[to].name != string(name)) {
			to = l.steps[to].next
		}
		if i, ok, certain = l.member(data, i, to, depth); !ok || !certain {
			return i, ok, certain
		}
		if i = skipSpace(data, i); i >= len(data) {
			return i, false, true
		}
		switch data[i] {
		case '}':
			return i + 1, true, true
		case ',':
			i = skipSpace(data, i+1)
		default:
			return i, false, true
		}
	}
}

// array looks through the items of an array from after its bracket.
func (l *look) array(data []byte, i int, s int32, depth int) (end int, ok, certain bool) {
	i = skipSpace(data, i)
	if i < len(data) && data[i] == ']' {
		return i + 1, true, true
	}
	for at := 0; ; at++ {
		to := l.steps[s].child
		for to != 0 && (!l.steps[to].isIndex || l.steps[to].index != at) {
			to = l.steps[to].next
		}
		if i, ok, certain = l.member(data, i, to, depth); !ok || !certain {
			return i, ok, certain
		}
		if i = skipSpace(data, i); i >= len(data) {
			return i, false, true
		}
		switch data[i] {
		case ']':
			return i + 1, true, true
		case ',':
			i = skipSpace(data, i+1)
		default:
			return i, false, true
		}
	}
}

// member goes over the value of a member; s is its step, 0 for none. Of members with the
// same name the last one counts.
func (l *look) member(data []byte, i int, s int32, depth int) (end int, ok, certain bool) {
	switch {
	case s != 0:
		if l.slots[s].kind != kindNone {
			l.forget(s)
		}
		return l.value(data, i, s, depth)
	case i < len(data) && data[i] == '"':
		end, ok = output.ScanString(data, i+1)
	default:
		end, ok = output.ScanValue(data, i, depth)
	}
	return end, ok, true
}

// forget empties the slots of step s and of those below.
func (l *look) forget(s int32) {
	l.slots[s] = slot{}
	for c := l.steps[s].child; c != 0; c = l.steps[c].next {
		l.forget(c)
	}
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\n' || data[i] == '\r') {
		i++
	}
	return i
}
