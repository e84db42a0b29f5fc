// Package diff finds what differs between two collections of records, however large.
//
// Take each record into the Side it belongs to, then let Compare say what differs. A
// record comes as two hashes, that of its identity and that of everything that is
// compared, and as a payload, which is whatever the caller wants back of a record that
// differs. So the package knows nothing of formats, and what may differ without being a
// difference is the caller's affair.
//
// Memory does not grow with the number of records: hashes are dealt out by their bits
// into buckets, and those of one bucket are compared at a time; one that is too large is
// dealt out again. What does not fit in the buffers lies in one temporary file a side,
// payloads compressed.
package diff

import "crypto/sha256"

// Hash names bytes: half of their SHA-256. Two records with the same hash are the same;
// nobody can make two that differ and have one.
type Hash [16]byte

// HashOf returns the hash of data.
func HashOf(data []byte) Hash {
	sum := sha256.Sum256(data)
	return Hash(sum[:len(Hash{})])
}

// By is which record of one side belongs to which of the other.
type By uint8

const (
	// Auto is Key when every record has a key, else Set.
	Auto By = iota
	// Key compares the last record of each key. Of a key that lives in several partitions
	// the newest record counts, then that of the highest partition. Records without a key
	// are compared as Set does.
	Key
	// Offset compares what has the same identity, which no other record of the side has.
	Offset
	// Set compares how often the same record is there.
	Set
)

// String is the name that flags have.
func (b By) String() string { return [...]string{"auto", "key", "offset", "set"}[b] }

// Record is one record on its way into a Side.
type Record struct {
	Partition int32
	Offset    int64
	Timestamp int64 // milliseconds since the epoch

	ID      Hash // of the key or the offset; of a record without either that of Content
	Content Hash // of all that is compared, the key too
	Keyless bool
	// Tombstone says that a key ends with this record: by Key it is as if it was not there.
	Tombstone bool
	// Dropped is a record that somebody chose to leave out. By Key it hides the records of
	// its key that came before; otherwise it is not there.
	Dropped bool
	// Payload is copied.
	Payload []byte
}

// Kind is how something differs.
type Kind uint8

// What can be the matter with a record of the first side, or with one of the second that
// the first does not have.
const (
	Changed Kind = iota
	Missing
	Extra
)

// String is the name in the output.
func (k Kind) String() string { return [...]string{"changed", "missing", "extra"}[k] }

// Difference is a record that differs. A is nil of an extra one, B of a missing one.
type Difference struct {
	Kind  Kind
	Count int64 // of records, all of them the same; more than 1 only by Set
	A, B  *Found
}

// Found is a record of a side.
type Found struct {
	Partition int32
	Offset    int64
	Payload   []byte
}

// Result is what Compare found.
type Result struct {
	By                      By
	A, B                    Total
	Changed, Missing, Extra int64 // records; by Key keys
	Differences             []Difference
}

// Equal reports whether nothing differs.
func (r *Result) Equal() bool { return r.Changed+r.Missing+r.Extra == 0 }

// Total counts one side.
type Total struct {
	Records  int64 // that were taken in and not dropped
	Compared int64 // of these: by Key the last of each key, without tombstones
}
