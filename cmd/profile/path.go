package profile

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/serde/value"
)

// Path is the way to a field in a JSON value: names of members, and elements of arrays.
// The empty path is the value itself.
type Path []Step

// Step is one part of a Path.
type Step struct {
	Name    string
	Element bool // any element of an array; then there is no name
}

// String writes the path as jq does: ".a.b", ".a[].b", `."a b"`; "." for the value
// itself.
func (p Path) String() string {
	if len(p) == 0 {
		return "."
	}
	var b []byte
	for i, s := range p {
		switch {
		case s.Element && i == 0:
			b = append(b, ".[]"...)
		case s.Element:
			b = append(b, "[]"...)
		case isWord(s.Name):
			b = append(append(b, '.'), s.Name...)
		default:
			b = value.AppendString(append(b, '.'), []byte(s.Name))
		}
	}
	return string(b)
}

// isWord says whether a name needs no quotes.
func isWord(name string) bool {
	for i, c := range []byte(name) {
		if !isLetter(c) && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

// Errors of a path.
var (
	errWantName  = errors.New("want the name of a member, a word or in quotes, or []")
	errWantQuote = errors.New("the quotes are not closed")
	errWantClose = errors.New("want ]: [] stands for all elements")
)

// cutPath reads the path that text begins with, and gives the rest. The path is never
// nil. With an error, the rest begins where the path goes wrong.
func cutPath(text string) (p Path, rest string, err error) {
	p, rest = Path{}, text
	for first := true; ; first = false {
		switch {
		case strings.HasPrefix(rest, ".["), !first && strings.HasPrefix(rest, "["):
			rest = strings.TrimPrefix(rest, ".")
			if !strings.HasPrefix(rest, "[]") {
				return p, rest[1:], errWantClose
			}
			p, rest = append(p, Step{Element: true}), rest[2:]
		case strings.HasPrefix(rest, `."`):
			end := quoted(rest[1:])
			if end < 0 {
				return p, rest[1:], errWantQuote
			}
			name, err := jsontext.AppendUnquote(nil, rest[1:1+end])
			if err != nil {
				return p, rest[1:], errWantName
			}
			p, rest = append(p, Step{Name: string(name)}), rest[1+end:]
		case strings.HasPrefix(rest, "."):
			n := 1
			for n < len(rest) && (isLetter(rest[n]) || n > 1 && rest[n] >= '0' && rest[n] <= '9') {
				n++
			}
			if n == 1 && first && (n == len(rest) || rest[n] == ' ' || rest[n] == ')') {
				return p, rest[1:], nil // the value itself
			}
			if n == 1 {
				return p, rest[1:], errWantName
			}
			p, rest = append(p, Step{Name: rest[1:n]}), rest[n:]
		case first:
			return p, rest, errWantName
		default:
			return p, rest, nil
		}
	}
}

// quoted gives the length of the JSON string that text begins with, or -1.
func quoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}
