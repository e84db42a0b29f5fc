package consume

import (
	"context"
	"errors"

	"kstream/cmd/record"
	"kstream/kafka"
)

// openLast returns the source of --last: the newest records of each partition, of which the
// ordering keeps the newest of all; with --follow then what rc says, from where they end.
func (c *run) openLast(cfg kafka.Config, rc kafka.ReaderConfig, topics []kafka.Topic) (record.Source, error) {
	p := c.plan
	newest := rc
	if p.order.follow {
		newest.Spans, newest.Grow = make([]kafka.Span, len(rc.Spans)), false
		for i := range rc.Spans {
			first, then := &newest.Spans[i], &rc.Spans[i]
			*first = *then
			first.From, first.To, first.Ahead = min(then.From, then.End), then.End, false
			then.From = max(then.From, then.End)
		}
	}
	var first record.Alone
	if p.Filters.Any() || !p.Failures.Keeps() {
		reader, err := kafka.OpenReader(cfg, newest, topics)
		if err != nil {
			return nil, err
		}
		first.From = reader
	} else {
		first.From = record.NewTailReader(cfg, p.order.last, p.Range.Uncommitted, newest.Spans, topics)
	}
	if !p.order.follow {
		return first, nil
	}
	return &tail{run: c, first: first, open: func() (*kafka.Reader, error) { return kafka.OpenReader(cfg, rc, topics) }}, nil
}

// tail is the source of --last with --follow.
type tail struct {
	*run
	first record.Alone // the newest records, which are put in order
	open  func() (*kafka.Reader, error)
	then  *kafka.Reader // those that come; nil until first has ended
}

// Run implements record.Source. What the ordering has held back is printed before the first
// record that comes after it, which is shown as it comes.
func (t *tail) Run(polling, live context.Context, receiver func(member int) func(kafka.Event) error) error {
	emit := receiver(1)
	err := t.first.From.Run(polling, emit)
	if err == nil {
		err = t.order.finish(live, false)
	}
	if err == nil {
		t.order = nil
		t.then, err = t.open()
	}
	if err != nil {
		return err
	}
	return t.then.Run(polling, emit)
}

// Close closes what is open.
func (t *tail) Close() error {
	err := t.first.Close()
	if t.then != nil {
		err = errors.Join(err, t.then.Close())
	}
	return err
}
