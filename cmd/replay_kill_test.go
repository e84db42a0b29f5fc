//go:build unix

package cmd

import (
	"encoding/json"
	"math/rand/v2"
	"syscall"
	"testing"

	"kstream/cmd/replay"
	"kstream/kafka/embedded"
	"kstream/kafka/kafkatest"
)

// copies is a stage with a topic of numbered records, and a second one for the copies,
// here or on another cluster.
type copies struct {
	*stage
	n      int
	target *stage
	topic  string
	flags  []string
}

// copying writes n records into the topic of s and creates one for the copies on target.
func copying(s, target *stage, n int, flags ...string) *copies {
	s.t.Helper()
	s.create(6)
	s.numbers(0, n)
	c := &copies{stage: s, n: n, target: target, topic: target.topic + "-copy"}
	ctx, cancel := inTime()
	defer cancel()
	if err := target.witness.CreateTopic(ctx, c.topic, 6); err != nil {
		s.t.Fatal(err)
	}
	if target != s {
		flags = append(flags, "--dst-brokers", target.brokers)
	}
	c.flags = append([]string{"replay", s.topic, c.topic, "--exactly-once"}, flags...)
	return c
}

// run starts a replay.
func (c *copies) run(more ...string) *process {
	c.t.Helper()
	return c.start(append(c.flags, more...)...)
}

// written counts the offsets that the copies take: those of aborted transactions and of
// markers too.
func (c *copies) written() int64 {
	c.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	var n int64
	err := until(ctx, func() (bool, error) {
		ends, err := c.target.witness.Ends(ctx, c.topic)
		if err != nil {
			return false, nil // while its broker is away
		}
		n = 0
		for _, end := range ends {
			n += end
		}
		return true, nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// killAt ends a process with SIGKILL when so much more was written. It reports whether the
// process still ran.
func (c *copies) killAt(p *process, more int64) bool {
	c.t.Helper()
	enough := c.written() + more
	ctx, cancel := inTime()
	defer cancel()
	ended := false
	err := until(ctx, func() (bool, error) {
		select {
		case <-p.ended:
			ended = true
			return true, nil
		default:
			return c.written() >= enough, nil
		}
	})
	if err != nil {
		c.t.Fatalf("%v; it said:\n%s", err, p.said())
	}
	if ended {
		p.wait(0)
		return false
	}
	_ = p.cmd.Process.Kill() // it may have ended just now
	<-p.ended
	return true
}

// wantCopy wants that a reader of committed records sees each record once, in the
// partition and order of the source.
func (c *copies) wantCopy() {
	c.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	source, err := c.witness.ReadCommitted(ctx, c.stage.topic)
	if err != nil {
		c.t.Fatal(err)
	}
	got, err := c.target.witness.ReadCommitted(ctx, c.topic)
	if err != nil {
		c.t.Fatal(err)
	}
	total := 0
	for partition, want := range source {
		total += len(want)
		have := got[partition]
		if len(have) != len(want) {
			c.t.Errorf("%s[%d]: %d records, want %d", c.topic, partition, len(have), len(want))
		}
		for i := range min(len(have), len(want)) {
			if string(have[i].Value) != string(want[i].Value) || string(have[i].Key) != string(want[i].Key) || have[i].Timestamp != want[i].Timestamp {
				c.t.Errorf("%s[%d]: record %d is %s, want %s", c.topic, partition, i, have[i].Value, want[i].Value)
				break
			}
		}
	}
	if total != c.n {
		c.t.Errorf("%s has %d records, want %d", c.stage.topic, total, c.n)
	}
}

// elsewhere is a second cluster: an embedded broker, or another Apache Kafka.
func elsewhere(t *testing.T) *stage {
	t.Helper()
	if realBrokers() == "" {
		return embeddedStage(t, embedded.Config{})
	}
	s, _ := clusterStage(t, kafkatest.Options{})
	return s
}

// A replay that is killed again and again, at random moments, copies each record exactly
// once, within a cluster and across two.
func TestKilledReplay(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(*testing.T, *stage) *stage{
		"within a cluster": func(_ *testing.T, s *stage) *stage { return s },
		"across clusters":  func(t *testing.T, _ *stage) *stage { return elsewhere(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			kills := soak(t, 3)
			c := copying(s, target(t, s), 10_000*(kills+1), "--rate", "40000/s")
			for k := range kills {
				if p := c.run(); !c.killAt(p, rand.Int64N(16_000)) {
					t.Logf("done after %d kills", k)
					break
				}
			}
			c.run().wait(0)
			c.wantCopy()
			p := c.run("-o", "json")
			p.wait(0)
			var last replay.Summary
			if err := json.Unmarshal([]byte(p.printed()), &last); err != nil || last.Records != 0 {
				t.Errorf("a run after the last: %v, and it copied %d records", err, last.Records)
			}
		})
	}
}

// A second run takes over from one that still lives: the first says so and ends, also
// when it was frozen in the middle of a transaction.
func TestReplayTakenOver(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(*testing.T, *stage) *stage{
		"within a cluster": func(_ *testing.T, s *stage) *stage { return s },
		"across clusters":  func(t *testing.T, _ *stage) *stage { return elsewhere(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := copying(s, target(t, s), 40_000, "--name", s.group)
			frozen := c.run("--rate", "10000/s")
			frozen.await("some records", func() bool { return c.written() > 4000 })
			frozen.signal(syscall.SIGSTOP)
			c.run().wait(0)
			frozen.signal(syscall.SIGCONT)
			frozen.wait(8)
			frozen.wantSaid(`another kstream replay with --name `+s.group+` took over`, 1)
			c.wantCopy()
		})
	}
}

// The broker is killed in the middle of a transaction, and comes back: the same run goes
// on, and each record is there once.
func TestReplayBrokerKilled(t *testing.T) {
	s, cluster := clusterStage(t, kafkatest.Options{})
	c := copying(s, s, 100_000, "--rate", "20000/s", "--timeout", "60s")
	p := c.run()
	p.await("some records", func() bool { return c.written() > 10_000+rand.Int64N(10_000) })
	if err := cluster.Kill(1); err != nil {
		t.Fatal(err)
	}
	restart(t, cluster, 1)
	p.wait(0)
	c.wantCopy()
}
