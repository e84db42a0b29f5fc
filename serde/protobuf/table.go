package protobuf

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde/value"
)

// message is what the renderer needs to know of a message type.
type message struct {
	desc   protoreflect.MessageDescriptor
	known  knownType
	small  [64]*field // by number
	others map[protowire.Number]*field
	fields []*field // in the order of the JSON
}

// field is what the renderer needs to know of a field.
type field struct {
	index    int // in the order of the JSON
	number   protowire.Number
	kind     protoreflect.Kind
	wire     protowire.Type // of one value
	label    []byte         // `"name":`
	list     bool
	isMap    bool
	packable bool
	implicit bool // zero is not told from missing
	utf8     bool // text must be
	oneof    int  // which of its message, from 1, when that has several members
	message  *message
	enum     map[int32][]byte // names in quotes
	null     bool             // the enum is google.protobuf.NullValue: JSON null
}

func (m *message) field(n protowire.Number) *field {
	if n < protowire.Number(len(m.small)) {
		return m.small[n]
	}
	return m.others[n]
}

// table returns the table of a message, with those of all that it can hold.
func (s *schema) table(d protoreflect.MessageDescriptor) *message {
	if t, ok := s.tables.Load(d.FullName()); ok {
		return t.(*message)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := builder{schema: s, made: map[protoreflect.FullName]*message{}}
	m := b.message(d)
	for len(b.todo) > 0 {
		next := b.todo[len(b.todo)-1]
		b.todo = b.todo[:len(b.todo)-1]
		b.fill(next)
	}
	for name, m := range b.made { // others may use them now that they are whole
		s.tables.LoadOrStore(name, m)
	}
	return m
}

type builder struct {
	schema *schema
	made   map[protoreflect.FullName]*message
	todo   []*message
}

func (b *builder) message(d protoreflect.MessageDescriptor) *message {
	if m, ok := b.made[d.FullName()]; ok {
		return m
	}
	if t, ok := b.schema.tables.Load(d.FullName()); ok {
		return t.(*message)
	}
	m := &message{desc: d, others: map[protowire.Number]*field{}}
	b.made[d.FullName()] = m
	b.todo = append(b.todo, m)
	return m
}

func (b *builder) fill(m *message) {
	m.known = knownTypeOf(m.desc)
	declared := m.desc.Fields()
	for i := range declared.Len() {
		b.add(m, declared.Get(i))
	}
	extensions := slices.Clone(b.schema.extensions[m.desc.FullName()])
	slices.SortFunc(extensions, func(x, y protoreflect.ExtensionDescriptor) int {
		return strings.Compare(string(x.FullName()), string(y.FullName()))
	})
	for _, x := range extensions {
		b.add(m, x)
	}
}

func (b *builder) add(m *message, d protoreflect.FieldDescriptor) {
	name := d.JSONName()
	if b.schema.style.protoNames {
		name = d.TextName()
	}
	if d.IsExtension() {
		name = "[" + string(d.FullName()) + "]"
	}
	f := &field{
		index:    len(m.fields),
		number:   d.Number(),
		kind:     d.Kind(),
		wire:     wireType(d.Kind()),
		label:    append(value.AppendString(nil, name), ':'),
		list:     d.IsList(),
		isMap:    d.IsMap(),
		implicit: !d.HasPresence() && !d.IsList() && !d.IsMap() && !m.desc.IsMapEntry(),
	}
	f.packable = f.list && f.wire != protowire.BytesType && f.wire != protowire.StartGroupType
	if v, ok := d.(interface{ EnforceUTF8() bool }); ok {
		f.utf8 = v.EnforceUTF8()
	} else {
		f.utf8 = d.Syntax() == protoreflect.Proto3
	}
	if o := d.ContainingOneof(); o != nil && o.Fields().Len() > 1 {
		f.oneof = o.Index() + 1
	}
	if d.Message() != nil {
		f.message = b.message(d.Message())
	}
	if d.Enum() != nil {
		f.enum = enumNames(d.Enum())
		f.null = d.Enum().FullName() == "google.protobuf.NullValue"
	}
	m.fields = append(m.fields, f)
	if f.number < protowire.Number(len(m.small)) {
		m.small[f.number] = f
	} else {
		m.others[f.number] = f
	}
}

// enumNames returns the name of each number, the first where there are several.
func enumNames(d protoreflect.EnumDescriptor) map[int32][]byte {
	names := make(map[int32][]byte, d.Values().Len())
	for i := range d.Values().Len() {
		v := d.Values().Get(i)
		if _, ok := names[int32(v.Number())]; !ok {
			names[int32(v.Number())] = value.AppendString(nil, string(v.Name()))
		}
	}
	return names
}

func wireType(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	}
	return protowire.VarintType
}

// accepts reports whether a value of a wire type is one of f; else it is unknown.
func (f *field) accepts(t protowire.Type) bool {
	return t == f.wire || f.packable && t == protowire.BytesType
}
