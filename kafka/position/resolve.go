package position

import (
	"errors"
	"fmt"
	"math"
)

// Log is what a partition holds: offsets Start up to, not including, End. Under
// read_committed End is the last stable offset.
type Log struct{ Start, End int64 }

// Clamp moves an offset into the log, End included, and reports whether it had
// to.
func (l Log) Clamp(offset int64) (int64, bool) {
	in := min(max(offset, l.Start), max(l.Start, l.End))
	return in, in != offset
}

// ErrNotCommitted is the cause of an error when a point is Stored and the group
// has no committed offset for the partition.
var ErrNotCommitted = errors.New("no committed offset")

// Lookups returns what only the cluster knows.
type Lookups interface {
	// OffsetAt returns the offset of the first record whose timestamp is ms
	// (milliseconds since the epoch) or later; negative when there is none.
	OffsetAt(partition int32, ms int64) (int64, error)
	// Committed returns the group's committed offset; negative when there is none.
	Committed(partition int32) (int64, error)
}

// Questions are the lookups that a position needs, for one request each.
type Questions struct {
	Times  map[int32]int64 // partition → timestamp in milliseconds since the epoch
	Stored []int32         // partitions whose committed offset is needed
}

// Lookups returns the lookups needed to resolve the position in these partitions.
// Partitions that the position does not select are left out.
func (p Position) Lookups(partitions []int32) Questions {
	var q Questions
	for _, partition := range partitions {
		point, ok := p.For(partition)
		switch {
		case ok && point.Kind == AtTime:
			if q.Times == nil {
				q.Times = make(map[int32]int64)
			}
			q.Times[partition] = point.Millis()
		case ok && point.Kind == Stored:
			q.Stored = append(q.Stored, partition)
		}
	}
	return q
}

// Answers are the replies to Questions. It is the Lookups of the batched form:
// a partition that is missing in a map is an error, not an absent record.
type Answers struct {
	Times  map[int32]int64 // partition → offset; negative: no record there or later
	Stored map[int32]int64 // partition → committed offset; negative: none
}

// OffsetAt returns the answer for the partition, whatever the timestamp.
func (a Answers) OffsetAt(partition int32, _ int64) (int64, error) {
	return answer(a.Times, partition, "offset by time")
}

// Committed returns the answer for the partition.
func (a Answers) Committed(partition int32) (int64, error) {
	return answer(a.Stored, partition, "committed offset")
}

func answer(m map[int32]int64, partition int32, what string) (int64, error) {
	offset, ok := m[partition]
	if !ok {
		return 0, fmt.Errorf("the broker did not answer with the %s of partition %d", what, partition)
	}
	return offset, nil
}

// Resolve turns the point into an offset of one partition. Beginning, End and
// AtTime give an offset within the log, and so does BeforeEnd, which stops at the
// start. Absolute, AfterBeginning and Stored may lie outside of it: what that
// means (wait for the end, move with a notice, refuse) is the caller's to decide,
// see Log.Clamp. Lookups is asked for AtTime and Stored alone and may be nil
// otherwise.
func (p Point) Resolve(partition int32, log Log, lookups Lookups) (int64, error) {
	switch p.Kind {
	case Beginning:
		return log.Start, nil
	case End:
		return log.End, nil
	case AfterBeginning:
		if p.N > math.MaxInt64-log.Start {
			return math.MaxInt64, nil
		}
		return log.Start + p.N, nil
	case BeforeEnd:
		return max(log.Start, log.End-p.N), nil
	case AtTime:
		offset, err := lookups.OffsetAt(partition, p.Millis())
		if err != nil {
			return 0, err
		}
		if offset < 0 {
			return log.End, nil
		}
		offset, _ = log.Clamp(offset)
		return offset, nil
	case Stored:
		offset, err := lookups.Committed(partition)
		if err != nil {
			return 0, err
		}
		if offset < 0 {
			return 0, fmt.Errorf("partition %d: %w", partition, ErrNotCommitted)
		}
		return offset, nil
	default:
		return p.N, nil
	}
}
