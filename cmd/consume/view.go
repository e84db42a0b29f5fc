package consume

import (
	"context"
	"errors"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// view turns the batches of one member into chunks: it decodes, filters and renders.
// One goroutine owns it.
type view struct {
	*run
	*record.Looker
	worker    *cli.Worker       // of --exec; nil without
	execution *record.Execution // while the command is asked about a batch
	text      []byte            // of one record, when they are arranged
	perPart   map[kafka.TopicPartition]int64
	blocks    *blocks // nil: one goroutine does all
	printed   int64   // records of the batch at hand
}

// newView adds to the steps of the selection those that take from budgets.
func (c *run) newView(member int) *view {
	p := c.plan
	v := &view{run: c, Looker: c.NewLooker()}
	if p.perPartition > 0 {
		v.perPart = map[kafka.TopicPartition]int64{}
		v.Claims = append(v.Claims, v.claimOfPartition)
	}
	if c.Limits.Count > 0 && c.order == nil { // what is arranged is claimed when it leaves
		v.Claims = append(v.Claims, func(context.Context, *record.Record) (bool, error) { return true, c.Claim() })
	}
	v.worker = c.NewWorker(p.exec, p.execMode, member)
	v.blocks = v.newBlocks()
	return v
}

// claimOfPartition is the same for --count-per-partition; it drops what is too much.
func (v *view) claimOfPartition(_ context.Context, r *record.Record) (bool, error) {
	tp := kafka.TopicPartition{Topic: r.Message.Topic, Partition: r.Message.Partition}
	v.perPart[tp]++
	if v.perPart[tp] == v.plan.perPartition {
		if v.full.Add(1) == v.spans.Load() {
			v.Stop(cli.ErrEnough)
		} else if v.finish != nil {
			v.finish(tp)
		}
	}
	return v.perPart[tp] <= v.plan.perPartition, nil
}

// render turns one event into a chunk and hands it to the printer. live ends when the
// printer has failed. Once the chunk is written, the records in it are acknowledged.
func (v *view) render(live context.Context, ev kafka.Event) error {
	defer v.Moved()
	out := v.printer.Chunk()
	for _, n := range ev.Notices {
		v.note(n, &out)
		v.Stats.Noticed(ev.Member, n)
	}
	if ev.Change != nil {
		if line := v.Changed(ev.Member, ev.Change); line != "" && v.tells() {
			out.Notices = append(out.Notices, cli.OneLine(line))
		}
		out.Passed = ev.Change.Written
		if ev.Change.Kind == kafka.ChangeRevoked {
			if err := v.execution.Settle(); err != nil {
				return err
			}
		}
	}
	if ev.Batch == nil {
		return v.send(live, out)
	}
	if v.worker != nil {
		return v.execute(live, ev, out.Notices)
	}
	n, failed := v.renderBatch(v.Polling, live, ev, &out)
	if v.order == nil {
		v.acknowledges(&out, ev, n)
	}
	if line := v.TellOutage(); line != "" && v.tells() {
		out.Notices = append(out.Notices, cli.OneLine(line))
	}
	if err := v.Letters.Flush(live); err != nil {
		return err
	}
	if err := v.send(live, out); err != nil {
		return err
	}
	return v.unended(failed)
}

// acknowledges lets the printer acknowledge and count the first n records of a batch once they
// are written.
func (v *view) acknowledges(out *cli.Chunk, ev kafka.Event, n int) {
	out.Done = ev.Batch.Ack(n)
	ev.Batch.Trail(out.Trail)
	if v.Stats == nil {
		return
	}
	sum := int64(0)
	for i := range ev.Batch.Records[:n] {
		sum += record.SizeOf(&ev.Batch.Records[i])
		out.Sizes = append(out.Sizes, sum)
	}
	out.Count = func(records, bytes int64) { v.Stats.Count(ev.Member, records, bytes) }
}

// errLeft ends the work of a member that is to leave.
var errLeft = errors.New("the member leaves")

// unended is nil for an error that only says that the run is to end.
func (v *view) unended(err error) error {
	if errors.Is(err, cli.ErrEnough) || errors.Is(err, errLeft) || v.Polling.Err() != nil && errors.Is(err, context.Cause(v.Polling)) {
		return nil
	}
	return err
}

// tells reports whether stderr is told what happens; the live view shows it by itself.
func (v *view) tells() bool { return !v.Env.Quiet && v.watch == nil }

// note counts what a notice tells, and adds its line to the chunk.
func (v *view) note(n kafka.Notice, out *cli.Chunk) {
	switch n.Kind {
	case kafka.NoticeLost:
		v.Lost.Add(n.To - n.From)
	case kafka.NoticePartitions, kafka.NoticeTopic:
		v.spans.Add(n.To - n.From)
	}
	if v.tells() && (n.Kind != kafka.NoticeEnd || v.Env.StderrTerminal) {
		out.Notices = append(out.Notices, cli.OneLine(n.String()))
	}
}

// breathe prints what became of the first n records of a batch, and serves the group.
func (v *view) breathe(live context.Context, ev kafka.Event, n int, out *cli.Chunk) error {
	if err := v.Letters.Flush(live); err != nil {
		return err
	}
	v.acknowledges(out, ev, n)
	if err := v.send(live, *out); err != nil {
		return err
	}
	*out = v.printer.Chunk()
	out.From = n
	if err := ev.Poll(); !errors.Is(err, kafka.ErrLeaving) {
		return err
	}
	return errLeft
}

// renderBatch renders records up to the end of the batch, of the budget, or up to the
// one that ends the run. It returns how many are done with: printed or left out.
// While that takes long, the group is served.
func (v *view) renderBatch(ctx, live context.Context, ev kafka.Event, out *cli.Chunk) (done int, err error) {
	records := ev.Batch.Records
	v.printed = 0
	defer func() { v.Printed.Add(v.printed) }()
	began, alone := time.Now(), true
	clock, shared := record.NewGlance(), false
	for i := 0; i < len(records); {
		if i >= clock.Next {
			v.Moved()
			if clock.Look(i) && ev.Poll != nil {
				if err := v.breathe(live, ev, i, out); err != nil {
					return i, err
				}
				shared, alone = true, false
			}
		}
		if v.blocks.pay(len(records) - i) {
			alone = false
			if i, err = v.renderBlocks(ctx, live, ev, i, shared, out); err != nil {
				return i, err
			}
			continue
		}
		if err := v.renderRecord(ctx, ev, i, shared, out); err != nil {
			return i, err
		}
		i++
	}
	if alone {
		v.blocks.took(time.Since(began), len(records))
	}
	return len(records), v.order.due(out)
}

// renderRecord renders one record of the batch, unless it is somebody else's by now.
func (v *view) renderRecord(ctx context.Context, ev kafka.Event, i int, shared bool, out *cli.Chunk) error {
	if shared && !ev.Batch.Owned(i) {
		return nil
	}
	v.Load(&ev.Batch.Records[i])
	keep, err := v.Keep(ctx)
	if err != nil {
		return record.OverOr(ctx, err)
	}
	if v.order != nil {
		return v.arrange(&v.Record, keep, out)
	}
	if keep {
		v.show(&v.Record, i, out)
		v.printed++
	}
	return nil
}

// show adds record i of a batch to what is printed.
func (v *view) show(r *record.Record, i int, out *cli.Chunk) {
	out.Text = r.Render(out.Text, v.plan.output.format)
	out.Ends = append(out.Ends, cli.RecordEnd{Text: len(out.Text), Records: i + 1})
}
