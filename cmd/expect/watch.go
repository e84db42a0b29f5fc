package expect

import (
	"context"
	"errors"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

// expectation is what has come so far. The goroutine that reads owns it.
type expectation struct {
	*Plan
	run     *record.Reading
	env     *cli.Env
	began   time.Time
	child   *expectChild  // nil: no command
	steps   []record.Step // one for each condition
	decode  []record.Step
	record  record.Record
	seen    int64
	matched int64
	misses  misses
	surplus []byte // the record line that was one too many
}

// watch reads until the expectation is decided or the time is up.
func (e *expectation) watch(ctx context.Context, cluster *connect.Cluster, admin *kafka.Admin) (err error) {
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
	limit, cancel := context.WithTimeoutCause(ctx, e.within, cli.ErrTimeUp)
	defer cancel()
	polling, stop := context.WithCancelCause(limit)
	defer stop(nil)
	if e.child != nil {
		go e.child.watch(polling, func() { stop(errCommandFailed) }) // ends with polling
	}
	err = reader.Run(polling, func(ev kafka.Event) error { return record.OverOr(polling, e.take(polling, ev)) })
	if err == nil { // no partition is left to read
		<-polling.Done()
		err = context.Cause(polling)
	}
	if errors.Is(err, cli.ErrEnough) && e.child != nil {
		err = e.child.wait(limit)
	}
	return err
}

// position finds the topic, tells stderr where reading starts, and starts it.
func (e *expectation) position(ctx context.Context, cluster *connect.Cluster, admin *kafka.Admin) (*kafka.Reader, error) {
	if e.Filters.Key != nil {
		key, err := e.EncodeKey(ctx, *e.Filters.Key)
		if err != nil {
			return nil, err
		}
		e.Filters.KeepKey(key)
	}
	topics, err := e.Range.Find(ctx, admin)
	if err != nil {
		return nil, err
	}
	part, err := e.Range.Spans(ctx, admin, topics)
	if err = part.Whole(err); err != nil {
		return nil, err
	}
	for _, note := range part.Notes {
		e.env.Notice("%s", note)
	}
	e.steps = e.Filters.Steps()
	for _, d := range []*record.Decoding{&e.Key, &e.Value} {
		if s := d.Step(); s != nil {
			e.decode = append(e.decode, s)
		}
	}
	return kafka.OpenReader(cluster.Config, kafka.ReaderConfig{
		Spans: part.Spans, ReadUncommitted: e.Range.Uncommitted, Grow: e.Range.Grows(),
		Topics: func(ctx context.Context) ([]kafka.Topic, error) { return e.Range.Refresh(ctx, admin) },
	}, topics)
}

// take judges the records of a batch. It ends with errEnough or errTooMany when they
// decide the expectation.
func (e *expectation) take(ctx context.Context, ev kafka.Event) error {
	for _, n := range ev.Notices {
		if n.Kind == kafka.NoticeLost {
			e.run.Lost.Add(n.To - n.From)
		}
		if n.Kind != kafka.NoticeEnd {
			e.env.Notice("%s", n)
		}
	}
	if ev.Batch == nil {
		return nil
	}
	for i := range ev.Batch.Records {
		r := &e.record
		r.Load(&ev.Batch.Records[i], e.Key.Rule, e.Value.Rule)
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
		case e.bound != boundLeast && e.matched > e.count:
			e.surplus = e.line(r)
			return cli.ErrTooMany
		case e.bound == boundLeast && e.matched == e.count:
			return cli.ErrEnough
		}
	}
	return nil
}

// errLeftOut is for a record that --on-error skip leaves out.
var errLeftOut = errors.New("left out")

// judge returns the conditions that a record misses: all are looked at.
func (e *expectation) judge(ctx context.Context, r *record.Record) (missed []string, err error) {
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
func (e *expectation) excuse(ctx context.Context, r *record.Record, failed error) error {
	_, err := e.run.Decide(ctx, r, failed)
	if err == nil && !e.Failures.Keeps() {
		return errLeftOut
	}
	return err
}

// judgeParts appends the parts of --filter that a record misses, at least one.
func (e *expectation) judgeParts(ctx context.Context, r *record.Record, missed []string) ([]string, error) {
	before := len(missed)
	for _, part := range e.parts {
		match, err := part.Match(ctx, r.Look())
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
func (e *expectation) line(r *record.Record) []byte {
	return output.JSON{Terminal: e.env.StderrTerminal}.Append(nil, &r.Message)
}
