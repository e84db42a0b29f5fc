package kafka

import (
	"cmp"
	"fmt"
)

// NoticeKind is the kind of an event that concerns no single record.
type NoticeKind string

// The kinds of notices of readers and groups. The texts are the event names of --events.
const (
	NoticeLost       NoticeKind = "lost"       // records From..To-1 were gone before they were read; Text says why unless retention did it
	NoticeTruncated  NoticeKind = "truncated"  // the log ended at From and now ends at To
	NoticeCorrupt    NoticeKind = "corrupt"    // a checksum did not hold at From; it is fetched again
	NoticePartitions NoticeKind = "partitions" // partitions From..To-1 are new
	NoticeTopic      NoticeKind = "topic"      // a topic with To partitions is new and is read too
	NoticeDeleted    NoticeKind = "deleted"    // the topic is gone
	NoticeRecreated  NoticeKind = "recreated"  // the topic was deleted and created again
	NoticeCreated    NoticeKind = "created"    // the topic was created, as asked
	NoticeUnled      NoticeKind = "unled"      // nobody leads the partition, which was read up to From
	NoticeDown       NoticeKind = "down"       // no broker answers; Text is the cause
	NoticeUp         NoticeKind = "up"
	NoticeZeroTime   NoticeKind = "zero_time" // the first record with a timestamp of 0, which becomes 1
	NoticeEnd        NoticeKind = "end"       // every partition was read to its end
)

// Notice is an event that users should know of and that is not an error. Partition is -1
// if it concerns none.
type Notice struct {
	Kind      NoticeKind
	Topic     string
	Partition int32
	From, To  int64
	Text      string
}

func (n Notice) String() string {
	tp := TopicPartition{n.Topic, n.Partition}
	switch n.Kind {
	case NoticeLost:
		return fmt.Sprintf("lost %s %d–%d (%s)", tp, n.From, n.To-1, cmp.Or(n.Text, "deleted by retention"))
	case NoticeTruncated:
		return fmt.Sprintf("%s was truncated: it ended at %d, now at %d; reading goes on there", tp, n.From, n.To)
	case NoticeCorrupt:
		return fmt.Sprintf("%s@%d: a checksum does not hold; fetching it again", tp, n.From)
	case NoticePartitions:
		return fmt.Sprintf("%s has new partitions %d–%d", n.Topic, n.From, n.To-1)
	case NoticeTopic:
		return fmt.Sprintf("%s is new and is read too (%d partitions)", n.Topic, n.To)
	case NoticeDeleted:
		return n.Topic + " was deleted"
	case NoticeRecreated:
		return n.Topic + " was deleted and created again; reading starts at its beginning"
	case NoticeCreated:
		return "created " + n.Topic
	case NoticeUnled:
		return fmt.Sprintf("%s has no leader; waiting for one", tp)
	case NoticeDown:
		return "no broker answers: " + n.Text
	case NoticeUp:
		return "a broker answers again"
	case NoticeZeroTime:
		return n.Topic + ": a timestamp of 0 cannot be written; it becomes 1, here and from here on"
	case NoticeEnd:
		return "reached the end of all partitions; waiting for more (Ctrl-C ends)"
	}
	return string(n.Kind) + " " + n.Text
}

// Event is what a reader or a member of a group emits: records, notices and changes, or
// several of these.
type Event struct {
	Member  int    // counted from 1
	Batch   *Batch // nil without records
	Notices []Notice
	Change  *Change // nil without one
	// Commit commits what has been acknowledged so far, for receivers that take long over a
	// batch. If it returns ErrTakenBack the receiver must drop the rest of the batch: the
	// records whose results were undone come again. It is nil if nothing commits.
	Commit func() error
	// Poll lets the member take part in rebalances and commit what is due while a receiver
	// takes long over a batch. It should be called about once a second, and between records
	// only: partitions may be given up during the call, and records of the batch then no
	// longer belong to the member (see Batch.Owned). If it returns ErrTakenBack the receiver
	// must drop the rest of the batch, and if ErrLeaving it must begin no further record. It
	// is nil without a group.
	Poll func() error
	// Silence comes every GroupConfig.Tick; nil in all other events.
	Silence *Silence
}

// Silence is what a member that is asked for it says of partitions of which nothing comes.
type Silence struct {
	// AtEnd are the member's partitions that were read to the end of their logs.
	AtEnd []TopicPartition
	// Commit makes the member commit the offset of a partition although it has not moved, so
	// that results which time alone has made are committed with it, by its owner.
	Commit func(TopicPartition)
}

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
	// Unknown says that it is not known yet where reading starts (assigned): ChangeRewound
	// tells, before the first record.
	Unknown bool
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
