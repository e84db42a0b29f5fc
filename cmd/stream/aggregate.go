package stream

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/expr"
)

// Aggregate is one of --aggregate: a function over the values of an expression, under a
// name.
type Aggregate struct {
	Name  string
	label []byte // the name as the member of an object: "n":
	kind  function
	of    *expr.Scalar // nil for count
}

// function is what is computed. Nulls count for count alone.
type function string

const (
	fnCount    function = "count"
	fnSum      function = "sum"
	fnMin      function = "min"
	fnMax      function = "max"
	fnAvg      function = "avg"
	fnFirst    function = "first"
	fnLast     function = "last"
	fnDistinct function = "distinct"
	fnApprox   function = "approx_distinct"
)

var functions = []function{fnCount, fnSum, fnMin, fnMax, fnAvg, fnFirst, fnLast, fnDistinct, fnApprox}

// MaxDistinct is how many values distinct tells apart for a key.
const MaxDistinct = 10_000

// ParseAggregates reads lists such as "n=count, total=sum(.value.cents)". Without a name
// an aggregate is called as its function.
func ParseAggregates(flag string, lists []string) ([]Aggregate, error) {
	var all []Aggregate
	for _, list := range lists {
		for _, text := range splitList(list) {
			a, err := parseAggregate(flag, strings.TrimSpace(text))
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(all, func(b Aggregate) bool { return a.Name == b.Name }) {
				return nil, fmt.Errorf("%s: two are called %s: want NAME=%s", flag, a.Name, text)
			}
			all = append(all, a)
		}
	}
	return all, nil
}

func parseAggregate(flag, text string) (a Aggregate, err error) {
	call := text
	if name, rest, named := strings.Cut(text, "="); named && isName(strings.TrimSpace(name)) {
		a.Name, call = strings.TrimSpace(name), strings.TrimSpace(rest)
	}
	name, argument, has := strings.Cut(call, "(")
	a.kind = function(strings.TrimSpace(name))
	if a.Name == "" {
		a.Name = string(a.kind)
	}
	a.label, _ = jsontext.AppendQuote(nil, a.Name)
	a.label = append(a.label, ':')
	switch {
	case !slices.Contains(functions, a.kind):
		return a, fmt.Errorf("%s %s: want NAME=FUNCTION, one of count, %s(EXPR)", flag, text, joined(functions[1:]))
	case a.kind == fnCount && !has:
		return a, nil
	case a.kind == fnCount:
		return a, fmt.Errorf("%s %s: count has no expression: it counts records; --filter chooses among them", flag, text)
	case !has || !strings.HasSuffix(argument, ")"):
		return a, fmt.Errorf("%s %s: want %s(EXPR)", flag, text, a.kind)
	}
	a.of, err = expr.NewScalar(flag+" "+a.Name, strings.TrimSuffix(argument, ")"))
	return a, err
}

func joined(names []function) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = string(n)
	}
	return strings.Join(texts, "(EXPR), ")
}

func isName(text string) bool {
	for i, c := range text {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return text != ""
}

// splitList splits at commas outside of parentheses, brackets, braces and strings.
func splitList(list string) []string {
	var parts []string
	depth, from, quoted := 0, 0, false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, list[from:i])
			from = i + 1
		}
	}
	return append(parts, list[from:])
}

// value evaluates the expression over a record.
func (a *Aggregate) value(ctx context.Context, r *expr.Record) (v expr.Value, err error) {
	if a.kind == fnCount {
		return v, nil
	}
	if v, err = a.of.Apply(ctx, r); err != nil || v.Kind == expr.Null {
		return v, err
	}
	switch a.kind {
	case fnSum, fnAvg:
		if v.Kind != expr.Int && v.Kind != expr.Float {
			return v, fmt.Errorf("%s: %s wants numbers, not %s", a.Name, a.kind, v.Kind)
		}
	case fnMin, fnMax:
		if v.Kind != expr.Int && v.Kind != expr.Float && v.Kind != expr.String {
			return v, fmt.Errorf("%s: %s wants numbers or strings, not %s", a.Name, a.kind, v.Kind)
		}
	}
	return v, nil
}
