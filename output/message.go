package output

// Field is a key, a value or the value of a header, ready to be shown.
type Field struct {
	// Bytes are the record's own bytes; nil is a null, which is not empty.
	Bytes []byte
	// JSON is the decoded value as compact JSON when a decoding serde read the
	// bytes; nil when the bytes are to be shown as text.
	JSON []byte
	// Encoding is the name of the serde behind JSON ("avro").
	Encoding string
	// Schema is the id or fingerprint of the schema behind JSON, or empty.
	Schema string
	// Err says why a decoding serde could not read the bytes, or is empty. Then the
	// bytes are shown, not JSON.
	Err string
	// Text says how bytes become text where text must stand.
	Text TextRule
}

// TextRule says how bytes become text. Formats that write bytes as they are ignore
// TextAuto and TextString: only TextHex and TextBase64 change what those write.
type TextRule uint8

const (
	// TextAuto shows one JSON object or array as JSON, other UTF-8 as a string, and all
	// else in base64.
	TextAuto TextRule = iota
	// TextString shows UTF-8 as a string, never as JSON, and all else in base64.
	TextString
	// TextHex shows hexadecimal digits.
	TextHex
	// TextBase64 shows base64 (RFC 4648, 4) with padding.
	TextBase64
)

// Header is a record header. Keys may repeat; Kafka keeps their order.
type Header struct {
	Key   string
	Value Field
}

// Message is a record whose parts are ready to be shown. Timestamp is milliseconds
// since the epoch; TimestampType is "create", "log_append", or "" for none:
// then there is no timestamp either.
//
// A Message borrows its bytes: formats must not keep them past Append.
type Message struct {
	Topic         string
	Partition     int32
	Offset        int64
	Timestamp     int64
	TimestampType string
	Key, Value    Field
	Headers       []Header
	LeaderEpoch   int32 // -1 when unknown
}

// Format appends one rendered message to dst and returns the extended slice. It is safe for
// concurrent use.
type Format interface {
	Append(dst []byte, m *Message) []byte
}
