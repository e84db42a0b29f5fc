package group

import (
	"cmp"
	"slices"
	"strconv"

	"kstream/output"
)

// By is what a row of group lag is about.
type By string

// The kinds of rows.
const (
	ByPartition By = "partition"
	ByGroup     By = "group"
	ByTopicName By = "topic"
	ByMember    By = "member"
)

// Bys lists the kinds, as --by takes them.
func Bys() []By { return []By{ByGroup, ByTopicName, ByPartition, ByMember} }

// SumItem is how many records wait for a group, in a topic, or for a member. What a row
// is not about is empty.
type SumItem struct {
	Group      string `json:"group,omitempty"`
	State      string `json:"state,omitempty"`
	Topic      string `json:"topic,omitempty"`
	Member     string `json:"member,omitempty"`
	Members    *int   `json:"members,omitempty"`
	Groups     *int   `json:"groups,omitempty"`
	Topics     *int   `json:"topics,omitempty"`
	Partitions int    `json:"partitions"`
	Lag        int64  `json:"lag"`
	Lost       int64  `json:"lost"`
}

// add counts a partition in.
func (s *SumItem) add(p *PartitionLagItem) {
	s.Partitions++
	s.Lag += p.Lag
	s.Lost += p.Lost
}

// Sums adds the partitions up, the largest lag first.
func Sums(snapshots []Snapshot, by By) []*SumItem {
	sums := []*SumItem{}
	found := map[string]*SumItem{}
	at := func(key string, item SumItem) *SumItem {
		if found[key] == nil {
			found[key] = &item
			sums = append(sums, &item)
		}
		return found[key]
	}
	groupsOf := map[string]map[string]bool{} // by topic
	for i := range snapshots {
		s := &snapshots[i]
		if by == ByGroup {
			members, topics := len(s.Info.Members), map[string]bool{}
			sum := at(s.Info.Name, SumItem{Group: s.Info.Name, State: string(s.Info.State), Members: &members})
			for j := range s.Partitions {
				topics[s.Partitions[j].Topic] = true
				sum.add(&s.Partitions[j])
			}
			n := len(topics)
			sum.Topics = &n
			continue
		}
		for j := range s.Partitions {
			p := &s.Partitions[j]
			if by == ByMember {
				at(p.Group+"\x00"+p.Member, SumItem{Group: p.Group, Member: p.Member}).add(p)
				continue
			}
			sum := at(p.Topic, SumItem{Topic: p.Topic})
			if groupsOf[p.Topic] == nil {
				groupsOf[p.Topic] = map[string]bool{}
			}
			groupsOf[p.Topic][p.Group] = true
			n := len(groupsOf[p.Topic])
			sum.Groups = &n
			sum.add(p)
		}
	}
	slices.SortStableFunc(sums, func(a, b *SumItem) int {
		return cmp.Or(cmp.Compare(b.Lag, a.Lag), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Member, b.Member))
	})
	return sums
}

// SumTable shows sums of one kind.
func SumTable(sums []*SumItem, by By) *output.Table {
	number := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	t := &output.Table{}
	var cells func(*SumItem) []string
	switch by {
	case ByGroup:
		t.Columns = []output.Column{{Name: "group"}, {Name: "state"}, {Name: "members", Right: true}, {Name: "topics", Right: true}}
		cells = func(s *SumItem) []string { return []string{s.Group, s.State, number(s.Members), number(s.Topics)} }
	case ByTopicName:
		t.Columns = []output.Column{{Name: "topic"}, {Name: "groups", Right: true}}
		cells = func(s *SumItem) []string { return []string{s.Topic, number(s.Groups)} }
	default:
		t.Columns = []output.Column{{Name: "group"}, {Name: "member"}}
		cells = func(s *SumItem) []string { return []string{s.Group, s.Member} }
	}
	for _, name := range []string{"partitions", "lag", "lost"} {
		t.Columns = append(t.Columns, output.Column{Name: name, Right: true})
	}
	for _, s := range sums {
		t.Add(append(cells(s), strconv.Itoa(s.Partitions), strconv.FormatInt(s.Lag, 10), strconv.FormatInt(s.Lost, 10))...)
	}
	return t
}
