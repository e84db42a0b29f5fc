package expr

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/itchyny/gojq"
)

// direct is an expression of the common kind (paths, comparisons, and, or, not, tests of
// strings, arithmetic) as a tree that is evaluated over the bytes of a record. gojq says
// what an expression means; where direct cannot be certain to say the same, above all where
// gojq would report an error, it leaves the record to gojq.
type direct struct {
	root  *node
	steps []step
}

// op is what a node does.
type op uint8

const (
	opInput     op = iota // the record
	opTopic               //
	opPartition           //
	opOffset              //
	opTimestamp           //
	opHeaders             // the object of headers
	opHeader              // the header called text
	opPath                // what is at step
	opConst               // val
	opAnd                 // l and r; so on below
	opOr                  //
	opNot                 //
	opAlt                 // l // r
	opPipe                // r, if l has a result
	opSelect              // r, if l is true
	opCompare             //
	opCalculate           //
	opHas                 // whether l has the member text, which is at step
	opTest                // whether l, a string, matches regex
	opStarts              // whether l starts with val; so on below
	opEnds                //
	opContains            //
)

type node struct {
	op       op
	operator gojq.Operator // of opCompare, opCalculate
	l, r     *node
	step     int32
	val      value
	text     string
	regex    *regexp.Regexp
}

// The first two steps are where a walk begins.
const (
	stepValue = iota
	stepKey
)

// step is a name or an index on the way to what an expression looks at. child and next
// are other steps, 0 for none: the first step that goes on from this one, and the next one
// beside it.
type step struct {
	parent      int32
	child, next int32
	isIndex     bool
	name        string
	index       int
}

// maxSteps bounds what is kept for each record.
const maxSteps = 16

// newDirect returns nil when the query, about the record, is of another kind.
func newDirect(query *gojq.Query) *direct { return newDirectOf(query, &node{op: opInput}) }

// newDirectOfValue does the same for a query about the value alone.
func newDirectOfValue(query *gojq.Query) *direct {
	return newDirectOf(query, &node{op: opPath, step: stepValue})
}

func newDirectOf(query *gojq.Query, in *node) *direct {
	d := &direct{steps: make([]step, 2, maxSteps)}
	if d.root, _ = d.query(query, in); d.root == nil {
		return nil
	}
	return d
}

// query compiles q, whose input is the result of in. It returns a node, nil for a query of
// another kind, and the node whose result is the same wherever there is one: a select has
// its input as its result.
func (d *direct) query(q *gojq.Query, in *node) (result, same *node) {
	if q == nil || q.Meta != nil || len(q.Imports) > 0 || len(q.FuncDefs) > 0 || len(q.Patterns) > 0 {
		return nil, nil
	}
	if n := constant(q); n != nil {
		return n, n
	}
	if q.Term != nil {
		return d.term(q.Term, in)
	}
	l, between := d.query(q.Left, in)
	if l == nil {
		return nil, nil
	}
	if q.Op == gojq.OpPipe {
		return d.pipe(l, between, q.Right)
	}
	r, _ := d.query(q.Right, in)
	if r == nil {
		return nil, nil
	}
	n := &node{operator: q.Op, l: l, r: r}
	switch q.Op {
	case gojq.OpAnd:
		n.op = opAnd
	case gojq.OpOr:
		n.op = opOr
	case gojq.OpAlt:
		n.op = opAlt
	case gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		n.op = opCompare
	case gojq.OpAdd, gojq.OpSub, gojq.OpMul, gojq.OpDiv, gojq.OpMod:
		n.op = opCalculate
	default:
		return nil, nil
	}
	return n, n
}

func (d *direct) pipe(l, between *node, right *gojq.Query) (result, same *node) {
	r, same := d.query(right, between)
	switch {
	case r == nil:
		return nil, nil
	case l.op == opInput:
		return r, same
	case l == between && r.l == l && (r.op == opNot || r.op >= opHas): // which looks at l first of all
		return r, same
	}
	return &node{op: opPipe, l: l, r: r}, same
}

func (d *direct) term(t *gojq.Term, in *node) (result, same *node) {
	n := in
	switch t.Type {
	case gojq.TermTypeIdentity:
	case gojq.TermTypeIndex:
		n = d.index(in, t.Index)
	case gojq.TermTypeFunc:
		if len(t.SuffixList) > 0 {
			return nil, nil
		}
		return d.function(t.Func, in)
	case gojq.TermTypeQuery:
		if len(t.SuffixList) > 0 {
			return nil, nil
		}
		return d.query(t.Query, in)
	default:
		return nil, nil
	}
	for _, suffix := range t.SuffixList {
		switch {
		case n == nil:
			return nil, nil
		case suffix.Index != nil:
			n = d.index(n, suffix.Index)
		case !suffix.Optional: // errors, for which it is there, are gojq's
			return nil, nil
		}
	}
	return n, n
}

// index returns what is below n, nil for what is not a plain name or index.
func (d *direct) index(n *node, i *gojq.Index) *node {
	next := step{parent: n.step}
	switch {
	case i.Name != "":
		next.name = i.Name
	case i.Str != nil && i.Str.Queries == nil:
		next.name = i.Str.Str
	case i.IsSlice || i.Start == nil:
		return nil
	default:
		at := constant(i.Start)
		switch {
		case at == nil:
			return nil
		case at.val.kind == kindString:
			next.name = string(at.val.text)
		case at.val.kind == kindInt && at.val.int >= 0:
			next.isIndex, next.index = true, at.val.int
		default:
			return nil
		}
	}
	switch {
	case n.op == opPath:
		return d.path(next)
	case next.isIndex:
		return nil
	case n.op == opHeaders:
		return &node{op: opHeader, text: next.name}
	case n.op != opInput:
		return nil
	}
	switch partOf(next.name) {
	case partValue:
		return &node{op: opPath, step: stepValue}
	case partKey:
		return &node{op: opPath, step: stepKey}
	case partTopic:
		return &node{op: opTopic}
	case partPartition:
		return &node{op: opPartition}
	case partOffset:
		return &node{op: opOffset}
	case partTimestamp:
		return &node{op: opTimestamp}
	case partHeader:
		return &node{op: opHeaders}
	}
	return nil
}

// path adds a step, unless there is one.
func (d *direct) path(next step) *node {
	last := &d.steps[next.parent].child
	for *last != 0 {
		s := &d.steps[*last]
		if s.isIndex == next.isIndex && s.name == next.name && s.index == next.index {
			return &node{op: opPath, step: *last}
		}
		last = &s.next
	}
	if len(d.steps) == maxSteps {
		return nil
	}
	*last = int32(len(d.steps))
	d.steps = append(d.steps, next)
	return &node{op: opPath, step: *last}
}

func (d *direct) function(f *gojq.Func, in *node) (result, same *node) {
	switch {
	case f.Name == "not" && len(f.Args) == 0:
		n := &node{op: opNot, l: in}
		return n, n
	case f.Name == "select" && len(f.Args) == 1:
		condition, _ := d.query(f.Args[0], in)
		if condition == nil {
			return nil, nil
		}
		return &node{op: opSelect, l: condition, r: in}, in
	}
	if len(f.Args) == 0 {
		return nil, nil
	}
	text := constant(f.Args[0])
	if text == nil || text.val.kind != kindString {
		return nil, nil
	}
	n := &node{l: in, val: text.val, text: string(text.val.text)}
	switch {
	case f.Name == "test" && len(f.Args) <= 2:
		n.op = opTest
		if n.regex = regex(n.text, f.Args[1:]); n.regex == nil {
			return nil, nil
		}
	case len(f.Args) > 1:
		return nil, nil
	case f.Name == "startswith":
		n.op = opStarts
	case f.Name == "endswith":
		n.op = opEnds
	case f.Name == "contains":
		n.op = opContains
	case f.Name == "has" && in.op == opHeaders:
		n.op = opHas
	case f.Name == "has" && in.op == opPath:
		n.op = opHas
		member := d.path(step{parent: in.step, name: n.text})
		if member == nil {
			return nil, nil
		}
		n.step = member.step
	default:
		return nil, nil
	}
	return n, n
}

// regex returns the regular expression of test, nil when gojq is to say what is wrong.
func regex(text string, flags []*gojq.Query) *regexp.Regexp {
	if len(flags) > 0 {
		f := constant(flags[0])
		if f == nil || f.val.kind != kindString && f.val.kind != kindNull {
			return nil
		}
		if strings.Trim(string(f.val.text), "gim") != "" {
			return nil
		}
		if strings.Contains(string(f.val.text), "i") {
			text = "(?i)" + text
		}
		if strings.Contains(string(f.val.text), "m") {
			text = "(?s)" + text
		}
	}
	r, err := regexp.Compile(text)
	if err != nil {
		return nil
	}
	return r
}

// constant returns what gojq makes of a query that looks at nothing, nil for others and
// for what is no plain value.
func constant(q *gojq.Query) *node {
	if !isConstant(q) {
		return nil
	}
	code, err := gojq.Compile(q)
	if err != nil {
		return nil
	}
	v, ok := code.Run(nil).Next()
	if !ok {
		return nil
	}
	n := &node{op: opConst}
	switch v := v.(type) {
	case nil:
		n.val.kind = kindNull
	case bool:
		n.val = boolean(v)
	case int:
		n.val = value{kind: kindInt, int: v}
	case float64:
		n.val = value{kind: kindFloat, float: v}
	case json.Number:
		if n.val, ok = parseNumber([]byte(v)); !ok {
			return nil
		}
	case string:
		n.val = value{kind: kindString, text: []byte(v)}
	default:
		return nil
	}
	return n
}

func isConstant(q *gojq.Query) bool {
	switch {
	case q.Meta != nil || len(q.Imports) > 0 || len(q.FuncDefs) > 0 || len(q.Patterns) > 0:
		return false
	case q.Term != nil:
		return isConstantTerm(q.Term)
	}
	switch q.Op {
	case gojq.OpAdd, gojq.OpSub, gojq.OpMul, gojq.OpDiv, gojq.OpMod:
		return isConstant(q.Left) && isConstant(q.Right)
	}
	return false
}

func isConstantTerm(t *gojq.Term) bool {
	if len(t.SuffixList) > 0 {
		return false
	}
	switch t.Type {
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return true
	case gojq.TermTypeString:
		return t.Str.Queries == nil
	case gojq.TermTypeUnary:
		return isConstantTerm(t.Unary.Term)
	case gojq.TermTypeQuery:
		return isConstant(t.Query)
	}
	return false
}
