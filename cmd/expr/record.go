package expr

import (
	"encoding/base64"
	"unicode/utf8"
)

// Header is a record header; a nil Value is a null.
type Header struct {
	Key   string
	Value []byte
}

// Field is a key or value. Data is nil for a null. Decoded says that Data is JSON
// which a decoding serde made; otherwise Data is text: the record's own bytes.
//
// An expression sees decoded data as that JSON. Of text it sees a value that is
// one JSON value as that JSON, numbers included; a key only when it is an object
// or array, for keys are names, and .key == "42" must hold for the key 42. All
// other UTF-8 is a string, and all other bytes are a string in base64.
type Field struct {
	Data    []byte
	Decoded bool
}

// Record is what expressions and tests look at. Timestamp is milliseconds since
// the epoch. Nothing in this package keeps a record's bytes or changes them.
type Record struct {
	Topic      string
	Partition  int32
	Offset     int64
	Timestamp  int64
	Key, Value Field
	Headers    []Header
}

// part is a set of the fields of an expression's input.
type part uint16

const (
	partTopic part = 1 << iota
	partPartition
	partOffset
	partTimestamp
	partKey
	partValue
	partHeaders
	partHeader
	partAll = 1<<iota - 1
)

func partOf(name string) part {
	switch name {
	case "topic":
		return partTopic
	case "partition":
		return partPartition
	case "offset":
		return partOffset
	case "timestamp":
		return partTimestamp
	case "key":
		return partKey
	case "value":
		return partValue
	case "headers":
		return partHeaders
	case "header":
		return partHeader
	default:
		return 0
	}
}

// input builds the parts of the expression's input that it needs.
func (r *Record) input(need part) map[string]any {
	in := make(map[string]any, 8)
	if need&partTopic != 0 {
		in["topic"] = r.Topic
	}
	if need&partPartition != 0 {
		in["partition"] = int(r.Partition)
	}
	if need&partOffset != 0 {
		in["offset"] = number(r.Offset)
	}
	if need&partTimestamp != 0 {
		in["timestamp"] = number(r.Timestamp)
	}
	if need&partKey != 0 {
		in["key"] = r.Key.value(r.Key.Decoded || isContainer(r.Key.Data))
	}
	if need&partValue != 0 {
		in["value"] = r.Value.value(true)
	}
	if need&partHeaders != 0 {
		list := make([]any, len(r.Headers))
		for i, h := range r.Headers {
			list[i] = map[string]any{"key": text([]byte(h.Key)), "value": nullable(h.Value)}
		}
		in["headers"] = list
	}
	if need&partHeader != 0 {
		last := make(map[string]any, len(r.Headers))
		for _, h := range r.Headers {
			last[text([]byte(h.Key))] = nullable(h.Value)
		}
		in["header"] = last
	}
	return in
}

func (f Field) value(parse bool) any {
	if f.Data == nil {
		return nil
	}
	if parse {
		if v, ok := decodeJSON(f.Data); ok {
			return v
		}
	}
	return text(f.Data)
}

func nullable(data []byte) any {
	if data == nil {
		return nil
	}
	return text(data)
}

// text is data as a string; base64 (RFC 4648, 4) when it is not UTF-8.
func text(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	return base64.StdEncoding.EncodeToString(data)
}
