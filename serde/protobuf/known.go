package protobuf

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde"
	"kstream/serde/value"
)

// knownType is a type whose JSON is not that of its fields (ProtoJSON, "JSON options
// for well-known types").
type knownType uint8

const (
	ordinary knownType = iota
	anyType
	timestampType
	durationType
	fieldMaskType
	structType
	listType
	valueType
	wrapperType
)

// knownTypeOf looks at the fields, too: a schema may call anything google.protobuf.Any.
func knownTypeOf(d protoreflect.MessageDescriptor) knownType {
	is := func(n protowire.Number, k protoreflect.Kind, c protoreflect.Cardinality) bool {
		f := d.Fields().ByNumber(n)
		return f != nil && f.Kind() == k && f.Cardinality() == c
	}
	if d.FullName().Parent() != "google.protobuf" {
		return ordinary
	}
	const one, many = protoreflect.Optional, protoreflect.Repeated
	known, fits := ordinary, false
	switch d.Name() {
	case "Any":
		known, fits = anyType, is(1, protoreflect.StringKind, one) && is(2, protoreflect.BytesKind, one)
	case "Timestamp":
		known, fits = timestampType, is(1, protoreflect.Int64Kind, one) && is(2, protoreflect.Int32Kind, one)
	case "Duration":
		known, fits = durationType, is(1, protoreflect.Int64Kind, one) && is(2, protoreflect.Int32Kind, one)
	case "FieldMask":
		known, fits = fieldMaskType, is(1, protoreflect.StringKind, many)
	case "Struct":
		known, fits = structType, is(1, protoreflect.MessageKind, many) && d.Fields().ByNumber(1).IsMap()
	case "ListValue":
		known, fits = listType, is(1, protoreflect.MessageKind, many)
	case "Value":
		known, fits = valueType, d.Oneofs().Len() == 1 && d.Oneofs().Get(0).Fields().Len() == d.Fields().Len()
	case "DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value", "BoolValue", "StringValue", "BytesValue":
		known, fits = wrapperType, d.Fields().ByNumber(1) != nil && d.Fields().ByNumber(1).Cardinality() == one
	}
	if !fits {
		return ordinary
	}
	return known
}

func (r *renderer) wellKnown(m *message, at, end, depth int) error {
	base := len(r.runs)
	unknown := r.unknown
	if err := r.scan(m, at, end); err != nil {
		return err
	}
	top := len(r.runs)
	for top > base && r.runs[top-1].dead {
		top--
	}
	done, err := r.special(m, base, top, depth)
	r.runs = r.runs[:base]
	if done || err != nil {
		return err
	}
	r.unknown = unknown
	if depth >= r.maxDepth {
		return r.fault(at, serde.ErrTooDeep)
	}
	r.dst = append(r.dst, '{') // what has no JSON of its own is shown field by field
	if err := r.members(m, at, end, depth+1); err != nil {
		return err
	}
	r.dst = append(r.dst, '}')
	return nil
}

// special writes the JSON of a well-known type whose fields are runs[base:top]. done is
// false when it has none for this value.
func (r *renderer) special(m *message, base, top, depth int) (done bool, err error) {
	switch m.known {
	case anyType:
		return true, r.any(base, top, depth)
	case timestampType:
		return r.timestamp(r.pair(base, top)), nil
	case durationType:
		return r.duration(r.pair(base, top)), nil
	case fieldMaskType:
		return r.fieldMask(base, top)
	case valueType:
		if base == top {
			r.dst = append(r.dst, "null"...) // none of its kinds: protojson has nothing for it
			return true, nil
		}
		_, err := r.value(r.runs[base].field, base, top, depth)
		return true, err
	case wrapperType:
		if base == top {
			return true, r.defaultOf(m.field(1), depth)
		}
	case structType, listType:
		if base == top {
			if m.known == structType {
				r.dst = append(r.dst, "{}"...)
			} else {
				r.dst = append(r.dst, "[]"...)
			}
			return true, nil
		}
	}
	i := base
	j := r.sameField(i, top)
	_, err = r.value(r.runs[i].field, i, j, depth)
	return true, err
}

// last returns the value of the last of field n among the runs, and where it is.
func (r *renderer) last(n protowire.Number, base, top int) (b []byte, at int) {
	for i := top - 1; i >= base; i-- {
		if r.runs[i].field.number == n {
			_, _, size := protowire.ConsumeTag(r.data[r.runs[i].start:])
			at = r.runs[i].start + size
			return r.data[at:r.runs[i].end], at
		}
	}
	return nil, 0
}

// pair reads the seconds and nanoseconds of a timestamp or duration.
func (r *renderer) pair(base, top int) (seconds int64, nanos int32) {
	s, _ := r.last(1, base, top)
	n, _ := r.last(2, base, top)
	a, _ := protowire.ConsumeVarint(s)
	b, _ := protowire.ConsumeVarint(n)
	return int64(a), int32(b)
}

// The range of google.protobuf.Timestamp, the years 1 to 9999, and of Duration.
const (
	minTimestamp = -62135596800
	maxTimestamp = 253402300799
	maxDuration  = 315576000000
)

func (r *renderer) timestamp(seconds int64, nanos int32) (done bool) {
	if seconds < minTimestamp || seconds > maxTimestamp || nanos < 0 || nanos > 999999999 {
		return false
	}
	r.dst = append(r.dst, '"')
	r.dst = time.Unix(seconds, 0).UTC().AppendFormat(r.dst, "2006-01-02T15:04:05")
	r.fraction(nanos)
	r.dst = append(r.dst, 'Z', '"')
	return true
}

func (r *renderer) duration(seconds int64, nanos int32) (done bool) {
	if seconds < -maxDuration || seconds > maxDuration || nanos < -999999999 || nanos > 999999999 ||
		seconds > 0 && nanos < 0 || seconds < 0 && nanos > 0 {
		return false
	}
	r.dst = append(r.dst, '"')
	if seconds < 0 || nanos < 0 {
		r.dst = append(r.dst, '-')
		seconds, nanos = -seconds, -nanos
	}
	r.dst = strconv.AppendInt(r.dst, seconds, 10)
	r.fraction(nanos)
	r.dst = append(r.dst, 's', '"')
	return true
}

// fraction writes 0, 3, 6 or 9 digits, as few as say it all.
func (r *renderer) fraction(nanos int32) {
	if nanos == 0 {
		return
	}
	var digits [10]byte
	text := strconv.AppendInt(digits[:0], int64(nanos)+1000000000, 10)
	text[0] = '.'
	switch {
	case nanos%1000000 == 0:
		text = text[:4]
	case nanos%1000 == 0:
		text = text[:7]
	}
	r.dst = append(r.dst, text...)
}

// fieldMask writes the paths in lower camel case, where they come back from it.
func (r *renderer) fieldMask(base, top int) (done bool, err error) {
	start := len(r.dst)
	var paths []byte
	for i := base; i < top; i++ {
		for at := r.runs[i].start; at < r.runs[i].end; {
			_, _, body, next, err := r.next(at, r.runs[i].end)
			if err != nil {
				return true, err
			}
			path, _ := protowire.ConsumeBytes(r.data[body:next])
			if i > base || at > r.runs[i].start {
				paths = append(paths, ',')
			}
			var ok bool
			if paths, ok = appendCamel(paths, path); !ok {
				r.dst = r.dst[:start]
				return false, nil
			}
			at = next
		}
	}
	r.dst = value.AppendString(r.dst, paths)
	return true, nil
}

// appendCamel appends a path in lower camel case. ok is false for one that would come
// back as another.
func appendCamel(dst, path []byte) (out []byte, ok bool) {
	if len(path) == 0 {
		return dst, false
	}
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '_':
			if i++; i == len(path) || path[i] < 'a' || path[i] > 'z' {
				return dst, false
			}
			dst = append(dst, path[i]-'a'+'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.':
			dst = append(dst, c)
		default:
			return dst, false
		}
	}
	return dst, true
}

// any writes what an Any holds; where its type is unknown, or its bytes are not of it,
// the bytes themselves, which Encode reads back.
func (r *renderer) any(base, top, depth int) error {
	url, at := r.last(1, base, top)
	if depth >= r.maxDepth {
		return r.fault(at, serde.ErrTooDeep)
	}
	url, _ = protowire.ConsumeBytes(url)
	held, body := r.last(2, base, top)
	r.dst = append(r.dst, '{')
	if len(url) == 0 && len(held) <= 1 { // no value, or one of length 0
		r.dst = append(r.dst, '}')
		return nil
	}
	r.dst = append(r.dst, `"@type":`...)
	r.dst = value.AppendString(r.dst, url)
	end := body + len(held)
	if len(held) > 0 {
		_, n := protowire.ConsumeVarint(held)
		body += n
	}

	start, saved := len(r.dst), *r
	if m := r.schema.byURL(url); m != nil {
		err := r.held(m, body, end, depth)
		if err == nil || len(r.dst) > r.limit {
			return err
		}
		saved.dst, saved.runs, saved.entries = r.dst[:start], r.runs[:len(saved.runs)], r.entries[:len(saved.entries)]
		saved.room = r.room
		*r = saved
	}
	r.opaque++
	r.dst = append(r.dst, `,"$bytes":`...)
	r.base64(r.data[body:end])
	r.dst = append(r.dst, '}')
	return nil
}

func (r *renderer) held(m *message, at, end, depth int) error {
	if m.known != ordinary || m.desc.FullName() == "google.protobuf.Empty" {
		r.dst = append(r.dst, `,"value":`...)
		if err := r.message(m, at, end, depth+1); err != nil {
			return err
		}
	} else if err := r.members(m, at, end, depth+1); err != nil {
		return err
	}
	r.dst = append(r.dst, '}')
	return nil
}
