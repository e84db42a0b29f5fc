package kafka

import (
	"context"
	"fmt"
	"sync"

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

// Watermarks asks for the bounds of the logs of partitions.
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
	for i := range questions {
		if err := questions[i].err; err != nil {
			return nil, err
		}
	}
	start, stable, end := questions[0].answers, questions[1].answers, questions[2].answers
	marks := make(map[TopicPartition]Watermarks, len(partitions))
	for _, p := range partitions {
		marks[p] = Watermarks{start[p], min(stable[p], end[p]), end[p]}
	}
	return marks, nil
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
// nobody says that it is not there.
func (a *Admin) listOffsets(ctx context.Context, partitions []TopicPartition, spec func(TopicPartition) ck.OffsetSpec, isolation ck.IsolationLevel) (map[TopicPartition]int64, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	offsets := make(map[TopicPartition]int64, len(partitions))
	for len(partitions) > 0 {
		later, err := a.listOffsetsOnce(ctx, partitions, spec, isolation, offsets)
		if err == nil || len(later) == 0 {
			return offsets, err
		}
		if pause(ctx, pollInterval) != nil {
			return nil, err
		}
		partitions = later
	}
	return offsets, nil
}

// listOffsetsOnce asks once and adds what it was told to offsets. With an error that a
// later question need not meet it gives the partitions to ask about again.
func (a *Admin) listOffsetsOnce(ctx context.Context, partitions []TopicPartition, spec func(TopicPartition) ck.OffsetSpec, isolation ck.IsolationLevel, offsets map[TopicPartition]int64) (later []TopicPartition, err error) {
	request := make(map[ck.TopicPartition]ck.OffsetSpec, len(partitions))
	for _, p := range partitions {
		request[ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition}] = spec(p)
	}
	result, err := a.client.ListOffsets(ctx, request,
		ck.SetAdminRequestTimeout(a.cfg.timeout()), ck.SetAdminIsolationLevel(isolation))
	if err != nil {
		return nil, explain(a.cfg, a.logs, err)
	}
	for tp, info := range result.ResultInfos {
		p := TopicPartition{*tp.Topic, tp.Partition}
		if info.Error.Code() == ck.ErrNoError {
			offsets[p] = int64(info.Offset)
			continue
		}
		err = fmt.Errorf("%s: %w", p, explain(a.cfg, a.logs, info.Error))
		if !mends(info.Error) {
			return nil, err
		}
		later = append(later, p)
	}
	return later, err
}
