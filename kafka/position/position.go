package position

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is how a Point names its place.
type Kind uint8

// The kinds of a Point. The zero Kind is Beginning.
const (
	Beginning      Kind = iota // the first record that the log still holds
	End                        // after the last record, when the command starts
	Absolute                   // offset N
	AfterBeginning             // N records after the beginning
	BeforeEnd                  // N records before the end
	AtTime                     // the first record at or after Time
	Stored                     // the committed offset of Group
)

// Point is one place in a partition. N counts for Absolute, AfterBeginning and
// BeforeEnd and is never negative; Time counts for AtTime, Group for Stored: empty
// is the group that the command is about.
type Point struct {
	Kind  Kind
	N     int64
	Time  time.Time
	Group string
}

// Millis is the point's time as Kafka counts it, in milliseconds since the
// epoch. A fraction of a millisecond rounds up, for the point means "at or
// after"; a time before the epoch is 0, since negative timestamps are names of
// special offsets in ListOffsets (KIP-79).
func (p Point) Millis() int64 {
	ms := p.Time.UnixMilli()
	if p.Time.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	return max(ms, 0)
}

// String returns the point in a form that Parse reads back as the same place. A
// time keeps its zone's offset.
func (p Point) String() string {
	switch p.Kind {
	case Beginning:
		return "beginning"
	case End:
		return "end"
	case AfterBeginning:
		return "+" + strconv.FormatInt(p.N, 10)
	case BeforeEnd:
		return "-" + strconv.FormatInt(p.N, 10)
	case AtTime:
		at := p.Time
		if _, offset := at.Zone(); offset%60 != 0 { // RFC 3339 has no seconds there
			at = at.UTC()
		}
		return "@" + at.Format(time.RFC3339Nano)
	case Stored:
		if p.Group != "" {
			return storedIn + p.Group
		}
		return "stored"
	default:
		return strconv.FormatInt(p.N, 10)
	}
}

// Position is a Point for every partition, or one for each of some partitions.
// The zero Position is the beginning of every partition. It does not change once
// made, so it is safe for concurrent use.
type Position struct {
	all  Point
	each map[int32]Point // nil: all counts
}

// For returns the point of a partition, and whether the position selects that
// partition at all.
func (p Position) For(partition int32) (Point, bool) {
	if p.each == nil {
		return p.all, true
	}
	point, ok := p.each[partition]
	return point, ok
}

// Partitions returns the partitions that the position selects, ascending. Nil
// means that it selects every partition.
func (p Position) Partitions() []int32 {
	if p.each == nil {
		return nil
	}
	return slices.AppendSeq(make([]int32, 0, len(p.each)), sortedKeys(p.each))
}

// points are all that the position consists of.
func (p Position) points() []Point {
	if p.each == nil {
		return []Point{p.all}
	}
	return slices.Collect(maps.Values(p.each))
}

// Groups returns the groups that Stored points name, sorted.
func (p Position) Groups() []string {
	var names []string
	for _, point := range p.points() {
		if point.Kind == Stored && point.Group != "" {
			names = append(names, point.Group)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Of returns the position with group in the Stored points that name none.
func (p Position) Of(group string) Position {
	of := func(point Point) Point {
		if point.Kind == Stored && point.Group == "" {
			point.Group = group
		}
		return point
	}
	q := Position{all: of(p.all)}
	if p.each != nil {
		q.each = make(map[int32]Point, len(p.each))
		for partition, point := range p.each {
			q.each[partition] = of(point)
		}
	}
	return q
}

// WantsGroup reports whether a Stored point leaves open which group it is about.
func (p Position) WantsGroup() bool {
	return slices.ContainsFunc(p.points(), func(point Point) bool { return point.Kind == Stored && point.Group == "" })
}

// Has reports whether any partition's point is of the kind.
func (p Position) Has(kind Kind) bool {
	return slices.ContainsFunc(p.points(), func(point Point) bool { return point.Kind == kind })
}

// String returns the position in a form that Parse reads back as the same places,
// partitions ascending.
func (p Position) String() string {
	if p.each == nil {
		return p.all.String()
	}
	var b strings.Builder
	for partition := range sortedKeys(p.each) {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(int(partition)))
		b.WriteByte('=')
		b.WriteString(p.each[partition].String())
	}
	return b.String()
}

func sortedKeys(m map[int32]Point) func(func(int32) bool) {
	return slices.Values(slices.Sorted(maps.Keys(m)))
}
