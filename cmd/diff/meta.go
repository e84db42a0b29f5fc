package diff

import (
	"cmp"
	"encoding/binary"

	"kstream/cmd/scratch"
)

// meta is what is known of a record without its payload.
type meta struct {
	id, content       Hash
	offset, timestamp int64
	block, at         uint32 // where the payload is
	partition         int32
	flags             uint8
}

const (
	keyless = 1 << iota
	tombstone
	dropped
)

const metaLen = 16 + 16 + 8 + 8 + 4 + 4 + 4 + 1

func (m *meta) append(b []byte) []byte {
	b = append(append(b, m.id[:]...), m.content[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.offset))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.timestamp))
	b = binary.LittleEndian.AppendUint32(b, m.block)
	b = binary.LittleEndian.AppendUint32(b, m.at)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.partition))
	return append(b, m.flags)
}

// parse reads what append has written; b has metaLen bytes.
func (m *meta) parse(b []byte) {
	copy(m.id[:], b)
	copy(m.content[:], b[16:])
	m.offset = int64(binary.LittleEndian.Uint64(b[32:]))
	m.timestamp = int64(binary.LittleEndian.Uint64(b[40:]))
	m.block = binary.LittleEndian.Uint32(b[48:])
	m.at = binary.LittleEndian.Uint32(b[52:])
	m.partition = int32(binary.LittleEndian.Uint32(b[56:]))
	m.flags = b[60]
}

// newer reports whether m counts rather than o, the last record of its key in another
// partition.
func (m *meta) newer(o *meta) bool {
	return cmp.Or(cmp.Compare(m.timestamp, o.timestamp), cmp.Compare(m.partition, o.partition)) > 0
}

// compareLog is the order of logs.
func (m *meta) compareLog(o *meta) int {
	return cmp.Or(cmp.Compare(m.partition, o.partition), cmp.Compare(m.offset, o.offset))
}

// fanOut is the number of buckets of a shelf: one for each value of a hash's byte.
const fanOut = 256

// shelf deals metas out into buckets. Of each bucket one buffer is in memory.
type shelf struct {
	file    *scratch.File
	buffer  int // bytes of a bucket's buffer, a multiple of metaLen
	buckets [fanOut]bucket
}

type bucket struct {
	count   int64
	open    []byte
	written []scratch.Extent
}

func (s *shelf) add(number byte, m *meta) error {
	b := &s.buckets[number]
	b.count++
	if b.open == nil {
		b.open = make([]byte, 0, s.buffer)
	}
	b.open = m.append(b.open)
	if len(b.open)+metaLen <= s.buffer {
		return nil
	}
	at, err := s.file.Write(b.open)
	b.written, b.open = append(b.written, at), b.open[:0]
	return err
}

// each calls f with the metas of a bucket, in the order in which they were added. *m
// counts until f returns.
func (s *shelf) each(number byte, f func(m *meta) error) error {
	b := &s.buckets[number]
	var m meta
	var buf []byte
	part := func(metas []byte) error {
		for ; len(metas) >= metaLen; metas = metas[metaLen:] {
			m.parse(metas)
			if err := f(&m); err != nil {
				return err
			}
		}
		return nil
	}
	for _, at := range b.written {
		var err error
		if buf, err = s.file.Read(at, buf); err != nil {
			return err
		}
		if err := part(buf); err != nil {
			return err
		}
	}
	return part(b.open)
}

// free releases the memory of a bucket.
func (s *shelf) free(number byte) { s.buckets[number] = bucket{} }
