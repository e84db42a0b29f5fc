package compare

import (
	"encoding/binary"

	"kstream/cmd/diff"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

// form brings records into the form in which they are compared. One goroutine owns
// it, and uses what it returns until the next record.
type form struct {
	ignore   *ignored
	byOffset bool
	keys     diff.Normal // JSON of keys and headers: nothing is ignored in it
	values   diff.Normal
	record   diff.Record
	scratch  []byte
	payload  []byte
}

func newForm(ignore *ignored, by diff.By) *form {
	return &form{
		ignore: ignore, byOffset: by == diff.Offset,
		keys: diff.Normal{Paths: &diff.Paths{}}, values: diff.Normal{Paths: &ignore.paths},
	}
}

// of returns r as the index takes it. One that is not kept is dropped.
func (f *form) of(r *record.Record, keep bool) *diff.Record {
	m := &r.Message
	d := &f.record
	*d = diff.Record{
		Partition: m.Partition, Offset: m.Offset, Timestamp: m.Timestamp,
		Keyless: f.ignore.key || r.Record.Key == nil, Tombstone: r.Record.Value == nil, Dropped: !keep,
	}
	b := f.scratch[:0]
	if !f.ignore.key {
		b = f.appendKey(b, m)
		if !d.Keyless {
			d.ID = diff.HashOf(b)
		}
	}
	b = f.appendValue(b, m)
	b = f.appendHeaders(b, m)
	f.scratch = b
	d.Content = diff.HashOf(b)
	switch {
	case f.byOffset:
		var place [12]byte
		binary.BigEndian.PutUint32(place[:], uint32(m.Partition))
		binary.BigEndian.PutUint64(place[4:], uint64(m.Offset))
		d.ID = diff.HashOf(place[:])
	case d.Keyless:
		d.ID = d.Content
	}
	if keep {
		f.payload = appendRecord(f.payload[:0], r.Record)
		d.Payload = f.payload
	}
	return d
}

func (f *form) appendKey(b []byte, m *output.Message) []byte {
	return appendComparable(b, &m.Key, &f.keys, false)
}

func (f *form) appendValue(b []byte, m *output.Message) []byte {
	if f.ignore.value {
		return b
	}
	return appendComparable(b, &m.Value, &f.values, f.ignore.paths.Any())
}

func (f *form) appendHeaders(b []byte, m *output.Message) []byte {
	if f.ignore.headers {
		return b
	}
	for i := range m.Headers {
		h := &m.Headers[i]
		if !f.ignore.names[h.Key] {
			b = appendPart(b, partBytes, []byte(h.Key))
			b = appendComparable(b, &h.Value, &f.keys, false)
		}
	}
	return b
}

// Kinds of parts, so that a null, bytes and JSON never look the same.
const (
	partNull byte = iota
	partBytes
	partJSON
)

func appendPart(b []byte, kind byte, data []byte) []byte {
	b = binary.AppendUvarint(append(b, kind), uint64(len(data)))
	return append(b, data...)
}

// appendComparable appends a field as it is compared: what a serde has decoded, and
// with asJSON what is JSON by itself, as normal makes it; all else by its bytes.
func appendComparable(b []byte, field *output.Field, normal *diff.Normal, asJSON bool) []byte {
	text := field.JSON
	switch {
	case field.IsNull():
		return append(b, partNull)
	case !field.Decoded() && !asJSON:
		return appendPart(b, partBytes, field.Bytes)
	case !field.Decoded():
		text = field.Bytes
	}
	from := len(b)
	b = append(b, partJSON)
	b, ok := normal.Append(b, text)
	if !ok {
		return appendPart(b[:from], partBytes, text)
	}
	return append(b, '\n') // which is in no JSON of this form: what follows cannot seem to be part of it
}

// appendRecord appends all of a record but its topic, for parseDiffRecord.
func appendRecord(b []byte, r *kafka.Record) []byte {
	b = binary.AppendVarint(append(b, byte(r.TimestampType)), r.Timestamp)
	b = appendNullable(appendNullable(b, r.Key), r.Value)
	for _, h := range r.Headers {
		b = appendNullable(appendPart(b, partBytes, []byte(h.Key)), h.Value)
	}
	return b
}

func appendNullable(b, data []byte) []byte {
	if data == nil {
		return append(b, partNull)
	}
	return appendPart(b, partBytes, data)
}

// parseRecord makes the record again. It points into payload.
func parseRecord(topic string, f *diff.Found) *kafka.Record {
	rest := f.Payload
	take := func() []byte {
		if rest[0] == partNull {
			rest = rest[1:]
			return nil
		}
		size, n := binary.Uvarint(rest[1:])
		from := 1 + n
		data := rest[from : from+int(size) : from+int(size)]
		rest = rest[from+int(size):]
		return data
	}
	r := &kafka.Record{Topic: topic, Partition: f.Partition, Offset: f.Offset, TimestampType: kafka.TimestampType(rest[0]), LeaderEpoch: -1}
	millis, n := binary.Varint(rest[1:])
	r.Timestamp, rest = millis, rest[1+n:]
	r.Key, r.Value = take(), take()
	for len(rest) > 0 {
		name := string(take())
		r.Headers = append(r.Headers, kafka.Header{Key: name, Value: take()})
	}
	return r
}
