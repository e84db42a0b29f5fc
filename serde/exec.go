package serde

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"kstream/serde/value"
)

// NewExec hands each value to a command of the user and takes its answer. The command
// is started at the first value and serves one request after the other: it reads
// requests from its stdin and writes one answer for each to its stdout. Both are
// frames, a length of four bytes, big endian, and that many bytes of JSON:
//
//	{"op":"decode","topic":"t","part":"value","headers":[{"key":"h","value":"base64"}],"data":"base64"}
//	{"value":…any JSON…}
//
//	{"op":"encode","topic":"t","part":"value","value":…any JSON…}
//	{"data":"base64","headers":[…]}
//
// {"error":"why"} is the answer to what the command cannot do; data that is null or
// left out is a null record. In lossless mode values have the tags of that mode. An
// answer that takes longer than 30 seconds, cannot be read or is too big ends the
// command; the next value starts it again, but after three such ends without an answer
// in between every further value fails at once. Close ends it.
func NewExec(s Spec, o Options) (Serde, error) {
	if o.Exec == nil {
		return nil, s.Errorf("commands cannot be started here")
	}
	e := &external{
		command: s.Argument, start: o.Exec, timeout: execTimeout, limit: o.Limits.OrDefaults().Output,
		lossless: o.JSONMode == value.Lossless, json: o.JSON(), turn: make(chan struct{}, 1),
	}
	e.turn <- struct{}{}
	return e, nil
}

const (
	execTimeout = 30 * time.Second
	execTries   = 3
)

type external struct {
	command  string
	start    ExecFunc
	timeout  time.Duration
	limit    int // bytes of an answer
	lossless bool
	json     value.JSONOptions

	turn    chan struct{}      // holds one token: who has it owns what follows
	process io.ReadWriteCloser // nil when not running
	failed  int                // ends in a row
	lastErr error
}

type execRequest struct {
	Op      string          `json:"op"`
	Topic   string          `json:"topic"`
	Part    string          `json:"part"`
	Headers []execHeader    `json:"headers,omitempty"`
	Data    []byte          `json:"data"`
	Value   json.RawMessage `json:"value,omitempty"`
}

type execAnswer struct {
	Value   json.RawMessage `json:"value"`
	Data    []byte          `json:"data"`
	Headers []execHeader    `json:"headers"`
	Error   string          `json:"error"`
}

type execHeader struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

func (*external) Name() string { return "exec" }

func (e *external) Decode(ctx context.Context, in Input) (Result, error) {
	request := execRequest{Op: "decode", Topic: in.Topic, Part: in.Part.String(), Data: in.Data}
	for _, h := range in.Headers {
		request.Headers = append(request.Headers, execHeader(h))
	}
	answer, err := e.ask(ctx, request)
	if err != nil {
		return Result{}, &DecodeError{Format: "exec", Offset: -1, Err: err}
	}
	if answer.Value == nil {
		return Result{}, &DecodeError{Format: "exec", Offset: -1, Err: errors.New("the answer has no value")}
	}
	v, err := value.ParseJSON(answer.Value, e.lossless, e.json.Depth)
	if err != nil {
		return Result{}, &DecodeError{Format: "exec", Offset: -1, Err: fmt.Errorf("value of the answer: %w", err)}
	}
	return Result{Value: v, Format: "exec"}, nil
}

func (e *external) Encode(ctx context.Context, topic string, p Part, v value.V) (Output, error) {
	text, err := value.AppendJSON(nil, v, e.json)
	if err != nil {
		return Output{}, NewEncodeError("exec", err)
	}
	answer, err := e.ask(ctx, execRequest{Op: "encode", Topic: topic, Part: p.String(), Value: text})
	if err != nil {
		return Output{}, NewEncodeError("exec", err)
	}
	out := Output{Data: answer.Data}
	for _, h := range answer.Headers {
		out.Headers = append(out.Headers, Header(h))
	}
	return out, nil
}

// Close ends the command, if it runs; a later value starts it again.
func (e *external) Close() error {
	<-e.turn
	defer func() { e.turn <- struct{}{} }()
	if e.process == nil {
		return nil
	}
	err := e.process.Close()
	e.process = nil
	return err
}

// ask sends one request and reads its answer, when it is its turn.
func (e *external) ask(ctx context.Context, r execRequest) (execAnswer, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return execAnswer{}, err
	}
	select {
	case <-e.turn:
		defer func() { e.turn <- struct{}{} }()
	case <-ctx.Done():
		return execAnswer{}, context.Cause(ctx)
	}
	if e.failed >= execTries {
		return execAnswer{}, fmt.Errorf("%w (%d times in a row)", e.lastErr, e.failed)
	}
	answer, err := e.exchange(ctx, body)
	if err != nil {
		if e.process != nil {
			e.process.Close() // its end is the consequence, not the cause
			e.process = nil
		}
		if ctx.Err() == nil { // we did not give up ourselves
			e.failed, e.lastErr = e.failed+1, err
		}
		return execAnswer{}, err
	}
	e.failed = 0
	if answer.Error != "" {
		return execAnswer{}, errors.New(firstBytes(answer.Error, 300))
	}
	return answer, nil
}

func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// exchange writes body and reads one answer, within the time. Closing the process
// makes the goroutine end, which is waited for.
func (e *external) exchange(ctx context.Context, body []byte) (execAnswer, error) {
	if e.process == nil {
		process, err := e.start(e.command)
		if err != nil {
			return execAnswer{}, err
		}
		e.process = process
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.timeout, fmt.Errorf("no answer within %v", e.timeout))
	defer cancel()
	type outcome struct {
		answer execAnswer
		err    error
	}
	process := e.process
	done := make(chan outcome, 1)
	go func() { // ends when the process answers or is closed
		answer, err := talk(process, body, e.limit)
		done <- outcome{answer, err}
	}()
	select {
	case o := <-done:
		return o.answer, o.err
	case <-ctx.Done():
		e.process = nil
		process.Close() // the time is the cause, not how it ends
		<-done
		return execAnswer{}, context.Cause(ctx)
	}
}

func talk(process io.ReadWriter, body []byte, limit int) (execAnswer, error) {
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	if _, err := process.Write(append(frame, body...)); err != nil {
		// not wrapped: a broken pipe to the command is no broken pipe of ours
		return execAnswer{}, fmt.Errorf("the command takes no requests: %v", err) //nolint:errorlint // see above
	}
	var head [4]byte
	if _, err := io.ReadFull(process, head[:]); err != nil {
		return execAnswer{}, fmt.Errorf("the command ended without an answer: %w", err)
	}
	size := int(binary.BigEndian.Uint32(head[:]))
	if size > limit {
		return execAnswer{}, fmt.Errorf("an answer of %d bytes: %w", size, ErrTooBig)
	}
	text, err := io.ReadAll(io.LimitReader(process, int64(size)))
	if err != nil || len(text) < size {
		return execAnswer{}, fmt.Errorf("the answer ends after %d of %d bytes", len(text), size)
	}
	var answer execAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return execAnswer{}, fmt.Errorf("the answer is not JSON as agreed: %w", err)
	}
	return answer, nil
}
