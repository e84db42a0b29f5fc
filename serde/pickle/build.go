package pickle

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"kstream/serde"
	"kstream/serde/value"
)

// maxNumber bounds the integers of JSON: {"$int":"<hexadecimal>"} has no such bound,
// because reading it takes time in proportion to its length.
const maxNumber = 40000

// builder makes the graph that values of the shared model stand for.
type builder struct {
	lossless bool // read tags in maps
	depth    int  // left
	ids      map[int64]any
}

func (b *builder) build(v value.V) (any, error) {
	switch t := v.(type) {
	case nil, bool, int64:
		return t, nil
	case *big.Int:
		return narrow(t), nil
	case value.Number:
		return number(string(t))
	case value.Float:
		return t.F, nil
	case string:
		return text(t)
	case value.WTF8:
		return text(string(t))
	case value.Bytes:
		return octets(t), nil
	case value.Decimal:
		return callOf("decimal", "Decimal", string(value.AppendDecimal(nil, t))), nil
	case value.Time:
		return datetimeOf(t)
	case value.Date:
		return dateOf(t)
	case value.TimeOfDay:
		return timeOf(t)
	case value.Duration:
		return timedeltaOf(t)
	case value.UUID:
		return uuidOf(t), nil
	case *Value:
		return t.root, nil
	}
	if b.depth == 0 {
		return nil, serde.ErrTooDeep
	}
	b.depth--
	defer func() { b.depth++ }()
	switch t := v.(type) {
	case value.List:
		n := &node{kind: list}
		return n, b.fill(n, t)
	case *value.Map:
		if len(t.Fields) > 0 && (b.lossless && isTag(t.Fields[0].Key) || len(t.Fields) == 1 && isBytes(t.Fields[0].Key)) {
			return b.tag(t.Fields)
		}
		n := &node{kind: dict, items: make([]any, 0, 2*len(t.Fields))}
		for _, f := range t.Fields {
			v, err := b.build(f.Value)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, f.Key, v)
		}
		return n, nil
	case *value.Pairs:
		n := &node{kind: dict, items: make([]any, 0, 2*len(*t))}
		for _, p := range *t {
			k, err := b.build(p.Key)
			if err != nil {
				return nil, err
			}
			v, err := b.build(p.Value)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, k, v)
		}
		return n, nil
	case value.Tagged:
		fields := make([]value.Field, 0, 1+len(t.More))
		fields = append(fields, value.Field{Key: "$" + t.Tag, Value: t.V})
		return b.tag(append(fields, t.More...))
	}
	return nil, fmt.Errorf("no Python type for %s", value.TypeName(v))
}

func isTag(key string) bool { return len(key) > 1 && key[0] == '$' }

// isBytes reports whether key is a tag that is read in plain JSON too, which has no other
// way to write bytes.
func isBytes(key string) bool { return key == "$bytes" || key == "$hex" }

// fill builds the elements of a container.
func (b *builder) fill(n *node, elements value.List) error {
	n.items = make([]any, 0, len(elements))
	for _, e := range elements {
		v, err := b.build(e)
		if err != nil {
			return err
		}
		n.items = append(n.items, v)
	}
	return nil
}

// entries builds the keys and values of [[key,value],…] one after the other.
func (b *builder) entries(v value.V) ([]any, error) {
	switch t := v.(type) {
	case *value.Map, *value.Pairs: // what readers of lossless JSON make of a $dict
		d, err := b.build(t)
		if n, ok := d.(*node); ok && n.kind == dict {
			return n.items, err
		}
	case value.List:
		items := make([]any, 0, 2*len(t))
		for i, e := range t {
			pair, ok := e.(value.List)
			if !ok || len(pair) != 2 {
				return nil, fmt.Errorf("element %d is no pair", i)
			}
			for _, v := range pair {
				v, err := b.build(v)
				if err != nil {
					return nil, err
				}
				items = append(items, v)
			}
		}
		return items, nil
	}
	return nil, errors.New("want an array of pairs")
}

// number reads a JSON number: a float if it has a point or an exponent.
func number(s string) (any, error) {
	if strings.ContainsAny(s, ".eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, errors.New("a number that no Python float can hold")
		}
		return f, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	if len(s) > maxNumber {
		return nil, fmt.Errorf(`an integer of %d digits, write {"$int":"<hexadecimal>"}: %w`, len(s), serde.ErrTooBig)
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return nil, errNotInt
	}
	return narrow(n), nil
}

// callOf records a call of one of Python's own types.
func callOf(module, name string, args ...any) *object {
	return &object{how: call, class: &global{module, name}, args: &node{kind: tuple, items: args}}
}

// uuidOf records an empty UUID and its state, as Python does.
func uuidOf(u value.UUID) *object {
	n := narrow(new(big.Int).SetBytes(u[:]))
	return &object{
		how: made, class: &global{"uuid", "UUID"}, args: &node{kind: tuple},
		states: []any{&node{kind: dict, items: []any{"int", n}}},
	}
}
