package pipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/stream"
	"kstream/kafka"
)

// The keys of the records of the state topic that belong to a partition as a whole.
const (
	positionKey = `"position"`
	planKey     = `"plan"`
)

// position is how far the state of a partition is: it is written with each commit.
type position struct {
	Offset int64  `json:"offset"` // of the record of SRC that comes next
	Time   *int64 `json:"time"`   // of the stream; null before the first record
	Topic  string `json:"topic"`  // the id of SRC
}

// part is the state of one partition that a member has.
type part struct {
	*stream.Partition
	number  int32
	start   int64         // where the group begins to read
	ready   chan struct{} // closed when the state is restored, or cannot be
	err     error         // why it cannot be
	next    int64         // records before it are part of the state
	planned bool          // the state topic has the plan
	heard   time.Time     // when something came last
}

// restored reports whether the state can be used, or the reason why not is known.
func (p *part) restored() bool {
	select {
	case <-p.ready:
		return true
	default:
		return false
	}
}

// restore reads the states of parts. The group's offsets were stable before, so that each
// transaction with offsets of it has ended, one way or the other, or will be refused. The
// high watermark is what has to be read up to, and not the last stable offset: the
// coordinator ends a transaction in one partition after the other, and that of the offsets
// may be the first.
func (l *pipeline) restore(ctx context.Context, parts []*part) {
	err := l.restoreAll(ctx, parts)
	if err == nil {
		err = l.checkPositions(ctx, parts)
	}
	for _, p := range parts {
		if p.err == nil {
			p.err = err
		}
		close(p.ready)
	}
}

func (l *pipeline) restoreAll(ctx context.Context, parts []*part) error {
	began := time.Now()
	topics, err := l.Admin.Topics(ctx, l.keyed.topic)
	if err != nil {
		return err
	}
	byNumber := map[int32]*part{}
	var tps []kafka.TopicPartition
	for _, p := range parts {
		if int(p.number) >= len(topics[0].Partitions) {
			return stateRefused("%s has partition %d, and %s only %s", l.source.Name, p.number, l.keyed.topic, cli.Count(int64(len(topics[0].Partitions)), "partition"))
		}
		byNumber[p.number] = p
		tps = append(tps, kafka.TopicPartition{Topic: l.keyed.topic, Partition: p.number})
	}
	marks, err := l.Admin.Watermarks(ctx, tps)
	if err != nil {
		return err
	}
	var spans []kafka.Span
	open := false
	for _, tp := range tps {
		m := marks[tp]
		if m.Start > 0 {
			return stateRefused("%s: the records before offset %d were deleted, and the state with them", tp, m.Start)
		}
		open = open || m.Stable < m.End
		spans = append(spans, kafka.Span{TopicPartition: tp, From: m.Start, To: m.End, Ahead: m.Stable < m.End, End: m.Stable})
	}
	if open {
		waits := time.AfterFunc(time.Second, func() {
			l.Env.Notice("waiting for the end of a transaction that another member has left open in %s", l.keyed.topic)
		})
		defer waits.Stop()
	}
	reader, err := kafka.OpenReader(l.cfg, kafka.ReaderConfig{Spans: spans}, topics)
	if err != nil {
		return err
	}
	err = cli.FirstOf(l.readState(ctx, reader, byNumber), reader.Close())
	states := 0
	for _, p := range parts {
		p.Loaded()
		states += p.Len()
	}
	if took := time.Since(began); err == nil && states > 0 {
		l.Env.Notice("restored %s of %s in %v", cli.Count(int64(states), "state"), cli.Count(int64(len(parts)), "partition"), took.Round(time.Millisecond))
	}
	return err
}

// readState reads up to the ends that reader has.
func (l *pipeline) readState(ctx context.Context, reader *kafka.Reader, parts map[int32]*part) error {
	var b kafka.Batch
	for {
		err := reader.Next(ctx, &b)
		for _, n := range b.Notices {
			if n.Kind == kafka.NoticeLost || n.Kind == kafka.NoticeTruncated || n.Kind == kafka.NoticeRecreated {
				return stateRefused("%s changed while it was read: %s", l.keyed.topic, n)
			}
		}
		for i := range b.Records {
			r := &b.Records[i]
			if err := l.loadRecord(parts[r.Partition], r); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (l *pipeline) loadRecord(p *part, r *kafka.Record) error {
	place := func(err error) error {
		return stateRefused("%s[%d]@%d: %w", r.Topic, r.Partition, r.Offset, err)
	}
	switch {
	case len(r.Key) > 0 && r.Key[0] == '[':
		if !p.planned {
			return place(errors.New("a state without the record of its plan"))
		}
		if err := p.Load(r.Key, r.Value); err != nil {
			return place(err)
		}
	case string(r.Key) == planKey:
		if err := l.comparePlan(r); err != nil {
			return err
		}
		p.planned = true
	case string(r.Key) == positionKey:
		var at position
		if err := json.Unmarshal(r.Value, &at); err != nil {
			return place(err)
		}
		if at.Topic != l.source.ID {
			return stateRefused("the state in %s is of another topic, which was called %s too", l.keyed.topic, l.source.Name)
		}
		if p.next = at.Offset; at.Time != nil {
			p.SetTime(*at.Time)
		}
	default:
		return place(fmt.Errorf("the key %.40q is none of a state", r.Key))
	}
	return nil
}

// checkPositions compares where the group stands with where the states do.
func (l *pipeline) checkPositions(ctx context.Context, parts []*part) error {
	topics, err := l.Admin.Topics(ctx, l.source.Name)
	if err != nil {
		return err
	}
	if topics[0].ID != l.source.ID {
		return stateRefused("%s was deleted and created again: the state is that of another topic", l.source.Name)
	}
	var commits map[kafka.TopicPartition]kafka.Commit
	group := l.Run.Members.Config.Name
	for _, p := range parts {
		tp := kafka.TopicPartition{Topic: l.source.Name, Partition: p.number}
		switch {
		case p.next == p.start:
		case p.next < 0: // there is no state
			if commits == nil {
				if commits, err = l.committedOf(ctx, group); err != nil {
					return err
				}
			}
			if at, ok := commits[tp]; ok {
				return l.noState(group, tp, at.Offset)
			}
			p.next = p.start
		case p.next > p.start:
			l.Env.Notice("%s goes on at %d, where its state is", tp, p.next)
		default:
			marks, err := l.Admin.Watermarks(ctx, []kafka.TopicPartition{tp})
			if err != nil {
				return err
			}
			if p.start > marks[tp].Start {
				return stateRefused("group %s stands at %s@%d, and its state at %d: the records between would be left out", group, tp, p.start, p.next)
			}
			l.Lost.Add(p.start - p.next)
			l.Env.Notice("%s: the records from %d to %d were deleted before they were read", tp, p.next, p.start-1)
		}
	}
	return nil
}
