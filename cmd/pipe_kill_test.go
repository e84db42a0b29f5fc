//go:build unix

package cmd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kstream/kafka/witness"
)

// pipes are the processes of one test that share a group.
type pipes struct {
	*stage
	to   string
	args []string
	// abort is how long a transaction stays open after a kill, in milliseconds.
	abort int
	all   []*process
}

// pipes makes DST, next to the stage's topic.
func (s *stage) pipes(partitions int32, args ...string) *pipes {
	s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	p := &pipes{stage: s, to: s.topic + "-to", args: args, abort: 4000}
	if err := s.witness.CreateTopic(ctx, p.to, partitions, "retention.ms=-1"); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// start runs one more process of three members.
func (p *pipes) start(more ...string) *process {
	p.t.Helper()
	args := []string{"pipe", p.topic, p.to, "--group", p.group, "--members", "3", "--exactly-once", "--commit-every", "50ms"}
	args = append(args, "-X", fmt.Sprint("transaction.timeout.ms=", p.abort), "--events", filepath.Join(p.dir, fmt.Sprint(p.processes+1, ".events")))
	args = append(append(append(args, p.session...), p.args...), more...)
	one := p.stage.start(args...)
	p.all = append(p.all, one)
	return one
}

// commits counts the commits of a process.
func (p *process) commits() int {
	p.s.t.Helper()
	text, err := os.ReadFile(p.events)
	if err != nil && !os.IsNotExist(err) {
		p.s.t.Fatal(err)
	}
	return strings.Count(string(text), `"event":"committed"`)
}

func (p *process) awaitCommits(n int) {
	p.s.t.Helper()
	p.await(fmt.Sprint(n, " commits"), func() bool { return p.commits() >= n })
}

// awaitMore waits for commits where brokers are killed: they were cold when the test
// began, sessions may end before others lead, and deliveries take their time-outs.
func (p *pipes) awaitMore(one *process, n int) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 3*scriptLimit)
	defer cancel()
	want := one.commits() + n
	if err := until(ctx, func() (bool, error) { return one.commits() >= want, nil }); err != nil {
		p.t.Fatalf("%s: no %d commits: %v; it said:\n%s", one.name, want, err, one.said())
	}
}

// awaitDone waits until everything in the stage's topic is committed: sessions of members
// that were killed, and transactions that they left open, must be over first.
func (p *pipes) awaitDone() { p.awaitDoneWith(p.topic) }

// awaitDoneWith is awaitDone for a topic.
func (p *pipes) awaitDoneWith(topic string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 3*scriptLimit)
	defer cancel()
	ends, err := p.witness.Ends(ctx, topic)
	if err != nil {
		p.t.Fatal(err)
	}
	err = until(ctx, func() (bool, error) {
		committed := p.committed()
		for number, end := range ends {
			if committed[witness.Partition{Topic: topic, Number: number}] < end {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		for _, one := range p.all {
			p.t.Logf("%s said:\n%s", one.name, one.said())
		}
		p.t.Fatal(err, p.committed(), ends)
	}
}

// wantOnce wants that a reader of committed records finds the values 0…n-1 once each, with
// their keys. It waits for transactions that a kill has left open: until they time out,
// such readers see nothing behind them.
func (p *pipes) wantOnce(n int) {
	p.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	var c *tally
	err := until(ctx, func() (bool, error) {
		c = &tally{t: p.t, values: map[string]int{}}
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		got, err := p.witness.ReadCommitted(attempt, p.to)
		if attempt.Err() != nil {
			return false, nil // the last record before one that is open was taken back
		}
		for _, records := range got {
			for _, r := range records {
				if string(r.Key) != string(r.Value) {
					return false, fmt.Errorf("key %q, value %q", r.Key, r.Value)
				}
				c.values[string(r.Value)]++
			}
		}
		return len(c.values) >= n, err
	})
	if err != nil {
		p.t.Error(err)
	}
	c.wantNumbers(n, true)
	if p.t.Failed() {
		for _, one := range p.all {
			p.t.Logf("%s said:\n%s", one.name, one.said())
		}
	}
}

// Processes of several members each that are killed at any moment, or stopped and started
// again, write each record once for who reads what is committed.
func TestKilledPipes(t *testing.T) {
	t.Parallel()
	kinds := protocols()
	kinds["static"] = []string{"--instance-id"}
	for name, flags := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.create(6)
			p := s.pipes(4, s.protocol(nil)...)
			launch := func(slot int) *process {
				if name == "static" {
					return p.start("--instance-id", "i"+strconv.Itoa(slot))
				}
				return p.start(flags...)
			}
			if name == "consumer" {
				s.session = nil
			}
			stop := s.stream()
			running := []*process{launch(0), launch(1)}
			for i := range soak(t, 3) {
				slot := rand.IntN(2)
				running[slot].awaitCommits(1 + rand.IntN(20))
				running[slot].signal(syscall.SIGKILL)
				running[slot].wait(137)
				running[slot] = launch(slot)
				if other := 1 - slot; i%2 == 1 { // and one goes in order
					running[other].awaitCommits(1)
					running[other].signal(syscall.SIGINT)
					running[other].wait(0)
					running[other] = launch(other)
				}
			}
			n := stop()
			p.awaitDone()
			for _, one := range running {
				one.signal(syscall.SIGINT)
				one.wait(0)
			}
			p.wantOnce(n)
			s.wantEmpty()
		})
	}
}

// One of three brokers is killed in the middle, then the one that coordinates the group,
// together with a process: the members go on when others lead, each record is written
// once, and who watches the group from outside sees that.
func TestPipesWithBrokersKilled(t *testing.T) {
	s, c := clusterStage(t, replicated())
	p := s.pipes(4, "--timeout", "10s")
	p.abort = 10_000
	s.create(6)
	for broker := range strings.SplitSeq(s.brokers, ",") { // each learns of topics in its own time
		s.start("wait", "topic", s.topic, p.to, "-b", broker, "--within", "30s").wait(0)
	}
	stop := s.stream("--timeout", "60s")
	running := []*process{p.start()}
	p.awaitMore(running[0], 5)
	running = append(running, p.start())
	p.awaitMore(running[1], 5)
	lag := s.start("group", "lag", s.group, "--watch", "--interval", "1s", "-o", "json")
	lag.awaitLines(1)
	if err := c.Kill(2); err != nil {
		t.Fatal(err)
	}
	p.awaitMore(running[0], 5)
	restart(t, c, 2)
	coordinator := coordinatorOf(t, c, s.group)
	if err := c.Kill(coordinator); err != nil {
		t.Fatal(err)
	}
	running[1].signal(syscall.SIGKILL)
	running[1].wait(137)
	running[1] = p.start()
	restart(t, c, coordinator)
	n := stop()
	p.awaitDone()
	shown := lag.lines()
	lag.await("a look at the group without lag", func() bool {
		looks := strings.Split(strings.TrimSuffix(lag.printed(), "\n"), "\n")
		last := looks[len(looks)-1]
		return len(looks) > shown && strings.Count(last, `"lag":0,`) == 6
	})
	for _, one := range append(running, lag) {
		one.signal(syscall.SIGINT)
		one.wait(0)
	}
	p.wantOnce(n)
}
