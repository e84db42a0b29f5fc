package protobuf

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde/value"
)

// patch sets in a message what protojson cannot read.
type patch func(root protoreflect.Message) error

// patcher finds what has another JSON than protojson takes: a Timestamp, a Duration or a
// FieldMask that is shown field by field, as no text stands for it, and a number of a
// Value that is none, which is known as such in lossless JSON and from NaN without
// quotes. It puts something else there, and sets the message right afterwards.
type patcher struct {
	patches []patch
}

// place finds a message in the one that is written.
type place func(root protoreflect.Message) protoreflect.Message

// message returns the JSON of a message as protojson takes it.
func (p *patcher) message(d protoreflect.MessageDescriptor, v value.V, at place) value.V {
	switch known := knownTypeOf(d); known {
	case anyType, wrapperType:
		return v
	case timestampType, durationType, fieldMaskType:
		m, ok := v.(*value.Map)
		if !ok {
			return v
		}
		p.patches = append(p.patches, func(root protoreflect.Message) error { return setFields(at(root), m) })
		switch known {
		case timestampType:
			return "1970-01-01T00:00:00Z"
		case durationType:
			return "0s"
		}
		return ""
	case valueType:
		return p.value(d, v, at)
	case structType:
		return p.entries(d.Fields().ByNumber(1), v, at)
	case listType:
		return p.items(d.Fields().ByNumber(1), v, at)
	}
	m, ok := v.(*value.Map)
	if !ok {
		return v
	}
	out := &value.Map{Fields: make([]value.Field, len(m.Fields))}
	for i, f := range m.Fields {
		out.Fields[i] = f
		fd := d.Fields().ByJSONName(f.Key)
		if fd == nil {
			fd = d.Fields().ByTextName(f.Key)
		}
		if fd != nil && f.Value != nil {
			out.Fields[i].Value = p.field(fd, f.Value, at)
		}
	}
	return out
}

func (p *patcher) field(fd protoreflect.FieldDescriptor, v value.V, at place) value.V {
	switch {
	case fd.IsMap() && fd.MapValue().Message() != nil:
		return p.entries(fd, v, at)
	case fd.IsMap() || fd.Message() == nil:
		return v
	case fd.IsList():
		return p.items(fd, v, at)
	}
	return p.message(fd.Message(), v, func(root protoreflect.Message) protoreflect.Message {
		return at(root).Mutable(fd).Message()
	})
}

func (p *patcher) entries(fd protoreflect.FieldDescriptor, v value.V, at place) value.V {
	m, ok := v.(*value.Map)
	if !ok {
		return v
	}
	out := &value.Map{Fields: make([]value.Field, len(m.Fields))}
	for i, f := range m.Fields {
		out.Fields[i] = value.Field{Key: f.Key, Value: p.message(fd.MapValue().Message(), f.Value, func(root protoreflect.Message) protoreflect.Message {
			return at(root).Mutable(fd).Map().Mutable(mapKey(fd.MapKey(), f.Key)).Message()
		})}
	}
	return out
}

// mapKey reads a key of JSON; protojson has read it before.
func mapKey(fd protoreflect.FieldDescriptor, key string) protoreflect.MapKey {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(key).MapKey()
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(key == "true").MapKey()
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		n, _ := strconv.ParseUint(key, 10, 32)
		return protoreflect.ValueOfUint32(uint32(n)).MapKey()
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		n, _ := strconv.ParseUint(key, 10, 64)
		return protoreflect.ValueOfUint64(n).MapKey()
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		n, _ := strconv.ParseInt(key, 10, 32)
		return protoreflect.ValueOfInt32(int32(n)).MapKey()
	}
	n, _ := strconv.ParseInt(key, 10, 64)
	return protoreflect.ValueOfInt64(n).MapKey()
}

func (p *patcher) items(fd protoreflect.FieldDescriptor, v value.V, at place) value.V {
	list, ok := v.(value.List)
	if !ok {
		return v
	}
	out := make(value.List, len(list))
	for i, item := range list {
		out[i] = p.message(fd.Message(), item, func(root protoreflect.Message) protoreflect.Message {
			return at(root).Mutable(fd).List().Get(i).Message()
		})
	}
	return out
}

// value looks into a google.protobuf.Value.
func (p *patcher) value(d protoreflect.MessageDescriptor, v value.V, at place) value.V {
	inner := func(number protoreflect.FieldNumber) (protoreflect.MessageDescriptor, place) {
		fd := d.Fields().ByNumber(number)
		return fd.Message(), func(root protoreflect.Message) protoreflect.Message { return at(root).Mutable(fd).Message() }
	}
	const numberField, structField, listField = 2, 5, 6
	switch t := v.(type) {
	case value.Float:
		if !math.IsNaN(t.F) && !math.IsInf(t.F, 0) {
			return v
		}
		p.patches = append(p.patches, func(root protoreflect.Message) error {
			at(root).Set(d.Fields().ByNumber(numberField), protoreflect.ValueOfFloat64(t.F))
			return nil
		})
		return int64(0)
	case *value.Map:
		d, at := inner(structField)
		return p.message(d, v, at)
	case value.List:
		d, at := inner(listField)
		return p.message(d, v, at)
	}
	return v
}

var errPaths = errors.New("paths: want a list of texts")

// setFields sets the fields of a Timestamp, a Duration or a FieldMask.
func setFields(m protoreflect.Message, shown *value.Map) error {
	for _, f := range shown.Fields {
		fd := m.Descriptor().Fields().ByJSONName(f.Key)
		switch {
		case fd == nil:
			return fmt.Errorf("%s has no field %q", m.Descriptor().FullName(), f.Key)
		case fd.IsList():
			list, ok := f.Value.(value.List)
			if !ok {
				return errPaths
			}
			for _, item := range list {
				path, ok := item.(string)
				if !ok {
					return errPaths
				}
				m.Mutable(fd).List().Append(protoreflect.ValueOfString(path))
			}
			continue
		}
		number := f.Value
		if text, ok := number.(string); ok {
			number = value.Number(text)
		}
		if fd.Kind() == protoreflect.Int32Kind {
			n, err := value.AsInt64(number, math.MinInt32, math.MaxInt32)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Key, err)
			}
			m.Set(fd, protoreflect.ValueOfInt32(int32(n)))
			continue
		}
		n, err := value.AsInt64(number, math.MinInt64, math.MaxInt64)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Key, err)
		}
		m.Set(fd, protoreflect.ValueOfInt64(n))
	}
	return nil
}
