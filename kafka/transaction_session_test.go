package kafka

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

// openSession opens a session that has taken over its id.
func openSession(t *testing.T, cfg Config, pc ProducerConfig) *Session {
	t.Helper()
	s, err := OpenSession(cfg, pc, nil)
	if err == nil {
		err = s.TakeOver(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A record that is refused takes its transaction with it, at once; the session goes on.
func TestSessionAfterFailure(t *testing.T) {
	b := startBroker(t, embedded.Config{Configs: map[string]string{"message.max.bytes": "2000"}})
	var refused []string
	var done atomic.Int64
	pc := ProducerConfig{
		Transactional: "x", MaxBatch: 2000,
		Failed: func(o *Outgoing, i int, err error) {
			if !errors.Is(err, ErrTransaction) {
				refused = append(refused, string(o.Record(i).Value[:1])+": "+err.Error())
			}
		},
		Done: func(*Outgoing) { done.Add(1) },
	}
	s := openSession(t, clusterOf(b), pc)
	began := time.Now()
	sent := int64(1)
	for err := s.Send(t.Context(), batchOf(0, "small", strings.Repeat("x", 5000))); !errors.Is(err, ErrTransaction); sent++ {
		if err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), batchOf(0, "more"))
	}
	if err := s.Flush(t.Context()); !errors.Is(err, ErrTransaction) {
		t.Errorf("Flush: %v", err)
	}
	if err := s.TakeBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if done.Load() != sent {
		t.Errorf("%d of %d batches are given back", done.Load(), sent)
	}
	if took := time.Since(began); took > clusterOf(b).timeout()/2 {
		t.Errorf("it took %v", took)
	}
	if err := s.Send(t.Context(), batchOf(0, "good")); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), batchOf(0, "left open")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Abort(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"good"}, values(readBack(t, b, 0))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"x: refused by the broker: larger than the topic's max.message.bytes allows"}, refused); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Who is fenced goes on when the id is its own, and else says so.
func TestSessionFenced(t *testing.T) {
	for name, mine := range map[string]bool{"own id": true, "shared id": false} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t, embedded.Config{})
			pc := ProducerConfig{Transactional: "x", OwnID: mine}
			s := openSession(t, clusterOf(b), pc)
			if err := s.Send(t.Context(), batchOf(0, "lost")); err != nil {
				t.Fatal(err)
			}
			other := openSession(t, clusterOf(b), pc)
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
			err := s.done(t.Context(), s.Commit(t.Context()))
			// Why a record failed may be told before the coordinator says that the id is taken.
			back := errors.Is(err, ErrTakenBack)
			if mine != back || !mine && !errors.Is(err, ErrFenced) {
				t.Errorf("Commit: %v", err)
			}
			if back := s.TakeBack(t.Context()); mine && back != nil || !mine && !errors.Is(back, ErrFenced) {
				t.Errorf("TakeBack: %v", back)
			}
			if err := s.Close(); mine && err != nil || !mine && !errors.Is(err, ErrFenced) {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// A call of the client that never comes back is left behind, with what it belonged to;
// the session goes on.
func TestSessionWithoutAnswer(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		cfg := clusterOf(b)
		cfg.Timeout = time.Second
		s := openSession(t, cfg, ProducerConfig{Transactional: "x", OwnID: true, onePerCall: onePerCall})
		if err := errors.Join(s.Send(t.Context(), batchOf(0, "lost")), s.Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
		never := make(chan struct{})
		t.Cleanup(func() { close(never) })
		err := s.done(t.Context(), s.producer.transact(t.Context(), func(context.Context) error { <-never; return nil }))
		if !errors.Is(err, ErrTakenBack) || !strings.HasSuffix(err.Error(), ": unreachable: the transaction had no answer within 1s") {
			t.Errorf("%v", err)
		}
		if err := errors.Join(s.Send(t.Context(), batchOf(0, "good")), s.Commit(t.Context())); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"good"}, values(readBack(t, b, 0))); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}
