//go:build unix

package cmd

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"kstream/kafka/kafkatest"
)

// replicated are the settings of a topic that survives one of three brokers.
func replicated() kafkatest.Options {
	return kafkatest.Options{Nodes: 3, Heap: "320m", Properties: map[string]string{"min.insync.replicas": "2"}}
}

// restart brings a node back after it was killed.
func restart(t *testing.T, c *kafkatest.Cluster, node int) {
	t.Helper()
	if err := c.Restart(t.Context(), node); err != nil {
		t.Fatal(err)
	}
}

// One of three brokers is killed while numbered lines are written, read by a group and
// followed alone: each is stored once, and printed once by those who kept their session.
// Another is killed that coordinates the group.
func TestOneOfThreeBrokersKilled(t *testing.T) {
	s, c := clusterStage(t, replicated())
	s.create(6)
	s.session = nil
	alone := s.start("consume", s.topic, "-o", `%p %o %v\n`)
	group := s.consume(3)
	group.awaitHolds(2, 2, 2)
	const n = 60_000
	writer := s.start("produce", s.topic, "-K", ":", "--timeout", "60s")
	feed := func(from, to int) {
		for i := from; i < to; i += 1000 {
			var text strings.Builder
			for k := range 1000 {
				fmt.Fprintf(&text, "%d:%d\n", i+k, i+k)
			}
			writer.feed(text.String())
		}
	}
	feed(0, n/3)
	group.awaitLines(1000)
	if err := c.Kill(2); err != nil {
		t.Fatal(err)
	}
	feed(n/3, 2*n/3)
	group.await("what was written while a broker was away", func() bool { return group.lines() > n/2 })
	restart(t, c, 2)
	coordinator := coordinatorOf(t, c, s.group)
	if err := c.Kill(coordinator); err != nil {
		t.Fatal(err)
	}
	feed(2*n/3, n)
	writer.closeInput()
	writer.wait(0)
	for _, p := range []*process{alone, group} {
		p.await("all numbers", allOf(t, n, p))
		p.signal(syscall.SIGINT)
		p.wait(0)
		count(t, p).wantNumbers(n, true)
		p.wantOrder()
	}
	s.wantCommitted(count(t, group), true)
	last := s.start("consume", s.topic, "-e", "-o", `%p %o %v\n`)
	last.wait(0)
	count(t, last).wantNumbers(n, true)
}

// coordinatorOf finds the number of the node that coordinates a group.
func coordinatorOf(t *testing.T, c *kafkatest.Cluster, group string) int {
	t.Helper()
	out := c.MustTool(t, "ConsumerGroupCommand", "--describe", "--group", group, "--state")
	for line := range strings.Lines(out) {
		var address, node string
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == group {
			address, node = fields[1], strings.Trim(fields[2], "()")
		}
		if address != "" {
			var id int
			if _, err := fmt.Sscan(node, &id); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			return id
		}
	}
	t.Fatalf("no coordinator in\n%s", out)
	return 0
}

// The only broker is killed with SIGKILL and started again: whoever follows, and whoever
// writes within --timeout, goes on.
func TestOnlyBrokerKilled(t *testing.T) {
	s, c := clusterStage(t, kafkatest.Options{})
	s.create(3)
	alone := s.start("consume", s.topic, "-o", `%p %o %v\n`)
	group := s.consume(2)
	stop := s.stream("--timeout", "60s")
	alone.awaitLines(1000)
	group.awaitLines(1000)
	if err := c.Kill(1); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*process{alone, group} {
		p.awaitSaid(`no broker answers: `)
	}
	restart(t, c, 1)
	for _, p := range []*process{alone, group} {
		p.awaitSaid(`a broker answers again`)
	}
	n := stop()
	for _, p := range []*process{alone, group} {
		p.await(fmt.Sprint("all of ", n, " numbers"), allOf(t, n, p))
		p.signal(syscall.SIGINT)
		p.wait(0)
		count(t, p).wantNumbers(n, p == alone)
	}
	alone.wantSaid(`no broker answers: `, 1)
	s.wantCommitted(count(t, group), true)
}
