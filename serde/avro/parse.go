package avro

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"kstream/serde"
	"kstream/serde/value"
)

// What a schema may be before it is refused. A registry takes up to 1 MB.
const (
	maxSchemaBytes = 4 << 20
	maxSchemaDepth = 256
	maxSchemaNodes = 1 << 17
	maxNameBytes   = 1024
)

// parser builds one schema. References are parsed by the same parser before the
// schema that uses them, so that their names are known in it.
type parser struct {
	names map[string]*node
	nodes []*node
}

// ParseSchema reads the JSON of a schema. The texts of the schemas it refers to
// come first, each after those that it refers to itself; their types are part of
// the result where they are used. It refuses names without a definition, values
// without an end, and schemas over 4 MiB or nested over 256 deep.
func ParseSchema(text string, references ...string) (*Schema, error) {
	p := &parser{names: map[string]*node{}}
	for i, ref := range references {
		if _, err := p.text(ref); err != nil {
			return nil, fmt.Errorf("reference %d: %w", i+1, err)
		}
	}
	root, err := p.text(text)
	if err != nil {
		return nil, err
	}
	s := &Schema{root: root, nodes: p.nodes, Name: root.tag}
	if err := s.measure(); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	s.Fingerprint = fingerprint([]byte(s.Canonical()))
	return s, nil
}

func (p *parser) text(text string) (*node, error) {
	if len(text) > maxSchemaBytes {
		return nil, fmt.Errorf("schema of %d bytes: %w", len(text), serde.ErrTooBig)
	}
	v, err := value.ParseJSON(withoutComments(text), false, 4*maxSchemaDepth)
	if err != nil {
		return nil, fmt.Errorf("schema is no JSON: %w", err)
	}
	return p.node(v, "", 0)
}

func (p *parser) add(n *node) (*node, error) {
	if len(p.nodes) >= maxSchemaNodes {
		return nil, fmt.Errorf("schema of more than %d types: %w", maxSchemaNodes, serde.ErrTooBig)
	}
	n.id = len(p.nodes)
	n.nullAt = -1
	p.nodes = append(p.nodes, n)
	return n, nil
}

// node reads a schema where the namespace is space.
func (p *parser) node(v value.V, space string, depth int) (*node, error) {
	if depth > maxSchemaDepth {
		return nil, fmt.Errorf("schema: %w", serde.ErrTooDeep)
	}
	switch v := v.(type) {
	case string:
		return p.reference(v, space)
	case value.List:
		return p.union(v, space, depth)
	case *value.Map:
		return p.object(v, space, depth)
	}
	return nil, errors.New("schema: want a type's name, a list of branches or an object")
}

// reference finds a type by its name: a primitive's, or one defined before. A
// name without a dot is looked for in the namespace, then outside of all.
func (p *parser) reference(name, space string) (*node, error) {
	if k, ok := primitive(name); ok {
		return p.add(&node{kind: k, tag: name})
	}
	if n := p.names[fullName(name, space)]; n != nil {
		return n, nil
	}
	if n := p.names[name]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("schema: unknown type %q", fullName(name, space))
}

func primitive(name string) (kind, bool) {
	for k := kindNull; k <= kindString; k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	return 0, false
}

func (p *parser) union(branches value.List, space string, depth int) (*node, error) {
	if len(branches) == 0 {
		return nil, errors.New("schema: a union without branches")
	}
	n, err := p.add(&node{kind: kindUnion, tag: "union"})
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(branches))
	for i, v := range branches {
		b, err := p.node(v, space, depth+1)
		if err != nil {
			return nil, err
		}
		if b.kind == kindUnion {
			return nil, errors.New("schema: a union directly inside of a union")
		}
		if seen[b.tag] {
			return nil, fmt.Errorf("schema: a union with two branches %q", b.tag)
		}
		seen[b.tag] = true
		if b.kind == kindNull {
			n.nullAt = i
		}
		n.branches = append(n.branches, b)
	}
	return n, nil
}

func (p *parser) object(m *value.Map, space string, depth int) (*node, error) {
	t, ok := get(m, "type")
	if !ok {
		return nil, errors.New(`schema: an object without "type"`)
	}
	word, ok := t.(string)
	if !ok {
		return p.node(t, space, depth+1)
	}
	if k, ok := primitive(word); ok {
		n, err := p.add(&node{kind: k, tag: word})
		if err != nil {
			return nil, err
		}
		n.annotate(m)
		return n, nil
	}
	switch word {
	case "array":
		return p.items(m, kindArray, "items", space, depth)
	case "map":
		return p.items(m, kindMap, "values", space, depth)
	case "fixed", "enum", "record", "error":
		return p.named(m, word, space, depth)
	}
	return p.reference(word, space)
}

func (p *parser) items(m *value.Map, k kind, attr, space string, depth int) (*node, error) {
	v, ok := get(m, attr)
	if !ok {
		return nil, fmt.Errorf("schema: %s without %q", k, attr)
	}
	n, err := p.add(&node{kind: k, tag: k.String()})
	if err != nil {
		return nil, err
	}
	n.items, err = p.node(v, space, depth+1)
	return n, err
}

// named reads a definition. Its name is known from here on, to its own fields too.
func (p *parser) named(m *value.Map, word, space string, depth int) (*node, error) {
	name, err := text(m, "name")
	if err != nil {
		return nil, fmt.Errorf("schema: %s: %w", word, err)
	}
	if ns, ok := get(m, "namespace"); ok && ns != nil && !strings.Contains(name, ".") {
		if space, ok = ns.(string); !ok {
			return nil, fmt.Errorf("schema: %s %q: namespace is no text", word, name)
		}
	}
	full := fullName(name, space)
	if err := checkName(full); err != nil {
		return nil, fmt.Errorf("schema: %s: %w", word, err)
	}
	if _, ok := primitive(full); ok {
		return nil, fmt.Errorf("schema: %s: %q is the name of a type of Avro", word, full)
	}
	if p.names[full] != nil {
		return nil, fmt.Errorf("schema: %q is defined twice", full)
	}
	space = ""
	if dot := strings.LastIndexByte(full, '.'); dot >= 0 {
		space = full[:dot]
	}
	n, err := p.add(&node{tag: full, aliases: texts(m, "aliases")})
	if err != nil {
		return nil, err
	}
	for i, a := range n.aliases {
		n.aliases[i] = fullName(a, space)
	}
	p.names[full] = n
	switch word {
	case "fixed":
		n.kind = kindFixed
		err = n.fixed(m)
	case "enum":
		n.kind = kindEnum
		err = n.enum(m)
	default:
		n.kind = kindRecord
		err = p.record(n, m, space, depth)
	}
	if err != nil {
		return nil, err
	}
	n.annotate(m)
	return n, nil
}

func (n *node) fixed(m *value.Map) error {
	size, ok := whole(m, "size")
	if !ok || size < 1 || size > 1<<30 {
		return fmt.Errorf("schema: fixed %q: size is no number from 1 to 2^30", n.tag)
	}
	n.size = size
	return nil
}

func (n *node) enum(m *value.Map) error {
	list, _ := get(m, "symbols")
	symbols, ok := list.(value.List)
	if !ok || len(symbols) == 0 {
		return fmt.Errorf("schema: enum %q without symbols", n.tag)
	}
	n.symbolAt = make(map[string]int, len(symbols))
	for i, v := range symbols {
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("schema: enum %q: symbol %d is no text", n.tag, i)
		}
		if _, ok := n.symbolAt[s]; ok {
			return fmt.Errorf("schema: enum %q: symbol %q twice", n.tag, s)
		}
		n.symbolAt[s] = i
		n.symbols = append(n.symbols, s)
	}
	if v, ok := get(m, "default"); ok {
		n.fallback, _ = v.(string)
		if _, ok := n.symbolAt[n.fallback]; !ok {
			return fmt.Errorf("schema: enum %q: the default is no symbol of it", n.tag)
		}
	}
	return nil
}

func (p *parser) record(n *node, m *value.Map, space string, depth int) error {
	list, _ := get(m, "fields")
	fields, ok := list.(value.List)
	if !ok {
		return fmt.Errorf("schema: record %q without a list of fields", n.tag)
	}
	n.fieldAt = make(map[string]int, len(fields))
	for i, v := range fields {
		fm, ok := v.(*value.Map)
		if !ok {
			return fmt.Errorf("schema: record %q: field %d is no object", n.tag, i)
		}
		f := field{aliases: texts(fm, "aliases")}
		var err error
		if f.name, err = text(fm, "name"); err == nil {
			err = checkName(f.name)
		}
		if err != nil {
			return fmt.Errorf("schema: record %q: field %d: %w", n.tag, i, err)
		}
		if _, ok := n.fieldAt[f.name]; ok {
			return fmt.Errorf("schema: record %q: field %q twice", n.tag, f.name)
		}
		t, ok := get(fm, "type")
		if !ok {
			return fmt.Errorf("schema: record %q: field %q without a type", n.tag, f.name)
		}
		if f.typ, err = p.node(t, space, depth+1); err != nil {
			return err
		}
		f.def, f.optional = get(fm, "default")
		f.label = append(value.AppendString(nil, f.name), ':')
		n.fieldAt[f.name] = i
		n.fields = append(n.fields, f)
	}
	return nil
}

func fullName(name, space string) string {
	if space == "" || strings.Contains(name, ".") {
		return strings.TrimPrefix(name, ".")
	}
	return space + "." + name
}

// checkName refuses what cannot be shown or told apart. The letters that the
// specification allows are not insisted on: writers that do not check them exist,
// and their records are to be read.
func checkName(name string) error {
	if name == "" || len(name) > maxNameBytes || !utf8.ValidString(name) ||
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return errors.New("a name is empty, longer than 1024 bytes or not printable")
	}
	return nil
}

// get returns the last entry of the name, which is the one that counts in JSON.
func get(m *value.Map, key string) (value.V, bool) {
	for i := len(m.Fields) - 1; i >= 0; i-- {
		if m.Fields[i].Key == key {
			return m.Fields[i].Value, true
		}
	}
	return nil, false
}

func text(m *value.Map, key string) (string, error) {
	v, _ := get(m, key)
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%q is missing or no text", key)
	}
	return s, nil
}

func texts(m *value.Map, key string) []string {
	v, _ := get(m, key)
	list, _ := v.(value.List)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func whole(m *value.Map, key string) (int, bool) {
	v, _ := get(m, key)
	i, err := value.AsInt64(v, math.MinInt32, math.MaxInt32)
	return int(i), err == nil
}
