package avro

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/linkedin/goavro/v2"

	"kstream/serde"
	"kstream/serde/value"
)

// The wire schema is what goavro is given: another schema for the same bytes. In
// it are no logical types, defaults and aliases, which this package sees to; types,
// fields and symbols have made-up names, so that no name is too odd to be read; and
// a map is a record around an array of entries, which is the same on the wire but
// keeps their order, where a Go map would shuffle them. A record value then encodes
// to the same bytes each time.
const (
	entriesField = "e"
	keyField     = "k"
	valueField   = "v"
)

// wireTag names the type in the wire schema, and in goavro's unions.
func (n *node) wireTag() string {
	if n.kind.named() || n.kind == kindMap {
		return "t" + strconv.Itoa(n.id)
	}
	return n.tag
}

func (p *printer) wireMap(n *node) {
	p.raw(`{"type":"record","name":"` + n.wire + `","fields":[{"name":"` + entriesField +
		`","type":{"type":"array","items":{"type":"record","name":"` + n.wire +
		`e","fields":[{"name":"` + keyField + `","type":"string"},{"name":"` + valueField + `","type":`)
	p.node(n.items)
	p.raw(`}]}}}]}`)
}

// prepare works out what reading and writing need of each type, makes goavro's
// codec of the wire schema, and the natives of the defaults.
func (s *Schema) prepare() error {
	for _, n := range s.nodes {
		n.label = append(value.AppendString(nil, n.tag), ':')
		n.wire = n.wireTag()
		for i := range n.fields {
			n.fields[i].wire = "f" + strconv.Itoa(i)
		}
		for i := range n.symbols {
			n.wireSymbols = append(n.wireSymbols, "s"+strconv.Itoa(i))
		}
	}
	var err error
	if s.codec, err = goavro.NewCodec(s.print(forCodec)); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	for _, n := range s.nodes {
		for i := range n.fields {
			n.fields[i].prepareDefault()
		}
	}
	return nil
}

// fromNative returns the value that goavro read, with its logical type, in the order
// of the schema. The guard has accepted the bytes, so native is of the types that
// the wire schema says. style decides how unions, bytes and logical types look.
func (n *node) fromNative(native any, style Style) value.V {
	switch n.kind {
	case kindInt:
		return n.integerValue(int64(native.(int32)), style)
	case kindLong:
		return n.integerValue(native.(int64), style)
	case kindFloat:
		f := value.Float32(math.Float32bits(native.(float32)))
		if style == lossless {
			return f.Digits()
		}
		return f
	case kindString:
		return textValue(native.(string), style)
	case kindDouble:
		return value.Float{F: native.(float64), Bits: 64}
	case kindBytes, kindFixed:
		return n.bytesValue(native.([]byte), style)
	case kindEnum:
		i, _ := strconv.Atoi(native.(string)[1:])
		return n.symbols[i]
	case kindArray:
		items := native.([]any)
		list := make(value.List, len(items))
		for i, item := range items {
			list[i] = n.items.fromNative(item, style)
		}
		return list
	case kindMap:
		return n.mapValue(native.(map[string]any)[entriesField].([]any), style)
	case kindRecord:
		fields := native.(map[string]any)
		m := &value.Map{Fields: make([]value.Field, len(n.fields))}
		for i := range n.fields {
			f := &n.fields[i]
			m.Fields[i] = value.Field{Key: f.name, Value: f.typ.fromNative(fields[f.wire], style)}
		}
		return m
	case kindUnion:
		return n.fromUnion(native, style)
	}
	return native // null, boolean
}

// mapValue returns a map of text; lossless, and with keys that are no UTF-8, one of any
// keys.
func (n *node) mapValue(entries []any, style Style) value.V {
	m, isText := &value.Map{Fields: make([]value.Field, len(entries))}, true
	for i, e := range entries {
		e := e.(map[string]any)
		key := e[keyField].(string)
		m.Fields[i] = value.Field{Key: key, Value: n.items.fromNative(e[valueField], style)}
		isText = isText && (style != lossless || utf8.ValidString(key))
	}
	if isText {
		return m
	}
	pairs := make(value.Pairs, len(entries))
	for i, f := range m.Fields {
		pairs[i] = value.Pair{Key: textValue(f.Key, style), Value: f.Value}
	}
	return &pairs
}

func (n *node) fromUnion(native any, style Style) value.V {
	tagged, _ := native.(map[string]any)
	for _, b := range n.branches {
		inner, ok := tagged[b.wire]
		if !ok {
			continue
		}
		return n.branchValue(b, b.fromNative(inner, style), style)
	}
	return nil
}

// Decode reads the value at the start of data and says how many bytes that was.
func (s *Schema) Decode(data []byte, style Style, limits serde.Limits) (value.V, int, error) {
	n, err := s.Check(data, limits)
	if err != nil {
		return nil, 0, err
	}
	native, _, err := s.codec.NativeFromBinary(data[:n])
	if err != nil {
		return nil, 0, fault(-1, err)
	}
	return s.root.fromNative(native, style), n, nil
}
