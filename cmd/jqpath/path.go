// Package jqpath has paths into JSON values as jq writes them: .a.b, ."a b", .["a"],
// .items[].price, .[0].
package jqpath

import (
	"strconv"

	"kstream/serde/value"
)

// Path is the way to places in a JSON value. The empty path is the value itself.
type Path []Step

// Step is one part of a Path.
type Step struct {
	Kind  Kind
	Name  string // of a Member
	Index int    // of an Element, from 0
}

// Kind is what a Step leads to.
type Kind uint8

// The kinds of steps.
const (
	Member   Kind = iota // of an object
	Elements             // all of an array
	Element              // one of an array
)

// String writes the path as jq does: ".a.b", ".a[].b", `."a b"`, ".[0]"; "." for the value
// itself.
func (p Path) String() string {
	if len(p) == 0 {
		return "."
	}
	var b []byte
	for i, s := range p {
		if i == 0 && s.Kind != Member {
			b = append(b, '.')
		}
		switch {
		case s.Kind == Elements:
			b = append(b, "[]"...)
		case s.Kind == Element:
			b = append(strconv.AppendInt(append(b, '['), int64(s.Index), 10), ']')
		case s.Name != "" && WordLen(s.Name) == len(s.Name):
			b = append(append(b, '.'), s.Name...)
		default:
			b = value.AppendString(append(b, '.'), s.Name)
		}
	}
	return string(b)
}

// WordLen is how many bytes at the beginning of text are a word: a–z, A–Z, _ and, but for the
// first, 0–9. Such a name needs no quotes.
func WordLen(text string) int {
	n := 0
	for n < len(text) && (text[n] == '_' || text[n]|0x20 >= 'a' && text[n]|0x20 <= 'z' || n > 0 && text[n] >= '0' && text[n] <= '9') {
		n++
	}
	return n
}
