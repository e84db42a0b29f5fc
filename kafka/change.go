package kafka

// ChangeKind is what happened to a member. The texts are the event names of --events.
type ChangeKind string

// What can happen to a member of a group.
const (
	ChangeAssigned  ChangeKind = "assigned"
	ChangeRevoked   ChangeKind = "revoked"
	ChangeLost      ChangeKind = "lost" // somebody else owns the partitions already
	ChangeCommitted ChangeKind = "committed"
	ChangeLeft      ChangeKind = "left"
)

// ReasonLeaving is the reason of a revocation by which a member gives away all it has, to
// leave.
const ReasonLeaving = "leaving"

// Change is a change of what a member owns or has committed.
type Change struct {
	Kind       ChangeKind
	MemberID   string
	Generation int32  // the member epoch under KIP-848; -1 when unknown
	Reason     string // why, where it is known
	// Offsets are the partitions concerned: with where reading starts (assigned), the
	// next offset that was fetched (revoked, lost), or what was committed.
	Offsets map[TopicPartition]int64
	// Written must be called once everything that the member emitted before has been
	// written out: the member waits for the call before it gives the partitions up. It is
	// nil if the member does not wait.
	Written func()
}

// Ack returns a function that acknowledges the first n records of the batch as written
// out. If n is all of them, it also acknowledges how far their partitions were read beyond
// them, past offsets that hold no records. Ack returns nil if nothing commits. It must be
// called before the batch is reused; the function may be called later and from any
// goroutine.
func (b *Batch) Ack(n int) func() {
	if b.ledger == nil {
		return nil
	}
	var marks []mark
	at := map[TopicPartition]int{}
	note := func(tp TopicPartition, next int64) {
		i, ok := at[tp]
		if !ok {
			i = len(marks)
			at[tp] = i
			marks = append(marks, mark{TopicPartition: tp, turn: b.turn, next: next})
		}
		marks[i].next = max(marks[i].next, next)
	}
	for i := n - 1; i >= 0; i-- { // runs of one partition: only their last record counts
		r := &b.Records[i]
		if i < n-1 && r.Partition == b.Records[i+1].Partition && r.Topic == b.Records[i+1].Topic {
			continue
		}
		note(TopicPartition{r.Topic, r.Partition}, r.Offset+1)
	}
	if n == len(b.Records) {
		marks = append(marks, b.reached...)
	}
	ledger := b.ledger
	return func() { ledger.ack(marks) }
}
