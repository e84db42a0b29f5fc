package cmd

import (
	"context"
	"errors"
	"fmt"

	"kstream/kafka"
	"kstream/output"
)

// execBatch is how many records a member fetches at once under --exec, so that a slow
// command does not keep it from polling for longer than the group allows.
const execBatch = 64

// execDeaths is how often a command may die on one record before --on-error decides.
const execDeaths = 3

// question is the records of a batch that are to be answered: where each stands in the
// batch, and its line.
type question struct {
	index []int
	lines [][]byte
	text  []byte
}

// execute asks the command about the records of a batch and prints its answers. A record
// is acknowledged once its answer was printed; those that were filtered out are done
// with as soon as all before them are.
func (v *view) execute(live context.Context, ev kafka.Event, notices []string) error {
	b := ev.Batch
	q, end, ending := v.question(live, b)
	if len(notices) > 0 {
		if err := v.send(live, chunk{notices: notices}); err != nil {
			return err
		}
	}
	deaths := 0
	for at := 0; at < len(q.lines); {
		out := chunk{text: v.printer.buffer()}
		first := at
		n, err := v.worker.ask(live, q.lines[at:], func(i int, line []byte, more bool) error {
			out.text = append(append(out.text, line...), '\n')
			v.printed.Add(1)
			if more && len(out.text) < flushAt {
				return nil
			}
			out.done = b.Ack(q.next(first+i+1, end))
			err := v.send(live, out)
			out = chunk{text: v.printer.buffer()}
			return err
		})
		at += n
		var died *workerDied
		if !errors.As(err, &died) {
			if err != nil {
				return err
			}
			continue
		}
		if len(out.text) > 0 {
			out.done = b.Ack(q.next(at, end))
			if err := v.send(live, out); err != nil {
				return err
			}
		}
		if n > 0 {
			deaths = 0
		}
		if deaths++; deaths < execDeaths {
			continue
		}
		if err := v.unanswered(live, &b.Records[q.index[at]], died); err != nil {
			return err
		}
		at, deaths, v.worker.backoff = at+1, 0, 0
	}
	if err := v.letters.flush(live); err != nil {
		return err
	}
	if err := v.send(live, chunk{done: b.Ack(end)}); err != nil {
		return err
	}
	v.crew.read(ev.Member, b.Records[:end])
	if errors.Is(ending, errEnough) {
		return nil
	}
	return ending
}

// next gives how many records of the batch are done with when the first n lines are
// answered.
func (q *question) next(n, end int) int {
	if n == len(q.lines) {
		return end
	}
	return q.index[n]
}

// question renders the records that the steps keep as record lines. end is how many
// records of the batch it covers, and err why it is not all.
func (v *view) question(ctx context.Context, b *kafka.Batch) (q question, end int, err error) {
	r := &v.record
	var ends []int
	for i := range b.Records {
		v.load(&b.Records[i])
		keep, err := v.keep(ctx)
		if err != nil {
			return q.cut(ends), i, err
		}
		if keep {
			q.text = output.JSON{}.Append(q.text, &r.Message)
			q.index, ends = append(q.index, i), append(ends, len(q.text))
		}
	}
	return q.cut(ends), len(b.Records), nil
}

// cut makes the lines, now that the text does not move any more.
func (q question) cut(ends []int) question {
	start := 0
	for _, end := range ends {
		q.lines = append(q.lines, q.text[start:end])
		start = end
	}
	return q
}

// unanswered decides about a record that the command has died of: --on-error.
func (v *view) unanswered(ctx context.Context, rec *kafka.Record, died error) error {
	r := &v.record
	v.load(rec)
	err := fmt.Errorf("%s[%d]@%d: --exec: died %d times on this record: %w", rec.Topic, rec.Partition, rec.Offset, execDeaths, died)
	switch v.plan.failures.action {
	case "skip":
		v.failed.add(answered, err)
		return nil
	case "dlq":
		v.failed.add(answered, err)
		return v.letters.add(ctx, r, err)
	}
	return hint(faultf(codeBadData, "%w", err), "--on-error skip leaves such records out, dlq:TOPIC keeps them in a topic")
}
