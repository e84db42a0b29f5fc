package input

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// NoPartition and NoTimestamp say that the input did not name one.
const (
	NoPartition int32 = -1
	NoTimestamp int64 = math.MinInt64
)

// Field is a key, a value or the value of a header, before any serde.
type Field struct {
	// Bytes is nil for a null, which is not empty.
	Bytes []byte
	// Exact says that Bytes are those of the record, which no serde is to encode: a
	// record line gave them as base64 or hexadecimal.
	Exact bool
	// Named says that Bytes are JSON but for NaN, Infinity or -Infinity without quotes,
	// which not every serde has.
	Named bool
	// Encoding is empty when Bytes are what the input says. Else Bytes are JSON
	// text that the serde of this name must encode: it comes from the
	// value_encoding of a record line that a decoding serde wrote.
	Encoding string
}

// IsNull reports whether the field is a null.
func (f *Field) IsNull() bool { return f.Bytes == nil }

// Header is a record header, in the order of the input, duplicates kept.
type Header struct {
	Key   string
	Value Field
}

// Record is one record as the input gave it. It borrows its bytes from the Batch
// that holds it and is valid until that batch is filled again.
type Record struct {
	// Topic is the topic that the input names, or empty.
	Topic string
	// Partition is NoPartition unless the input names one.
	Partition int32
	// Timestamp is milliseconds since the epoch, or NoTimestamp.
	Timestamp  int64
	Key, Value Field
	Headers    []Header
	// Frame is the input that became this record, its delimiter included (added
	// when the last line has none): frames written one after the other can be read
	// again in the same format. (The one exception: a last line that has no delimiter
	// and ends with the first bytes of one.) It is nil for a generated record.
	Frame []byte
	// Place is where Frame begins.
	Place Place
}

// Place is a position in the input. Lines, columns and records count from 1 in
// each file; zero means that the format has none. Offset is in bytes from the
// start of the file.
type Place struct {
	File   string
	Line   int64
	Column int64
	Record int64
	Offset int64
}

// String is "orders.tsv:17", "data.json:3:14", "stdin: record 17", or the file
// alone when the whole file is the record.
func (p Place) String() string {
	switch {
	case p.Line > 0 && p.Column > 0:
		return p.File + ":" + strconv.FormatInt(p.Line, 10) + ":" + strconv.FormatInt(p.Column, 10)
	case p.Line > 0:
		return p.File + ":" + strconv.FormatInt(p.Line, 10)
	case p.Record > 0 && p.File == "":
		return "record " + strconv.FormatInt(p.Record, 10)
	case p.Record > 0:
		return p.File + ": record " + strconv.FormatInt(p.Record, 10)
	}
	return p.File
}

// ErrCut is the cause of a BadRecord that ends where the reading was stopped.
var ErrCut = errors.New("reading was stopped in the middle of this record")

// ErrNamed is the error for a Field that is Named where its bytes would be written as they
// are.
var ErrNamed = errors.New("NaN and Infinity without quotes are not JSON; formats that have them are avro, protobuf, msgpack, cbor, pickle, float, double")

// BadRecord is input that is no record. Reading may go on after it.
type BadRecord struct {
	Place Place
	Err   error
	// Raw is the input in question, ready to be written to a file of rejects; nil
	// when it was too long to be kept. It is valid as long as the batch that was
	// being filled.
	Raw []byte
}

func (e *BadRecord) Error() string { return e.Place.String() + ": " + e.Err.Error() }

// Unwrap returns the cause without its place.
func (e *BadRecord) Unwrap() error { return e.Err }

// tooLong is the error of a frame of more than limit bytes.
func tooLong(limit int) error {
	return fmt.Errorf("longer than %d bytes", limit)
}

// posError is a parser's error with its offset from the start of the frame.
type posError struct {
	at  int
	err error
}

func (e *posError) Error() string { return e.err.Error() }

// fatalError is a parser's error that makes the rest of the input worthless.
type fatalError struct{ err error }

func (e *fatalError) Error() string { return e.err.Error() }
