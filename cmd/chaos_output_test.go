//go:build unix

package cmd

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pipe returns a pipe that can be read for a while only.
func osPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	if err := r.SetReadDeadline(time.Now().Add(2 * scriptLimit)); err != nil {
		t.Fatal(err)
	}
	return r, w
}

// piped starts kstream with its stdout in a pipe that nobody reads yet.
func (s *stage) piped(args ...string) (*process, *os.File) {
	s.t.Helper()
	r, w := osPipe(s.t)
	p := s.startTo(w, args...)
	w.Close()
	return p, r
}

// A full disk ends the read with an error, and nothing is committed.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	s := newStage(t)
	s.create(6)
	s.numbers(0, 5000)
	for range 2 { // the second finds what the first has left
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		p := s.startTo(full, s.reading(3)...)
		full.Close()
		p.wait(1)
		p.wantSaid("(?m)^kstream: .*write output: .*no space left on device", 1)
		s.wantCommitted(count(t), false)
	}
}

// Whoever reads the output may stop: that is no error, and no more is committed than the
// pipe has taken.
func TestClosedPipe(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.create(6)
	s.numbers(0, 50_000)
	p, r := s.piped(s.reading(3)...)
	in := bufio.NewReader(r)
	c := count(t)
	for range 10 {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err, p.said())
		}
		c.add(line)
	}
	r.Close()
	p.wait(0)
	ctx, cancel := inTime()
	defer cancel()
	committed, err := s.witness.Committed(ctx, s.group)
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, next := range committed {
		total += next
	}
	const held = (64<<10 + 4<<10) / 6 // what fits into the pipe and our buffer, in the shortest lines
	if total > held {
		t.Errorf("committed %d records; the pipe can have taken %d", total, held)
	}
	s.wantEmpty()
}

// A pipe that nobody reads for longer than a member may be silent costs the member its
// partitions: it says so and joins again, and every record is printed. Memory stays
// bounded meanwhile.
func TestBlockedPipe(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.create(3)
	const n = 20_000
	pad := strings.Repeat("x", 2000)
	feeder := s.start("produce", s.topic, "-K", ":")
	for i := range n {
		feeder.feed(fmt.Sprintf("%d:%d_%s\n", i, i, pad))
	}
	feeder.closeInput()
	feeder.wait(0)
	silence := "max.poll.interval.ms=6000"
	if s.embedded != nil {
		silence = "max.poll.interval.ms=2000"
	}
	p, r := s.piped(s.reading(2, "-X", silence)...)
	in := bufio.NewReader(r)
	first, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err, p.said())
	}
	ctx, cancel := inTime()
	defer cancel()
	err = until(ctx, func() (bool, error) {
		members, err := s.witness.Members(ctx, s.group)
		return members == 0, err
	})
	if err != nil {
		t.Fatal("the members stay: ", err, p.said())
	}
	if kib := residentKiB(t, p); kib > 400<<10 {
		t.Errorf("%d KiB of memory in use", kib)
	}
	c := count(t)
	read, all := make(chan struct{}), make(chan struct{})
	go func() { // ends with the process
		defer close(read)
		whole := false
		for line, err := first, error(nil); err == nil; line, err = in.ReadString('\n') {
			number, _, _ := strings.Cut(line, "_")
			if c.add(number); !whole && len(c.values) == n {
				whole = true
				close(all)
			}
		}
	}()
	select {
	case <-all:
	case <-read:
		t.Fatal("it ended: ", p.said())
	}
	p.awaitSaid(`(?s)lost .*: \+chaos`) // all may have been on its way before
	p.signal(syscall.SIGINT)
	p.wait(0)
	<-read
	c.wantNumbers(n, false)
	p.wantSaid(`(?s)lost .*: \+chaos.*`, 1)
	s.wantCommitted(c, true)
}

// residentKiB is the memory that a process has in use, where the system tells.
func residentKiB(t *testing.T, p *process) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}

// --count prints exactly so many with any number of members, and commits just these: so
// run after run takes up where the last has stopped.
func TestCountOfMembers(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.create(6)
	s.numbers(0, 5000)
	var runs []*process
	for range 5 {
		p := s.consume(3, "-n", "1000")
		p.wait(0)
		runs = append(runs, p)
		if n := p.lines(); n != 1000 {
			t.Fatalf("%d lines, want 1000", n)
		}
		s.wantCommitted(count(t, runs...), true)
		s.awaitEmpty() // on a busy machine a member may be in its first join while others print all
	}
	count(t, runs...).wantNumbers(5000, true)
}

// Two processes that read to the end as one group both end, and share the records.
func TestEndOfGroup(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.create(6)
	s.numbers(0, 20_000)
	runs := []*process{s.consume(2, "-e"), s.consume(2, "-e")}
	for _, p := range runs {
		p.wait(0)
	}
	c := count(t, runs...)
	c.wantNumbers(20_000, true)
	s.wantCommitted(c, true)
	s.wantEmpty()
	s.consume(2, "-e").wait(0) // there is nothing left, and that is an end too
}

// A group ends where there is nothing to read: at an empty topic, and behind the marker of
// a transaction, which is no record.
func TestEndWithoutRecord(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.create(3)
	p := s.consume(2, "-e")
	p.wait(0)
	if p.lines() != 0 {
		t.Errorf("printed %q", p.printed())
	}
	s.numbers(0, 30, "--transactional-id", s.group)
	p = s.consume(2, "-e")
	p.wait(0)
	c := count(t, p)
	c.wantNumbers(30, true)
	s.consume(2, "-e").wait(0)
}
