//go:build unix

package cmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kstream/kafka/chaostest"
	"kstream/kafka/embedded"
)

// everyCommand are commands that need a broker, with what is fed to them.
func (s *stage) everyCommand() map[string][]string {
	return map[string][]string{
		"consume": {"consume", s.topic},
		"group":   {"consume", s.topic, "--group", s.group, "--members", "2"},
		"produce": {"produce", s.topic},
		"list":    {"group", "list"},
		"topics":  {"topic", "list"},
		"lag":     {"group", "lag", s.group},
	}
}

// Where nobody listens, a command says so at once.
func TestBrokerRefuses(t *testing.T) {
	t.Parallel()
	nobody, err := chaostest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	s := stageAt(t, nobody, nobody)
	for name, args := range s.everyCommand() {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			p := s.start(args...)
			p.closeInput()
			p.wait(5)
			p.wantSaid(`(?m)^kstream: `, 1)
			p.wantSaid(`(?m)^kstream: .*`+nobody+`.*connection refused`, 1)
			if took := time.Since(began); took > 5*time.Second { // two, on a machine that does nothing else
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Where somebody accepts and never answers, a command gives up after --timeout and says
// who that was.
func TestBrokerNeverAnswers(t *testing.T) {
	t.Parallel()
	s, proxy := proxiedStage(t, embedded.Config{})
	proxy.Set(chaostest.Fault{Freeze: true})
	for name, args := range s.everyCommand() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := *s
			s.t, s.dir = t, t.TempDir()
			began := time.Now()
			p := s.start(append(args, "--timeout", "2s")...)
			p.feed("1\n")
			p.closeInput()
			p.wait(5)
			if took := time.Since(began); took > 8*time.Second { // without --timeout it is ten
				t.Errorf("it took %v", took)
			}
			p.wantSaid(`(?m)^kstream: `, 1)
			p.wantSaid(`(?m)^kstream: .*`+proxy.Addr(), 1)
		})
	}
}

// An address that the broker advertises and nobody can reach is named as that.
func TestAdvertisedUnreachable(t *testing.T) {
	t.Parallel()
	nobody, err := chaostest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	listen, err := chaostest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	s := embeddedStage(t, embedded.Config{Listen: listen, Advertise: nobody, Topics: []embedded.Topic{{Name: "t"}}})
	s.brokers, s.topic = listen, "t"
	for name, args := range s.everyCommand() {
		t.Run(name, func(t *testing.T) {
			p := s.start(append(args, "--timeout", "3s")...)
			p.feed("1\n")
			p.closeInput()
			p.wait(5)
			p.wantSaid(`(?m)^kstream: .*advertise.*`+nobody, 1)
		})
	}
}

// Connections that break in the middle of responses, again and again, cost time and no
// record.
func TestCutResponses(t *testing.T) {
	t.Parallel()
	s, proxy := proxiedStage(t, embedded.Config{})
	s.create(3)
	s.numbers(0, 20_000)
	for name, args := range map[string][]string{
		"alone": {"consume", s.topic, "-e", "-o", `%p %o %v\n`},
		"group": s.reading(2, "-e"),
	} {
		t.Run(name, func(t *testing.T) {
			at, before := 1000, proxy.Faults()
			proxy.Set(chaostest.Fault{API: chaostest.Fetch, Cut: &at, Times: 8})
			s := *s
			s.t = t
			p := s.start(args...)
			p.wait(0)
			if got := proxy.Faults() - before; got < 8 {
				t.Errorf("%d responses were cut, want 8", got)
			}
			count(t, p).wantNumbers(20_000, true)
			p.wantOrder()
			if n := strings.Count(p.said(), "no broker answers"); n > 1 {
				t.Errorf("%d notices:\n%s", n, p.said())
			}
		})
	}
}

// The only broker goes away for some seconds and comes back: whoever follows, and whoever
// writes within --timeout, goes on.
func TestBrokerGoesAndComesBack(t *testing.T) {
	t.Parallel()
	s, proxy := proxiedStage(t, embedded.Config{})
	s.create(3)
	alone := s.start("consume", s.topic, "-o", `%p %o %v\n`)
	group := s.consume(2)
	writer := s.start("produce", s.topic, "-K", ":", "--timeout", "20s")
	lines := func(from, to int) string {
		var text strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&text, "%d:%d\n", i, i)
		}
		return text.String()
	}
	writer.feed(lines(0, 100))
	alone.awaitLines(100)
	group.awaitLines(100)
	if err := proxy.Refuse(); err != nil {
		t.Fatal(err)
	}
	writer.feed(lines(100, 200))
	down := `no broker answers: `
	for _, p := range []*process{alone, group, writer} {
		p.awaitSaid(down)
	}
	if err := proxy.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*process{alone, group, writer} {
		p.awaitSaid(`a broker answers again`)
	}
	writer.feed(lines(200, 300))
	writer.closeInput()
	writer.wait(0)
	for _, p := range []*process{alone, group} {
		p.await("all numbers", allOf(t, 300, p))
		p.signal(syscall.SIGINT)
		p.wait(0)
		count(t, p).wantNumbers(300, p == alone) // the group may have lost its session
	}
	for _, p := range []*process{alone, writer} {
		p.wantSaid(down, 1)
		p.wantSaid(`a broker answers again`, 1)
	}
	s.wantCommitted(count(t, group), true)
}

// A member that is told to stop while no broker answers ends soon, and says that what it
// has printed comes again.
func TestStopWithoutBroker(t *testing.T) {
	t.Parallel()
	s, proxy := proxiedStage(t, embedded.Config{})
	s.create(3)
	s.numbers(0, 100)
	p := s.consume(2)
	p.awaitLines(100)
	if err := proxy.Refuse(); err != nil {
		t.Fatal(err)
	}
	p.awaitSaid(`no broker answers`)
	p.signal(syscall.SIGINT)
	ctx, cancel := inTime()
	defer cancel()
	select {
	case <-p.ended:
	case <-ctx.Done():
		t.Fatal("it still runs: ", p.said())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 && code != 5 { // 0: the last commit came through
		t.Errorf("exit code %d:\n%s", code, p.said())
	}
}

// A batch that was stored and whose acknowledgement is lost is not stored twice.
func TestLostAcknowledgements(t *testing.T) {
	t.Parallel()
	s, proxy := proxiedStage(t, embedded.Config{})
	s.create(3)
	none := 0
	proxy.Set(chaostest.Fault{API: chaostest.Produce, Cut: &none, Times: 5})
	s.numbers(0, 50_000)
	if n := proxy.Faults(); n < 5 {
		t.Fatalf("%d acknowledgements were lost, want 5", n)
	}
	p := s.start("consume", s.topic, "-e", "-o", `%p %o %v\n`)
	p.wait(0)
	c := count(t, p)
	c.wantNumbers(50_000, true)
	wantAscending(t, p)
}

// wantAscending wants the numbers of each partition in the order in which they were sent.
func wantAscending(t *testing.T, p *process) {
	t.Helper()
	last := map[string]int{}
	for line := range strings.Lines(p.printed()) {
		fields := strings.Fields(line)
		n, err := strconv.Atoi(fields[2])
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := last[fields[0]]; ok && n <= before {
			t.Fatalf("partition %s: %d after %d", fields[0], n, before)
		}
		last[fields[0]] = n
	}
}

// A flipped bit is never printed as data: the response is fetched again, and when it is
// wrong again the read ends and names the place.
func TestFlippedBit(t *testing.T) {
	t.Parallel()
	for name, group := range map[string]bool{"alone": false, "group": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := proxiedStage(t, embedded.Config{})
			s.create(1)
			p := s.start("produce", s.topic, "-z", "none")
			p.feed("0\n1\nneedle\n3\n")
			p.closeInput()
			p.wait(0)
			args := []string{"consume", s.topic, "-e"}
			if group {
				args = append(args, "--group", s.group)
			}
			proxy.Set(chaostest.Fault{API: chaostest.Fetch, Corrupt: chaostest.Flip([]byte("needle"))})
			p = s.start(append(slices.Clone(args), s.session...)...)
			p.wait(6)
			p.wantSaid(`(?m)^kstream: .*`+s.topic+`\[0\]@\d: .*corrupt`, 1)
			if text := p.printed(); strings.Contains(text, "eedle") {
				t.Errorf("printed %q", text)
			}
			faults := proxy.Faults()
			proxy.Set(chaostest.Fault{API: chaostest.Fetch, Corrupt: chaostest.Flip([]byte("needle")), Times: 1})
			p = s.start(append(slices.Clone(args), s.session...)...)
			p.wait(0)
			if got := p.printed(); got != "0\n1\nneedle\n3\n" {
				t.Errorf("printed %q", got)
			}
			p.wantSaid(`checksum does not hold`, 1)
			if proxy.Faults() != faults+1 {
				t.Error("no bit was flipped")
			}
		})
	}
}
