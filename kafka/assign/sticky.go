package assign

import (
	"maps"
	"slices"
)

// holdings is an assignment that is being changed.
type holdings struct {
	lists Assignment
	owner map[Partition]int
}

// holdingsOf takes over what exists and has exactly one owner.
func holdingsOf(all []Partition, owned Assignment) *holdings {
	h := &holdings{lists: make(Assignment, len(owned)), owner: map[Partition]int{}}
	exists := make(map[Partition]bool, len(all))
	for _, p := range all {
		exists[p] = true
	}
	claims := map[Partition]int{}
	for _, list := range owned {
		for _, p := range list {
			claims[p]++
		}
	}
	for m, list := range owned {
		for _, p := range list {
			if exists[p] && claims[p] == 1 {
				h.give(p, m)
			}
		}
		slices.SortFunc(h.lists[m], Partition.compare)
	}
	return h
}

func (h *holdings) give(p Partition, member int) {
	if from, ok := h.owner[p]; ok {
		i := slices.Index(h.lists[from], p)
		h.lists[from] = slices.Delete(h.lists[from], i, i+1)
	}
	h.lists[member] = append(h.lists[member], p)
	h.owner[p] = member
}

// least is the member with the fewest partitions, the first of such.
func (h *holdings) least() int {
	best := 0
	for m, list := range h.lists {
		if len(list) < len(h.lists[best]) {
			best = m
		}
	}
	return best
}

// bySticking assigns as KIP-54 says: what nobody has goes to whoever has least; then
// partitions move, one by one, until nobody has two more than another.
func bySticking(topics []Topic, owned Assignment) Assignment {
	all := partitionsOf(topics)
	h := holdingsOf(all, owned)
	order := h.fromTheFullest()
	if len(order) > 0 {
		slices.Reverse(all) // the order of what nobody has, beside what somebody has
	}
	for _, p := range all {
		if _, ok := h.owner[p]; !ok {
			h.give(p, h.least())
		}
	}
	for _, p := range order {
		from, to := h.owner[p], h.least()
		if len(h.lists[from]) > len(h.lists[to])+1 {
			h.give(p, to)
		}
	}
	return h.lists
}

// fromTheFullest lists the partitions that are owned: always one of the member that has
// most left, so that those that must give are asked first, each for its first ones.
func (h *holdings) fromTheFullest() []Partition {
	left := slices.Clone(h.lists)
	var order []Partition
	for {
		fullest := 0
		for m, list := range left {
			if len(list) >= len(left[fullest]) {
				fullest = m
			}
		}
		if len(left[fullest]) == 0 {
			return order
		}
		order = append(order, left[fullest][0])
		left[fullest] = left[fullest][1:]
	}
}

// inSteps does what KIP-429 makes of a sticky assignment: a partition that changes its
// owner is first taken away, and given in the rebalance after that.
func inSteps(topics []Topic, owned Assignment) Assignment {
	for {
		then := bySticking(topics, owned)
		before := holdingsOf(partitionsOf(topics), owned).owner
		held := make(Assignment, len(then))
		withheld := false
		for m, list := range then {
			for _, p := range list {
				if from, ok := before[p]; ok && from != m {
					withheld = true
					continue
				}
				held[m] = append(held[m], p)
			}
		}
		if !withheld {
			return then
		}
		owned = held
	}
}

// Nobody is the owner of a partition that no member has.
const Nobody = -1

// Move is a partition that changes its owner.
type Move struct {
	Partition
	From, To int
}

// Moves lists the partitions whose owner differs between two assignments, sorted.
// Member i is the same in both; an assignment may have more members than the other.
func Moves(before, after Assignment) []Move {
	from, to := owners(before), owners(after)
	all := maps.Clone(from)
	maps.Copy(all, to)
	var moves []Move
	for _, p := range slices.SortedFunc(maps.Keys(all), Partition.compare) {
		m := Move{p, Nobody, Nobody}
		if owner, ok := from[p]; ok {
			m.From = owner
		}
		if owner, ok := to[p]; ok {
			m.To = owner
		}
		if m.From != m.To {
			moves = append(moves, m)
		}
	}
	return moves
}

func owners(a Assignment) map[Partition]int {
	of := map[Partition]int{}
	for m, list := range a {
		for _, p := range list {
			of[p] = m
		}
	}
	return of
}
