package kafka

// Header is a record header. A nil Value is a null, which differs from an empty value.
type Header struct {
	Key   string
	Value []byte
}

// TimestampType is who set a record's timestamp, the producer or the broker (KIP-32).
type TimestampType uint8

// The kinds of timestamp that a record can carry.
const (
	TimestampNone TimestampType = iota
	TimestampCreate
	TimestampLogAppend
)

// String returns the name of the type in record lines; it is empty for TimestampNone.
func (t TimestampType) String() string {
	switch t {
	case TimestampCreate:
		return "create"
	case TimestampLogAppend:
		return "log_append"
	}
	return ""
}

// Record is one record as bytes. A nil Key or Value is a null (a null value is a
// tombstone), which differs from an empty one. Timestamp is in milliseconds since the
// epoch.
//
// The bytes of a record in a Batch belong to the Batch and are valid until it is filled
// again.
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
