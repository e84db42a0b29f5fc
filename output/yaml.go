package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// AppendYAML appends the document of AppendDocument as YAML 1.2, read alike by readers
// of 1.1. Strings are in double quotes unless they are plain words, and what could act
// on a terminal is escaped in them.
//
// It is not left to a library because strings of strangers must read back, and such as
// ".inf", a tab or "\r\n" did not.
func AppendYAML(dst []byte, schema string, items any) ([]byte, error) {
	text, err := marshal(schema, items)
	if err != nil {
		return dst, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	tree, err := readTree(d)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", schema, err)
	}
	return appendYAML(dst, tree, 0), nil
}

// member is a member of a JSON object; an object is a list of them, in order.
type member struct {
	name  string
	value any
}

// readTree reads one JSON value: nil, bool, json.Number, string, []any or []member.
func readTree(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	list, object := []any{}, []member{}
	for d.More() {
		var name string
		if open == '{' {
			token, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ = token.(string)
		}
		v, err := readTree(d)
		if err != nil {
			return nil, err
		}
		list, object = append(list, v), append(object, member{name, v})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if open == '{' {
		return object, nil
	}
	return list, nil
}

// appendYAML appends a value at a level of indentation; a list or an object that is
// not empty starts where it stands, and each value ends its line.
func appendYAML(dst []byte, v any, level int) []byte {
	switch v := v.(type) {
	case []member:
		for i, m := range v {
			if i > 0 {
				dst = appendIndent(dst, level)
			}
			dst = append(appendYAMLString(dst, m.name), ':')
			dst = appendYAMLValue(dst, m.value, level)
		}
		if len(v) > 0 {
			return dst
		}
		dst = append(dst, "{}"...)
	case []any:
		for i, e := range v {
			if i > 0 {
				dst = appendIndent(dst, level)
			}
			dst = appendYAML(append(dst, "- "...), e, level+1)
		}
		if len(v) > 0 {
			return dst
		}
		dst = append(dst, "[]"...)
	case string:
		dst = appendYAMLString(dst, v)
	case nil:
		dst = append(dst, "null"...)
	case json.Number:
		mantissa, exponent, ok := strings.Cut(string(v), "e")
		if ok && !strings.Contains(mantissa, ".") {
			mantissa += ".0" // or YAML 1.1 takes it for a string
		}
		dst = append(dst, mantissa...)
		if ok {
			dst = append(append(dst, 'e'), exponent...)
		}
	case bool:
		dst = strconv.AppendBool(dst, v)
	}
	return append(dst, '\n')
}

// appendYAMLValue appends what follows the colon of a member.
func appendYAMLValue(dst []byte, v any, level int) []byte {
	list, isList := v.([]any)
	object, isObject := v.([]member)
	if isList && len(list) > 0 || isObject && len(object) > 0 {
		return appendYAML(appendIndent(append(dst, '\n'), level+1), v, level+1)
	}
	return appendYAML(append(dst, ' '), v, level)
}

func appendIndent(dst []byte, level int) []byte {
	for range level {
		dst = append(dst, "  "...)
	}
	return dst
}

func appendYAMLString(dst []byte, s string) []byte {
	if plainWord(s) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case unsafeRune(r) || r == 0xfffe || r == 0xffff:
			dst = appendEscapedRune(dst, r)
		default:
			dst = append(dst, string(r)...)
		}
	}
	return append(dst, '"')
}

// plainWord reports whether every version of YAML takes s for a string without quotes.
func plainWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !('0' <= c && c <= '9') && strings.IndexByte("_.-/", c) < 0) {
			return false
		}
	}
	switch strings.ToLower(s) {
	case "", "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return false
	}
	return true
}
