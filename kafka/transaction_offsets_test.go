package kafka

import (
	"errors"
	"testing"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

// memberlessGroup is for who commits without having joined: the coordinator takes the
// offsets as long as the group has no members. The group need not exist.
func memberlessGroup(t *testing.T, name string) *groupMetadata {
	t.Helper()
	group, err := ck.NewTestConsumerGroupMetadata(name)
	if err != nil {
		t.Fatal(err)
	}
	return &groupMetadata{group}
}

// Offsets are committed with the records of their transaction, and with them taken back.
func TestSendOffsets(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		p, _ := openTransactional(t, b, "x", ProducerConfig{onePerCall: onePerCall})
		group := memberlessGroup(t, "copies")
		tp := TopicPartition{batchOf(0).Topic(), 0}
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		committed := func() Commit {
			t.Helper()
			commits, err := p.Admin().Committed(t.Context(), "copies")
			check(err)
			return commits[tp]
		}
		check(p.Send(t.Context(), batchOf(0, "one")))
		check(p.sendOffsets(t.Context(), map[TopicPartition]int64{tp: 1}, group))
		check(p.commit(t.Context()))
		if c := committed(); c.Offset != 1 {
			t.Errorf("offset %d is committed, want 1", c.Offset)
		}
		check(p.begin())
		check(p.Send(t.Context(), batchOf(0, "two")))
		check(p.sendOffsets(t.Context(), map[TopicPartition]int64{tp: 2}, group))
		if c := committed(); c.Offset != 1 {
			t.Errorf("offset %d is committed before its transaction", c.Offset)
		}
		check(p.abort(t.Context()))
		if c := committed(); c.Offset != 1 {
			t.Errorf("offset %d is committed, want 1: the second transaction was aborted", c.Offset)
		}
		check(p.begin())
		check(p.sendOffsets(t.Context(), nil, group))
		check(p.commit(t.Context()))
		check(p.Close())
		if d := cmp.Diff([]string{"one"}, values(readBack(t, b, 0))); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// A producer that another one with its id has fenced commits no offsets.
func TestSendOffsetsFenced(t *testing.T) {
	b := startBroker(t, embedded.Config{})
	older, _ := openTransactional(t, b, "x", ProducerConfig{})
	group := memberlessGroup(t, "copies")
	younger, _ := openTransactional(t, b, "x", ProducerConfig{})
	tp := TopicPartition{batchOf(0).Topic(), 0}
	const want = "fenced by another instance: transactional id x was taken over"
	err := older.sendOffsets(t.Context(), map[TopicPartition]int64{tp: 7}, group)
	if !errors.Is(err, ErrFenced) || err.Error() != want {
		t.Errorf("SendOffsets: %v", err)
	}
	if err := younger.sendOffsets(t.Context(), map[TopicPartition]int64{tp: 3}, group); err != nil {
		t.Fatal(err)
	}
	if err := younger.commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	commits, err := younger.Admin().Committed(t.Context(), "copies")
	if err != nil || commits[tp].Offset != 3 {
		t.Errorf("committed %v, %v", commits, err)
	}
	if err := older.Close(); err != nil && !errors.Is(err, ErrFenced) {
		t.Errorf("Close: %v", err)
	}
	if err := younger.Close(); err != nil {
		t.Fatal(err)
	}
}
