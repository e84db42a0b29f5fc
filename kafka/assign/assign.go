// Package assign computes how a consumer group spreads partitions over its members,
// without a group: range, roundrobin and the sticky assignors as clients run them, and
// what moves when the number of members changes.
//
// Members have no names here. They stand in the order in which an assignor sees them,
// which is that of Less; every member subscribes to every topic. An owner is the index
// of a member, and Nobody where there is none.
//
// The package does no I/O and holds no state.
package assign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Partition is one partition of a topic.
type Partition struct {
	Topic  string
	Number int32
}

func (p Partition) compare(q Partition) int {
	return cmp.Or(strings.Compare(p.Topic, q.Topic), cmp.Compare(p.Number, q.Number))
}

// Topic is a topic and how many partitions it has.
type Topic struct {
	Name       string
	Partitions int32
}

// Assignment has, for each member, its partitions, sorted by topic and number.
type Assignment [][]Partition

// Assignor names a strategy, as partition.assignment.strategy does.
type Assignor string

// The assignors. Uniform is the broker's (KIP-848), the others run in clients.
const (
	Range             Assignor = "range"
	RoundRobin        Assignor = "roundrobin"
	Sticky            Assignor = "sticky"
	CooperativeSticky Assignor = "cooperative-sticky"
	Uniform           Assignor = "uniform"
)

// All returns all assignors.
func All() []Assignor {
	return []Assignor{Range, RoundRobin, Sticky, CooperativeSticky, Uniform}
}

// Eager reports whether every member gives up all partitions in each rebalance, also those
// that it gets back (KIP-429 and KIP-848 describe the other way).
func (a Assignor) Eager() bool { return a == Range || a == RoundRobin || a == Sticky }

// Less orders members as clients do: static members by their instance id (KIP-345)
// before all others, those by the member id that the broker gave.
func Less(instanceA, idA, instanceB, idB string) bool {
	switch {
	case instanceA != "" && instanceB != "":
		return instanceA < instanceB
	case instanceA != "" || instanceB != "":
		return instanceA != ""
	}
	return idA < idB
}

// Compute assigns the partitions of topics to len(owned) members. owned[i] is what
// member i has now, which only the sticky assignors look at; partitions that no longer
// exist or that two members claim count as nobody's.
//
// Range and roundrobin assign exactly as clients do. Of the sticky assignors every
// implementation moves as few partitions and ends up as balanced; where several such
// assignments exist, the one of librdkafka is computed.
func Compute(a Assignor, topics []Topic, owned Assignment) (Assignment, error) {
	if len(owned) == 0 {
		return nil, nil
	}
	topics = slices.SortedFunc(slices.Values(topics), func(a, b Topic) int { return strings.Compare(a.Name, b.Name) })
	var then Assignment
	switch a {
	case Range:
		then = byRange(topics, len(owned))
	case RoundRobin:
		then = byRoundRobin(topics, len(owned))
	case Sticky, Uniform:
		then = bySticking(topics, owned)
	case CooperativeSticky:
		then = inSteps(topics, owned)
	default:
		return nil, fmt.Errorf("no assignor %q: want one of %v", a, All())
	}
	for _, list := range then {
		slices.SortFunc(list, Partition.compare)
	}
	return then, nil
}

// byRange assigns each member a run of every topic's partitions; when they do not divide
// evenly, the first members have one more.
func byRange(topics []Topic, members int) Assignment {
	then := make(Assignment, members)
	for _, t := range topics {
		each, more := int(t.Partitions)/members, int(t.Partitions)%members
		next := int32(0)
		for m := range then {
			n := each
			if m < more {
				n++
			}
			for range n {
				then[m] = append(then[m], Partition{t.Name, next})
				next++
			}
		}
	}
	return then
}

// byRoundRobin deals the partitions of all topics out like cards.
func byRoundRobin(topics []Topic, members int) Assignment {
	then := make(Assignment, members)
	for i, p := range partitionsOf(topics) {
		then[i%members] = append(then[i%members], p)
	}
	return then
}

func partitionsOf(topics []Topic) []Partition {
	var all []Partition
	for _, t := range topics {
		for n := range t.Partitions {
			all = append(all, Partition{t.Name, n})
		}
	}
	return all
}
