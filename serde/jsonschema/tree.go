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
	freeDigits  = 1 << 17 // in one document, of numbers that are written shorter than they are
	short       = 40      // digits, that cost nothing
)

// maxValues bounds what the validator may find wrong, each of which it describes.
const maxValues = 1 << 20

var (
	errNumber = errors.New("a number too big to be checked")
	errValues = errors.New("too many values to be checked")
)

// tree returns JSON of size bytes as the validator takes it. Of duplicate keys the last
// counts.
func tree(v value.V, size int) (any, error) {
	b := treeBuilder{room: freeDigits + 4*size}
	return b.value(v)
}

type treeBuilder struct {
	room   int
	values int
}

func (b *treeBuilder) value(v value.V) (any, error) {
	if b.values++; b.values > maxValues {
		return nil, errValues
	}
	switch t := v.(type) {
	case value.Number:
		return json.Number(t), b.number(string(t))
	case value.WTF8:
		return t.Replace(), nil
	case value.List:
		list := make([]any, len(t))
		for i, item := range t {
			var err error
			if list[i], err = b.value(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case *value.Map:
		object := make(map[string]any, len(t.Fields))
		for _, f := range t.Fields {
			item, err := b.value(f.Value)
			if err != nil {
				return nil, err
			}
			object[f.Key] = item
		}
		return object, nil
	}
	return v, nil // null, boolean, text
}

func (b *treeBuilder) number(n string) error {
	digits := len(n)
	if i := strings.IndexAny(n, "eE"); i >= 0 {
		digits = i
		e, err := strconv.Atoi(n[i+1:])
		if err != nil || e > maxExponent || e < -maxExponent {
			return errNumber
		}
		digits += max(e, -e)
	}
	if digits > maxDigits+maxExponent {
		return errNumber
	}
	if digits > short {
		b.room -= digits
	}
	if b.room < 0 {
		return errNumber
	}
	return nil
}
