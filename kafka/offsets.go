package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

func (tp TopicPartition) String() string { return fmt.Sprintf("%s[%d]", tp.Topic, tp.Partition) }

// Watermarks are the bounds of a partition's log. Start is the offset of the first
// record that is still there, End one behind the last; under read_committed Stable is
// the last stable offset, which a transaction that is still open holds back, and
// otherwise it equals End.
type Watermarks struct {
	Start, Stable, End int64
}

// UnansweredError names partitions of which nothing could be told in time: nobody leads
// them (ErrNoLeader), or their leaders do not answer.
type UnansweredError struct {
	Partitions []TopicPartition // sorted
	Cause      error
}

func (e *UnansweredError) Error() string {
	names := make([]string, 0, 4)
	for i, tp := range e.Partitions {
		if i == 3 && len(e.Partitions) > 4 {
			names = append(names, fmt.Sprintf("and %d more", len(e.Partitions)-i))
			break
		}
		names = append(names, tp.String())
	}
	return strings.Join(names, ", ") + ": " + e.Cause.Error()
}

func (e *UnansweredError) Unwrap() error { return e.Cause }

// Watermarks asks for the bounds of the logs of partitions. Leaders that are missing are
// waited for; with an *UnansweredError it gives the bounds of all other partitions.
func (a *Admin) Watermarks(ctx context.Context, partitions []TopicPartition) (map[TopicPartition]Watermarks, error) {
	questions := []struct {
		spec      ck.OffsetSpec
		isolation ck.IsolationLevel
		answers   map[TopicPartition]int64
		err       error
	}{
		{spec: ck.EarliestOffsetSpec},
		{spec: ck.LatestOffsetSpec, isolation: ck.IsolationLevelReadCommitted},
		{spec: ck.LatestOffsetSpec},
	}
	var asked sync.WaitGroup
	for i := range questions {
		asked.Go(func() {
			q := &questions[i]
			q.answers, q.err = a.listOffsets(ctx, partitions, fixedSpec(q.spec), q.isolation)
		})
	}
	asked.Wait()
	var missing *UnansweredError
	for i := range questions {
		var unanswered *UnansweredError
		switch err := questions[i].err; {
		case errors.As(err, &unanswered) && missing == nil:
			missing = unanswered
		case err != nil && unanswered == nil:
			return nil, err
		}
	}
	start, stable, end := questions[0].answers, questions[1].answers, questions[2].answers
	marks := make(map[TopicPartition]Watermarks, len(partitions))
	var left []TopicPartition
	for _, p := range partitions {
		_, first := start[p]
		_, second := stable[p]
		_, third := end[p]
		if first && second && third {
			marks[p] = Watermarks{start[p], min(stable[p], end[p]), end[p]}
		} else {
			left = append(left, p)
		}
	}
	if missing != nil {
		return marks, silentAbout(left, missing.Cause)
	}
	return marks, nil
}

func silentAbout(partitions []TopicPartition, cause error) *UnansweredError {
	slices.SortFunc(partitions, TopicPartition.compare)
	return &UnansweredError{partitions, cause}
}

// OffsetsAt gives, for each partition, the offset of the first record with a timestamp
// of at least millis since the epoch, or -1 where there is none.
func (a *Admin) OffsetsAt(ctx context.Context, millis map[TopicPartition]int64) (map[TopicPartition]int64, error) {
	partitions := make([]TopicPartition, 0, len(millis))
	for p := range millis {
		partitions = append(partitions, p)
	}
	return a.listOffsets(ctx, partitions, func(p TopicPartition) ck.OffsetSpec {
		return ck.NewOffsetSpecForTimestamp(millis[p])
	}, ck.IsolationLevelReadUncommitted)
}

func fixedSpec(spec ck.OffsetSpec) func(TopicPartition) ck.OffsetSpec {
	return func(TopicPartition) ck.OffsetSpec { return spec }
}

// listOffsets asks until each partition has answered: while leaders move, the old one or
// nobody says that it is not there. With an *UnansweredError it gives what the others said.
func (a *Admin) listOffsets(ctx context.Context, partitions []TopicPartition, spec func(TopicPartition) ck.OffsetSpec, isolation ck.IsolationLevel) (map[TopicPartition]int64, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	offsets := make(map[TopicPartition]int64, len(partitions))
	var last error // why partitions are still to answer
	for len(partitions) > 0 {
		later, err := a.listOffsetsOfLed(ctx, partitions, spec, isolation, offsets)
		if err == nil || len(later) == 0 {
			if err != nil && last != nil && ctx.Err() != nil {
				return offsets, silentIn(partitions, last, a.cfg.timeout())
			}
			return offsets, err
		}
		if partitions, last = later, err; pause(ctx, pollInterval) != nil {
			return offsets, silentIn(partitions, last, a.cfg.timeout())
		}
	}
	return offsets, nil
}

// listOffsetsOfLed is listOffsetsOnce for partitions of which some may have no leader:
// they are to be asked about again.
func (a *Admin) listOffsetsOfLed(ctx context.Context, partitions []TopicPartition, spec func(TopicPartition) ck.OffsetSpec, isolation ck.IsolationLevel, offsets map[TopicPartition]int64) (later []TopicPartition, err error) {
	later, err = a.listOffsetsOnce(ctx, partitions, spec, isolation, offsets)
	if !errors.Is(err, ErrNoLeader) {
		return later, err
	}
	led, unled, err := a.splitLed(ctx, partitions)
	if err != nil {
		return nil, err
	}
	later, err = a.listOffsetsOnce(ctx, led, spec, isolation, offsets)
	if err != nil && len(later) == 0 {
		return nil, err
	}
	if len(unled) > 0 {
		err = ErrNoLeader
	}
	return append(later, unled...), err
}

// silentIn is the error about partitions that were asked about for as long as limit.
func silentIn(partitions []TopicPartition, err error, limit time.Duration) error {
	if errors.Is(err, ErrNoLeader) {
		err = fmt.Errorf("%w within %v", ErrNoLeader, limit)
	}
	return silentAbout(partitions, err)
}

// splitLed tells partitions with a leader from those without.
func (a *Admin) splitLed(ctx context.Context, partitions []TopicPartition) (led, unled []TopicPartition, err error) {
	topics := map[string]bool{}
	for _, tp := range partitions {
		topics[tp.Topic] = true
	}
	described, err := a.describe(ctx, slices.Sorted(maps.Keys(topics)))
	if err != nil {
		return nil, nil, err
	}
	leaders := map[TopicPartition]bool{}
	for _, d := range described {
		if d.Error.Code() != ck.ErrNoError {
			return nil, nil, fmt.Errorf("%s: %w", d.Name, explain(a.cfg, a.logs, d.Error))
		}
		for _, p := range topicOf(d).Partitions {
			leaders[TopicPartition{d.Name, p.ID}] = !p.Offline()
		}
	}
	for _, tp := range partitions {
		if leaders[tp] {
			led = append(led, tp)
		} else {
			unled = append(unled, tp)
		}
	}
	return led, unled, nil
}

// listOffsetsOnce asks once and adds what it was told to offsets. With an error that a
// later question need not meet it gives the partitions to ask about again. ErrNoLeader is
// about one of them, and then none has answered.
func (a *Admin) listOffsetsOnce(ctx context.Context, partitions []TopicPartition, spec func(TopicPartition) ck.OffsetSpec, isolation ck.IsolationLevel, offsets map[TopicPartition]int64) (later []TopicPartition, err error) {
	if len(partitions) == 0 {
		return nil, nil
	}
	request := make(map[ck.TopicPartition]ck.OffsetSpec, len(partitions))
	for _, p := range partitions {
		request[ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition}] = spec(p)
	}
	result, err := a.client.ListOffsets(ctx, request,
		requestWithin(a.cfg.timeout()), ck.SetAdminIsolationLevel(isolation))
	if err != nil && errorOf(err).Code() == ck.ErrNoent {
		return partitions, ErrNoLeader
	}
	if err != nil {
		return nil, explain(a.cfg, a.logs, err)
	}
	for tp, info := range result.ResultInfos {
		p := TopicPartition{*tp.Topic, tp.Partition}
		if info.Error.Code() == ck.ErrNoError {
			offsets[p] = int64(info.Offset)
			continue
		}
		cause := explain(a.cfg, a.logs, info.Error)
		if !mends(info.Error) {
			return nil, fmt.Errorf("%s: %w", p, cause)
		}
		err, later = cause, append(later, p)
	}
	return later, err
}
