package expr

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// Error is what is wrong with an expression, a test or a rate of sampling as
// typed. It is a usage error: nothing was attempted.
type Error struct {
	Flag    string // the flag it was given to: "--filter"
	Column  int    // in characters from 1; 0 when the place is unknown
	Problem string
}

func (e *Error) Error() string {
	if e.Column == 0 {
		return e.Flag + ": " + e.Problem
	}
	return fmt.Sprintf("%s: column %d: %s", e.Flag, e.Column, e.Problem)
}

// program is a compiled expression and what it needs of a record.
type program struct {
	flag  string
	query *gojq.Query
	code  *gojq.Code
	need  part
	out   bool // the input itself may come out

	lookups []*Lookup
}

// compile compiles an expression, which may use variables beside those of lookups.
func compile(flag, text string, lookups []*Lookup, variables []string, options ...gojq.CompilerOption) (*program, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &Error{flag, 0, "the expression is empty"}
	}
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, parseError(flag, text, err)
	}
	if name, what := forbidden(reflect.ValueOf(query)); name != "" {
		return nil, &Error{flag, column(text, name), what}
	}
	for _, l := range lookups {
		variables = append(variables, "$"+l.name)
	}
	code, err := gojq.Compile(query, append(options, gojq.WithVariables(variables))...)
	if err != nil {
		return nil, compileError(flag, text, err)
	}
	need, out := needs(query)
	return &program{flag, query, code, need, out, lookups}, nil
}

func parseError(flag, text string, err error) error {
	var at *gojq.ParseError
	if !errors.As(err, &at) {
		return &Error{flag, 0, err.Error()}
	}
	start := min(max(at.Offset-len(at.Token), 0), len(text))
	problem := err.Error()
	if problem == "unexpected EOF" {
		start, problem = len(text), "the expression ends too early"
	}
	return &Error{flag, 1 + utf8.RuneCountInString(text[:start]), problem}
}

// compileError adds the place of an unknown function or variable, which the
// compiler names as "name/arity" at the end of its message.
func compileError(flag, text string, err error) error {
	problem := err.Error()
	name := problem[strings.LastIndexByte(problem, ' ')+1:]
	name, _, _ = strings.Cut(name, "/")
	return &Error{flag, column(text, name), problem}
}

// column finds the only place where name stands as a word; 0 when there are none
// or several.
func column(text, name string) int {
	at := 0
	for i := 0; name != ""; i++ {
		n := strings.Index(text[i:], name)
		if n < 0 {
			break
		}
		i += n
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(name):])
		if isWord(before) || isWord(after) || before == '.' {
			continue
		}
		if at != 0 {
			return 0
		}
		at = 1 + utf8.RuneCountInString(text[:i])
	}
	return at
}

func isWord(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// forbidden looks through a syntax tree for what reaches outside of the record.
// The compiler refuses most of it too, but gives an empty $ENV, which would make an
// expression silently wrong.
func forbidden(v reflect.Value) (name, problem string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "", ""
		}
		switch node := v.Interface().(type) {
		case *gojq.Func:
			switch node.Name {
			case "env", "$ENV":
				return node.Name, "the environment is not available to expressions"
			case "input", "inputs", "input_filename", "input_line_number":
				return node.Name, "an expression sees one record, not further input"
			case "debug", "stderr":
				return node.Name, node.Name + " is not available: expressions write nothing"
			case "modulemeta", "get_search_list":
				return node.Name, "modules are not available"
			}
		case *gojq.Import:
			return "import", "modules are not available"
		}
		return forbidden(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if name, problem = forbidden(v.Field(i)); name != "" {
				return name, problem
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if name, problem = forbidden(v.Index(i)); name != "" {
				return name, problem
			}
		}
	}
	return "", ""
}
