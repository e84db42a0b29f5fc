package kafka

import (
	"maps"
	"testing"
)

// A trail acknowledges what a batch would, when the batch has been used again, and nothing
// of partitions that were given away since, whoever has them then.
func TestTrail(t *testing.T) {
	l := newLedger()
	a, b := TopicPartition{"a", 0}, TopicPartition{"b", 1}
	l.own(map[TopicPartition]int64{a: 0, b: 0})
	batch := &Batch{ledger: l, turn: l.now(), Records: []Record{
		{Topic: "a", Offset: 0}, {Topic: "a", Offset: 4}, {Topic: "b", Partition: 1, Offset: 7}, {Topic: "a", Offset: 5},
	}}
	var trail Trail
	batch.Trail(&trail)
	batch.Records = append(batch.Records[:0], Record{Topic: "c", Offset: 99})
	for _, step := range []struct {
		n    int
		want map[TopicPartition]int64
	}{
		{0, map[TopicPartition]int64{}},
		{1, map[TopicPartition]int64{a: 1}},
		{3, map[TopicPartition]int64{a: 5, b: 8}},
		{4, map[TopicPartition]int64{a: 6, b: 8}},
	} {
		if trail.Ack(step.n); !maps.Equal(l.due(), step.want) {
			t.Errorf("after %d records: due %v, want %v", step.n, l.due(), step.want)
		}
	}
	l.disown([]TopicPartition{a})
	l.own(map[TopicPartition]int64{a: 2})
	if trail.Ack(4); !maps.Equal(l.due(), map[TopicPartition]int64{b: 8}) {
		t.Errorf("given away and back: due %v", l.due())
	}
}

func TestOwned(t *testing.T) {
	l := newLedger()
	tp := TopicPartition{"a", 0}
	l.own(map[TopicPartition]int64{tp: 0})
	batch := &Batch{ledger: l, turn: l.now(), Records: []Record{{Topic: "a"}, {Topic: "b"}}}
	if !batch.Owned(0) || batch.Owned(1) {
		t.Error("as fetched")
	}
	l.disown([]TopicPartition{tp})
	if batch.Owned(0) {
		t.Error("given away")
	}
	l.own(map[TopicPartition]int64{tp: 0})
	if batch.Owned(0) {
		t.Error("given away and back")
	}
	if !(&Batch{Records: []Record{{}}}).Owned(0) {
		t.Error("without a group")
	}
}
