package jqpath

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Errors of a path.
var (
	errWantDot     = errors.New("a path starts with a dot")
	errWantName    = errors.New("a name is missing")
	errWantQuote   = errors.New("a quote is missing")
	errWantBracket = errors.New("] is missing")
)

// Parse reads a path that is all of text and has a step. Only names with one of . [ ] " in
// them need quotes.
func Parse(text string) (Path, error) {
	p, rest, err := cut(text, func(text string) int {
		if end := strings.IndexAny(text, `.["]`); end >= 0 {
			return end
		}
		return len(text)
	})
	switch {
	case err != nil:
		return nil, err
	case rest != "":
		return nil, fmt.Errorf("%q: want a dot or [", rest)
	}
	return p, nil
}

// Cut reads the path that text begins with, and returns the rest. Names that are no
// words need quotes. A dot before a space, a ) or the end is the value itself;
// the path is never nil. With an error, the rest begins where the path goes wrong.
func Cut(text string) (p Path, rest string, err error) {
	if after, dotted := strings.CutPrefix(text, "."); dotted && (after == "" || after[0] == ' ' || after[0] == ')') {
		return Path{}, after, nil
	}
	return cut(text, WordLen)
}

// cut reads steps; nameLen is how many bytes at the beginning of a text are a name without
// quotes.
func cut(text string, nameLen func(string) int) (p Path, rest string, err error) {
	if !strings.HasPrefix(text, ".") {
		return nil, text, errWantDot
	}
	for rest = text; ; {
		var step Step
		after, dotted := strings.CutPrefix(rest, ".")
		switch {
		case strings.HasPrefix(after, "["):
			step, after, err = bracketed(after[1:])
		case !dotted:
			return p, rest, nil
		case strings.HasPrefix(after, `"`):
			step.Name, after, err = quoted(after)
		default:
			n := nameLen(after)
			if n == 0 {
				err = errWantName
			}
			step.Name, after = after[:n], after[n:]
		}
		if err != nil {
			return nil, after, err
		}
		p, rest = append(p, step), after
	}
}

// bracketed reads what stands behind a [.
func bracketed(text string) (s Step, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		s.Name, rest, err = quoted(text)
		after, ok := strings.CutPrefix(rest, "]")
		if err == nil && !ok {
			err = errWantBracket
		}
		return s, after, err
	}
	inside, rest, ok := strings.Cut(text, "]")
	if !ok {
		return s, text, errWantBracket
	}
	if inside == "" {
		return Step{Kind: Elements}, rest, nil
	}
	i, err := strconv.ParseUint(inside, 10, 31)
	if err != nil {
		return s, text, fmt.Errorf("[%s]: want [], an index or a quoted name", inside)
	}
	return Step{Kind: Element, Index: int(i)}, rest, nil
}

// quoted reads a JSON string.
func quoted(text string) (name, rest string, err error) {
	end := 1
	for end < len(text) && text[end] != '"' {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(text) {
		return "", text, errWantQuote
	}
	unquoted, err := jsontext.AppendUnquote(nil, text[:end+1])
	if err != nil {
		return "", text, fmt.Errorf("%s is no quoted name", text[:end+1])
	}
	return string(unquoted), text[end+1:], nil
}
