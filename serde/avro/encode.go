package avro

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"kstream/serde"
	"kstream/serde/value"
)

// Work that led nowhere, because a branch of a union turned out to be the wrong
// one, may be this much and a multiple of what led somewhere. Without a bound a
// schema of ambiguous unions makes a value cost two to the power of its depth.
const (
	wastedFree  = 1 << 20
	wastedTimes = 64
)

var errAmbiguous = errors.New("too many ways to read the unions")

// encoder turns a value into what goavro takes for the wire schema. It is used for
// one value.
type encoder struct {
	style    Style
	defaults bool // of a schema: bytes as in AvroJSON, unions without tags
	ignore   bool // fields that the schema lacks
	limit    int  // of calls
	calls    int
	wasted   int
}

// Append appends v in binary to dst. Fields that v lacks get their default; fields
// that the schema lacks are refused, as is whatever would lose a digit. style says
// how strings for bytes are read and how an ambiguous union is; both styles of a
// union are read either way. Errors are *serde.EncodeError with a path into v.
func (s *Schema) Append(dst []byte, v value.V, style Style, limits serde.Limits) ([]byte, error) {
	return s.append(dst, v, encoder{style: style, limit: limits.OrDefaults().Items})
}

func (s *Schema) append(dst []byte, v value.V, e encoder) ([]byte, error) {
	native, err := e.native(s.root, v, 0)
	if err == nil {
		var out []byte
		if out, err = s.codec.BinaryFromNative(dst, native); err == nil {
			return out, nil
		}
	}
	path, err := pathOf(err)
	return dst, &serde.EncodeError{Format: "avro", Offset: -1, Path: path, Err: err}
}

// misfit is a value that its type does not take, and the way to it from the inside
// out: it is put together while the encoder returns.
type misfit struct {
	steps []string
	err   error
}

func (m *misfit) Error() string {
	path, err := pathOf(m)
	if path == "" {
		return err.Error()
	}
	return path + ": " + err.Error()
}

// within adds a step to the way of err.
func within(err error, step string) error {
	m, ok := err.(*misfit) //nolint:errorlint // one that is wrapped begins a way of its own
	if !ok {
		m = &misfit{err: err}
	}
	m.steps = append(m.steps, step)
	return m
}

// pathOf takes an error apart into the way to it, "items[2].price", and the rest.
func pathOf(err error) (string, error) {
	m, ok := err.(*misfit) //nolint:errorlint // one that is wrapped has its way in its text
	if !ok {
		return "", err
	}
	var path strings.Builder
	for i := len(m.steps) - 1; i >= 0; i-- {
		if path.Len() > 0 && m.steps[i][0] != '[' {
			path.WriteByte('.')
		}
		path.WriteString(m.steps[i])
	}
	return shortened(path.String()), m.err
}

// shortened keeps both ends of a path that would fill a screen.
func shortened(path string) string {
	const ends = 100
	if len(path) <= 3*ends {
		return path
	}
	return strings.ToValidUTF8(path[:ends], "") + "…" + strings.ToValidUTF8(path[len(path)-ends:], "")
}

func want(what string, v value.V) error {
	return fmt.Errorf("want %s, have %s", what, describe(v))
}

// describe names v, and shows it where it is short.
func describe(v value.V) string {
	const short = 40
	switch t := v.(type) {
	case string:
		if len(t) <= short {
			return strconv.Quote(t)
		}
	case value.Number:
		if len(t) <= short {
			return string(t)
		}
	case int64:
		return strconv.FormatInt(t, 10)
	}
	return value.TypeName(v)
}

func (e *encoder) native(n *node, v value.V, depth int) (any, error) {
	if e.calls++; e.calls > e.limit {
		return nil, e.tooMuch()
	}
	if t, ok := v.(value.Tagged); ok && t.Tag != badTextTag && t.Tag != branchTag {
		v = t.Plain
	}
	switch n.kind {
	case kindNull:
		if v != nil {
			return nil, want("null", v)
		}
		return nil, nil
	case kindBoolean:
		return boxed(value.AsBool(v))
	case kindInt:
		i, err := n.integerOf(v)
		return int32(i), err
	case kindLong:
		return boxed(n.integerOf(v))
	case kindFloat:
		f, err := value.AsFloat(v, 32)
		return math.Float32frombits(f.Bits32()), err
	case kindDouble:
		f, err := value.AsFloat(v, 64)
		return f.F, err
	case kindString:
		return boxed(textOf(v))
	case kindBytes, kindFixed:
		return boxed(n.bytesOf(v, e.raw()))
	case kindEnum:
		s, ok := v.(string)
		i, known := n.symbolAt[s]
		if !ok || !known {
			return nil, want("one of "+abridged(n.symbols), v)
		}
		return n.wireSymbols[i], nil
	case kindUnion:
		return e.union(n, v, depth)
	}
	if depth >= maxDepth {
		return nil, serde.ErrTooDeep
	}
	switch n.kind {
	case kindArray:
		return e.array(n, v, depth)
	case kindMap:
		return e.entries(n, v, depth)
	}
	return e.record(n, v, depth)
}

// raw reports whether text is what is on the wire, rather than what it means.
func (e *encoder) raw() bool { return e.style == AvroJSON || e.defaults }

func (e *encoder) tooMuch() error {
	if e.wasted > 0 && e.limit == 0 {
		return errAmbiguous
	}
	return serde.ErrTooBig
}

func boxed[T any](v T, err error) (any, error) { return v, err }

func abridged(names []string) string {
	const few = 8
	if len(names) > few {
		return strings.Join(names[:few], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

func (e *encoder) array(n *node, v value.V, depth int) (any, error) {
	list, ok := v.(value.List)
	if !ok {
		return nil, want("an array", v)
	}
	out := make([]any, len(list))
	for i, item := range list {
		var err error
		if out[i], err = e.native(n.items, item, depth+1); err != nil {
			return nil, within(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return out, nil
}

// fieldsOf returns the entries of a map. In lossless JSON its keys may be no UTF-8.
func fieldsOf(v value.V) ([]value.Field, error) {
	switch t := v.(type) {
	case *value.Map:
		return t.Fields, nil
	case *value.Pairs:
		fields := make([]value.Field, len(*t))
		for i, p := range *t {
			key, err := textOf(p.Key)
			if err != nil {
				return nil, err
			}
			fields[i] = value.Field{Key: key, Value: p.Value}
		}
		return fields, nil
	}
	return nil, want("an object", v)
}

// entries writes a map in the order of its keys; of a key that is there twice the
// last value counts, unless the JSON is lossless and the wire had both.
func (e *encoder) entries(n *node, v value.V, depth int) (any, error) {
	fields, err := fieldsOf(v)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, len(fields))
	at := make(map[string]int, len(fields))
	for _, f := range fields {
		key := f.Key
		item, err := e.native(n.items, f.Value, depth+1)
		if err != nil {
			return nil, within(err, "["+strconv.Quote(key)+"]")
		}
		entry := map[string]any{keyField: key, valueField: item}
		if j, twice := at[key]; twice && e.style != lossless {
			out[j] = entry
			continue
		}
		at[key] = len(out)
		out = append(out, entry)
	}
	return map[string]any{entriesField: out}, nil
}

func (e *encoder) record(n *node, v value.V, depth int) (any, error) {
	m, ok := v.(*value.Map)
	if !ok {
		return nil, want("an object for "+n.tag, v)
	}
	out := make(map[string]any, len(n.fields))
	for i := range m.Fields {
		at, ok := n.fieldAt[m.Fields[i].Key]
		if !ok && e.ignore {
			continue
		}
		if !ok {
			return nil, within(fmt.Errorf("%s has no such field", n.tag), m.Fields[i].Key)
		}
		f := &n.fields[at]
		native, err := e.native(f.typ, m.Fields[i].Value, depth+1)
		if err != nil {
			return nil, within(err, f.name)
		}
		out[f.wire] = native
	}
	for i := range n.fields {
		f := &n.fields[i]
		if _, given := out[f.wire]; given {
			continue
		}
		if err := e.fill(f); err != nil {
			return nil, within(err, f.name)
		}
		out[f.wire] = f.native
	}
	return out, nil
}

// fill makes sure that the default of a field that a value lacks can be written.
func (e *encoder) fill(f *field) error {
	if !f.optional {
		return errors.New("missing, and the schema has no default")
	}
	if e.defaults {
		f.prepareDefault()
	}
	e.calls += f.weight
	if e.calls > e.limit {
		return e.tooMuch()
	}
	return f.wrong
}

// maxDefault bounds what a default may be made of, defaults in it included: a chain
// of records that all default to {} would double with each link.
const maxDefault = 1 << 20

// prepareDefault makes the native of the default. It is only called while the
// schema is made. A wrong default is no reason to refuse to read: who misses the
// default is told.
func (f *field) prepareDefault() {
	if !f.optional || f.prepared {
		return
	}
	f.prepared = true
	f.wrong = errors.New("the default in the schema contains itself")
	e := encoder{style: AvroJSON, defaults: true, limit: maxDefault}
	native, err := e.native(f.typ, f.def, 0)
	if err != nil {
		err = fmt.Errorf("the default in the schema is wrong: %w", err)
	}
	f.native, f.wrong, f.weight = native, err, e.calls
}
