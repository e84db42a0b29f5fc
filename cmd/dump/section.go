package dump

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// MaxBlock is the most that the content of a block may measure, and so the longest record
// line: a reader's memory.
const MaxBlock = 256 << 20

const (
	frameMagic  = 0x184D2A5C // one of the magic numbers of skippable frames, RFC 8878, 3.1.2
	signature   = "kstream"
	prefixSize  = 8  // magic and size of a skippable frame
	headerSize  = 86 // of a header without a topic
	maxTopic    = 1024
	maxHeader   = headerSize + maxTopic
	lastSection = 1<<32 - 1
)

// kind is what a section holds.
type kind byte

const (
	kindManifest kind = 'M'
	kindBlock    kind = 'B'
	kindIndex    kind = 'I'
	kindEnd      kind = 'E'
)

// header stands before the body of a section; doc.go has its layout.
type header struct {
	kind       kind
	number     uint32
	at         int64 // where it begins
	body, raw  uint32
	bodySum    uint32
	partition  int32
	first      int64
	last       int64
	records    uint32
	oldest     int64
	newest     int64
	topic      string
	headerSum  uint32
	headerSize int
}

// end is where the section ends.
func (h *header) end() int64 { return h.at + int64(h.headerSize) + int64(h.body) }

// castagnoli is the polynomial of CRC-32C, for which processors have an instruction.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// checksum is the CRC-32C of data.
func checksum(data []byte) uint32 { return crc32.Checksum(data, castagnoli()) }

// append appends the header and notes its size and sum.
func (h *header) append(dst []byte) []byte {
	start := len(dst)
	le := binary.LittleEndian
	h.headerSize = headerSize + len(h.topic)
	dst = le.AppendUint32(dst, frameMagic)
	dst = le.AppendUint32(dst, uint32(h.headerSize-prefixSize))
	dst = append(append(dst, signature...), byte(h.kind))
	dst = le.AppendUint32(dst, h.number)
	dst = le.AppendUint64(dst, uint64(h.at))
	dst = le.AppendUint32(dst, h.body)
	dst = le.AppendUint32(dst, h.raw)
	dst = le.AppendUint32(dst, h.bodySum)
	dst = le.AppendUint32(dst, uint32(h.partition))
	dst = le.AppendUint64(dst, uint64(h.first))
	dst = le.AppendUint64(dst, uint64(h.last))
	dst = le.AppendUint32(dst, h.records)
	dst = le.AppendUint64(dst, uint64(h.oldest))
	dst = le.AppendUint64(dst, uint64(h.newest))
	dst = le.AppendUint16(dst, uint16(len(h.topic)))
	dst = append(dst, h.topic...)
	h.headerSum = checksum(dst[start:])
	return le.AppendUint32(dst, h.headerSum)
}

var errNoHeader = errors.New("no header of a section")

// headerLen returns the length of the header that begins with prefix, which has prefixSize bytes.
func headerLen(prefix []byte) (int, error) {
	le := binary.LittleEndian
	n := int64(le.Uint32(prefix[4:])) + prefixSize
	if le.Uint32(prefix) != frameMagic || n < headerSize || n > maxHeader {
		return 0, errNoHeader
	}
	return int(n), nil
}

// parse reads a header, all of which data is.
func (h *header) parse(data []byte) error {
	n, le := len(data)-4, binary.LittleEndian
	h.headerSum = le.Uint32(data[n:])
	if checksum(data[:n]) != h.headerSum {
		return errSum
	}
	if string(data[8:15]) != signature || int(le.Uint16(data[80:]))+headerSize != len(data) {
		return errNoHeader
	}
	h.headerSize = len(data)
	h.kind = kind(data[15])
	h.number = le.Uint32(data[16:])
	h.at = int64(le.Uint64(data[20:]))
	h.body, h.raw, h.bodySum = le.Uint32(data[28:]), le.Uint32(data[32:]), le.Uint32(data[36:])
	h.partition = int32(le.Uint32(data[40:]))
	h.first, h.last = int64(le.Uint64(data[44:])), int64(le.Uint64(data[52:]))
	h.records = le.Uint32(data[60:])
	h.oldest, h.newest = int64(le.Uint64(data[64:])), int64(le.Uint64(data[72:]))
	if name := data[82:n]; string(name) != h.topic {
		h.topic = string(name)
	}
	return nil
}
