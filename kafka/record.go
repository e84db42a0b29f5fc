package kafka

// Header is a record header. A nil Value is a null, which is not empty.
type Header struct {
	Key   string
	Value []byte
}

// TimestampType says who set a record's timestamp (KIP-32).
type TimestampType uint8

// The kinds of timestamp that a record can carry.
const (
	TimestampNone TimestampType = iota
	TimestampCreate
	TimestampLogAppend
)

// String is the name of the type in record lines; empty for TimestampNone.
func (t TimestampType) String() string {
	switch t {
	case TimestampCreate:
		return "create"
	case TimestampLogAppend:
		return "log_append"
	}
	return ""
}

// Record is one record as bytes. A nil Key or Value is a null (for a value: a
// tombstone), which is not empty. Timestamp is milliseconds since the epoch.
//
// Records that a Batch holds point into the batch's arena: they are valid until
// the batch is released.
type Record struct {
	Topic         string
	Partition     int32
	Offset        int64
	Timestamp     int64
	TimestampType TimestampType
	LeaderEpoch   int32 // of the batch the record came in (KIP-320); -1 when unknown
	Key, Value    []byte
	Headers       []Header
}
