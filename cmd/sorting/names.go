package sorting

import (
	"cmp"
	"slices"
	"strings"
)

// names numbers the topics in the order of their first records.
type names struct {
	index map[string]int32
	list  []string
	last  int32 // the number that was asked for last: batches are of one topic
}

// number returns the number of a topic; it keeps a copy of a name that is new.
func (n *names) number(name string) int32 {
	if int(n.last) < len(n.list) && n.list[n.last] == name {
		return n.last
	}
	i, known := n.index[name]
	if !known {
		if n.index == nil {
			n.index = map[string]int32{}
		}
		name = strings.Clone(name)
		i = int32(len(n.list))
		n.list = append(n.list, name)
		n.index[name] = i
	}
	n.last = i
	return i
}

// intern returns the kept copy of a topic's name.
func (n *names) intern(name string) string { return n.list[n.number(name)] }

// ranks returns for each number the place of its name among the names so far.
func (n *names) ranks() []int32 {
	byName := make([]int32, len(n.list))
	for i := range byName {
		byName[i] = int32(i)
	}
	slices.SortFunc(byName, func(a, b int32) int { return cmp.Compare(n.list[a], n.list[b]) })
	ranks := make([]int32, len(byName))
	for rank, i := range byName {
		ranks[i] = int32(rank)
	}
	return ranks
}
