package columns

import (
	"encoding/binary"
	"errors"

	"kstream/output"
)

// Rows packs messages into frames, which a Dir or an AvroFile unpacks. The zero value is
// ready to use, and safe for concurrent use.
type Rows struct{}

// What a part of a record is.
const (
	partNull   byte = iota
	partAuto        // bytes; one JSON object or array counts as JSON
	partText        // bytes that are text where they are UTF-8
	partBinary      // bytes that are none
	partJSON        // what a serde made of them
)

// frameLen is the size of a frame's length.
const frameLen = 4

// Append appends the frame of m.
func (Rows) Append(dst []byte, m *output.Message) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = appendText(dst, m.Topic)
	dst = binary.AppendVarint(dst, int64(m.Partition))
	dst = binary.AppendVarint(dst, m.Offset)
	dst = appendText(dst, m.TimestampType)
	dst = binary.AppendVarint(dst, m.Timestamp)
	dst = appendPart(appendPart(dst, &m.Key), &m.Value)
	dst = binary.AppendUvarint(dst, uint64(len(m.Headers)))
	for i := range m.Headers {
		dst = appendText(dst, m.Headers[i].Key)
		if v := m.Headers[i].Value.Bytes; v == nil {
			dst = append(dst, partNull)
		} else {
			dst = appendBytes(append(dst, partBinary), v)
		}
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-frameLen))
	return dst
}

func appendPart(dst []byte, f *output.Field) []byte {
	data, kind := f.Bytes, partAuto
	switch {
	case f.JSON != nil && f.Err == "":
		data, kind = f.JSON, partJSON
	case f.Bytes == nil:
		kind = partNull
	case f.Err != "" || f.Text == output.TextHex || f.Text == output.TextBase64:
		kind = partBinary
	case f.Text == output.TextString:
		kind = partText
	}
	dst = appendBytes(append(dst, kind), data)
	return appendText(appendText(dst, f.Schema), f.Err)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// part is a key or a value out of a frame. It points into the frame.
type part struct {
	kind        byte
	data        []byte
	schema, err []byte
}

// row is a record out of a frame, and points into it.
type row struct {
	topic         []byte
	partition     int32
	offset        int64
	timestampType []byte // empty: there is no timestamp
	timestamp     int64
	parts         [2]part // key, value
	headers       []header
}

type header struct {
	key, value []byte // value is nil for a null
}

var errFrame = errors.New("not a frame of a row")

// next takes the first frame of frames apart and returns what follows it.
func (r *row) next(frames []byte) (rest []byte, err error) {
	if len(frames) < frameLen || int64(binary.LittleEndian.Uint32(frames)) > int64(len(frames)-frameLen) {
		return nil, errFrame
	}
	n := frameLen + int(binary.LittleEndian.Uint32(frames))
	in := unpacker{data: frames[frameLen:n]}
	r.topic = in.bytes()
	r.partition = int32(in.varint())
	r.offset = in.varint()
	r.timestampType = in.bytes()
	r.timestamp = in.varint()
	for i := range r.parts {
		r.parts[i] = part{kind: in.byte(), data: in.bytes(), schema: in.bytes(), err: in.bytes()}
	}
	r.headers = r.headers[:0]
	for range in.uvarint() {
		if in.bad {
			break
		}
		h := header{key: in.bytes()}
		if in.byte() != partNull {
			h.value = in.bytes()
		}
		r.headers = append(r.headers, h)
	}
	if in.bad {
		return nil, errFrame
	}
	return frames[n:], nil
}

// each takes frames apart one after the other and hands them to add. n counts the bytes of
// those before an error.
func (r *row) each(frames []byte, add func(frame []byte) error) (n int, err error) {
	for rest := frames; len(rest) > 0; {
		after, err := r.next(rest)
		if err == nil {
			err = add(rest[:len(rest)-len(after)])
		}
		if err != nil {
			return len(frames) - len(rest), err
		}
		rest = after
	}
	return len(frames), nil
}

// unpacker reads a frame; bad says that it ended too early.
type unpacker struct {
	data []byte
	bad  bool
}

func (u *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(u.data)
	return v * uint64(u.take(n))
}

func (u *unpacker) varint() int64 {
	v, n := binary.Varint(u.data)
	return v * int64(u.take(n))
}

// take skips the n bytes of a number and returns 1. If n says that there is none, it marks
// the frame as bad and returns 0, which makes the number 0.
func (u *unpacker) take(n int) int {
	if n <= 0 {
		u.bad, u.data = true, nil
		return 0
	}
	u.data = u.data[n:]
	return 1
}

func (u *unpacker) byte() byte {
	if len(u.data) == 0 {
		u.bad = true
		return partNull
	}
	b := u.data[0]
	u.data = u.data[1:]
	return b
}

func (u *unpacker) bytes() []byte {
	n := u.uvarint()
	if n > uint64(len(u.data)) {
		u.bad, u.data = true, nil
		return nil
	}
	b := u.data[:n:n]
	u.data = u.data[n:]
	return b
}
