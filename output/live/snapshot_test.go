package live

import (
	"fmt"
	"time"
)

// noon is the time of all samples.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 35, 13, 0, time.UTC) }

// sample is a group of members that share the partitions of one topic, each member
// reading at a rate of its own.
func sample(members, partitions int) Snapshot {
	s := Snapshot{Time: noon(), Group: "billing", Topics: []string{"orders"}, Protocol: "classic", Assignor: "cooperative-sticky"}
	for n := 1; n <= members; n++ {
		m := Member{
			Number: n, ID: fmt.Sprintf("kstream-%d-0a1b2c3d-4e5f", n), Records: int64(n * 12345), Bytes: int64(n * 1_234_567), Rebalances: n,
		}
		for i := range 12 {
			m.Rate = append(m.Rate, float64((i*n)%7*400))
		}
		s.Members = append(s.Members, m)
		s.Records += m.Records
		s.Log = append(s.Log, Entry{noon().Add(time.Duration(n-members) * time.Second), n, fmt.Sprintf("+orders[%d,%d]", 2*n-2, 2*n-1)})
	}
	for i := range partitions {
		p := Partition{Topic: "orders", Number: int32(i), Position: int64(i * 1000), End: int64(i * 1010), Lag: int64(i * 10)}
		if members > 0 {
			p.Owner = i*members/partitions + 1
			m := &s.Members[p.Owner-1]
			m.Partitions++
			m.Lag += p.Lag
		}
		s.Partitions = append(s.Partitions, p)
	}
	return s
}

// troubled is a group in the middle of a rebalance, with names of strangers.
func troubled() Snapshot {
	s := sample(4, 12)
	s.Group = "bill\x1b[31ming"
	s.Topics = []string{"日本", "or\u202eders"}
	for i := range s.Partitions {
		p := &s.Partitions[i]
		p.Topic = s.Topics[i/6]
		p.Number %= 6
	}
	s.Partitions[7].Owner, s.Partitions[8].Owner = 0, 0
	s.Partitions[7].Lag, s.Partitions[8].End, s.Partitions[8].Lag = Unknown, Unknown, Unknown
	s.Partitions[2].Moved = noon().Add(-time.Second)
	s.Partitions[3].Moved = noon().Add(-time.Minute)
	s.Members[1].State, s.Members[2].State, s.Members[3].State = Frozen, Leaving, Joining
	s.Members[3].Lag, s.Members[3].Rate = Unknown, nil
	s.Log = append(s.Log, Entry{noon(), 0, "no broker answers: \x1b]0;x\x07 日本"})
	return s
}
