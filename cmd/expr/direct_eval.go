package expr

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/itchyny/gojq"
)

// kind is a type of jq's, in the order that values of different types have. A number in a
// slot is a kindNumber; as a value it is a kindInt or a kindFloat.
type kind uint8

const (
	kindNone kind = iota // there is none; as a result: no result
	kindNull
	kindFalse
	kindTrue
	kindNumber
	kindInt
	kindFloat
	kindString
	kindArray
	kindObject
)

// value is a result; arrays and objects are not looked into.
type value struct {
	kind  kind
	int   int
	float float64
	text  []byte
}

func boolean(b bool) value {
	if b {
		return value{kind: kindTrue}
	}
	return value{kind: kindFalse}
}

// truth reports what and, or, not, select and --filter take v for.
func (v *value) truth() bool { return v.kind > kindFalse }

// match reports whether the expression matches, unless that is for gojq to say.
func (d *direct) match(r *Record) (match, certain bool) {
	l := look{r: r, steps: d.steps}
	v, ok := l.eval(d.root)
	return v.truth(), ok
}

// result returns the result of the expression as gojq would, and whether there is one, unless
// that is for gojq to say: arrays, objects, and numbers that are no integers, which it prints as
// they were written.
func (d *direct) result(r *Record) (v any, has, certain bool) {
	l := look{r: r, steps: d.steps}
	found, ok := l.eval(d.root)
	if !ok {
		return nil, false, false
	}
	switch found.kind {
	case kindNone:
		return nil, false, true
	case kindNull:
		return nil, true, true
	case kindFalse, kindTrue:
		return found.kind == kindTrue, true, true
	case kindInt:
		return found.int, true, true
	case kindString:
		return string(found.text), true, true
	}
	return nil, false, false
}

// eval returns the result of n. What is not ok is for gojq to say.
func (l *look) eval(n *node) (value, bool) {
	switch n.op {
	case opConst:
		return n.val, true
	case opPath:
		return l.path(n.step)
	case opInput, opHeaders:
		return value{kind: kindObject}, true
	case opHeader:
		return l.header(n.text)
	case opTopic:
		return value{kind: kindString, text: []byte(l.r.Topic)}, true
	case opPartition:
		return integer(int64(l.r.Partition))
	case opOffset:
		return integer(l.r.Offset)
	case opTimestamp:
		return integer(l.r.Timestamp)
	case opHas:
		return l.has(n)
	}
	left, ok := l.eval(n.l)
	if !ok {
		return left, false
	}
	switch n.op {
	case opPipe:
		if left.kind == kindNone {
			return left, true
		}
		return l.eval(n.r)
	case opSelect:
		if left.kind == kindNone || !left.truth() {
			return value{}, true
		}
		return l.eval(n.r)
	}
	if left.kind == kindNone {
		return left, false
	}
	switch n.op {
	case opNot:
		return boolean(!left.truth()), true
	case opAnd, opOr:
		if left.truth() == (n.op == opOr) {
			return boolean(left.truth()), true
		}
		right, ok := l.eval(n.r)
		return boolean(right.truth()), ok && right.kind != kindNone
	case opAlt:
		if left.truth() {
			return left, true
		}
		return l.eval(n.r)
	case opCompare, opCalculate:
		right, ok := l.eval(n.r)
		if !ok || right.kind == kindNone {
			return right, false
		}
		if n.op == opCompare {
			return compare(n.operator, &left, &right)
		}
		return calculate(n.operator, &left, &right)
	}
	if left.kind != kindString {
		return left, false
	}
	switch n.op {
	case opTest:
		return boolean(n.regex.Match(left.text)), true
	case opStarts:
		return boolean(bytes.HasPrefix(left.text, n.val.text)), true
	case opEnds:
		return boolean(bytes.HasSuffix(left.text, n.val.text)), true
	default: // opContains
		return boolean(bytes.Contains(left.text, n.val.text)), true
	}
}

func integer(n int64) (value, bool) {
	return value{kind: kindInt, int: int(n)}, int64(int(n)) == n
}

func (l *look) header(name string) (value, bool) {
	found := value{kind: kindNull}
	for i := range l.r.Headers {
		h := &l.r.Headers[i]
		if !utf8.ValidString(h.Key) { // it is seen as base64
			return found, false
		}
		switch {
		case h.Key != name:
		case h.Value == nil:
			found = value{kind: kindNull}
		default:
			found = value{kind: kindString, text: h.Value}
		}
	}
	return found, utf8.Valid(found.text)
}

func (l *look) has(n *node) (value, bool) {
	if n.l.op == opHeaders {
		found := false
		for i := range l.r.Headers {
			if !utf8.ValidString(l.r.Headers[i].Key) {
				return value{}, false
			}
			found = found || l.r.Headers[i].Key == n.text
		}
		return boolean(found), true
	}
	of, ok := l.slot(n.l.step)
	switch {
	case !ok:
	case of.kind == kindNull, of.kind == kindNone:
		return value{kind: kindFalse}, true
	case of.kind == kindObject:
		return boolean(l.slots[n.step].kind != kindNone), true
	}
	return value{}, false
}

// slot returns the slot of a step when everything on the way to it can be gone through.
func (l *look) slot(s int32) (*slot, bool) {
	if s <= stepKey {
		return &l.slots[s], l.walk(s)
	}
	above, ok := l.slot(l.steps[s].parent)
	switch {
	case !ok:
		return nil, false
	case above.kind == kindNone, above.kind == kindNull,
		above.kind == kindObject && !l.steps[s].isIndex,
		above.kind == kindArray && l.steps[s].isIndex:
		return &l.slots[s], true
	}
	return nil, false
}

func (l *look) path(s int32) (value, bool) {
	at, ok := l.slot(s)
	if !ok {
		return value{}, false
	}
	if at.kind == kindNone {
		return value{kind: kindNull}, true
	}
	if at.kind != kindString && at.kind != kindNumber {
		return value{kind: at.kind}, true
	}
	root := s
	for root > stepKey {
		root = l.steps[root].parent
	}
	data := l.data(root)[at.start:at.end]
	if at.kind == kindNumber {
		return parseNumber(data)
	}
	if l.bare[root] {
		return value{kind: kindString, text: data}, true
	}
	if text := data[1 : len(data)-1]; bytes.IndexByte(text, '\\') < 0 {
		return value{kind: kindString, text: text}, true
	}
	text, err := jsontext.AppendUnquote(nil, data)
	return value{kind: kindString, text: text}, err == nil
}

// parseNumber reads a number of JSON as gojq does: an int, or else a float64. Those that are
// neither are gojq's.
func parseNumber(data []byte) (value, bool) {
	if n, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		return integer(n)
	}
	if !bytes.ContainsAny(data, ".eE") {
		return value{}, false
	}
	f, err := strconv.ParseFloat(string(data), 64)
	return value{kind: kindFloat, float: f}, err == nil
}

// inOrder is 0 for equal values, and less or more than 0 as l comes before or after r.
func inOrder(l, r *value) (int, bool) {
	switch {
	case l.kind == kindInt && r.kind == kindInt:
		return cmp.Compare(l.int, r.int), true
	case l.isNumber() && r.isNumber():
		switch lf, rf := l.asFloat(), r.asFloat(); {
		case lf < rf || math.IsNaN(lf): // NaN comes before everything, itself too
			return -1, true
		case lf == rf:
			return 0, true
		}
		return 1, true
	case l.kind == kindString && r.kind == kindString:
		return bytes.Compare(l.text, r.text), true
	case l.kind != r.kind:
		return cmp.Compare(l.kind, r.kind), true
	}
	return 0, l.kind < kindArray
}

func (v *value) isNumber() bool { return v.kind == kindInt || v.kind == kindFloat }

func (v *value) asFloat() float64 {
	if v.kind == kindInt {
		return float64(v.int)
	}
	return v.float
}

func compare(by gojq.Operator, l, r *value) (value, bool) {
	n, ok := inOrder(l, r)
	var holds bool
	switch by {
	case gojq.OpEq:
		holds = n == 0
	case gojq.OpNe:
		holds = n != 0
	case gojq.OpGt:
		holds = n > 0
	case gojq.OpLt:
		holds = n < 0
	case gojq.OpGe:
		holds = n >= 0
	case gojq.OpLe:
		holds = n <= 0
	}
	return boolean(holds), ok
}

// calculate does what is certain to stay within its type: no integer that overflows, no
// division by zero or -1, no remainder of decimals.
func calculate(by gojq.Operator, l, r *value) (value, bool) {
	switch {
	case !l.isNumber() || !r.isNumber():
		return value{}, false
	case l.kind == kindInt && r.kind == kindInt:
		return calculateInts(by, l.int, r.int)
	}
	lf, rf := l.asFloat(), r.asFloat()
	switch by {
	case gojq.OpAdd:
		return value{kind: kindFloat, float: lf + rf}, true
	case gojq.OpSub:
		return value{kind: kindFloat, float: lf - rf}, true
	case gojq.OpMul:
		return value{kind: kindFloat, float: lf * rf}, true
	case gojq.OpDiv:
		return value{kind: kindFloat, float: lf / rf}, rf != 0
	}
	return value{}, false
}

func calculateInts(by gojq.Operator, l, r int) (value, bool) {
	n, ok := 0, false
	switch by {
	case gojq.OpAdd:
		n = l + r
		ok = (n >= l) == (r >= 0)
	case gojq.OpSub:
		n = l - r
		ok = (n <= l) == (r >= 0)
	case gojq.OpMul:
		n = l * r
		ok = r != -1 && (r == 0 || n/r == l)
	case gojq.OpDiv:
		if r == 0 || r == -1 {
			break
		}
		if l%r != 0 {
			return value{kind: kindFloat, float: float64(l) / float64(r)}, true
		}
		n, ok = l/r, true
	case gojq.OpMod:
		if r != 0 && r != -1 {
			n, ok = l%r, true
		}
	}
	return value{kind: kindInt, int: n}, ok
}
