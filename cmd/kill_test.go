//go:build unix

package cmd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
)

// protocols are the ways in which a group can be run; their rebalances differ.
func protocols() map[string][]string {
	return map[string][]string{
		"cooperative": nil,
		"range":       {"--assignor", "range"},
		"consumer":    {"--protocol", "consumer"},
	}
}

// protocol returns flags, and under KIP-848 drops the settings of the session: there
// the broker's own hold.
func (s *stage) protocol(flags []string) []string {
	if slices.Contains(flags, "consumer") {
		s.session = nil
	}
	return flags
}

// A process that is killed at any moment has committed nothing that it had not printed,
// and the next one goes on: every record is printed at least once.
func TestKilledGroupReader(t *testing.T) {
	t.Parallel()
	for name, flags := range protocols() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.create(6)
			flags := s.protocol(flags)
			stop := s.stream()
			var runs []*process
			for range soak(t, 2) {
				p := s.consume(3, flags...)
				runs = append(runs, p)
				enough := 1 + rand.Int64N(60_000)
				p.await(fmt.Sprint(enough, " bytes"), func() bool { return p.size() >= enough })
				p.signal(syscall.SIGKILL)
				p.wait(137)
				s.wantCommitted(count(t, runs...), false)
			}
			n := stop()
			p := s.consume(3, append(flags, "-e")...)
			p.wait(0)
			runs = append(runs, p)
			c := count(t, runs...)
			c.wantNumbers(n, false)
			s.wantCommitted(c, true)
		})
	}
}

// A process that is frozen until its session is over loses its partitions to another; it
// says so, joins again and commits nothing that is no longer its own.
func TestFrozenGroupReader(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.create(6)
	stop := s.stream()
	frozen := s.consume(2)
	frozen.awaitHolds(3, 3)
	frozen.awaitLines(100)
	frozen.signal(syscall.SIGSTOP)
	other := s.consume(1)
	other.awaitHolds(6)
	other.awaitLines(100)
	committed := s.committed()
	s.wantPrinted(committed, count(t, frozen, other))
	frozen.signal(syscall.SIGCONT)
	frozen.awaitSaid(`(?s)lost .*lost .*: \+`)
	before := frozen.lines()
	frozen.awaitLines(before + 100)
	n := stop()
	frozen.await(fmt.Sprint("all of ", n, " numbers"), allOf(t, n, frozen, other))
	for _, p := range []*process{frozen, other} {
		p.signal(syscall.SIGINT)
		p.wait(0)
	}
	c := count(t, frozen, other)
	c.wantNumbers(n, false)
	s.wantCommitted(c, true)
	s.wantEmpty()
}

// Processes that join and leave in order share the partitions evenly, and every record is
// printed exactly once. After the last stop the group is empty and has committed what
// was printed.
func TestCleanStops(t *testing.T) {
	t.Parallel()
	for name, flags := range protocols() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.create(12)
			flags := s.protocol(flags)
			stop := s.stream()
			a := s.consume(3, flags...)
			runs := []*process{a}
			for range soak(t, 1) {
				a.awaitHolds(4, 4, 4)
				a.awaitLines(10)
				b := s.consume(3, flags...)
				runs = append(runs, b)
				b.awaitHolds(2, 2, 2)
				a.awaitHolds(2, 2, 2)
				b.awaitLines(10)
				b.signal(syscall.SIGINT)
				b.wait(0)
				a.awaitHolds(4, 4, 4)
				a.signal(syscall.SIGINT)
				a.wait(0)
				s.wantEmpty()
				s.wantCommitted(count(t, runs...), true)
				a = s.consume(3, flags...)
				runs = append(runs, a)
			}
			n := stop()
			a.await(fmt.Sprint("all of ", n, " numbers"), allOf(t, n, runs...))
			a.signal(syscall.SIGINT)
			a.wait(0)
			c := count(t, runs...)
			c.wantNumbers(n, true)
			s.wantCommitted(c, true)
			s.wantEmpty()
			for _, p := range runs {
				p.wantOrder()
			}
		})
	}
}

// allOf reports whether processes have together printed the values 0…n-1.
func allOf(t *testing.T, n int, processes ...*process) func() bool {
	return func() bool { return len(count(t, processes...).values) >= n }
}
