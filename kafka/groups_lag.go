package kafka

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"
)

// LagReason is why records of a partition have not been read, in one word.
type LagReason string

// The reasons. Of several that hold, the first in this order is given.
const (
	LagLost      LagReason = "lost"      // records were deleted before the group read them
	LagNoCommit  LagReason = "no_commit" // the group has never committed here
	LagOpen      LagReason = "open_transaction"
	LagNoOwner   LagReason = "no_owner" // records wait, and no member has the partition, as far as is known
	LagStalled   LagReason = "stalled"  // they wait for a member whose commits do not move
	LagReasonNil LagReason = "ok"
)

// PartitionLag is how far a group is in one partition.
type PartitionLag struct {
	TopicPartition
	Watermarks
	Commit *Commit // nil: never committed
	Lag    int64   // records from Position to End
	Lost   int64   // records that were deleted before the group read them
	Member *GroupMember
	Reason LagReason
}

// Position returns the offset at which the group would go on: the one that it committed,
// or the start of the log if it has committed none or one before the start.
func (l *PartitionLag) Position() int64 {
	if l.Commit == nil {
		return l.Start
	}
	return max(l.Commit.Offset, l.Start)
}

// GroupLag is how far a group is in every partition of each topic for which it has
// committed offsets or its members have partitions, sorted. Topics that no longer exist
// are left out. Err is why that is not known, or, as an *UnansweredError, why it is not
// known of some partitions.
type GroupLag struct {
	Partitions []PartitionLag
	Err        error
}

// GroupLag returns how far one group is, see [GroupLag]. If the error is an
// *UnansweredError the result has all other partitions.
func (a *Admin) GroupLag(ctx context.Context, g *GroupInfo) ([]PartitionLag, error) {
	lags, err := a.GroupLags(ctx, []GroupInfo{*g})
	if err != nil {
		return nil, err
	}
	return lags[0].Partitions, lags[0].Err
}

// lagsAtOnce is how many groups are asked for their offsets side by side.
const lagsAtOnce = 32

// GroupLags returns how far groups are, in their order. All offsets are read before the
// ends of the logs, so that the lag of a group that keeps up is never negative.
func (a *Admin) GroupLags(ctx context.Context, groups []GroupInfo) ([]GroupLag, error) {
	lags := make([]GroupLag, len(groups))
	commits := make([]map[TopicPartition]Commit, len(groups))
	var asked errgroup.Group
	asked.SetLimit(lagsAtOnce)
	for i := range groups {
		asked.Go(func() error {
			commits[i], lags[i].Err = a.Committed(ctx, groups[i].Name)
			return nil
		})
	}
	_ = asked.Wait() // errors are those of the groups
	topics := map[string]bool{}
	for i := range groups {
		for tp := range commits[i] {
			topics[tp.Topic] = true
		}
		for tp := range groups[i].Owners() {
			topics[tp.Topic] = true
		}
	}
	tps, err := a.partitionsOf(ctx, slices.Sorted(maps.Keys(topics)))
	if err != nil {
		return nil, err
	}
	marks, err := a.Watermarks(ctx, tps)
	var unanswered *UnansweredError
	if err != nil && !errors.As(err, &unanswered) {
		return nil, err
	}
	for i := range groups {
		if lags[i].Err == nil {
			lags[i] = lagOf(&groups[i], commits[i], tps, marks, unanswered)
		}
	}
	return lags, nil
}

// lagOf picks the partitions of a group's topics out of tps, which are sorted.
func lagOf(g *GroupInfo, commits map[TopicPartition]Commit, tps []TopicPartition, marks map[TopicPartition]Watermarks, unanswered *UnansweredError) (lag GroupLag) {
	owners := g.Owners()
	topics := map[string]bool{}
	for tp := range commits {
		topics[tp.Topic] = true
	}
	for tp := range owners {
		topics[tp.Topic] = true
	}
	var missing []TopicPartition
	for _, tp := range tps {
		if !topics[tp.Topic] {
			continue
		}
		if _, ok := marks[tp]; !ok {
			missing = append(missing, tp)
			continue
		}
		l := PartitionLag{TopicPartition: tp, Watermarks: marks[tp], Member: owners[tp]}
		if c, ok := commits[tp]; ok {
			l.Commit = &c
			l.Lost = max(0, l.Start-c.Offset)
		}
		l.Lag = max(0, l.End-l.Position())
		l.Reason = l.reason(g.Rebalancing())
		lag.Partitions = append(lag.Partitions, l)
	}
	if missing != nil && unanswered != nil {
		lag.Err = silentAbout(missing, unanswered.Cause)
	}
	return lag
}

func (l *PartitionLag) reason(rebalancing bool) LagReason {
	switch {
	case l.Lost > 0:
		return LagLost
	case l.Commit == nil:
		return LagNoCommit
	case l.Lag == 0:
		return LagReasonNil
	case l.Position() >= l.Stable:
		return LagOpen
	case l.Member == nil && !rebalancing:
		return LagNoOwner
	}
	return LagReasonNil
}

// partitionsOf lists the partitions of topics, without those that do not exist.
func (a *Admin) partitionsOf(ctx context.Context, names []string) ([]TopicPartition, error) {
	if len(names) == 0 {
		return nil, nil
	}
	described, err := a.describe(ctx, names)
	if err != nil {
		return nil, err
	}
	var tps []TopicPartition
	for _, d := range described {
		switch code := d.Error.Code(); {
		case code == ck.ErrNoError:
			for _, p := range topicOf(d).Partitions {
				tps = append(tps, TopicPartition{d.Name, p.ID})
			}
		case !errors.Is(sentinelOf(code), ErrUnknownTopic):
			return nil, a.refusedOn(d.Error, "describe", "topic", d.Name)
		}
	}
	slices.SortFunc(tps, TopicPartition.compare)
	return tps, nil
}

// RecordTimes reads the timestamp, in milliseconds since the epoch, of the first record
// of each span: where that one was compacted away or is a transaction's marker, of the
// one behind it. Spans that are empty, or whose records carry no timestamp, are missing
// in the result. It reads one batch of most partitions and takes at most the
// timeout; what it found until an error is valid.
func (a *Admin) RecordTimes(ctx context.Context, spans []Span) (map[TopicPartition]int64, error) {
	times := make(map[TopicPartition]int64, len(spans))
	wanted := make(map[TopicPartition]bool, len(spans))
	kept := make([]Span, 0, len(spans))
	for _, s := range spans {
		if s.From < s.To {
			wanted[s.TopicPartition] = true
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return times, nil
	}
	cfg := a.cfg
	cfg.Properties = maps.Clone(cfg.Properties)
	if cfg.Properties == nil {
		cfg.Properties = map[string]string{}
	}
	// A broker sends one whole batch, however large, and of the other partitions those that
	// are within the limit (KIP-74): most are.
	cfg.Properties["max.partition.fetch.bytes"] = "32768"
	cfg.Properties["queued.min.messages"] = "1"
	cfg.Properties["fetch.queue.backoff.ms"] = "1"
	reader, err := OpenReader(cfg, ReaderConfig{Spans: kept, ReadUncommitted: true}, nil)
	if err != nil {
		return times, err
	}
	bounded, cancel := a.bounded(ctx)
	defer cancel()
	var b Batch
	for len(wanted) > 0 && err == nil {
		err = reader.Next(bounded, &b)
		for i := range b.Records {
			r := &b.Records[i]
			tp := TopicPartition{r.Topic, r.Partition}
			if !wanted[tp] {
				continue
			}
			delete(wanted, tp)
			reader.Finish(tp) // a fetch that is about others, too, brings one batch of one of them
			if r.TimestampType != TimestampNone && r.Timestamp >= 0 {
				times[tp] = r.Timestamp
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return times, errors.Join(explain(a.cfg, a.logs, err), reader.Close())
}
