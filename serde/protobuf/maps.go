package protobuf

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde"
	"kstream/serde/value"
)

// entry is one of a map: where it is, and its key.
type entry struct {
	start, end int // of its bytes
	from, to   int // of a key that is text
	bits       uint64
}

// mapOf writes a map, sorted by key; of a key that is there twice the last counts.
func (r *renderer) mapOf(f *field, i, j, depth int) error {
	if depth >= r.maxDepth {
		return r.fault(r.runs[i].start, serde.ErrTooDeep)
	}
	key := f.message.fields[0]
	base := len(r.entries)
	for ; i < j; i++ {
		for at := r.runs[i].start; at < r.runs[i].end; {
			_, typ, body, next, err := r.next(at, r.runs[i].end)
			if err != nil {
				return err
			}
			start, end := r.span(typ, body, next)
			e, err := r.keyOf(key, start, end)
			if err != nil {
				return err
			}
			r.entries = append(r.entries, e)
			at = next
		}
	}
	slices.SortStableFunc(r.entries[base:], func(x, y entry) int { return r.compare(key, x, y) })
	r.dst = append(r.dst, '{')
	start := len(r.dst)
	for k, top := base, len(r.entries); k < top; k++ {
		if k+1 < top && r.compare(key, r.entries[k], r.entries[k+1]) == 0 {
			continue
		}
		r.comma(start)
		if err := r.entry(f, r.entries[k], depth+1); err != nil {
			return err
		}
		if len(r.dst) > r.limit {
			return r.fault(r.entries[k].start, serde.ErrTooBig)
		}
	}
	r.entries = r.entries[:base]
	r.dst = append(r.dst, '}')
	return nil
}

// keyOf finds the key of the entry that is data[at:end]; without one it is zero.
func (r *renderer) keyOf(f *field, at, end int) (entry, error) {
	e := entry{start: at, end: end, from: at, to: at}
	for at < end {
		number, typ, body, next, err := r.next(at, end)
		if err != nil {
			return entry{}, err
		}
		if number == f.number && typ == f.wire {
			switch typ {
			case protowire.BytesType:
				_, n := protowire.ConsumeVarint(r.data[body:next])
				e.from, e.to = body+n, next
			case protowire.VarintType:
				e.bits, _ = protowire.ConsumeVarint(r.data[body:next])
			case protowire.Fixed32Type:
				v, _ := protowire.ConsumeFixed32(r.data[body:next])
				e.bits = uint64(v)
			case protowire.Fixed64Type:
				e.bits, _ = protowire.ConsumeFixed64(r.data[body:next])
			}
		}
		at = next
	}
	e.bits = f.integer(e.bits)
	return e, nil
}

// integer returns what the bits of a key mean, as a signed number where it is one.
func (f *field) integer(bits uint64) uint64 {
	switch f.kind {
	case protoreflect.BoolKind:
		return min(bits, 1)
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind:
		return uint64(int64(int32(bits)))
	case protoreflect.Uint32Kind:
		return uint64(uint32(bits))
	case protoreflect.Sint32Kind:
		return uint64(protowire.DecodeZigZag(uint64(uint32(bits))))
	case protoreflect.Sint64Kind:
		return uint64(protowire.DecodeZigZag(bits))
	}
	return bits
}

func (f *field) unsigned() bool {
	switch f.kind {
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return true
	}
	return false
}

func (r *renderer) compare(f *field, x, y entry) int {
	switch {
	case f.kind == protoreflect.StringKind:
		return bytes.Compare(r.data[x.from:x.to], r.data[y.from:y.to])
	case f.unsigned():
		return cmp.Compare(x.bits, y.bits)
	}
	return cmp.Compare(int64(x.bits), int64(y.bits))
}

// entry writes the key and the value of one entry.
func (r *renderer) entry(f *field, e entry, depth int) error {
	key, val := f.message.fields[0], f.message.fields[1]
	switch {
	case key.kind == protoreflect.StringKind:
		if err := r.text(key, r.data[e.from:e.to], e.from); err != nil {
			return err
		}
	case key.kind == protoreflect.BoolKind:
		r.dst = value.AppendString(r.dst, strconv.FormatBool(e.bits != 0))
	case key.unsigned():
		r.dst = append(strconv.AppendUint(append(r.dst, '"'), e.bits, 10), '"')
	default:
		r.dst = append(strconv.AppendInt(append(r.dst, '"'), int64(e.bits), 10), '"')
	}
	r.dst = append(r.dst, ':')

	base := len(r.runs)
	if err := r.scan(f.message, e.start, e.end); err != nil {
		return err
	}
	for i := base; i < len(r.runs); i++ {
		if r.runs[i].field == val {
			_, err := r.value(val, i, len(r.runs), depth)
			r.runs = r.runs[:base]
			return err
		}
	}
	r.runs = r.runs[:base]
	return r.defaultOf(val, depth)
}
