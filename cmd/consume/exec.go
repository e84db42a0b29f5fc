package consume

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

// viewJob prints the answers of the command. A record is acknowledged once its answer was
// printed; those that were filtered out are done with as soon as all before them are.
type viewJob struct {
	*view
	live context.Context
	ev   kafka.Event
	out  cli.Chunk
	told int // records of the batch that were said to be done
}

// execute asks the command about the records of a batch.
func (v *view) execute(live context.Context, ev kafka.Event, notices []string) error {
	if len(notices) > 0 {
		if err := v.send(live, cli.Chunk{Notices: notices}); err != nil {
			return err
		}
	}
	job := &viewJob{view: v, live: live, ev: ev, out: v.printer.Chunk()}
	v.execution = record.NewExecution(v.Asking, v.worker, ev, job, func() bool { return v.Polling.Err() != nil })
	defer func() { v.execution = nil }()
	n, err := v.execution.Run()
	if errors.Is(err, record.ErrAskedEnough) || errors.Is(err, context.Cause(v.Asking)) && v.Asking.Err() != nil {
		err = nil // the answers that are missing come again
	}
	if printed := cli.FirstOf(job.Flush(), job.Done(n)); printed != nil {
		return cli.FirstOf(v.unended(err), printed)
	}
	return v.unended(err)
}

func (j *viewJob) Line(i int, dst []byte) ([]byte, bool, error) {
	j.Load(&j.ev.Batch.Records[i])
	keep, err := j.Keep(j.Polling)
	if err != nil {
		return dst, false, record.OverOr(j.Polling, err)
	}
	if !keep {
		return dst, false, nil
	}
	return output.JSON{}.Append(dst, &j.Record.Message), true, nil
}

func (j *viewJob) Answer(_, next int, a record.ExecAnswer) error {
	text := a.Line
	if j.worker.JSON {
		if a.Value == nil {
			return nil
		}
		text = textOf(a.Value)
	}
	if j.Env.StdoutTerminal {
		j.out.Text = output.AppendEscaped(j.out.Text, text)
	} else {
		j.out.Text = append(j.out.Text, text...)
	}
	j.out.Text = append(j.out.Text, '\n')
	j.out.Ends = append(j.out.Ends, cli.RecordEnd{Text: len(j.out.Text), Records: next})
	j.Printed.Add(1)
	if len(j.out.Text) < cli.FlushAt {
		return nil
	}
	return j.Flush()
}

// textOf is a JSON value as it is printed: a string as its text.
func textOf(value []byte) []byte {
	if value[0] != '"' {
		return value
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return value
	}
	return text
}

func (j *viewJob) Flush() error {
	j.Moved()
	if len(j.out.Text) == 0 {
		return nil
	}
	out := j.out
	j.ev.Batch.Trail(out.Trail)
	j.out = j.printer.Chunk()
	return j.send(j.live, out)
}

func (j *viewJob) Done(n int) error {
	if n == j.told && n < len(j.ev.Batch.Records) {
		return nil
	}
	records := j.ev.Batch.Records[min(j.told, n):n]
	j.told = n
	if err := j.Letters.Flush(j.live); err != nil {
		return err
	}
	size := int64(0)
	for i := range records {
		size += record.SizeOf(&records[i])
	}
	ack, member := j.ev.Batch.Ack(n), j.ev.Member
	return j.send(j.live, cli.Chunk{Done: func() {
		if ack != nil {
			ack()
		}
		j.Stats.Count(member, int64(len(records)), size)
	}})
}

func (j *viewJob) Foreign(int) {}

// Unanswered decides about a record that the command has died of, or could not answer:
// --on-error.
func (j *viewJob) Unanswered(i int, reason error) error {
	rec := &j.ev.Batch.Records[i]
	j.Load(rec)
	err := fmt.Errorf("%s: %w", record.PlaceOf(rec), reason)
	switch j.Failures.Action {
	case "skip":
		j.Fail(rec, &record.Unusable{Err: reason, What: record.Answered})
		return nil
	case "dlq":
		j.Fail(rec, &record.Unusable{Err: reason, What: record.Answered})
		return j.Letters.Add(j.live, &j.Record, err)
	}
	return cli.Hint(cli.Errorf(cli.CodeBadData, "%w", err), "--on-error skip leaves such records out, dlq:TOPIC keeps them in a topic")
}
