package cmd

import (
	"io"
	"strings"
	"testing"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// The summary counts the partitions that a member had when it left, not all that it ever had.
func TestStatsCountWhatMembersOwn(t *testing.T) {
	var stderr strings.Builder
	c := &record.MemberStats{Env: &cli.Env{Stdout: io.Discard, Stderr: &stderr}, Members: map[int]*record.MemberStat{}}
	offsets := func(partitions ...int32) map[kafka.TopicPartition]int64 {
		m := map[kafka.TopicPartition]int64{}
		for _, p := range partitions {
			m[kafka.TopicPartition{Topic: "t", Partition: p}] = 7
		}
		return m
	}
	for member, changes := range map[int][]kafka.Change{
		1: {
			{Kind: kafka.ChangeAssigned, Offsets: offsets(0, 1, 2, 3)},
			{Kind: kafka.ChangeRevoked, Reason: "rebalance", Offsets: offsets(2, 3)},
			{Kind: kafka.ChangeAssigned, Offsets: offsets(4)},
			{Kind: kafka.ChangeRevoked, Reason: kafka.ReasonLeaving, Offsets: offsets(0, 1, 4)},
			{Kind: kafka.ChangeLeft},
		},
		2: {
			{Kind: kafka.ChangeAssigned, Offsets: offsets(2, 3)},
			{Kind: kafka.ChangeLost, Reason: "the session timed out", Offsets: offsets(2, 3)},
			{Kind: kafka.ChangeAssigned, Offsets: offsets(3)},
		},
	} {
		for i := range changes {
			c.Changed(member, &changes[i])
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	want := "member 1: 3 partitions, 0 records, 0 B, 2 rebalances\nmember 2: 1 partition, 0 records, 0 B, 2 rebalances\n"
	if stderr.String() != want {
		t.Errorf("%q, want %q", stderr.String(), want)
	}
}
