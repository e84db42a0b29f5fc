package compare

import (
	"fmt"
	"maps"
	"slices"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// offsetRun is where the records of a partition lie that were read.
type offsetRun struct{ first, last, records int64 }

// gaps is how many offsets between the first record and the last have none: those of
// transaction markers, of aborted transactions and of what compaction has removed.
func (r *offsetRun) gaps() int64 { return r.last - r.first + 1 - r.records }

// offsetRuns are those of one side, by partition. One goroutine owns it.
type offsetRuns struct {
	parts map[int32]*offsetRun
	run   *offsetRun // of the record before
	id    int32
}

func (d *offsetRuns) add(r *kafka.Record) {
	if d.run == nil || d.id != r.Partition {
		if d.parts == nil {
			d.parts = map[int32]*offsetRun{}
		}
		d.id, d.run = r.Partition, d.parts[r.Partition]
		if d.run == nil {
			d.run = &offsetRun{first: r.Offset}
			d.parts[r.Partition] = d.run
		}
	}
	d.run.last = r.Offset
	d.run.records++
}

// gaps is the sum over the partitions.
func (d *offsetRuns) gaps() (n int64) {
	for _, r := range d.parts {
		n += r.gaps()
	}
	return n
}

// offsetReasons returns why the same record may have another offset, or lie in another
// partition, in a and b.
func offsetReasons(a, b *side) (reasons []string) {
	if a.runs.gaps() != b.runs.gaps() {
		for _, s := range []*side{a, b} {
			if n := s.runs.gaps(); n > 0 {
				reasons = append(reasons, fmt.Sprintf("%s: %s between the records without one: markers of transactions, as every commit of an exactly-once copy writes, aborted records, or compaction",
					s.name, cli.Count(n, "offset")))
			}
		}
	}
	if x, y := len(a.runs.parts), len(b.runs.parts); x != y {
		reasons = append(reasons, fmt.Sprintf("%s has records in %s, %s in %s", a.name, cli.Count(int64(x), "partition"), b.name, cli.Count(int64(y), "partition")))
	}
	for _, id := range slices.Sorted(maps.Keys(a.runs.parts)) {
		x, y := a.runs.parts[id], b.runs.parts[id]
		if y != nil && x.first != y.first {
			return append(reasons, fmt.Sprintf("partition %d begins at offset %d in %s and at %d in %s", id, x.first, a.name, y.first, b.name))
		}
	}
	return reasons
}
