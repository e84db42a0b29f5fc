package expr

import "github.com/itchyny/gojq"

// needs is which parts of its input a query can look at, and whether the input
// itself may come out of it. It follows the input through the plain forms (paths,
// pipes, comparisons, conditions); whatever else meets the input needs all of it.
// So it may ask for too much, never for too little: parsing a large value is worth
// avoiding for an expression such as .partition == 3.
func needs(q *gojq.Query) (need part, isInput bool) {
	if q == nil {
		return 0, false
	}
	switch {
	case len(q.FuncDefs) > 0 || len(q.Imports) > 0:
		return partAll, true
	case len(q.Patterns) == 1 && q.Patterns[0].Name != "": // query as $name | query
		right, isInput := needs(q.Right)
		return inside(q.Left) | right, isInput
	case len(q.Patterns) > 0:
		return partAll, true
	}
	if q.Term != nil {
		return termNeeds(q.Term)
	}
	left, leftInput := needs(q.Left)
	switch q.Op {
	case gojq.OpPipe:
		if !leftInput {
			return left, false // the right side sees only what the left found
		}
		right, rightInput := needs(q.Right)
		return left | right, rightInput
	case gojq.OpComma, gojq.OpAlt:
		right, rightInput := needs(q.Right)
		return left | right, leftInput || rightInput
	case gojq.OpAnd, gojq.OpOr: // ask only whether there is something
		right, _ := needs(q.Right)
		return left | right, false
	case gojq.OpAdd, gojq.OpSub, gojq.OpMul, gojq.OpDiv, gojq.OpMod,
		gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		return whole(left, leftInput) | inside(q.Right), false
	default: // assignments
		return partAll, true
	}
}

// whole is what is needed of something whose content is looked at.
func whole(need part, isInput bool) part {
	if isInput {
		return partAll
	}
	return need
}

func inside(q *gojq.Query) part { return whole(needs(q)) }

func termNeeds(t *gojq.Term) (part, bool) {
	need, isInput := bareNeeds(t)
	for _, suffix := range t.SuffixList {
		switch {
		case suffix.Index != nil:
			need, isInput = need|indexNeeds(suffix.Index, isInput), false
		case suffix.Iter:
			need, isInput = whole(need, isInput), false
		}
	}
	return need, isInput
}

func bareNeeds(t *gojq.Term) (part, bool) {
	switch t.Type {
	case gojq.TermTypeIdentity:
		return 0, true
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return 0, false
	case gojq.TermTypeIndex:
		return indexNeeds(t.Index, true), false
	case gojq.TermTypeFunc:
		return funcNeeds(t.Func)
	case gojq.TermTypeArray:
		return inside(t.Array.Query), false
	case gojq.TermTypeUnary:
		return whole(termNeeds(t.Unary.Term)), false
	case gojq.TermTypeString:
		return stringNeeds(t.Str), false
	case gojq.TermTypeIf:
		return ifNeeds(t.If)
	case gojq.TermTypeQuery:
		return needs(t.Query)
	default:
		return partAll, true
	}
}

// indexNeeds is what .name, .["name"] or .[query] needs, of the input or of
// something else. The query in brackets always sees the input.
func indexNeeds(i *gojq.Index, ofInput bool) part {
	need := inside(i.Start) | inside(i.End)
	switch {
	case i.Str != nil:
		need |= stringNeeds(i.Str)
		if ofInput && len(i.Str.Queries) > 0 {
			return partAll
		}
		if ofInput {
			need |= partOf(i.Str.Str)
		}
	case i.Name != "":
		if ofInput {
			need |= partOf(i.Name)
		}
	case ofInput:
		return partAll
	}
	return need
}

func stringNeeds(s *gojq.String) part {
	var need part
	for _, q := range s.Queries {
		need |= inside(q)
	}
	return need
}

func ifNeeds(i *gojq.If) (part, bool) {
	need, _ := needs(i.Cond)
	then, isInput := needs(i.Then)
	need |= then
	for _, elif := range i.Elif {
		cond, _ := needs(elif.Cond)
		then, thenInput := needs(elif.Then)
		need, isInput = need|cond|then, isInput || thenInput
	}
	if i.Else == nil { // "if c then x end" is the input otherwise
		return need, true
	}
	otherwise, elseInput := needs(i.Else)
	return need | otherwise, isInput || elseInput
}

func funcNeeds(f *gojq.Func) (part, bool) {
	switch {
	case f.Name == "select" && len(f.Args) == 1:
		need, _ := needs(f.Args[0])
		return need, true
	case len(f.Args) == 0 && (f.Name == "empty" || f.Name == "not" || f.Name == "now"):
		return 0, false
	case f.Name[0] == '$' && f.Name != "$__loc__": // all that a variable has is there
		return 0, false
	default:
		return partAll, true
	}
}
