package live

import "time"

// Snapshot is what there is to see of a group at one moment. Render only reads it.
type Snapshot struct {
	Time       time.Time // now; its zone is the one that times are shown in
	Group      string
	Topics     []string
	Protocol   string // classic or consumer
	Assignor   string
	Records    int64       // in all, those of members that have left included
	Members    []Member    // in the order of their numbers
	Partitions []Partition // by topic, then by number
	Log        []Entry     // oldest first
	Leaving    bool        // all members were told to leave
}

// State says what a member does.
type State int

// A member is joining until it was assigned something for the first time.
const (
	Running State = iota
	Joining
	Frozen
	Leaving
)

func (s State) String() string {
	switch s {
	case Joining:
		return "joining"
	case Frozen:
		return "frozen"
	case Leaving:
		return "leaving"
	}
	return "running"
}

// Unknown is a position, an end or a lag that nobody knows yet.
const Unknown = -1

// Member is one member of the group.
type Member struct {
	Number     int // counted from 1; a number is not used again
	ID         string
	State      State
	Partitions int       // owned
	Records    int64     // in all
	Bytes      int64     // in all
	Rate       []float64 // records in each past second, oldest first
	Rebalances int       // assignments, revocations and losses
	Lag        int64     // of the partitions that it owns, or Unknown
}

// Partition is one partition that the group reads.
type Partition struct {
	Topic    string
	Number   int32
	Owner    int       // number of the member, 0 when none of these members owns it
	Moved    time.Time // when Owner changed last; zero for never
	Position int64     // of the next record to read, or Unknown
	End      int64     // of the log, or Unknown
	Lag      int64     // or Unknown
}

// Entry is one line of the rebalance log.
type Entry struct {
	Time   time.Time
	Member int // 0 for none
	Text   string
}

// rate returns the number of records that the member read in the last second.
func (m *Member) rate() float64 {
	if len(m.Rate) == 0 {
		return 0
	}
	return m.Rate[len(m.Rate)-1]
}
