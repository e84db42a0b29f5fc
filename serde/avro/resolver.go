package avro

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"kstream/serde"
)

// resolver turns a datum of the writer into one of the reader, as a plan says. The guard
// has accepted the datum.
type resolver struct {
	data  []byte
	at    int
	dst   []byte
	limit int // of dst: a default can be longer than what it stands beside
}

func (m *resolver) value(p *plan) error {
	switch {
	case p.err != nil:
		return p.err
	case len(m.dst) > m.limit:
		return serde.ErrTooBig
	}
	switch p.as {
	case promoted:
		m.promote(p)
	case perBranch:
		return m.value(p.branches[m.long()])
	case intoBranch:
		m.dst = binary.AppendVarint(m.dst, int64(p.branch))
		return m.value(p.inner)
	case perSymbol:
		i := m.long()
		if p.symbols[i] < 0 {
			return fmt.Errorf("%s has no symbol %s, and no default", p.r.tag, p.w.symbols[i])
		}
		m.dst = binary.AppendVarint(m.dst, int64(p.symbols[i]))
	case perItem:
		return m.items(p)
	case perField:
		return m.record(p)
	default:
		start := m.at
		m.skip(p.w)
		m.dst = append(m.dst, m.data[start:m.at]...)
	}
	return nil
}

func (m *resolver) long() int64 {
	i, n := binary.Varint(m.data[m.at:])
	m.at += n
	return i
}

// promote writes a number or a text as another type of it.
func (m *resolver) promote(p *plan) {
	var f float64
	switch p.w.kind {
	case kindInt, kindLong:
		i := m.long()
		if p.r.kind == kindLong {
			m.dst = binary.AppendVarint(m.dst, i)
			return
		}
		if p.r.kind == kindFloat { // once, not by way of a double
			m.dst = binary.LittleEndian.AppendUint32(m.dst, math.Float32bits(float32(i)))
			return
		}
		f = float64(i)
	case kindFloat:
		f = float64(math.Float32frombits(binary.LittleEndian.Uint32(m.data[m.at:])))
		m.at += 4
	default: // string and bytes
		start := m.at
		m.skip(p.w)
		m.dst = append(m.dst, m.data[start:m.at]...)
		return
	}
	m.dst = binary.LittleEndian.AppendUint64(m.dst, math.Float64bits(f))
}

// items writes an array or a map in the blocks that the writer made, without their
// sizes.
func (m *resolver) items(p *plan) error {
	for index := 0; ; {
		count := m.long()
		if count < 0 {
			count = -count
			m.long()
		}
		m.dst = binary.AppendVarint(m.dst, count)
		if count == 0 {
			return nil
		}
		for range count {
			if p.w.kind == kindMap {
				size := int(m.long())
				m.dst = append(binary.AppendVarint(m.dst, int64(size)), m.data[m.at:m.at+size]...)
				m.at += size
			}
			if err := m.value(p.inner); err != nil {
				return within(err, "["+strconv.Itoa(index)+"]")
			}
			index++
		}
	}
}

// record writes the fields in the order of the reader.
func (m *resolver) record(p *plan) error {
	if p.inOrder {
		next := 0
		for i := range p.fields {
			for ; next < p.fields[i].from; next++ {
				m.skip(p.w.fields[next].typ)
			}
			if p.fields[i].from >= 0 {
				next++
			}
			if err := m.field(p, i); err != nil {
				return err
			}
		}
		for ; next < len(p.w.fields); next++ {
			m.skip(p.w.fields[next].typ)
		}
		return nil
	}
	starts := make([]int, len(p.w.fields))
	for i := range p.w.fields {
		starts[i] = m.at
		m.skip(p.w.fields[i].typ)
	}
	end := m.at
	for i := range p.fields {
		if p.fields[i].from >= 0 {
			m.at = starts[p.fields[i].from]
		}
		if err := m.field(p, i); err != nil {
			return err
		}
	}
	m.at = end
	return nil
}

func (m *resolver) field(p *plan, i int) error {
	f := &p.fields[i]
	if f.from < 0 {
		m.dst = append(m.dst, f.bytes...)
		return nil
	}
	if err := m.value(f.plan); err != nil {
		return within(err, p.r.fields[i].name)
	}
	return nil
}

// skip steps over a value of the writer.
func (m *resolver) skip(n *node) {
	switch n.kind {
	case kindNull:
	case kindBoolean:
		m.at++
	case kindInt, kindLong, kindEnum:
		m.long()
	case kindFloat:
		m.at += 4
	case kindDouble:
		m.at += 8
	case kindFixed:
		m.at += n.size
	case kindString, kindBytes:
		size := m.long()
		m.at += int(size)
	case kindUnion:
		m.skip(n.branches[m.long()])
	case kindRecord:
		for i := range n.fields {
			m.skip(n.fields[i].typ)
		}
	default:
		m.skipBlocks(n)
	}
}

func (m *resolver) skipBlocks(n *node) {
	for {
		count := m.long()
		switch {
		case count == 0:
			return
		case count < 0: // with the size of the block
			size := m.long()
			m.at += int(size)
			continue
		}
		for range count {
			if n.kind == kindMap {
				size := m.long()
				m.at += int(size)
			}
			m.skip(n.items)
		}
	}
}

// appendNative writes what goavro would for the wire schema; it is for defaults, whose
// types goavro has no codec of their own for.
func (n *node) appendNative(dst []byte, native any) []byte {
	switch v := native.(type) {
	case bool:
		if v {
			return append(dst, 1)
		}
		return append(dst, 0)
	case int32:
		return binary.AppendVarint(dst, int64(v))
	case int64:
		return binary.AppendVarint(dst, v)
	case float32:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	case float64:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	case []byte:
		if n.kind != kindFixed {
			dst = binary.AppendVarint(dst, int64(len(v)))
		}
		return append(dst, v...)
	case string:
		if n.kind == kindEnum {
			i, _ := strconv.Atoi(v[1:])
			return binary.AppendVarint(dst, int64(i))
		}
		return append(binary.AppendVarint(dst, int64(len(v))), v...)
	case []any:
		return n.appendItems(dst, v)
	case map[string]any:
		return n.appendMap(dst, v)
	}
	if n.kind == kindUnion { // of null
		return binary.AppendVarint(dst, int64(n.nullAt))
	}
	return dst
}

func (n *node) appendItems(dst []byte, items []any) []byte {
	if len(items) > 0 {
		dst = binary.AppendVarint(dst, int64(len(items)))
	}
	for _, item := range items {
		if entry, ok := item.(map[string]any); ok && n.kind == kindMap {
			key, _ := entry[keyField].(string)
			dst = append(binary.AppendVarint(dst, int64(len(key))), key...)
			item = entry[valueField]
		}
		dst = n.items.appendNative(dst, item)
	}
	return append(dst, 0)
}

func (n *node) appendMap(dst []byte, m map[string]any) []byte {
	switch n.kind {
	case kindMap:
		entries, _ := m[entriesField].([]any)
		return n.appendItems(dst, entries)
	case kindRecord:
		for i := range n.fields {
			dst = n.fields[i].typ.appendNative(dst, m[n.fields[i].wire])
		}
		return dst
	}
	for i, b := range n.branches {
		if inner, ok := m[b.wire]; ok {
			return b.appendNative(binary.AppendVarint(dst, int64(i)), inner)
		}
	}
	return dst
}
