package cmd

import (
	"context"
	"errors"
	"slices"
	"time"

	"kstream/kafka"
	"kstream/output"
)

// expectation is what has come so far. The goroutine that reads owns it.
type expectation struct {
	*expectPlan
	run     *selected
	env     *Env
	began   time.Time
	child   *expectChild // nil: no command
	steps   []step       // one for each condition
	decode  []step
	record  record
	seen    int64
	matched int64
	misses  misses
	surplus []byte // the record line that was one too many
}

// watch reads until the expectation is decided or the time is up.
func (e *expectation) watch(ctx context.Context, cluster *cluster, admin *kafka.Admin) (err error) {
	reader, err := e.position(ctx, cluster, admin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	if e.command != nil {
		if e.child, err = e.command.start(e.env); err != nil {
			return err
		}
		defer e.child.stop()
	}
	e.began = e.env.Now()
	limit, cancel := context.WithTimeoutCause(ctx, e.flags.within.d, errTimeUp)
	defer cancel()
	polling, stop := context.WithCancelCause(limit)
	defer stop(nil)
	if e.child != nil {
		go e.child.watch(polling, func() { stop(errCommandFailed) }) // ends with polling
	}
	err = reader.Run(polling, func(ev kafka.Event) error { return overOr(polling, e.take(polling, ev)) })
	if err == nil { // no partition is left to read
		<-polling.Done()
		err = context.Cause(polling)
	}
	if errors.Is(err, errEnough) && e.child != nil {
		err = e.child.wait(limit)
	}
	return err
}

// position finds the topic, says where reading starts, and starts it.
func (e *expectation) position(ctx context.Context, cluster *cluster, admin *kafka.Admin) (*kafka.Reader, error) {
	if e.filters.key != nil {
		key, err := e.encodeKey(ctx, *e.filters.key)
		if err != nil {
			return nil, err
		}
		e.filters.keepKey(key)
	}
	topics, err := e.reading.find(ctx, admin)
	if err != nil {
		return nil, err
	}
	part, err := e.reading.spans(ctx, admin, topics)
	if err = part.whole(err); err != nil {
		return nil, err
	}
	for _, note := range part.notes {
		e.env.notice("%s", note)
	}
	e.steps = slices.Concat(e.filters.raw, e.filters.decoded)
	for _, d := range []*decoding{&e.key, &e.value} {
		if s := d.step(); s != nil {
			e.decode = append(e.decode, s)
		}
	}
	return kafka.OpenReader(cluster.Config, kafka.ReaderConfig{
		Spans: part.spans, ReadUncommitted: e.reading.uncommitted, Grow: e.reading.grows(),
		Topics: func(ctx context.Context) ([]kafka.Topic, error) { return e.reading.refresh(ctx, admin) },
	}, topics)
}

// take judges the records of a batch. It ends with errEnough or errTooMany when they
// decide the expectation.
func (e *expectation) take(ctx context.Context, ev kafka.Event) error {
	for _, n := range ev.Notices {
		if n.Kind == kafka.NoticeLost {
			e.run.lost.Add(n.To - n.From)
		}
		if n.Kind != kafka.NoticeEnd {
			e.env.notice("%s", n)
		}
	}
	if ev.Batch == nil {
		return nil
	}
	for i := range ev.Batch.Records {
		r := &e.record
		r.load(&ev.Batch.Records[i], e.key.rule, e.value.rule)
		missed, err := e.judge(ctx, r)
		if errors.Is(err, errLeftOut) {
			e.seen++
			continue
		}
		if err != nil {
			return err
		}
		e.seen++
		if missed != nil {
			e.misses.add(e.total()-len(missed), func() miss { return miss{e.line(r), missed} })
			continue
		}
		switch e.matched++; {
		case e.bound != boundLeast && e.matched > e.flags.count:
			e.surplus = e.line(r)
			return errTooMany
		case e.bound == boundLeast && e.matched == e.flags.count:
			return errEnough
		}
	}
	return nil
}

// errLeftOut is for a record that --on-error skip leaves out.
var errLeftOut = errors.New("left out")

// judge gives the conditions that a record misses: all are looked at.
func (e *expectation) judge(ctx context.Context, r *record) (missed []string, err error) {
	for _, s := range e.decode {
		if _, err := s(ctx, r); err != nil {
			if err = e.excuse(ctx, r, err); err != nil {
				return nil, err
			}
		}
	}
	for i, s := range e.steps {
		keep, err := s(ctx, r)
		if err != nil {
			err = e.excuse(ctx, r, err)
		}
		switch {
		case err != nil:
			return nil, err
		case keep:
		case i == len(e.steps)-1 && e.parts != nil:
			if missed, err = e.judgeParts(ctx, r, missed); err != nil {
				return nil, err
			}
		default:
			missed = append(missed, e.conditions[i])
		}
	}
	return missed, nil
}

// excuse is nil for a step that failed with a record which is judged all the same.
func (e *expectation) excuse(ctx context.Context, r *record, failed error) error {
	_, err := e.run.decide(ctx, r, failed)
	if err == nil && !e.failures.keeps() {
		return errLeftOut
	}
	return err
}

// judgeParts appends the parts of --filter that a record misses, at least one.
func (e *expectation) judgeParts(ctx context.Context, r *record, missed []string) ([]string, error) {
	before := len(missed)
	for _, part := range e.parts {
		match, err := part.Match(ctx, r.look())
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if !match { // an expression that fails does not match, either
			missed = append(missed, part.name)
		}
	}
	if len(missed) == before {
		missed = append(missed, e.conditions[len(e.conditions)-1])
	}
	return missed, nil
}

// line is the record line of r, for stderr and reports.
func (e *expectation) line(r *record) []byte {
	return output.JSON{Terminal: e.env.StderrTerminal}.Append(nil, &r.Message)
}
