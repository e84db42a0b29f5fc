//go:build unix

package cmd

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"kstream/cmd/replay"
	"kstream/kafka"
)

// targets are the two places for copies: another topic of the cluster, and one of another.
func targets() map[string]func(*testing.T, *stage) *stage {
	return map[string]func(*testing.T, *stage) *stage{
		"within a cluster": func(_ *testing.T, s *stage) *stage { return s },
		"across clusters":  func(t *testing.T, _ *stage) *stage { return elsewhere(t) },
	}
}

// copied is how many records the summary of a run counts.
func (p *process) copied() int64 {
	p.s.t.Helper()
	var s replay.Summary
	if err := json.Unmarshal([]byte(p.printed()), &s); err != nil {
		p.s.t.Fatalf("%v; it said:\n%s", err, p.said())
	}
	return s.Records
}

// Runs over some partitions leave the progress of the others as it was, also when they are
// killed.
func TestReplayByPartition(t *testing.T) {
	t.Parallel()
	for name, target := range targets() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := copying(s, target(t, s), 12_000, "--rate", "20000/s")
			for _, partitions := range []string{"0", "1,4", "0", "2", "0-4", "1"} {
				if rand.IntN(2) == 0 {
					c.killAt(c.run("-p", partitions), rand.Int64N(2000))
				}
				c.run("-p", partitions).wait(0)
			}
			c.run().wait(0)
			c.wantCopy()
			p := c.run("-o", "json")
			p.wait(0)
			if n := p.copied(); n != 0 {
				t.Errorf("a run after the last copied %d records", n)
			}
		})
	}
}

// Copies of two sources to one topic under one name have progress of their own.
func TestReplayOneNameTwoSources(t *testing.T) {
	t.Parallel()
	for name, target := range targets() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := copying(s, target(t, s), 600, "--name", s.group)
			second := *s
			second.topic += "-second"
			second.create(6)
			second.numbers(600, 900)
			other := append([]string{}, c.flags...)
			other[1] = second.topic
			for i, want := range []int64{600, 300, 0, 0, 0, 0} {
				args := c.flags
				if i%2 == 1 {
					args = other
				}
				p := s.start(append(args, "-o", "json")...)
				p.wait(0)
				if n := p.copied(); n != want {
					t.Errorf("run %d copied %d records, want %d; it said:\n%s", i, n, want, p.said())
				}
			}
		})
	}
}

// A target that is deleted and created again in the middle of a copy is told, with an error,
// and the next run copies all into the new one, each record once.
func TestReplayTargetCreatedAgain(t *testing.T) {
	t.Parallel()
	for name, target := range targets() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := copying(s, target(t, s), 20_000)
			p := c.run("--rate", "4000/s", "-o", "json")
			p.await("some records", func() bool { return c.written() > 4000 })
			c.createTargetAgain()
			p.wait(1)
			p.wantSaid(c.topic+" was deleted and created again while records were written to it", 1)
			if n := p.copied(); n != 0 {
				t.Errorf("the summary counts %d records as copied", n)
			}
			c.run().wait(0)
			c.wantCopy()
		})
	}
	t.Run("at least once", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		c := copying(s, s, 20_000)
		p := s.start("replay", s.topic, c.topic, "--rate", "4000/s")
		p.await("some records", func() bool { return c.written() > 4000 })
		c.createTargetAgain()
		p.wait(1)
		p.wantSaid(c.topic+" was deleted and created again", 1)
	})
}

// createTargetAgain makes a new topic out of that for the copies.
func (c *copies) createTargetAgain() {
	c.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	if err := c.target.witness.DeleteTopics(ctx, c.topic); err != nil {
		c.t.Fatal(err)
	}
	err := until(ctx, func() (bool, error) { // a broker may remember the old one for a moment
		err := c.target.witness.CreateTopic(ctx, c.topic, 6)
		if err != nil && strings.Contains(err.Error(), "TOPIC_ALREADY_EXISTS") {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// Progress that a former version kept as the offsets of a group is gone on from, and is in
// the topic afterwards: the group may expire.
func TestReplayProgressOfGroup(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := copying(s, s, 600, "--name", s.group)
	s.start("replay", s.topic, c.topic, "--to-offset", "0=40,1=40,2=40,3=40,4=40,5=40").wait(0)
	ctx, cancel := inTime()
	defer cancel()
	admin, err := kafka.OpenAdmin(ctx, kafka.Config{Brokers: []string{s.brokers}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	topics, err := admin.Topics(ctx, s.topic, c.topic)
	if err != nil {
		t.Fatal(err)
	}
	commits := map[kafka.TopicPartition]kafka.Commit{}
	for partition := range int32(6) {
		commits[kafka.TopicPartition{Topic: s.topic, Partition: partition}] = kafka.Commit{
			Offset: 40, LeaderEpoch: -1, Metadata: fmt.Sprintf(`{"source":%q,"target":%q}`, topics[0].ID, topics[1].ID),
		}
	}
	group := "kstream-replay-" + s.group
	if refused, err := admin.SetCommitted(ctx, group, commits); err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	for _, want := range []int64{10, 350, 0} {
		args := []string{"-o", "json"}
		if want == 10 {
			args = append(args, "-n", "10")
		}
		p := c.run(args...)
		p.wait(0)
		if n := p.copied(); n != want {
			t.Errorf("copied %d records, want %d; it said:\n%s", n, want, p.said())
		}
		s.start("group", "delete", group, "--yes").wait0or(3)
	}
	c.wantCopy()
}

// wait0or waits for an end with 0 or another code.
func (p *process) wait0or(code int) {
	p.s.t.Helper()
	<-p.ended
	if got := p.cmd.ProcessState.ExitCode(); got != 0 && got != code {
		p.s.t.Fatalf("exit code %d, want 0 or %d; it said:\n%s", got, code, p.said())
	}
}

// Two runs of one name over different partitions, racing: whatever becomes of them, each
// record is there once in the end.
func TestReplayRace(t *testing.T) {
	t.Parallel()
	for name, target := range targets() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := copying(s, target(t, s), 20_000, "--name", s.group, "--rate", "20000/s")
			for range soak(t, 3) {
				first := c.run("-p", "0-3")
				second := c.run("-p", "2-5")
				if rand.IntN(2) == 0 {
					_ = first.signal0(syscall.SIGKILL)
				}
				<-first.ended
				<-second.ended
			}
			c.run().wait(0)
			c.wantCopy()
		})
	}
}

// signal0 is signal for a process that may have ended.
func (p *process) signal0(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }
