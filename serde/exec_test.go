package serde_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

// childStub is a command: serve runs as its main until it returns or is closed.
type childStub struct {
	io.Reader
	io.Writer
	close func()
}

func (c *childStub) Close() error { c.close(); return nil }

func startStub(serve func(in io.Reader, out io.Writer)) (serde.ExecFunc, *atomic.Int32) {
	var starts atomic.Int32
	return func(string) (io.ReadWriteCloser, error) {
		starts.Add(1)
		childIn, toChild := io.Pipe()
		fromChild, childOut := io.Pipe()
		done := make(chan struct{})
		go func() { // ends when serve does, which Close brings about
			defer close(done)
			serve(childIn, childOut)
			childIn.Close()
			childOut.Close()
		}()
		return &childStub{Reader: fromChild, Writer: toChild, close: func() {
			toChild.Close()
			fromChild.Close()
			<-done
		}}, nil
	}, &starts
}

type request struct {
	Op, Topic, Part string
	Data            []byte
	Value           json.RawMessage
	Headers         []struct {
		Key   string
		Value []byte
	}
}

func frame(body string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// answering makes a command of a function from request to answer.
func answering(answer func(request) string) func(io.Reader, io.Writer) {
	return func(in io.Reader, out io.Writer) {
		for {
			var head [4]byte
			if _, err := io.ReadFull(in, head[:]); err != nil {
				return
			}
			body := make([]byte, binary.BigEndian.Uint32(head[:]))
			if _, err := io.ReadFull(in, body); err != nil {
				return
			}
			var r request
			if err := json.Unmarshal(body, &r); err != nil {
				panic(err)
			}
			if _, err := out.Write(frame(answer(r))); err != nil {
				return
			}
		}
	}
}

func openExec(t *testing.T, start serde.ExecFunc, m value.Mode) serde.Serde {
	t.Helper()
	s, err := serde.NewExec(serde.Spec{Argument: "x"}, serde.Options{Exec: start, JSONMode: m, Limits: serde.Limits{Output: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestExec(t *testing.T) {
	start, starts := startStub(answering(func(r request) string {
		switch {
		case string(r.Data) == "bad":
			return `{"error":"bad: not today"}`
		case r.Op == "decode":
			return fmt.Sprintf(`{"value":[%q,%q,%q,{"$bytes":"AAE="},%d]}`, r.Topic, r.Part, r.Data, len(r.Headers))
		}
		return `{"data":"AAE=","headers":[{"key":"h","value":null}]}`
	}))
	s := openExec(t, start, value.Lossless)
	in := serde.Input{Topic: "orders", Part: serde.Key, Data: []byte("hi"), Headers: []serde.Header{{Key: "h"}}}
	r, err := s.Decode(t.Context(), in)
	want := value.List{"orders", "key", "hi", value.Bytes{0, 1}, value.Number("1")}
	if diff := cmp.Diff(want, r.Value); diff != "" || err != nil {
		t.Errorf("Decode (-want +got): %v\n%s", err, diff)
	}
	out, err := s.Encode(t.Context(), "orders", serde.Value, int64(1))
	if diff := cmp.Diff(serde.Output{Data: []byte{0, 1}, Headers: []serde.Header{{Key: "h"}}}, out); diff != "" || err != nil {
		t.Errorf("Encode (-want +got): %v\n%s", err, diff)
	}
	// an answer that is an error does not end the command
	for range 5 {
		_, err = s.Decode(t.Context(), serde.Input{Data: []byte("bad")})
		if err == nil || err.Error() != "exec: bad: not today" {
			t.Errorf("error %v", err)
		}
	}
	if starts.Load() != 1 {
		t.Errorf("started %d times", starts.Load())
	}
}

func TestExecFaults(t *testing.T) {
	tests := map[string]struct {
		serve   func(io.Reader, io.Writer)
		wantErr string
	}{
		"ends": {
			serve:   func(in io.Reader, _ io.Writer) { io.ReadFull(in, make([]byte, 4)) },
			wantErr: "exec: the command takes no requests: io: read/write on closed pipe",
		},
		"no JSON":    {serve: answering(func(request) string { return "hello" }), wantErr: "exec: the answer is not JSON as agreed: invalid character 'h' looking for beginning of value"},
		"no value":   {serve: answering(func(request) string { return "{}" }), wantErr: "exec: the answer has no value"},
		"long error": {serve: answering(func(request) string { return `{"error":"` + strings.Repeat("x", 1000) + `"}` }), wantErr: "exec: " + strings.Repeat("x", 300) + "…"},
		"too long":   {serve: answering(func(request) string { return `{"value":"` + strings.Repeat("x", 1<<20) + `"}` }), wantErr: "exec: an answer of 1048588 bytes: too big"},
		"too deep":   {serve: answering(func(request) string { return `{"value":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}` }), wantErr: "exec: value of the answer: byte 1000: nested too deeply"},
		"cut": {
			serve: func(in io.Reader, out io.Writer) {
				io.CopyN(io.Discard, in, 4)
				go io.Copy(io.Discard, in)
				out.Write(append(frame("{}")[:4], '{'))
			},
			wantErr: "exec: the answer ends after 1 of 2 bytes",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			start, _ := startStub(tt.serve)
			s := openExec(t, start, value.Plain)
			_, err := s.Decode(t.Context(), serde.Input{Data: []byte("hi")})
			var decode *serde.DecodeError
			if !errors.As(err, &decode) || err.Error() != tt.wantErr {
				t.Errorf("error %q, want %q", err, tt.wantErr)
			}
		})
	}
}

// A command that never answers is ended with the caller's patience; one that keeps
// ending is not started for every record of a topic.
func TestExecHangs(t *testing.T) {
	start, starts := startStub(func(in io.Reader, _ io.Writer) { io.Copy(io.Discard, in) })
	s := openExec(t, start, value.Plain)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errors.New("no patience"))
	defer cancel()
	if _, err := s.Decode(ctx, serde.Input{Data: []byte("hi")}); err == nil || err.Error() != "exec: no patience" {
		t.Errorf("error %v", err)
	}
	if starts.Load() != 1 {
		t.Errorf("started %d times", starts.Load())
	}

	start, starts = startStub(func(io.Reader, io.Writer) {})
	s = openExec(t, start, value.Plain)
	for range 10 {
		if _, err := s.Decode(t.Context(), serde.Input{Data: []byte("hi")}); err == nil {
			t.Error("an answer from nobody")
		}
	}
	if starts.Load() != 3 {
		t.Errorf("started %d times, want 3", starts.Load())
	}
}

func TestExecIsShared(t *testing.T) {
	start, _ := startStub(answering(func(r request) string { return fmt.Sprintf(`{"value":%q}`, r.Data) }))
	s := openExec(t, start, value.Plain)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 20 {
				want := fmt.Sprint(i, "-", j)
				r, err := s.Decode(t.Context(), serde.Input{Data: []byte(want)})
				if err != nil || r.Value != want {
					t.Errorf("%s: %v, %v", want, r.Value, err)
				}
			}
		})
	}
	group.Wait()
}
