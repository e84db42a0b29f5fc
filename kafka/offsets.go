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

// Watermarks are the bounds of a partition's log. Start is the log start offset, and End
// the high watermark, one more than the offset of the last readable record. Under
// read_committed Stable is the last stable offset, which an open transaction holds back
// (KIP-98); otherwise it equals End.
type Watermarks struct {
	Start, Stable, End int64
}

// UnansweredError lists partitions whose leaders did not answer in time, or that have no
// leader (ErrNoLeader).
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

// Watermarks returns the bounds of the logs of partitions. It waits for leaders that are
// missing. If the error is an *UnansweredError the result has all other partitions.
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
		asked.Go(func() { // ends with its request, which is bounded
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

// OffsetsAt returns, for each partition, the offset of the first record with a timestamp
// of at least millis, in milliseconds since the epoch, or -1 if there is none.
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
// no broker reports that it leads. If the error is an *UnansweredError the result has all
// other partitions.
func (a *Admin) listOffsets(ctx context.Context, partitions []TopicPartition, spec func(TopicPartition) ck.OffsetSpec, isolation ck.IsolationLevel) (map[TopicPartition]int64, error) {
	whole := ctx
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	offsets := make(map[TopicPartition]int64, len(partitions))
	q := offsetsQuestion{spec: spec, isolation: isolation, limit: a.cfg.timeout() / 4, answers: offsets}
	var last error // why partitions are still to answer
	for len(partitions) > 0 {
		later, err := a.listOffsetsOfLed(ctx, partitions, &q)
		switch {
		case err == nil:
			return offsets, nil
		case len(later) == 0 && (last == nil || ctx.Err() == nil):
			return offsets, err
		case len(later) > 0:
			partitions, last = later, err
		}
		if pause(ctx, pollInterval) != nil {
			if len(offsets) == 0 && errors.Is(last, ErrUnreachable) {
				if unled := a.unledOf(whole, partitions); len(unled) == 0 {
					return nil, last // it is not about partitions
				}
				last = ErrNoLeader
			}
			return offsets, silentIn(partitions, last, a.cfg.timeout())
		}
	}
	return offsets, nil
}

// offsetsQuestion is what is asked of partitions. One request waits for limit at most: a
// leader that does not answer may not be one for long.
type offsetsQuestion struct {
	spec      func(TopicPartition) ck.OffsetSpec
	isolation ck.IsolationLevel
	limit     time.Duration
	answers   map[TopicPartition]int64
}

// listOffsetsOfLed is listOffsetsOnce for partitions of which some may have no leader:
// they are to be asked about again.
func (a *Admin) listOffsetsOfLed(ctx context.Context, partitions []TopicPartition, q *offsetsQuestion) (later []TopicPartition, err error) {
	later, err = a.listOffsetsOnce(ctx, partitions, q)
	if !errors.Is(err, ErrNoLeader) {
		return later, err
	}
	led, unled, err := a.splitLed(ctx, partitions)
	if err != nil {
		return nil, err
	}
	later, err = a.listOffsetsOnce(ctx, led, q)
	if err != nil && len(later) == 0 {
		return nil, err
	}
	if len(unled) > 0 {
		err = ErrNoLeader
	}
	return append(later, unled...), err
}

// unledOf returns those of partitions that have no leader, by a broker that answers at once.
func (a *Admin) unledOf(ctx context.Context, partitions []TopicPartition) []TopicPartition {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	_, unled, _ := a.splitLed(ctx, partitions) // without an answer there are none
	return unled
}

// lookLimit is how long a broker may take to say who leads, after all others were silent.
const lookLimit = 2 * time.Second

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
			return nil, nil, a.refusedOn(d.Error, "describe", "topic", d.Name)
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

// listOffsetsOnce asks once and adds what it was told to the answers. With an error that a
// later question need not meet it returns the partitions to ask about again. ErrNoLeader is
// about one of them, and then none has answered.
func (a *Admin) listOffsetsOnce(ctx context.Context, partitions []TopicPartition, q *offsetsQuestion) (later []TopicPartition, err error) {
	if len(partitions) == 0 {
		return nil, nil
	}
	request := make(map[ck.TopicPartition]ck.OffsetSpec, len(partitions))
	for _, p := range partitions {
		request[ck.TopicPartition{Topic: &p.Topic, Partition: p.Partition}] = q.spec(p)
	}
	result, err := a.requestOffsets(ctx, request,
		requestWithin(q.limit), ck.SetAdminIsolationLevel(q.isolation))
	switch {
	case err == nil:
	case errorOf(err).Code() == ck.ErrNoent:
		return partitions, ErrNoLeader
	case hadNoAnswer(err):
		a.lookAnew(q)
		return partitions, explain(a.cfg, a.logs, err)
	default:
		return nil, explain(a.cfg, a.logs, err)
	}
	silent := false
	for tp, info := range result.ResultInfos {
		p := TopicPartition{*tp.Topic, tp.Partition}
		failure := info.Error
		if failure.Code() == ck.ErrNoError && info.Offset == ck.OffsetInvalid { // so it is when its leader has not answered
			failure = ck.NewError(ck.ErrTimedOut, "", false)
		}
		if failure.Code() == ck.ErrNoError {
			q.answers[p] = int64(info.Offset)
			continue
		}
		cause := explain(a.cfg, a.logs, failure)
		if !mends(failure) {
			return nil, fmt.Errorf("%s: %w", p, cause)
		}
		err, later = cause, append(later, p)
		silent = silent || hadNoAnswer(failure)
	}
	if silent {
		a.lookAnew(q)
	}
	return later, err
}

// lookAnew lets the client hear of new leaders, when one has not answered: it would ask the
// same again. The next request may take longer.
func (a *Admin) lookAnew(q *offsetsQuestion) {
	_, _ = a.client.GetMetadata(nil, true, millis(q.limit, 0, maxSpan)) // without an answer nothing is new
	q.limit = min(2*q.limit, a.cfg.timeout())
}

// leaders are the topics whose leaders a client knows. librdkafka's ListOffsets looks for
// unknown ones on the caller's thread, and again on its own when metadata comes: with
// several calls at a time the answer to one may come while another is still at it, and the
// process dies. So a topic is asked about by one call at a time until its leaders are known.
type leaders struct {
	known    sync.Map // topic to true
	learning sync.Mutex
}

func (l *leaders) knows(request map[ck.TopicPartition]ck.OffsetSpec) bool {
	for tp := range request {
		if _, ok := l.known.Load(*tp.Topic); !ok {
			return false
		}
	}
	return true
}

// requestOffsets is the client's ListOffsets.
func (a *Admin) requestOffsets(ctx context.Context, request map[ck.TopicPartition]ck.OffsetSpec, options ...ck.ListOffsetsAdminOption) (ck.ListOffsetsResult, error) {
	l := &a.leaders
	if !l.knows(request) {
		l.learning.Lock()
		if l.knows(request) {
			l.learning.Unlock()
		} else {
			defer l.learning.Unlock()
		}
	}
	result, err := a.client.ListOffsets(ctx, request, options...)
	var ke ck.Error
	if known := !errors.As(err, &ke) || ke.Code() != ck.ErrNoent; known {
		for tp := range request {
			l.known.Store(*tp.Topic, true)
		}
	}
	return result, err
}
