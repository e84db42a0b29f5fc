package output

import (
	"encoding/base64"
	"encoding/hex"
	"math"
)

// Part is a key, a value or the value of a header as it is in a record line.
type Part struct {
	// Present is false when the line does not have the member at all.
	Present bool
	// Bytes are the record's bytes; nil is a null, which is not empty. They are nil as
	// well when Encoding is set.
	Bytes []byte
	// Exact reports whether Bytes were base64 or hexadecimal in the line: they are then the
	// bytes of the record, whatever serde is in use.
	Exact bool
	// Named reports whether the member holds NaN, Infinity or -Infinity without quotes,
	// as Python writes them: Bytes or JSON are then no JSON, but for a serde that has them.
	Named bool
	// Encoding names the serde that JSON must be encoded with, or is empty when Bytes
	// are all there is to it. The encodings of bytes, "json", "json-reflowed", "base64",
	// "hex", "string" and "text", are already undone.
	Encoding string
	// JSON is the member's JSON text, to be encoded; null is a value here.
	JSON []byte
	// Schema is the id or fingerprint beside the member, or empty.
	Schema string
}

// LineHeader is a record header as it is in a record line.
type LineHeader struct {
	Key   string
	Value Part
}

// Line is a record line as it was read. What it lacks, or has as null, is: an empty
// Topic, a Partition or Offset of -1, HasTimestamp false.
type Line struct {
	Topic        string
	Partition    int32
	Offset       int64
	Timestamp    int64 // milliseconds since the epoch
	HasTimestamp bool
	// TimestampType is "create" or "log_append", and empty when the line says neither. A
	// line whose type is "none" and that has no number has the Timestamp -1, which is
	// Kafka's for none.
	TimestampType string
	Key, Value    Part
	Headers       []LineHeader
}

// Decoder reads record lines, and owns the memory that they decode into. The zero
// value is ready to use. A Decoder is not safe for concurrent use.
type Decoder struct {
	line    Line
	data    []byte // the line at hand
	pos     int    // what comes next in it
	scratch []byte // decoded strings; parts point into it, or into data
	topic   string // of the last line, most likely also of the next
	names   map[string]string
}

// Decode reads one record line, with or without its line break. Members may come in
// any order; unknown ones are skipped, one that comes twice is an error.
//
// Without an encoding a string is its text, null is null, and any other JSON is its
// text. With an encoding that belongs to a serde, the part is left to the caller as
// JSON; members that end in _error are ignored.
//
// The result and its parts point into line and the Decoder: they hold until the next
// call, and as long as line is not changed. Topic and Schema are strings of their own.
// Errors start with the place, "byte 17: ", counted from 0.
func (d *Decoder) Decode(line []byte) (*Line, error) {
	if d.scratch == nil {
		d.scratch = make([]byte, 0, 256) // an empty part of it must not be nil
	}
	d.data, d.pos, d.scratch = line, 0, d.scratch[:0]
	d.line = Line{Partition: -1, Offset: -1, Headers: d.line.Headers[:0]}
	var seen uint16
	var key, value rawPart
	without := false // the type of the timestamp is none
	err := d.object("a record", func(name []byte) error {
		bit := lineMember(name)
		if bit != 0 && seen&bit != 0 {
			return d.errorf("%s comes twice", name)
		}
		seen |= bit
		switch bit {
		case memberTopic:
			return d.topicName()
		case memberPartition:
			n, _, err := d.integer("partition", -1, 1<<31-1)
			d.line.Partition = int32(n)
			return err
		case memberOffset:
			n, _, err := d.integer("offset", -1, 1<<63-1)
			d.line.Offset = n
			return err
		case memberTimestamp:
			n, given, err := d.integer("timestamp", math.MinInt64+1, math.MaxInt64)
			if given {
				d.line.Timestamp, d.line.HasTimestamp = n, true
			}
			return err
		case memberTimestampType:
			var p rawPart
			err := d.raw(&p)
			switch string(p.text) {
			case `"create"`:
				d.line.TimestampType = "create"
			case `"log_append"`:
				d.line.TimestampType = "log_append"
			case `"none"`:
				without = true
			}
			return err
		case memberKey:
			return d.raw(&key)
		case memberKeyEncoding:
			return d.optional("key_encoding", &key.encoding)
		case memberKeySchema:
			return d.optional("key_schema", &key.schema)
		case memberValue:
			return d.raw(&value)
		case memberValueEncoding:
			return d.optional("value_encoding", &value.encoding)
		case memberValueSchema:
			return d.optional("value_schema", &value.schema)
		case memberHeaders:
			return d.headers()
		}
		return d.skip()
	})
	if err != nil {
		return nil, err
	}
	if d.pos, _ = skipSpace(line, d.pos, false); d.pos < len(line) {
		return nil, d.errorf("more text after the record")
	}
	if without && !d.line.HasTimestamp {
		d.line.Timestamp, d.line.HasTimestamp = -1, true
	}
	if d.line.Key, err = d.part("key", &key); err != nil {
		return nil, err
	}
	if d.line.Value, err = d.part("value", &value); err != nil {
		return nil, err
	}
	return &d.line, nil
}

// Members of a record line, as bits.
const (
	memberTopic = 1 << iota
	memberPartition
	memberOffset
	memberTimestamp
	memberTimestampType
	memberKey
	memberKeyEncoding
	memberKeySchema
	memberValue
	memberValueEncoding
	memberValueSchema
	memberHeaders
)

// lineMember returns the bit of a member's name, 0 for an unknown one.
func lineMember(name []byte) uint16 {
	switch string(name) {
	case "topic":
		return memberTopic
	case "partition":
		return memberPartition
	case "offset":
		return memberOffset
	case "timestamp":
		return memberTimestamp
	case "timestamp_type":
		return memberTimestampType
	case "key":
		return memberKey
	case "key_encoding":
		return memberKeyEncoding
	case "key_schema":
		return memberKeySchema
	case "value":
		return memberValue
	case "value_encoding":
		return memberValueEncoding
	case "value_schema":
		return memberValueSchema
	case "headers":
		return memberHeaders
	}
	return 0
}

// rawPart is a part before its encoding is known, which may come after it.
type rawPart struct {
	text             []byte // JSON text; nil when the member is absent
	at               int    // where text starts in the line
	named            bool   // it is as Part.Named says
	encoding, schema string
}

// raw takes the next value as it stands.
func (d *Decoder) raw(p *rawPart) error {
	start, _ := skipSpace(d.data, d.pos, false)
	end, _, ok := scanJSON(d.data, start, 0, false)
	if !ok {
		end, _, ok = scanJSON(d.data, start, 0, true)
		p.named = ok
	}
	d.pos = end
	if !ok {
		return d.syntax()
	}
	p.text, p.at = d.data[start:end:end], start
	return nil
}

// part interprets a raw part.
func (d *Decoder) part(name string, p *rawPart) (Part, error) {
	if p.text == nil {
		if p.encoding != "" {
			return Part{}, d.errorf("%s has an encoding but is not there", name)
		}
		return Part{}, nil
	}
	part := Part{Present: true, Named: p.named, Schema: p.schema}
	d.pos = p.at
	switch p.encoding {
	case "json", "json-reflowed":
		part.Bytes = p.text
		return part, nil
	case "", "string", "text", "base64", "hex":
	default:
		part.Encoding, part.JSON = p.encoding, p.text
		return part, nil
	}
	switch {
	case string(p.text) == "null":
		return part, nil
	case p.text[0] == '"':
	case p.encoding == "":
		part.Bytes = p.text
		return part, nil
	default:
		return Part{}, d.errorf("%s: want a string for the encoding %s, have %s", name, p.encoding, kind(p.text))
	}
	text, err := d.unquote(p.text)
	if err != nil {
		return Part{}, err
	}
	start := len(d.scratch)
	switch p.encoding {
	case "base64":
		d.scratch, err = base64.StdEncoding.AppendDecode(d.scratch, text)
	case "hex":
		d.scratch, err = hex.AppendDecode(d.scratch, text)
	default:
		part.Bytes = text
		return part, nil
	}
	if err != nil {
		return Part{}, d.errorf("%s: %w", name, err)
	}
	part.Bytes, part.Exact = d.scratch[start:len(d.scratch):len(d.scratch)], true
	return part, nil
}

// headers reads the list of headers.
func (d *Decoder) headers() error {
	if d.null() {
		return nil
	}
	if err := d.open('[', "headers", "a list"); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := d.more(first, ']')
		if err != nil || !more {
			return err
		}
		h, err := d.header()
		if err != nil {
			return err
		}
		d.line.Headers = append(d.line.Headers, h)
	}
}

func (d *Decoder) header() (LineHeader, error) {
	var key, value rawPart
	start := d.pos
	err := d.object("a header", func(name []byte) error {
		switch string(name) {
		case "key":
			return d.raw(&key)
		case "key_encoding":
			return d.optional("key_encoding", &key.encoding)
		case "value":
			return d.raw(&value)
		case "encoding":
			return d.optional("encoding", &value.encoding)
		case "schema":
			return d.optional("schema", &value.schema)
		}
		return d.skip()
	})
	if err != nil {
		return LineHeader{}, err
	}
	end := d.pos
	if key.text == nil || key.text[0] != '"' {
		d.pos = start
		return LineHeader{}, d.errorf("header: want a key that is a string")
	}
	k, err := d.part("header key", &key)
	if err != nil {
		return LineHeader{}, err
	}
	v, err := d.part("header value", &value)
	d.pos = end
	return LineHeader{Key: d.name(k.Bytes), Value: v}, err
}
