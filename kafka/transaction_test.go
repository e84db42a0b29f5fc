package kafka

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

func values(records []Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, string(r.Value))
	}
	return all
}

// openTransactional opens a producer that has begun a transaction.
func openTransactional(t *testing.T, b *embedded.Broker, id string, pc ProducerConfig) (*Producer, *produced) {
	t.Helper()
	pc.Transactional = id
	p, got := openProducer(t, clusterOf(b), pc)
	if err := p.takeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.begin(); err != nil {
		t.Fatal(err)
	}
	return p, got
}

func TestTransactions(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		p, _ := openTransactional(t, b, "x", ProducerConfig{onePerCall: onePerCall})
		send := func(value string) {
			t.Helper()
			if err := p.Send(t.Context(), batchOf(0, value)); err != nil {
				t.Fatal(err)
			}
		}
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		send("committed")
		check(p.commit(t.Context()))
		check(p.begin())
		send("aborted")
		check(p.Flush(t.Context()))
		check(p.abort(t.Context()))
		check(p.begin())
		send("also committed")
		check(p.commit(t.Context()))
		check(p.Close())
		if d := cmp.Diff([]string{"committed", "also committed"}, values(readBack(t, b, 0))); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// A record that is refused spoils its transaction: nothing more can be sent, and it
// cannot be committed. The next producer with the same id is as good as new.
func TestTransactionWithFailure(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{Configs: map[string]string{"message.max.bytes": "2000"}})
		p, got := openTransactional(t, b, "x", ProducerConfig{onePerCall: onePerCall, MaxBatch: 2000})
		if err := p.Send(t.Context(), batchOf(0, "small", strings.Repeat("x", 5000))); err != nil {
			t.Fatal(err)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Send(t.Context(), batchOf(0, "late")); !errors.Is(err, ErrTransaction) {
			t.Errorf("Send: %v", err)
		}
		if text := got.failed["late"]; text != "the transaction cannot be committed: a record of it was not delivered" {
			t.Errorf("%q", text)
		}
		if err := p.commit(t.Context()); err == nil {
			t.Error("committed")
		}
		if err := p.abort(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		p, _ = openTransactional(t, b, "x", ProducerConfig{onePerCall: onePerCall})
		if err := p.Send(t.Context(), batchOf(0, "good")); err != nil {
			t.Fatal(err)
		}
		if err := p.commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"good"}, values(readBack(t, b, 0))); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// The younger of two producers with one transactional id fences the older.
func TestTransactionFenced(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		const want = "fenced by another instance: transactional id x was taken over"
		b := startBroker(t, embedded.Config{})
		older, _ := openTransactional(t, b, "x", ProducerConfig{onePerCall: onePerCall})
		if err := older.Send(t.Context(), batchOf(0, "older")); err != nil {
			t.Fatal(err)
		}
		if err := older.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		younger, _ := openTransactional(t, b, "x", ProducerConfig{onePerCall: onePerCall})
		if err := younger.Send(t.Context(), batchOf(0, "younger")); err != nil {
			t.Fatal(err)
		}
		if err := younger.commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := older.commit(t.Context()); !errors.Is(err, ErrFenced) || err.Error() != want {
			t.Errorf("Commit: %v", err)
		}
		if err := older.Send(t.Context(), batchOf(0, "late")); !errors.Is(err, ErrFenced) || err.Error() != want {
			t.Errorf("Send: %v", err)
		}
		if err := older.Close(); !errors.Is(err, ErrFenced) {
			t.Errorf("Close: %v", err)
		}
		if err := younger.Close(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"younger"}, values(readBack(t, b, 0))); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}
