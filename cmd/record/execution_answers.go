package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// How the lines that a command says become the answers about records.

// take assigns the answers in a block of lines to the records that they are for.
func (x *Execution) take(block []byte) error {
	x.Backoff = 0
	for at := 0; at < len(block); {
		end := at
		for block[end] != '\n' {
			end++
		}
		line := block[at:end]
		if len(x.open) == 0 {
			return x.surplus(x.first, block[at:])
		}
		at = end + 1
		a := ExecAnswer{Line: line}
		if x.JSON {
			q, answer, err := x.match(line)
			if err != nil {
				return err
			}
			if q > 0 { // its turn comes
				x.open[q].got = &answer
				continue
			}
			a = answer
		}
		if err := x.answered(a); err != nil {
			return err
		}
		for len(x.open) > 0 && x.open[0].got != nil {
			if err := x.answered(*x.open[0].got); err != nil {
				return err
			}
		}
	}
	select {
	case x.Free <- block:
	default:
	}
	if x.dropped {
		return kafka.ErrTakenBack
	}
	return x.job.Flush()
}

// answered assigns an answer to the first record that has none.
func (x *Execution) answered(a ExecAnswer) error {
	q, next := x.open[0], x.next
	if len(x.open) > 1 {
		next = x.open[1].index
	}
	var err error
	switch {
	case x.dropped:
	case q.err != nil:
		err = x.job.Unanswered(q.index, q.err)
	default:
		err = x.job.Answer(q.index, next, a)
	}
	switch {
	case errors.Is(err, kafka.ErrTakenBack): // what else is answered has to be taken all the same
		x.dropped = true
	case err != nil:
		return err
	}
	x.first, x.open = q.index, x.open[1:]
	return nil
}

// numbered is an answer under --exec-mode json.
type numbered struct {
	Number *int64          `json:"number"`
	Value  json.RawMessage `json:"value"`
	Error  *string         `json:"error"`
}

// match finds the record that a line answers.
func (x *Execution) match(line []byte) (q int, a ExecAnswer, err error) {
	var n numbered
	switch err := json.Unmarshal(line, &n); {
	case err != nil:
		return 0, a, x.wrong(x.open[0].index, fmt.Errorf("%q is no answer: %w", shortened(line), err))
	case n.Number == nil:
		return 0, a, x.wrong(x.open[0].index, fmt.Errorf("%q is no answer: it has no number", shortened(line)))
	}
	q = int(*n.Number - x.open[0].number)
	if q < 0 || q >= len(x.open) || x.open[q].got != nil {
		return 0, a, x.wrong(x.open[0].index, fmt.Errorf("an answer with the number %d, for which no record waits", *n.Number))
	}
	if n.Error != nil {
		x.open[q].err = fmt.Errorf("--exec: %s", cli.OneLine(*n.Error))
	}
	if n.Value != nil {
		a.Value = n.Value
	}
	return q, a, nil
}

// surplus is the error of a line that answers nothing. Which of the lines before were
// answers is not known, so the record is named after which it came.
func (x *Execution) surplus(i int, line []byte) error {
	return x.wrong(i, fmt.Errorf("the command said more than one line for a record: %q", shortened(line)))
}

// wrong ends the command and the run.
func (x *Execution) wrong(i int, err error) error {
	x.Kill()
	_ = x.Reap() // we ended it
	return cli.Hint(cli.Errorf(cli.CodeBadData, "%s: --exec: %w", x.place(i), err),
		"one line of answer for each record, and all else to stderr; under --exec-mode json, answers carry the numbers of their records")
}

// shortened is the first line of text, or as much of it as an error shows.
func shortened(text []byte) []byte {
	const most = 80
	for i, c := range text {
		if c == '\n' {
			return text[:i]
		}
		if i == most {
			return append(text[:most:most], "…"...)
		}
	}
	return text
}

// quiet watches a command that has answered everything for a line too many.
func (x *Execution) quiet(took time.Duration) error {
	if x.JSON || x.Child == nil {
		return nil
	}
	timer := time.NewTimer(min(max(execQuiet, took/16), execQuietMax))
	defer timer.Stop()
	select {
	case block, more := <-x.Answers:
		if more {
			return x.surplus(x.first, block)
		}
		_ = x.Reap() // it is started again for the next record
	case <-timer.C:
	}
	return nil
}
