//go:build unix

package cmd

import (
	"bufio"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"kstream/kafka/witness"
)

// slowly are settings under which little is fetched ahead.
func slowly() []string {
	return []string{"-X", "queued.min.messages=1", "-X", "queued.max.messages.kbytes=1", "-X", "fetch.message.max.bytes=10000"}
}

// What retention deletes under a slow reader is named, and a read to the end then has
// failed in part; alone and in a group.
func TestRetentionUnderSlowReader(t *testing.T) {
	t.Parallel()
	for name, group := range map[string][]string{
		"alone": nil, "cooperative": {"--group", "g"}, "range": {"--group", "g", "--assignor", "range"}, "consumer": {"--group", "g", "--protocol", "consumer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.create(1)
			const n, kept = 3000, 2900
			p := s.start("produce", s.topic, "-z", "none", "-X", "batch.size=8000", "-X", "linger.ms=1")
			pad := strings.Repeat("x", 2000)
			for i := range n {
				p.feed(fmt.Sprintf("%d_%s\n", i, pad))
			}
			p.closeInput()
			p.wait(0)
			args := append([]string{"consume", s.topic, "-e", "-o", `%p %o %v\n`}, slowly()...)
			if group != nil {
				s.group = "g-" + s.topic
				args = append(append(args, group...), "--group", s.group)
			}
			p, r := s.piped(args...)
			in := bufio.NewReader(r)
			line, err := in.ReadString('\n') // and then it is blocked
			if err != nil {
				t.Fatal(err, p.said())
			}
			ctx, cancel := inTime()
			defer cancel()
			if err := s.witness.DeleteRecords(ctx, s.topic, 0, kept); err != nil {
				t.Fatal(err)
			}
			c := count(t)
			for ; err == nil; line, err = in.ReadString('\n') {
				number, _, _ := strings.Cut(line, "_")
				c.add(number)
			}
			p.wait(1)
			first := int64(0)
			for c.offsets[0][first] == 1 {
				first++
			}
			if first == 0 || first >= kept {
				t.Fatalf("%d records were read before the others were deleted", first)
			}
			p.wantSaid(fmt.Sprintf(`(?m)^lost %s\[0\] %d–%d \(deleted by retention\)$`, s.topic, first, kept-1), 1)
			if want := int(first) + n - kept; c.total != want {
				t.Errorf("%d records, want %d", c.total, want)
			}
			if next := s.committed()[witness.Partition{Topic: s.topic}]; group != nil && next != n {
				t.Errorf("committed %d, want %d", next, n)
			}
		})
	}
}

// New partitions of a topic are read too, by the members of a group as well.
func TestPartitionsAdded(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.create(2)
	s.numbers(0, 100)
	p := s.consume(2, "-X", "topic.metadata.refresh.interval.ms=500")
	p.awaitLines(100)
	ctx, cancel := inTime()
	defer cancel()
	if err := s.witness.Grow(ctx, s.topic, 6); err != nil {
		t.Fatal(err)
	}
	p.awaitHolds(3, 3)
	s.numbers(100, 400)
	p.await("all numbers", allOf(t, 400, p))
	p.signal(syscall.SIGINT)
	p.wait(0)
	c := count(t, p)
	c.wantNumbers(400, true)
	if len(c.offsets) != 6 {
		t.Errorf("records of %d partitions, want 6", len(c.offsets))
	}
	s.wantCommitted(c, true)
}
