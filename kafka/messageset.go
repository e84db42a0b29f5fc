package kafka

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Record batches came with Kafka 0.11 (KIP-98); the formats before it, 0 and 1, are sets
// of single messages. All three begin alike: offset, length, four bytes, the format.
const (
	setHeader   = 12 // offset and length
	formatByte  = 16
	batchFormat = 2
)

// formatOf returns the message format of what a fetch brought, or -1 when that is nothing
// whole.
func formatOf(set []byte) int {
	if len(set) <= formatByte {
		return -1
	}
	return int(int8(set[formatByte]))
}

// messageSet reads the old formats.
type messageSet struct {
	tp      TopicPartition
	limit   int // of what is compressed in one message, in bytes
	records []Record
	next    int64 // offset behind the last record, or where to begin
}

// read adds the records of a set up to its end, to a message that is cut, or to the first
// record batch. Records before next are left out. What it returns shares memory with set.
func (s *messageSet) read(set []byte) error {
	for len(set) > formatByte && formatOf(set) < batchFormat {
		m, rest, err := cutMessage(set)
		if err != nil {
			return err
		}
		if rest == nil {
			return nil // the end of it did not come
		}
		if err := s.add(m); err != nil {
			return err
		}
		set = rest
	}
	return nil
}

// add adds the record of a message, or those that are compressed in it.
func (s *messageSet) add(m oldMessage) error {
	if m.codec == codecNone {
		s.keep(m)
		return nil
	}
	packed, err := decompress(m.codec, m.value, s.limit)
	if err != nil {
		return fmt.Errorf("message of format %d at %d: %w", m.format, m.offset, err)
	}
	var inner []oldMessage
	for len(packed) > 0 {
		one, rest, err := cutMessage(packed)
		if err == nil && (rest == nil || one.codec != codecNone) {
			err = fmt.Errorf("message of format %d at %d: what is compressed in it is no set of messages", m.format, m.offset)
		}
		if err != nil {
			return err
		}
		inner, packed = append(inner, one), rest
	}
	base := int64(0)
	if m.format == 1 && m.offset > 0 && len(inner) > 0 { // offsets inside count from the first (KIP-31)
		base = m.offset - inner[len(inner)-1].offset
	}
	for _, one := range inner {
		one.offset += base
		if m.timestampType == TimestampLogAppend { // the one outside holds for all (KIP-32)
			one.timestamp, one.timestampType = m.timestamp, m.timestampType
		}
		s.keep(one)
	}
	s.next = max(s.next, m.offset+1)
	return nil
}

func (s *messageSet) keep(m oldMessage) {
	if m.offset < s.next {
		return
	}
	s.next = m.offset + 1
	s.records = append(s.records, Record{
		Topic: s.tp.Topic, Partition: s.tp.Partition, Offset: m.offset, Timestamp: m.timestamp, TimestampType: m.timestampType,
		LeaderEpoch: -1, Key: m.key, Value: m.value,
	})
}

// oldMessage is one message of format 0 or 1.
type oldMessage struct {
	offset        int64
	format        int
	codec         codec
	timestamp     int64 // -1 in format 0
	timestampType TimestampType
	key, value    []byte
}

// cutMessage takes the first message from a set. rest is nil when its end is missing.
func cutMessage(set []byte) (m oldMessage, rest []byte, err error) {
	if len(set) < setHeader {
		return m, nil, nil
	}
	m.offset = int64(binary.BigEndian.Uint64(set))
	size := int64(int32(binary.BigEndian.Uint32(set[8:])))
	if size >= 0 && size > int64(len(set)-setHeader) {
		return m, nil, nil
	}
	short := fmt.Errorf("message at %d: %d bytes are no message", m.offset, size)
	if size < 6 {
		return m, nil, short
	}
	body := set[setHeader : setHeader+size]
	rest = set[setHeader+size:]
	sum, body := binary.BigEndian.Uint32(body), body[4:]
	if sum != crc32.ChecksumIEEE(body) {
		return m, nil, fmt.Errorf("message at %d: the checksum does not hold", m.offset)
	}
	m.format, m.timestamp = int(body[0]), -1
	attributes := body[1]
	m.codec = codec(attributes & 7)
	body = body[2:]
	switch m.format {
	case 0:
	case 1:
		if len(body) < 8 {
			return m, nil, short
		}
		m.timestamp, body = int64(binary.BigEndian.Uint64(body)), body[8:]
		m.timestampType = TimestampCreate
		if attributes&8 != 0 {
			m.timestampType = TimestampLogAppend
		}
	default:
		return m, nil, fmt.Errorf("message at %d: format %d among older ones", m.offset, m.format)
	}
	var whole, all bool
	m.key, body, whole = cutBytes(body)
	m.value, body, all = cutBytes(body)
	if !whole || !all || len(body) > 0 {
		return m, nil, short
	}
	return m, rest, nil
}

// cutBytes takes a field with its length before it from b; a length of -1 is a null.
func cutBytes(b []byte) (field, rest []byte, whole bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := int64(int32(binary.BigEndian.Uint32(b)))
	b = b[4:]
	switch {
	case n == -1:
		return nil, b, true
	case n < 0 || n > int64(len(b)):
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}
