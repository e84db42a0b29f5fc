package output

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Part is a key, a value or the value of a header as a record line gives it.
type Part struct {
	// Present is false when the line does not have the member at all.
	Present bool
	// Bytes are the record's bytes; nil is a null, which is not empty. They are nil as
	// well when Encoding is set.
	Bytes []byte
	// Encoding names the serde that JSON must be encoded with, or is empty when Bytes
	// are all there is to it. The encodings of bytes, "json", "json-reflowed", "base64",
	// "hex", "string" and "text", are already undone.
	Encoding string
	// JSON is the member's JSON text, to be encoded; null is a value here.
	JSON []byte
	// Schema is the id or fingerprint beside the member, or empty.
	Schema string
}

// LineHeader is a record header as a record line gives it.
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
	Key, Value   Part
	Headers      []LineHeader
}

// Decoder reads record lines, and owns the memory that they decode into. The zero
// value is ready. It must not be used by two goroutines at once.
type Decoder struct {
	line    Line
	data    []byte // the line at hand
	pos     int    // what comes next in it
	scratch []byte // decoded strings; parts point into it, or into data
	topic   string // of the last line, most likely also of the next
	names   map[string]string
}

// ParseLine reads one record line. Nothing in the result is shared with line.
func ParseLine(line []byte) (Line, error) {
	l, err := new(Decoder).Decode(bytes.Clone(line))
	if err != nil {
		return Line{}, err
	}
	return *l, nil
}

// Decode reads one record line, with or without its line break. Members may come in
// any order; unknown ones are skipped, one that comes twice is an error.
//
// Without an encoding a string is its text, null is null, and any other JSON is its
// text. With an encoding that belongs to a serde, the part is left to the caller as
// JSON; members that end in _error or _type are ignored.
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
			n, given, err := d.integer("timestamp", -1, 1<<63-1)
			d.line.Timestamp, d.line.HasTimestamp = n, given && n >= 0
			if !d.line.HasTimestamp {
				d.line.Timestamp = 0
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
	encoding, schema string
}

// raw takes the next value as it stands.
func (d *Decoder) raw(p *rawPart) error {
	start, _ := skipSpace(d.data, d.pos, false)
	end, _, ok := scanJSON(d.data, start)
	d.pos = end
	if !ok {
		return d.syntax()
	}
	p.text, p.at = d.data[start:end:end], start
	return nil
}

// part gives a raw part its meaning.
func (d *Decoder) part(name string, p *rawPart) (Part, error) {
	if p.text == nil {
		if p.encoding != "" {
			return Part{}, d.errorf("%s has an encoding but is not there", name)
		}
		return Part{}, nil
	}
	part := Part{Present: true, Schema: p.schema}
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
		return Part{}, d.errorf("%s: want a string for the encoding %s, have %s", name, p.encoding, kind(p.text[0]))
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
	part.Bytes = d.scratch[start:len(d.scratch):len(d.scratch)]
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

// name returns b as a string, the same one for the same bytes: names repeat from line
// to line. What is kept is bounded.
func (d *Decoder) name(b []byte) string {
	const most, longest = 256, 64
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(b) <= longest && len(d.names) < most {
		if d.names == nil {
			d.names = make(map[string]string)
		}
		d.names[s] = s
	}
	return s
}

func (d *Decoder) topicName() error {
	if d.null() {
		return nil
	}
	text, err := d.str("topic")
	if err != nil {
		return err
	}
	if string(text) != d.topic {
		d.topic = string(text)
	}
	d.line.Topic = d.topic
	return nil
}

// optional reads a string, a number or null.
func (d *Decoder) optional(name string, dst *string) error {
	if d.null() {
		return nil
	}
	d.pos, _ = skipSpace(d.data, d.pos, false)
	if d.pos < len(d.data) && '0' <= d.data[d.pos] && d.data[d.pos] <= '9' {
		var p rawPart
		err := d.raw(&p)
		*dst = d.name(p.text)
		return err
	}
	text, err := d.str(name)
	*dst = d.name(text)
	return err
}

// integer reads a whole number from low to high, or null: then given is false.
func (d *Decoder) integer(name string, low, high int64) (n int64, given bool, err error) {
	if d.null() {
		return -1, false, nil
	}
	var p rawPart
	if err := d.raw(&p); err != nil {
		return 0, false, err
	}
	n, err = strconv.ParseInt(string(p.text), 10, 64)
	if err != nil || n < low || n > high {
		d.pos = p.at
		if c := p.text[0]; c == '-' || '0' <= c && c <= '9' {
			return 0, false, d.errorf("%s: want a whole number from %d to %d, have %s", name, low, high, Escaped(string(p.text[:min(len(p.text), 40)])))
		}
		return 0, false, d.errorf("%s: want a whole number, have %s", name, kind(p.text[0]))
	}
	return n, true, nil
}

// str reads a string.
func (d *Decoder) str(name string) ([]byte, error) {
	var p rawPart
	if err := d.raw(&p); err != nil {
		return nil, err
	}
	if p.text[0] != '"' {
		d.pos = p.at
		return nil, d.errorf("%s: want a string, have %s", name, kind(p.text[0]))
	}
	return d.unquote(p.text)
}

// skip passes over the next value.
func (d *Decoder) skip() error {
	var p rawPart
	return d.raw(&p)
}

// null takes a null if one comes next.
func (d *Decoder) null() bool {
	i, _ := skipSpace(d.data, d.pos, false)
	end, ok := scanWord(d.data, i, "null")
	if ok {
		d.pos = end
	}
	return ok
}

// object reads an object, calling member with each name when its value comes next.
func (d *Decoder) object(what string, member func(name []byte) error) error {
	if err := d.open('{', what, "an object"); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := d.more(first, '}')
		if err != nil || !more {
			return err
		}
		d.pos, _ = skipSpace(d.data, d.pos, false)
		name, err := d.memberName()
		if err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
}

// memberName takes a name and its colon.
func (d *Decoder) memberName() ([]byte, error) {
	start := d.pos
	if start == len(d.data) || d.data[start] != '"' {
		return nil, d.syntax()
	}
	end, ok := scanString(d.data, start+1)
	if d.pos = end; !ok {
		return nil, d.syntax()
	}
	name, err := d.unquote(d.data[start:end])
	if err != nil {
		return nil, err
	}
	d.pos, _ = skipSpace(d.data, end, false)
	if d.pos == len(d.data) || d.data[d.pos] != ':' {
		return nil, d.syntax()
	}
	d.pos++
	return name, nil
}

// open takes the bracket that opens a list or an object.
func (d *Decoder) open(bracket byte, what, want string) error {
	d.pos, _ = skipSpace(d.data, d.pos, false)
	switch {
	case d.pos == len(d.data):
		return d.syntax()
	case d.data[d.pos] != bracket:
		return d.errorf("%s: want %s, have %s", what, want, kind(d.data[d.pos]))
	}
	d.pos++
	return nil
}

// more takes the comma before the next element, or the bracket after the last one.
func (d *Decoder) more(first bool, bracket byte) (bool, error) {
	d.pos, _ = skipSpace(d.data, d.pos, false)
	switch {
	case d.pos == len(d.data):
		return false, d.syntax()
	case d.data[d.pos] == bracket:
		d.pos++
		return false, nil
	case first:
		return true, nil
	case d.data[d.pos] != ',':
		return false, d.syntax()
	}
	d.pos++
	return true, nil
}

// unquote returns the text of a JSON string that was checked; it points into the line
// if there is no escape in it. An unpaired surrogate has no text and is an error.
func (d *Decoder) unquote(quoted []byte) ([]byte, error) {
	text := quoted[1 : len(quoted)-1]
	i := bytes.IndexByte(text, '\\')
	if i < 0 {
		return text[:len(text):len(text)], nil
	}
	start := len(d.scratch)
	for ; i >= 0; i = bytes.IndexByte(text, '\\') {
		d.scratch = append(d.scratch, text[:i]...)
		c := text[i+1]
		text = text[i+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(text)
			text = text[4:]
			if 0xdc00 <= r && r < 0xe000 {
				return nil, d.errorf("unpaired surrogate in a string")
			}
			if 0xd800 <= r && r < 0xdc00 {
				low := rune(0)
				if len(text) >= 6 && text[0] == '\\' && text[1] == 'u' {
					low = hex4(text[2:])
				}
				if low < 0xdc00 || low >= 0xe000 {
					return nil, d.errorf("unpaired surrogate in a string")
				}
				r = 0x10000 + (r-0xd800)<<10 + low - 0xdc00
				text = text[6:]
			}
			d.scratch = utf8.AppendRune(d.scratch, r)
			continue
		}
		d.scratch = append(d.scratch, c)
	}
	d.scratch = append(d.scratch, text...)
	return d.scratch[start:len(d.scratch):len(d.scratch)], nil
}

// hex4 returns the value of four hexadecimal digits that were checked.
func hex4(text []byte) rune {
	r := 0
	for _, c := range text[:4] {
		r = r<<4 | hexDigit(c)
	}
	return rune(r)
}

// kind names the JSON value that starts with c.
func kind(c byte) string {
	switch c {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	if c == '-' || '0' <= c && c <= '9' {
		return "a number"
	}
	return fmt.Sprintf("%q", c)
}

func (d *Decoder) syntax() error {
	if d.pos >= len(d.data) {
		return d.errorf("the line ends inside the JSON")
	}
	return d.errorf("not valid JSON at %q", d.data[d.pos])
}

func (d *Decoder) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: "+format, append([]any{d.pos}, args...)...)
}
