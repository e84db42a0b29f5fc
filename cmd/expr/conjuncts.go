package expr

import "github.com/itchyny/gojq"

// Conjuncts takes an expression apart at the and operators outermost in it: a record
// that the whole matches matches each part. A text that has none, or is no expression, is
// the only part.
func Conjuncts(text string) []string {
	query, err := gojq.Parse(text)
	if err != nil {
		return []string{text}
	}
	if parts := conjuncts(nil, query); len(parts) > 1 {
		return parts
	}
	return []string{text} // as it was typed
}

func conjuncts(parts []string, q *gojq.Query) []string {
	switch {
	case len(q.FuncDefs) > 0 || q.Meta != nil || len(q.Imports) > 0: // they hold for all of it
	case q.Op == gojq.OpAnd && len(q.Patterns) == 0:
		return conjuncts(conjuncts(parts, q.Left), q.Right)
	case q.Term != nil && q.Term.Type == gojq.TermTypeQuery && len(q.Term.SuffixList) == 0:
		return conjuncts(parts, q.Term.Query)
	}
	return append(parts, q.String())
}
