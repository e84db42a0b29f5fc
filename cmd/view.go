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
	*looker
	worker    *worker    // of --exec; nil without
	execution *execution // while the command is asked about a batch
	text      []byte     // of one record, when they are arranged
	perPart   map[kafka.TopicPartition]int64
}

// newView adds to the steps of the selection those that take from budgets.
func (c *consumption) newView() *view {
	p := c.plan
	v := &view{consumption: c, looker: c.newLooker()}
	if p.flags.perPart > 0 {
		v.perPart = map[kafka.TopicPartition]int64{}
		v.claims = append(v.claims, v.claimOfPartition)
	}
	if c.limits.count > 0 && c.order == nil { // what is arranged is claimed when it leaves
		v.claims = append(v.claims, func(context.Context, *record) (bool, error) { return true, c.claim() })
	}
	v.worker = c.newWorker(p.flags.exec, p.flags.execMode)
	return v
}

// claimOfPartition is the same for --count-per-partition; it drops what is too much.
func (v *view) claimOfPartition(_ context.Context, r *record) (bool, error) {
	tp := kafka.TopicPartition{Topic: r.Message.Topic, Partition: r.Message.Partition}
	v.perPart[tp]++
	if v.perPart[tp] == v.plan.flags.perPart {
		if v.full.Add(1) == v.spans.Load() {
			v.stop(errEnough)
		} else if v.finish != nil {
			v.finish(tp)
		}
	}
	return v.perPart[tp] <= v.plan.flags.perPart, nil
}

// render turns one event into a chunk and hands it to the printer. live ends when the
// printer has failed. Once the chunk is written, the records in it are acknowledged.
func (v *view) render(live context.Context, ev kafka.Event) error {
	defer v.moved()
	out := v.printer.chunk()
	for _, n := range ev.Notices {
		v.note(n, &out)
		v.crew.noticed(ev.Member, n)
	}
	if ev.Change != nil {
		if line := v.crew.changed(ev.Member, ev.Change); line != "" && v.tells() {
			out.notices = append(out.notices, oneLine(line))
		}
		out.passed = ev.Change.Written
		if ev.Change.Kind == kafka.ChangeRevoked {
			if err := v.execution.settle(); err != nil {
				return err
			}
		}
	}
	if ev.Batch == nil {
		return v.send(live, out)
	}
	if v.worker != nil {
		return v.execute(live, ev, out.notices)
	}
	n, failed := v.renderBatch(v.polling, live, ev, &out)
	if v.order == nil {
		out.done = ev.Batch.Ack(n)
		ev.Batch.Trail(out.trail)
	}
	if line := v.outage(); line != "" && v.tells() {
		out.notices = append(out.notices, oneLine(line))
	}
	v.crew.read(ev.Member, ev.Batch.Records[:n])
	if err := v.letters.flush(live); err != nil {
		return err
	}
	if err := v.send(live, out); err != nil {
		return err
	}
	return v.unended(failed)
}

// errLeft ends the work of a member that is to leave.
var errLeft = errors.New("the member leaves")

// unended is nil for an error that only says that the run is to end.
func (v *view) unended(err error) error {
	if errors.Is(err, errEnough) || errors.Is(err, errLeft) || v.polling.Err() != nil && errors.Is(err, context.Cause(v.polling)) {
		return nil
	}
	return err
}

// tells says whether stderr is told what happens; the live view shows it by itself.
func (v *view) tells() bool { return !v.env.quiet && v.watch == nil }

// note counts what a notice tells, and adds its line to the chunk.
func (v *view) note(n kafka.Notice, out *chunk) {
	switch n.Kind {
	case kafka.NoticeLost:
		v.lost.Add(n.To - n.From)
	case kafka.NoticePartitions, kafka.NoticeTopic:
		v.spans.Add(n.To - n.From)
	}
	if v.tells() && (n.Kind != kafka.NoticeEnd || v.env.StderrTerminal) {
		out.notices = append(out.notices, oneLine(n.String()))
	}
}

// breathe prints what became of the first n records of a batch, and serves the group.
func (v *view) breathe(live context.Context, ev kafka.Event, n int, out *chunk) error {
	if err := v.letters.flush(live); err != nil {
		return err
	}
	out.done = ev.Batch.Ack(n)
	ev.Batch.Trail(out.trail)
	if err := v.send(live, *out); err != nil {
		return err
	}
	*out = v.printer.chunk()
	if err := ev.Poll(); !errors.Is(err, kafka.ErrLeaving) {
		return err
	}
	return errLeft
}

// renderBatch renders records up to the end of the batch, of the budget, or up to the
// one that ends the run. It returns how many are done with: printed or left out.
// While that takes long, the group is served.
func (v *view) renderBatch(ctx, live context.Context, ev kafka.Event, out *chunk) (done int, err error) {
	b := ev.Batch
	format := v.plan.output.format
	r := &v.record
	printed := int64(0)
	defer func() { v.printed.Add(printed) }()
	clock, shared := newGlance(), false
	for i := range b.Records {
		if i >= clock.next {
			v.moved()
			if clock.look(i) && ev.Poll != nil {
				if err := v.breathe(live, ev, i, out); err != nil {
					return i, err
				}
				shared = true
			}
		}
		if shared && !b.Owned(i) {
			continue
		}
		v.load(&b.Records[i])
		keep, err := v.keep(ctx)
		if err != nil {
			return i, overOr(ctx, err)
		}
		if v.order != nil {
			if err := v.arrange(r, keep, out); err != nil {
				return i, err
			}
			continue
		}
		if keep {
			out.text = r.render(out.text, format)
			out.ends = append(out.ends, recordEnd{len(out.text), i + 1})
			printed++
		}
	}
	return len(b.Records), v.order.due(out)
}
