package jsonschema

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"kstream/serde/value"
)

// The validator works with exact fractions, so a number costs what it would take to
// write it out. These are far beyond what any schema asks about.
const (
	maxDigits   = 1000
	maxExponent = 1000
)

var errNumber = errors.New("a number too big to be checked")

// tree gives JSON as the validator takes it. Of duplicate keys the last counts.
func tree(v value.V) (any, error) {
	switch t := v.(type) {
	case value.Number:
		return json.Number(t), checkNumber(string(t))
	case value.WTF8:
		return t.Replace(), nil
	case value.List:
		list := make([]any, len(t))
		for i, item := range t {
			var err error
			if list[i], err = tree(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case *value.Map:
		object := make(map[string]any, len(t.Fields))
		for _, f := range t.Fields {
			item, err := tree(f.Value)
			if err != nil {
				return nil, err
			}
			object[f.Key] = item
		}
		return object, nil
	}
	return v, nil // null, boolean, text
}

func checkNumber(n string) error {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(n), "e")
	if len(mantissa) > maxDigits {
		return errNumber
	}
	if exponent == "" {
		return nil
	}
	e, err := strconv.Atoi(exponent)
	if err != nil || e > maxExponent || e < -maxExponent {
		return errNumber
	}
	return nil
}
