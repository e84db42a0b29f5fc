// Package oldformat writes records in the two message formats that Kafka had before 0.11.
// No broker of today writes them, and all of them hand them on as they are.
package oldformat

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
)

// Message is one record. Millis counts in format 1 only.
type Message struct {
	Offset     int64
	Millis     int64
	AppendTime bool // Millis is when the broker took it
	Key, Value []byte
}

// Append adds a message of a format, 0 or 1, to a set, which is also what a segment file
// holds.
func Append(set []byte, format int8, m Message) []byte { return appendMessage(set, format, 0, m) }

// AppendGzip adds messages of a format as one compressed message. In format 1 the offsets
// inside count from the first, and the outer one is that of the last.
func AppendGzip(set []byte, format int8, messages ...Message) []byte {
	var inner []byte
	last := messages[len(messages)-1]
	for _, m := range messages {
		if format == 1 {
			m.Offset -= messages[0].Offset
		}
		inner = Append(inner, format, m)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(inner) // a buffer takes all
	_ = w.Close()
	return appendMessage(set, format, 1, Message{Offset: last.Offset, Millis: last.Millis, AppendTime: last.AppendTime, Value: packed.Bytes()})
}

func appendMessage(set []byte, format, codec int8, m Message) []byte {
	if m.AppendTime {
		codec |= 8
	}
	body := []byte{byte(format), byte(codec)}
	if format == 1 {
		body = binary.BigEndian.AppendUint64(body, uint64(m.Millis))
	}
	body = appendBytes(appendBytes(body, m.Key), m.Value)
	set = binary.BigEndian.AppendUint64(set, uint64(m.Offset))
	set = binary.BigEndian.AppendUint32(set, uint32(4+len(body)))
	set = binary.BigEndian.AppendUint32(set, crc32.ChecksumIEEE(body))
	return append(set, body...)
}

func appendBytes(b, field []byte) []byte {
	if field == nil {
		return binary.BigEndian.AppendUint32(b, 0xffffffff)
	}
	return append(binary.BigEndian.AppendUint32(b, uint32(len(field))), field...)
}
