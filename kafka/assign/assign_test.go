package assign

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parse reads "a0 a1 b0 | a2" as two members' partitions.
func parse(text string) Assignment {
	var a Assignment
	for member := range strings.SplitSeq(text, "|") {
		list := []Partition{}
		for name := range strings.FieldsSeq(member) {
			p := Partition{Topic: name[:1]}
			fmt.Sscan(name[1:], &p.Number)
			list = append(list, p)
		}
		a = append(a, list)
	}
	return a
}

func format(a Assignment) string {
	members := make([]string, len(a))
	for i, list := range a {
		names := make([]string, len(list))
		for j, p := range list {
			names[j] = fmt.Sprint(p.Topic, p.Number)
		}
		members[i] = strings.Join(names, " ")
	}
	return strings.Join(members, " | ")
}

func TestCompute(t *testing.T) {
	one, two := []Topic{{"a", 5}}, []Topic{{"b", 3}, {"a", 3}}
	tests := map[string]struct {
		assignor Assignor
		topics   []Topic
		owned    string
		want     string
	}{
		"range, first members have more": {Range, one, "|", "a0 a1 a2 | a3 a4"},
		"range, each topic by itself":    {Range, two, "|", "a0 a1 b0 b1 | a2 b2"},
		"range, more members":            {Range, []Topic{{"a", 2}}, "||", "a0 | a1 | "},
		"roundrobin, through topics":     {RoundRobin, two, "|", "a0 a2 b1 | a1 b0 b2"},
		"roundrobin, more members":       {RoundRobin, []Topic{{"a", 2}}, "||", "a0 | a1 | "},
		"sticky, from nothing":           {Sticky, one, "|", "a0 a2 a4 | a1 a3"},
		"sticky, all stays":              {Sticky, one, "a4 a3 | a0 a1 a2", "a3 a4 | a0 a1 a2"},
		"sticky, one joins":              {Sticky, one, "a0 a1 a2 | a3 a4 |", "a1 a2 | a3 a4 | a0"},
		"sticky, one left":               {Sticky, []Topic{{"a", 6}}, "a0 a1 | a2 a3", "a0 a1 a5 | a2 a3 a4"},
		"sticky, new partitions":         {Sticky, []Topic{{"a", 4}}, "a0 a1 | ", "a0 a1 | a2 a3"},
		"sticky, partition gone":         {Sticky, []Topic{{"a", 2}}, "a0 a7 | a1", "a0 | a1"},
		"sticky, claimed twice":          {Sticky, []Topic{{"a", 2}}, "a0 a1 | a1", "a0 | a1"},
		"sticky, claimed, not there":     {Sticky, []Topic{{"a", 1}}, "z0 | z0", "a0 | "},
		"cooperative, one joins":         {CooperativeSticky, one, "a0 a1 a2 | a3 a4 |", "a1 a2 | a3 a4 | a0"},
		"uniform, one joins":             {Uniform, one, "a0 a1 a2 | a3 a4 |", "a1 a2 | a3 a4 | a0"},
		"no topics":                      {RoundRobin, nil, "|", " | "},
		"one member":                     {CooperativeSticky, one, "", "a0 a1 a2 a3 a4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Compute(tt.assignor, tt.topics, parse(tt.owned))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, format(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestComputeRefuses(t *testing.T) {
	_, err := Compute("fair", nil, Assignment{nil})
	if want := `no assignor "fair": want one of [range roundrobin sticky cooperative-sticky uniform]`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got, err := Compute(Range, []Topic{{"a", 1}}, nil); got != nil || err != nil {
		t.Errorf("without members: got %v, %v", got, err)
	}
}

// TestFair holds every assignor to its promises, from M to N members: each partition has
// one owner, sticky ones are balanced and move no more than balance asks for.
func TestFair(t *testing.T) {
	topics := []Topic{{"a", 7}, {"b", 12}, {"c", 1}}
	all := partitionsOf(topics)
	for _, assignor := range All() {
		for m := 1; m <= 9; m++ {
			before, err := Compute(assignor, topics, make(Assignment, m))
			if err != nil {
				t.Fatal(err)
			}
			for n := 1; n <= 9; n++ {
				owned := make(Assignment, n)
				copy(owned, before)
				after, err := Compute(assignor, topics, owned)
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("%s from %d to %d members: %s", assignor, m, n, format(after))
				if got := slices.SortedFunc(slices.Values(slices.Concat(after...)), Partition.compare); !slices.Equal(got, all) {
					t.Fatalf("%s: not every partition once", what)
				}
				if assignor == Range {
					continue
				}
				least, most := len(all)/n, (len(all)+n-1)/n
				for _, list := range after {
					if len(list) < least || len(list) > most {
						t.Fatalf("%s: not balanced", what)
					}
				}
				if want := fewest(before, n, len(all)); assignor != RoundRobin && len(Moves(before, after)) != want {
					t.Fatalf("%s: %d moves, want %d", what, len(Moves(before, after)), want)
				}
			}
		}
	}
}

// fewest counts the moves without which n members cannot be balanced: what those who
// leave had, and what those who stay have beyond their share.
func fewest(before Assignment, n, total int) (moves int) {
	larger := total % n // so many members have one more than the others
	stay := Assignment{}
	for i, list := range before {
		if i >= n {
			moves += len(list)
		} else {
			stay = append(stay, list)
		}
	}
	slices.SortFunc(stay, func(a, b []Partition) int { return len(b) - len(a) })
	for i, list := range stay {
		share := total / n
		if i < larger {
			share++
		}
		moves += max(0, len(list)-share)
	}
	return moves
}

func TestMoves(t *testing.T) {
	got := Moves(parse("a0 a1 | a2"), parse("a0 | | a1 a3"))
	want := []Move{{Partition{"a", 1}, 0, 2}, {Partition{"a", 2}, 1, Nobody}, {Partition{"a", 3}, Nobody, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLess(t *testing.T) {
	tests := map[string]struct {
		a, b [2]string // instance id, member id
		want bool
	}{
		"ids":            {[2]string{"", "a"}, [2]string{"", "b"}, true},
		"equal":          {[2]string{"", "a"}, [2]string{"", "a"}, false},
		"static first":   {[2]string{"z", "b"}, [2]string{"", "a"}, true},
		"dynamic second": {[2]string{"", "a"}, [2]string{"z", "b"}, false},
		"static":         {[2]string{"w-1", "b"}, [2]string{"w-2", "a"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Less(tt.a[0], tt.a[1], tt.b[0], tt.b[1]); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestEager(t *testing.T) {
	var eager []Assignor
	for _, a := range All() {
		if a.Eager() {
			eager = append(eager, a)
		}
	}
	if diff := cmp.Diff([]Assignor{Range, RoundRobin, Sticky}, eager); diff != "" {
		t.Error(diff)
	}
}
