package avro

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"

	"kstream/serde"
	"kstream/serde/value"
)

// renderer writes the JSON of bytes that the guard has accepted, without building
// the value. What it writes is what value.AppendJSON makes of the decoded value.
type renderer struct {
	dst   []byte
	data  []byte
	at    int
	style Style
	limit int // of len(dst)
	full  bool
}

// AppendJSON appends the JSON of the value at the start of data, and says how many
// bytes that was. On an error dst comes back as it was.
func (s *Schema) AppendJSON(dst, data []byte, style Style, limits serde.Limits) ([]byte, int, error) {
	limits = limits.OrDefaults()
	n, err := s.Check(data, limits)
	if err != nil {
		return dst, 0, err
	}
	r := renderer{dst: dst, data: data, style: style, limit: len(dst) + limits.Output}
	r.value(s.root)
	if r.full || len(r.dst) > r.limit {
		return dst, 0, fault(r.at, serde.ErrTooBig)
	}
	return r.dst, n, nil
}

func (r *renderer) value(n *node) {
	switch n.kind {
	case kindNull:
		r.raw("null")
	case kindBoolean:
		r.dst = strconv.AppendBool(r.dst, r.data[r.at] == 1)
		r.at++
	case kindInt, kindLong:
		r.integer(n)
	case kindFloat:
		bits := binary.LittleEndian.Uint32(r.data[r.at:])
		r.at += 4
		r.float(value.Float32(bits))
	case kindDouble:
		bits := binary.LittleEndian.Uint64(r.data[r.at:])
		r.at += 8
		r.float(value.Float{F: math.Float64frombits(bits), Bits: 64})
	case kindString:
		r.dst = value.AppendString(r.dst, r.take(int(r.long())))
	case kindBytes:
		r.bytes(n, r.take(int(r.long())))
	case kindFixed:
		r.bytes(n, r.take(n.size))
	case kindEnum:
		r.dst = value.AppendString(r.dst, n.symbols[r.long()])
	case kindUnion:
		r.union(n)
	case kindArray, kindMap:
		r.blocks(n)
	case kindRecord:
		r.record(n)
	}
}

func (r *renderer) raw(s string) { r.dst = append(r.dst, s...) }

func (r *renderer) long() int64 {
	u, size := binary.Uvarint(r.data[r.at:])
	r.at += size
	return int64(u>>1) ^ -int64(u&1)
}

func (r *renderer) take(size int) []byte {
	b := r.data[r.at : r.at+size]
	r.at += size
	return b
}

func (r *renderer) integer(n *node) {
	i := r.long()
	if n.logical == plainType || r.style == AvroJSON || !n.shown(i) {
		r.dst = strconv.AppendInt(r.dst, i, 10)
		return
	}
	r.dst = append(r.dst, '"')
	switch n.logical {
	case date:
		r.dst, _ = value.AppendDate(r.dst, value.Date(i))
	case timeOfDay:
		r.dst = value.AppendTimeOfDay(r.dst, n.clock(i))
	default:
		r.dst, _ = value.AppendTime(r.dst, n.instant(i))
	}
	r.dst = append(r.dst, '"')
}

func (r *renderer) float(f value.Float) {
	switch {
	case math.IsNaN(f.F):
		r.raw(`"NaN"`)
	case math.IsInf(f.F, 1):
		r.raw(`"Infinity"`)
	case math.IsInf(f.F, -1):
		r.raw(`"-Infinity"`)
	default:
		r.dst = value.AppendFloat(r.dst, f)
	}
}

func (r *renderer) bytes(n *node, b []byte) {
	switch {
	case r.style == AvroJSON:
		r.dst = value.AppendString(r.dst, latin1(b))
	case n.isDecimal(b):
		r.dst = append(r.dst, '"')
		r.dst = value.AppendDecimal(r.dst, n.decimalValue(b))
		r.dst = append(r.dst, '"')
	case n.logical == uuidFixed:
		r.dst = append(r.dst, '"')
		r.dst = value.AppendUUID(r.dst, value.UUID(b))
		r.dst = append(r.dst, '"')
	case n.logical == duration:
		r.dst, _ = value.AppendJSON(r.dst, n.bytesValue(b, r.style), value.JSONOptions{})
	default:
		r.dst = append(r.dst, '"')
		r.dst = base64.StdEncoding.AppendEncode(r.dst, b)
		r.dst = append(r.dst, '"')
	}
}

func (r *renderer) union(n *node) {
	b := n.branches[r.long()]
	if r.style != AvroJSON || b.kind == kindNull {
		r.value(b)
		return
	}
	r.dst = append(r.dst, '{')
	r.dst = append(r.dst, b.label...)
	r.value(b)
	r.dst = append(r.dst, '}')
}

func (r *renderer) record(n *node) {
	r.dst = append(r.dst, '{')
	for i := range n.fields {
		if i > 0 {
			r.dst = append(r.dst, ',')
		}
		f := &n.fields[i]
		r.dst = append(r.dst, f.label...)
		r.value(f.typ)
		if len(r.dst) > r.limit {
			r.full = true
		}
		if r.full {
			return
		}
	}
	r.dst = append(r.dst, '}')
}

func (r *renderer) blocks(n *node) {
	opening, closing := byte('['), byte(']')
	if n.kind == kindMap {
		opening, closing = '{', '}'
	}
	r.dst = append(r.dst, opening)
	for first := true; ; {
		count := r.long()
		if count == 0 {
			break
		}
		if count < 0 {
			count = -count
			r.long()
		}
		for range count {
			if !first {
				r.dst = append(r.dst, ',')
			}
			first = false
			if n.kind == kindMap {
				r.dst = append(value.AppendString(r.dst, r.take(int(r.long()))), ':')
			}
			r.value(n.items)
			if len(r.dst) > r.limit {
				r.full = true
			}
			if r.full {
				return
			}
		}
	}
	r.dst = append(r.dst, closing)
}
