package group

import (
	"strconv"
	"strings"

	"kstream/kafka"
)

// Item is a group with its members and partitions.
type Item struct {
	Group       string             `json:"group"`
	State       string             `json:"state"`
	Type        string             `json:"type"`
	Protocol    string             `json:"protocol"`
	Coordinator string             `json:"coordinator"`
	Lag         int64              `json:"lag"`
	Members     []memberItem       `json:"members"`
	Partitions  []PartitionLagItem `json:"partitions"`
}

// memberItem is a member and what it has. Target is where a consumer group
// (KIP-848) wants it to be, when that is something else.
type memberItem struct {
	MemberID   string            `json:"member_id"`
	ClientID   string            `json:"client_id"`
	InstanceID string            `json:"instance_id"`
	Host       string            `json:"host"`
	Partitions []TopicPartitions `json:"partitions"`
	Target     []TopicPartitions `json:"target,omitempty"`
}

// TopicPartitions are partitions of one topic, ascending.
type TopicPartitions struct {
	Topic      string  `json:"topic"`
	Partitions []int32 `json:"partitions"`
}

// ByTopic groups partitions, which are sorted.
func ByTopic(tps []kafka.TopicPartition) []TopicPartitions {
	list := []TopicPartitions{}
	for _, tp := range tps {
		if n := len(list); n == 0 || list[n-1].Topic != tp.Topic {
			list = append(list, TopicPartitions{Topic: tp.Topic})
		}
		last := &list[len(list)-1]
		last.Partitions = append(last.Partitions, tp.Partition)
	}
	return list
}

// ShortPartitions writes partitions as a person would: orders[0-3,7] refunds[1].
func ShortPartitions(list []TopicPartitions) string {
	var b strings.Builder
	for i, t := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.Topic + "[")
		for j := 0; j < len(t.Partitions); j++ {
			first := j
			for j+1 < len(t.Partitions) && t.Partitions[j+1] == t.Partitions[j]+1 {
				j++
			}
			if first > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Itoa(int(t.Partitions[first])))
			if j > first {
				b.WriteString("-" + strconv.Itoa(int(t.Partitions[j])))
			}
		}
		b.WriteByte(']')
	}
	return b.String()
}

// ItemOf returns what describe prints of s.
func ItemOf(s *Snapshot) Item {
	item := Item{
		Group: s.Info.Name, State: string(s.Info.State), Type: s.Info.Type, Protocol: s.Info.Protocol,
		Coordinator: s.Info.Coordinator, Lag: s.Lag(), Members: []memberItem{}, Partitions: s.Partitions,
	}
	if item.Partitions == nil {
		item.Partitions = []PartitionLagItem{}
	}
	for _, m := range s.Info.Members {
		member := memberItem{
			MemberID: m.ID, ClientID: m.ClientID, InstanceID: m.InstanceID,
			Host: m.Host, Partitions: ByTopic(m.Partitions),
		}
		if target := ByTopic(m.Target); ShortPartitions(target) != ShortPartitions(member.Partitions) && m.Target != nil {
			member.Target = target
		}
		item.Members = append(item.Members, member)
	}
	return item
}
