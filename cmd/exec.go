package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/pflag"

	"kstream/kafka"
	"kstream/output"
)

func registerExecMode(flags *pflag.FlagSet, mode *string) {
	flags.StringVar(mode, "exec-mode", "lines", "how the command of --exec answers: `lines|json`; lines: one line a record; json: objects with the number of their record")
}

// checkExec refuses an --exec-mode that is none.
func checkExec(command, mode string, changed func(name string) bool) error {
	switch {
	case mode != "lines" && mode != "json":
		return usagef("--exec-mode %s: want lines or json", mode)
	case command == "" && changed("exec-mode"):
		return usagef("--exec-mode goes with --exec")
	}
	return nil
}

// newWorker makes the command of --exec for one member, or nil without one.
func (r *run) newWorker(command, mode string) *worker {
	if command == "" {
		return nil
	}
	w := &worker{command: command, json: mode == "json", env: r.env}
	r.workers.add(w)
	return w
}

// viewJob prints the answers of the command. A record is acknowledged once its answer was
// printed; those that were filtered out are done with as soon as all before them are.
type viewJob struct {
	*view
	live context.Context
	ev   kafka.Event
	out  chunk
	told int // records of the batch that were said to be done
}

// execute asks the command about the records of a batch.
func (v *view) execute(live context.Context, ev kafka.Event, notices []string) error {
	if len(notices) > 0 {
		if err := v.send(live, chunk{notices: notices}); err != nil {
			return err
		}
	}
	job := &viewJob{view: v, live: live, ev: ev, out: v.printer.chunk()}
	v.execution = newExecution(v.worker, ev, job, v.asking, func() bool { return v.polling.Err() != nil })
	defer func() { v.execution = nil }()
	n, err := v.execution.run()
	if errors.Is(err, errAskedEnough) || errors.Is(err, context.Cause(v.asking)) && v.asking.Err() != nil {
		err = nil // the answers that are missing come again
	}
	if printed := firstOf(job.flush(), job.done(n)); printed != nil {
		return firstOf(v.unended(err), printed)
	}
	v.crew.read(ev.Member, ev.Batch.Records[:n])
	return v.unended(err)
}

func (j *viewJob) line(i int, dst []byte) ([]byte, bool, error) {
	j.load(&j.ev.Batch.Records[i])
	keep, err := j.keep(j.polling)
	if err != nil {
		return dst, false, overOr(j.polling, err)
	}
	if !keep {
		return dst, false, nil
	}
	return output.JSON{}.Append(dst, &j.record.Message), true, nil
}

func (j *viewJob) answer(_, next int, a execAnswer) error {
	text := a.line
	if j.worker.json {
		if a.value == nil {
			return nil
		}
		text = textOf(a.value)
	}
	if j.env.StdoutTerminal {
		j.out.text = output.AppendEscaped(j.out.text, text)
	} else {
		j.out.text = append(j.out.text, text...)
	}
	j.out.text = append(j.out.text, '\n')
	j.out.ends = append(j.out.ends, recordEnd{len(j.out.text), next})
	j.printed.Add(1)
	if len(j.out.text) < flushAt {
		return nil
	}
	return j.flush()
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

func (j *viewJob) flush() error {
	j.moved()
	if len(j.out.text) == 0 {
		return nil
	}
	out := j.out
	j.ev.Batch.Trail(out.trail)
	j.out = j.printer.chunk()
	return j.send(j.live, out)
}

func (j *viewJob) done(n int) error {
	if n == j.told && n < len(j.ev.Batch.Records) {
		return nil
	}
	j.told = n
	if err := j.letters.flush(j.live); err != nil {
		return err
	}
	return j.send(j.live, chunk{done: j.ev.Batch.Ack(n)})
}

func (j *viewJob) foreign(int) {}

// unanswered decides about a record that the command has died of, or could not answer:
// --on-error.
func (j *viewJob) unanswered(i int, reason error) error {
	rec := &j.ev.Batch.Records[i]
	j.load(rec)
	err := fmt.Errorf("%s: %w", placeOf(rec), reason)
	switch j.failures.action {
	case "skip":
		j.failed.add(answered, err)
		return nil
	case "dlq":
		j.failed.add(answered, err)
		return j.letters.add(j.live, &j.record, err)
	}
	return hint(faultf(codeBadData, "%w", err), "--on-error skip leaves such records out, dlq:TOPIC keeps them in a topic")
}
