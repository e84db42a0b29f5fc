package cmd

import (
	"context"
	"errors"

	"kstream/kafka"
)

// view turns the batches of one member into chunks: it decodes, filters and renders.
// One goroutine owns it.
type view struct {
	*consumption
	env     *Env
	steps   []step
	record  record
	perPart map[kafka.TopicPartition]int64
}

// newView joins the steps that the plan asks for, in the order in which they run.
func (c *consumption) newView(env *Env) *view {
	p := c.plan
	v := &view{consumption: c, env: env}
	add := func(s step) {
		if s != nil {
			v.steps = append(v.steps, s)
		}
	}
	for _, s := range p.filters.raw {
		add(s)
	}
	add(p.key.step(c.undecodable))
	add(p.value.step(c.undecodable))
	for _, s := range p.filters.decoded {
		add(s)
	}
	if p.flags.perPart > 0 {
		v.perPart = map[kafka.TopicPartition]int64{}
		add(v.claimOfPartition)
	}
	if p.flags.count > 0 {
		add(c.claim)
	}
	return v
}

// claim takes one record from the budget of --count; errEnough ends the batch before a
// record for which none is left.
func (c *consumption) claim(context.Context, *record) (bool, error) {
	switch left := c.left.Add(-1); {
	case left > 0:
		return true, nil
	case left == 0:
		c.stop(errEnough)
		return true, nil
	}
	return false, errEnough
}

// claimOfPartition is the same for --count-per-partition.
func (v *view) claimOfPartition(_ context.Context, r *record) (bool, error) {
	tp := kafka.TopicPartition{Topic: r.Message.Topic, Partition: r.Message.Partition}
	v.perPart[tp]++
	if v.perPart[tp] == v.plan.flags.perPart && v.full.Add(1) == int64(v.spans) {
		v.stop(errEnough)
	}
	return v.perPart[tp] <= v.plan.flags.perPart, nil
}

// undecodable decides about a record that a serde could not read: --on-error.
func (c *consumption) undecodable(context.Context, *record) (bool, error) { return true, nil }

// render turns one event into a chunk and hands it to the printer. live ends when the
// printer has failed.
func (v *view) render(live context.Context, ev kafka.Event) error {
	out := chunk{text: v.printer.buffer()}
	for _, n := range ev.Notices {
		if n.Kind == kafka.NoticeLost {
			v.lost.Add(n.To - n.From)
		}
		if !v.env.quiet && (n.Kind != kafka.NoticeEnd || v.env.StderrTerminal) {
			out.notices = append(out.notices, oneLine(n.String()))
		}
	}
	if len(ev.Batch.Records) > 0 {
		v.newest.Store(v.env.Now().UnixNano())
	}
	printed, err := v.renderBatch(live, ev.Batch, &out)
	v.printed.Add(printed)
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	select {
	case v.chunks <- out:
		return nil
	case <-live.Done():
		return context.Cause(live)
	}
}

// renderBatch renders records up to the end of the batch or of the budget, and counts
// them.
func (v *view) renderBatch(ctx context.Context, b *kafka.Batch, out *chunk) (printed int64, err error) {
	format := v.plan.output.format
	r := &v.record
	for i := range b.Records {
		r.load(&b.Records[i], v.plan.key.rule, v.plan.value.rule)
		keep, err := v.keep(ctx, r)
		if err != nil {
			return printed, err
		}
		if !keep {
			continue
		}
		out.text = format.Append(out.text, &r.Message)
		for _, result := range r.extra {
			r.setValue(result)
			out.text = format.Append(out.text, &r.Message)
		}
		printed++
	}
	return printed, nil
}

// keep runs the steps until one drops the record.
func (v *view) keep(ctx context.Context, r *record) (bool, error) {
	for _, s := range v.steps {
		if keep, err := s(ctx, r); !keep || err != nil {
			return false, err
		}
	}
	return true, nil
}

