package cmd

import (
	"fmt"
	"maps"
	"slices"

	"kstream/kafka"
)

// diffRun is where the records of a partition lie that were read.
type diffRun struct{ first, last, records int64 }

// gaps is how many offsets between the first record and the last have none: those of
// transaction markers, of aborted transactions and of what compaction has removed.
func (r *diffRun) gaps() int64 { return r.last - r.first + 1 - r.records }

// diffRuns are those of one side, by partition. One goroutine owns it.
type diffRuns struct {
	parts map[int32]*diffRun
	run   *diffRun // of the record before
	id    int32
}

func (d *diffRuns) add(r *kafka.Record) {
	if d.run == nil || d.id != r.Partition {
		if d.parts == nil {
			d.parts = map[int32]*diffRun{}
		}
		d.id, d.run = r.Partition, d.parts[r.Partition]
		if d.run == nil {
			d.run = &diffRun{first: r.Offset}
			d.parts[r.Partition] = d.run
		}
	}
	d.run.last = r.Offset
	d.run.records++
}

// gaps is the sum over the partitions.
func (d *diffRuns) gaps() (n int64) {
	for _, r := range d.parts {
		n += r.gaps()
	}
	return n
}

// offsetReasons says why the same record may have another offset, or lie in another
// partition, in a and b.
func offsetReasons(a, b *diffSide) (reasons []string) {
	if a.runs.gaps() != b.runs.gaps() {
		for _, s := range []*diffSide{a, b} {
			if n := s.runs.gaps(); n > 0 {
				reasons = append(reasons, fmt.Sprintf("%s: %s between the records without one: markers of transactions, as every commit of an exactly-once copy writes, aborted records, or compaction",
					s.name, countOf(n, "offset")))
			}
		}
	}
	if x, y := len(a.runs.parts), len(b.runs.parts); x != y {
		reasons = append(reasons, fmt.Sprintf("%s has records in %s, %s in %s", a.name, countOf(int64(x), "partition"), b.name, countOf(int64(y), "partition")))
	}
	for _, id := range slices.Sorted(maps.Keys(a.runs.parts)) {
		x, y := a.runs.parts[id], b.runs.parts[id]
		if y != nil && x.first != y.first {
			return append(reasons, fmt.Sprintf("partition %d begins at offset %d in %s and at %d in %s", id, x.first, a.name, y.first, b.name))
		}
	}
	return reasons
}
