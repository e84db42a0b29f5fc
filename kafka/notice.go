package kafka

import (
	"cmp"
	"fmt"
)

// NoticeKind says what happened beside the records.
type NoticeKind string

// What a reader or a group can have to say. The texts are the event names of --events.
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

// Notice is something that a person should know and that is no error. Partition is -1
// where it concerns none.
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

// Event is what a reader or the members of a group hand on: records, or something to
// be told, or both.
type Event struct {
	Member  int    // counted from 1
	Batch   *Batch // nil without records
	Notices []Notice
	Change  *Change // nil without one
	// Commit commits what was acknowledged up to now, for a receiver to which a batch is
	// long. After ErrTakenBack it is to leave the rest of the batch: all that was taken
	// back comes again. Nil where nothing commits.
	Commit func() error
	// Poll serves the group, for a receiver that is at work for long: the member takes part
	// in rebalances and commits what is due. It is to be called about every second, while
	// nothing is half done: partitions may be given away inside, so that records of the
	// batch are not the member's any more (see Batch.Owned). After ErrTakenBack the receiver
	// is to leave the rest of the batch, after ErrLeaving to begin nothing more. Nil without
	// a group.
	Poll func() error
}
