package output

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// JSON is the record line: one JSON object a record, on one line that it ends, from
// which Decoder reads the same record back, byte for byte.
//
// The members come in this order: topic, partition, offset, timestamp (milliseconds),
// timestamp_type, key, value, headers. They are always there; null stands for what a
// record lacks, [] for no headers, and a timestamp that is null has the type "none". Beside key and value stand, when there is something
// to say, NAME_encoding, NAME_schema and NAME_error; in a header these are called
// encoding, schema and error, and key_encoding is "base64" for a key that is not UTF-8.
//
// A value that a serde decoded is JSON, with the serde's name as its encoding. Bytes
// follow their TextRule:
//
//   - one JSON object or array, from its first byte to its last, stands verbatim with
//     the encoding "json";
//   - one with line breaks between or around its tokens stands without the white space
//     between them, "json-reflowed": equal as JSON, not byte for byte;
//   - other UTF-8 is a string without an encoding, numbers too, and so is JSON that
//     nests deeper than MaxNesting or has blanks around it;
//   - all else is "base64".
type JSON struct {
	// Terminal writes what could act on a terminal as \uNNNN. The line stays equal as
	// JSON, but JSON values are no longer verbatim.
	Terminal bool
}

// Append appends the record line of m and a newline.
func (f JSON) Append(dst []byte, m *Message) []byte {
	dst = append(dst, `{"topic":`...)
	dst = f.appendText(dst, bytesOf(m.Topic))
	dst = append(dst, `,"partition":`...)
	dst = strconv.AppendInt(dst, int64(m.Partition), 10)
	dst = append(dst, `,"offset":`...)
	dst = strconv.AppendInt(dst, m.Offset, 10)
	if m.TimestampType == "" {
		dst = append(dst, `,"timestamp":null,"timestamp_type":"none"`...)
	} else {
		dst = append(dst, `,"timestamp":`...)
		dst = strconv.AppendInt(dst, m.Timestamp, 10)
		dst = append(dst, `,"timestamp_type":"`...)
		dst = append(dst, m.TimestampType...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"key":`...)
	dst = f.appendField(dst, &m.Key, "key_")
	dst = append(dst, `,"value":`...)
	dst = f.appendField(dst, &m.Value, "value_")
	dst = append(dst, `,"headers":[`...)
	for i := range m.Headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = f.appendHeader(dst, &m.Headers[i])
	}
	return append(dst, "]}\n"...)
}

func (f JSON) appendHeader(dst []byte, h *Header) []byte {
	dst = append(dst, `{"key":`...)
	var ok bool
	if dst, ok = appendQuoted(dst, bytesOf(h.Key), f.Terminal); !ok {
		dst = appendBase64(dst, bytesOf(h.Key))
		dst = append(dst, `,"key_encoding":"base64"`...)
	}
	dst = append(dst, `,"value":`...)
	dst = f.appendField(dst, &h.Value, "")
	return append(dst, '}')
}

// appendField appends the value of a member and the members that explain it, whose
// names start with prefix.
func (f JSON) appendField(dst []byte, v *Field, prefix string) []byte {
	dst, encoding := v.AppendJSON(dst, f.Terminal)
	if encoding != "" {
		dst = f.appendMember(dst, prefix, "encoding", encoding)
	}
	if v.Schema != "" {
		dst = f.appendMember(dst, prefix, "schema", v.Schema)
	}
	if v.Err != "" {
		dst = f.appendMember(dst, prefix, "error", v.Err)
	}
	return dst
}

func (f JSON) appendMember(dst []byte, prefix, name, value string) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, prefix...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	return f.appendText(dst, bytesOf(value))
}

// appendText appends a string that is for people or a Kafka name; what is not UTF-8 in
// it becomes U+FFFD.
func (f JSON) appendText(dst, text []byte) []byte {
	quoted, ok := appendQuoted(dst, text, f.Terminal)
	if !ok {
		quoted, _ = appendQuoted(dst, []byte(string([]rune(string(text)))), f.Terminal)
	}
	return quoted
}

// appendBytes appends bytes as a JSON value and returns the name of their encoding.
func (f JSON) appendBytes(dst, data []byte, rule TextRule) ([]byte, string) {
	if data == nil {
		return append(dst, "null"...), ""
	}
	switch rule {
	case TextHex:
		return append(hex.AppendEncode(append(dst, '"'), data), '"'), "hex"
	case TextBase64:
		return appendBase64(dst, data), "base64"
	case TextAuto:
		if whole, broken := structured(data); whole {
			switch {
			case f.Terminal && broken:
				return AppendEscapedJSON(dst, AppendTokens(nil, data)), "json-reflowed"
			case f.Terminal:
				return AppendEscapedJSON(dst, data), "json"
			case broken:
				return AppendTokens(dst, data), "json-reflowed"
			}
			return append(dst, data...), "json"
		}
	}
	if quoted, ok := appendQuoted(dst, data, f.Terminal); ok {
		return quoted, ""
	}
	return appendBase64(dst, data), "base64"
}

// structured reports whether data is one JSON object or array, and whether line breaks
// stand between or around its tokens. Without a line break, blanks around it make it
// text: a reader of lines could not tell them from its own.
func structured(data []byte) (whole, broken bool) {
	start, broken := skipSpace(data, 0, false)
	if start == len(data) || data[start] != '{' && data[start] != '[' {
		return false, false
	}
	end, inside, ok := scanJSON(data, start, 0, false)
	if !ok {
		return false, false
	}
	rest, broken := skipSpace(data, end, broken || inside)
	if rest != len(data) || !broken && (start > 0 || end < len(data)) {
		return false, false
	}
	return true, broken
}

func appendBase64(dst, data []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, '"')
}
