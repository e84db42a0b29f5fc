//go:build unix

package cmd

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"kstream/kafka/kafkatest"
	"kstream/kafka/witness"
)

// One partition without a leader is named after --timeout, and the others are read, counted
// and moved all the same, with exit code 1; what needs all of them does not begin. When the
// leader is back, whoever waited for it goes on.
func TestPartitionWithoutLeader(t *testing.T) {
	s, c := clusterStage(t, kafkatest.Options{Nodes: 3, Heap: "320m", Properties: map[string]string{"min.insync.replicas": "1"}})
	run := func(code int, stdin string, args ...string) (string, string) {
		t.Helper()
		p := s.start(args...)
		p.feed(stdin)
		p.closeInput()
		said := p.wait(code)
		return p.printed(), said
	}
	run(0, "", "topic", "create", s.topic, "--partitions", "3", "--replication", "1")
	for p := range 3 {
		run(0, strings.Repeat(fmt.Sprintf("v%d\n", p), 10), "produce", s.topic, "-p", fmt.Sprint(p))
	}
	run(0, "", "consume", s.topic, "-e", "-g", s.group)
	described, err := s.witness.Leaders(t.Context(), s.topic)
	if err != nil {
		t.Fatal(err)
	}
	lost := described[1]
	if err := c.Kill(int(lost)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := inTime()
	defer cancel()
	if err := until(ctx, func() (bool, error) {
		leaders, err := s.witness.Leaders(ctx, s.topic)
		return err == nil && leaders[1] < 0, nil
	}); err != nil {
		t.Fatal(err)
	}
	name := s.topic + "[1]: no leader within 5s"
	for _, test := range []struct {
		args string
		want string // in the output; its lines when it is a number
	}{
		{"consume TOPIC -e", "20"},
		{"consume TOPIC --for 10s", "20"},
		{"consume TOPIC -e -g GROUP-new", "20"},
		{"consume TOPIC -e --last 2", "2"},
		{"consume TOPIC -e -p 1", "0"},
		{"topic count TOPIC", "20\n"},
		{"topic stats TOPIC", "records\t20\t"},
		{"topic diff TOPIC TOPIC", "0"},
		{"topic offsets TOPIC", "2"},
		{"replay TOPIC TOPIC-copy --create", "0"},
		{"group lag GROUP", "2"},
		{"group describe GROUP", s.topic + "\t2"},
		{"group reset GROUP --to beginning --dry-run", "3"},
		{"group reset GROUP --shift -5 --yes", "3"},
		{"wait group GROUP --lag 100 --members 0 --within 10s", "0"},
	} {
		args := strings.Fields(strings.NewReplacer("TOPIC", s.topic, "GROUP", s.group).Replace(test.args))
		code, want := 1, name
		if args[0] == "wait" {
			code, want = 124, "no leader"
		}
		out, said := run(code, "", append(args, "--timeout", "5s")...)
		if !strings.Contains(said, want) {
			t.Errorf("%s: %s", test.args, said)
		}
		if lines := fmt.Sprint(strings.Count(out, "\n")); lines != test.want && !strings.Contains(out, test.want) {
			t.Errorf("%s: want %q:\n%s", test.args, test.want, out)
		}
	}
	offsets, err := s.witness.Committed(t.Context(), s.group+"-new")
	if offset := offsets[witness.Partition{Topic: s.topic, Number: 1}]; err != nil || offset > 0 {
		t.Errorf("of the partition that was not read %d is committed, %v", offset, err)
	}
	if out, _ := run(0, "", "group", "plan", "--group", s.group, "-m", "2", "--timeout", "2s"); !strings.Contains(out, s.topic+"[") {
		t.Errorf("group plan: %s", out)
	}
	// Who waits goes on.
	follower := s.start("consume", s.topic, "-g", s.group+"-follows", "-o", `%p %v\n`, "--timeout", "2s")
	follower.awaitLines(20)
	alone := s.start("consume", s.topic, "-o", `%p %v\n`, "--timeout", "2s")
	alone.awaitLines(20)
	patient := s.start("consume", s.topic, "-e", "-o", `%p %v\n`, "--timeout", "90s")
	restart(t, c, int(lost))
	follower.awaitLines(30)
	alone.awaitLines(30)
	alone.signal(syscall.SIGINT)
	alone.wait(0)
	patient.wait(0)
	follower.signal(syscall.SIGINT)
	follower.wait(0)
	if n := patient.lines(); n != 30 {
		t.Errorf("%d lines of 30", n)
	}
}

// A leader that is frozen is replaced within the timeout; until then nothing is said of its
// partitions, and never a part as if it were all.
func TestFrozenLeader(t *testing.T) {
	s, c := clusterStage(t, replicated())
	s.create(6)
	s.numbers(0, 3000)
	if err := c.Freeze(3); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"topic", "count", s.topic}, {"consume", s.topic, "-e"}} {
		p := s.start(append(args, "--timeout", "40s")...)
		p.wait(0)
		if out := p.printed(); out != "3000\n" && strings.Count(out, "\n") != 3000 {
			t.Errorf("%v: %d lines, %.40q", args, strings.Count(out, "\n"), out)
		}
	}
	if err := c.Thaw(3); err != nil {
		t.Fatal(err)
	}
}
