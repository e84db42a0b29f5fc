package profile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"kstream/cmd/jqpath"
)

// Rule is a statement about the figures of a Report:
//
//	FIGURE OP NUMBER
//
// OP is one of < <= > >= == !=. NUMBER may end with %. FIGURE is a figure by its name in
// JSON, or
//
//	null_rate(PATH)   the share of the occurrences of a field that is null
//	null_rate(key)    the share of the records whose key is null; value likewise
//	presence(PATH)    the share of the values, null left out, that has the field
//	types(PATH)       how many types a field has, null left out
//
// A rule about something that was never seen does not hold. Neither does one with == or
// a bound above about a figure of which only the least is known.
type Rule struct {
	text string
	name string      // of the figure or function
	part string      // key or value
	path jqpath.Path // nil without one
	op   string
	than float64
}

// RuleError is what is wrong with the text of a rule.
type RuleError struct {
	Text    string
	Column  int // in characters from 1
	Problem string
}

func (e *RuleError) Error() string {
	return fmt.Sprintf("%s: column %d: %s", e.Text, e.Column, e.Problem)
}

// Figures lists the names that a Rule may have in the place of FIGURE.
func Figures() []string {
	return []string{
		"records", "bytes", "rate", "size_p50", "size_p95", "size_p99", "size_max", "keys_distinct",
		"null_keys", "null_values", "undecodable", "skew", "disorder", "schemas", "partitions",
	}
}

// Functions lists the names that stand before a PATH.
func Functions() []string { return []string{"null_rate", "presence", "types"} }

// ParseRule reads a rule. Its errors are *RuleError.
func ParseRule(text string) (*Rule, error) {
	r := &Rule{text: strings.TrimSpace(text)}
	rest, problem := r.parse(text)
	if problem != "" {
		return nil, &RuleError{text, 1 + utf8.RuneCountInString(text[:len(text)-len(rest)]), problem}
	}
	return r, nil
}

// parse returns the place of a problem as the rest of the text.
func (r *Rule) parse(text string) (rest, problem string) {
	text = strings.TrimLeft(text, " ")
	n := jqpath.WordLen(text)
	r.name, rest = text[:n], strings.TrimLeft(text[n:], " ")
	switch {
	case slices.Contains(Functions(), r.name):
		if rest, problem = r.argument(rest); problem != "" {
			return rest, problem
		}
	case !slices.Contains(Figures(), r.name):
		return text, "want one of " + strings.Join(Figures(), " ") + ", or " + strings.Join(Functions(), "(PATH) ") + "(PATH)"
	}
	rest = strings.TrimLeft(rest, " ")
	for _, op := range []string{"<=", ">=", "==", "!=", "<", ">"} {
		if strings.HasPrefix(rest, op) {
			r.op, rest = op, rest[len(op):]
			break
		}
	}
	if r.op == "" {
		return rest, "want < <= > >= == or !="
	}
	return r.number(strings.TrimLeft(rest, " "))
}

// WantsExact reports whether the rule is about equality with a figure that a sample can
// only estimate.
func (r *Rule) WantsExact() bool {
	return (r.op == "==" || r.op == "!=") && r.name != "partitions"
}

// String is the rule as it was written.
func (r *Rule) String() string { return r.text }

// argument reads what stands in parentheses behind a function.
func (r *Rule) argument(text string) (rest, problem string) {
	if !strings.HasPrefix(text, "(") {
		return text, "want (PATH) after " + r.name
	}
	rest = strings.TrimLeft(text[1:], " ")
	for _, part := range []string{keySchema, valueSchema} {
		if after, ok := strings.CutPrefix(rest, part); ok && r.name == "null_rate" {
			r.part, rest = part, after
		}
	}
	if r.part == "" {
		start := rest
		var err error
		switch r.path, rest, err = jqpath.Cut(rest); {
		case err != nil && strings.HasPrefix(rest, ")"):
			return rest, "want a path, such as .email or .items[].price"
		case err != nil:
			return rest, err.Error()
		case slices.ContainsFunc(r.path, func(s jqpath.Step) bool { return s.Kind == jqpath.Element }):
			return start, "want [] in place of an index: figures are about all elements"
		}
	}
	rest = strings.TrimLeft(rest, " ")
	if !strings.HasPrefix(rest, ")") {
		return rest, "want )"
	}
	return rest[1:], ""
}

// number reads the rest of a rule.
func (r *Rule) number(text string) (rest, problem string) {
	n := 0
	for n < len(text) && strings.IndexByte("0123456789.eE+-_", text[n]) >= 0 {
		n++
	}
	var err error
	if r.than, err = strconv.ParseFloat(strings.ReplaceAll(text[:n], "_", ""), 64); err != nil {
		return text, "want a number"
	}
	rest = text[n:]
	if strings.HasPrefix(rest, "%") {
		r.than, rest = r.than/100, rest[1:]
	}
	if rest = strings.TrimLeft(rest, " "); rest != "" {
		return rest, "want nothing after the number"
	}
	return "", ""
}

// Verdict is whether a rule holds. Value is what the figure is, or nil when there is
// nothing that it could be made of; Seen says it in words.
type Verdict struct {
	Rule  string   `json:"rule"`
	Met   bool     `json:"met"`
	Value *float64 `json:"value"`
	Seen  string   `json:"seen"`
}

// check looks at the figures.
func (r *Rule) check(p *Profile, report *Report) Verdict {
	v := Verdict{Rule: r.text}
	value, detail, ok := r.value(p, report)
	if !ok {
		v.Seen = detail
		return v
	}
	v.Value, v.Met = &value, r.holds(value)
	v.Seen = strconv.FormatFloat(value, 'f', -1, 64) + detail
	return v
}

func (r *Rule) holds(value float64) bool {
	switch r.op {
	case "<":
		return value < r.than
	case "<=":
		return value <= r.than
	case ">":
		return value > r.than
	case ">=":
		return value >= r.than
	case "==":
		return value == r.than
	}
	return value != r.than
}

// value returns the figure and how it came about, or not ok and why there is none.
func (r *Rule) value(p *Profile, report *Report) (value float64, detail string, ok bool) {
	switch r.part {
	case keySchema:
		return share(report.NullKeys, report.Records, "records")
	case valueSchema:
		return share(report.NullValues, report.Records, "records")
	}
	if r.path != nil {
		return r.ofField(p)
	}
	if r.name == "schemas" && report.SchemasOmitted && r.op != ">" && r.op != ">=" {
		return 0, fmt.Sprintf("there are at least %d", len(report.Schemas)), false
	}
	for _, f := range []struct {
		name  string
		count int64
	}{
		{"records", report.Records},
		{"bytes", report.Bytes},
		{"keys_distinct", report.KeysDistinct},
		{"null_keys", report.NullKeys},
		{"null_values", report.NullValues},
		{"undecodable", report.Undecodable},
		{"disorder", report.Disorder},
		{"schemas", int64(len(report.Schemas))},
		{"partitions", int64(len(report.Partitions))},
	} {
		if f.name == r.name {
			return float64(f.count), "", true
		}
	}
	for name, size := range map[string]*int64{"size_p50": report.SizeP50, "size_p95": report.SizeP95, "size_p99": report.SizeP99, "size_max": report.SizeMax} {
		if name == r.name && size != nil {
			return float64(*size), "", true
		}
	}
	switch {
	case report.Records == 0:
		return 0, "there are no records", false
	case r.name == "skew":
		return *report.Skew, "", true
	case report.Rate == nil:
		return 0, "the records have no times, or all the same", false
	}
	return *report.Rate, "", true
}

// share returns n of all, or not ok when there are none.
func share(n, all int64, what string) (value float64, detail string, ok bool) {
	if all == 0 {
		return 0, "there are no " + what, false
	}
	return float64(n) / float64(all), fmt.Sprintf(" (%d of %d %s)", n, all, what), true
}

// ofField returns a figure of the field at the path.
func (r *Rule) ofField(p *Profile) (value float64, detail string, ok bool) {
	f := p.fields.find(r.path)
	if r.name == "presence" {
		return share(f.present, p.fields.values, "values")
	}
	if f.count == 0 {
		return 0, fmt.Sprintf("%s is in none of %d values", r.path, p.fields.values), false
	}
	if r.name == "null_rate" {
		return share(f.kinds[isNull], f.count, "occurrences")
	}
	n := 0
	var names []string
	for k, seen := range f.kinds {
		if seen > 0 && kind(k) != isNull {
			n++
			names = append(names, kind(k).String())
		}
	}
	if n > 0 {
		detail = " (" + strings.Join(names, ", ") + ")"
	}
	return float64(n), detail, true
}
