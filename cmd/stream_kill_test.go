//go:build unix

package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// events feeds keyed records with known times to a producer until stop, and gives how many
// there were: hot keys and rare ones, some late, and no two runs in the same order.
func (s *stage) events() (stop func() int) {
	s.t.Helper()
	p := s.start("produce", s.topic, "-i", "json")
	ctx, cancel := context.WithCancel(context.Background())
	s.t.Cleanup(cancel)
	fed := make(chan error, 1)
	n := 0
	go func() { // ends with stop, or with the producer, which the end of the test kills
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			var text bytes.Buffer
			for range 20 {
				key := rand.IntN(50)
				if n%3 == 0 {
					key = rand.IntN(3)
				}
				at := 1_700_000_000_000 + int64(n)*7 - rand.Int64N(900)
				if n%500 == 499 {
					at -= 20_000
				}
				fmt.Fprintf(&text, `{"key":"k%d","value":{"n":%d},"timestamp":%d}`+"\n", key, rand.IntN(100), at)
				n++
			}
			if _, err := p.stdin.Write(text.Bytes()); err != nil {
				fed <- err
				return
			}
		}
		fed <- p.stdin.Close()
	}()
	return func() int {
		s.t.Helper()
		cancel()
		if err := <-fed; err != nil {
			s.t.Fatalf("feed %s: %v; it said:\n%s", p.name, err, p.said())
		}
		p.wait(0)
		return n
	}
}

// wantModel wants the results, and the state, that a program of a few lines computes from
// the same records. It waits for transactions that a kill has left open.
func (p *pipes) wantModel(state string, flags ...string) {
	p.t.Helper()
	files := []string{}
	for _, topic := range []string{p.topic, p.to, state} {
		read := p.stage.start("consume", topic, "-e", "-o", "json", "-q")
		read.wait(0)
		files = append(files, read.out)
	}
	model, err := filepath.Abs("../testdata/streams/model.py")
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := exec.Command("python3", append(append([]string{model}, files...), flags...)...).CombinedOutput()
	p.t.Logf("%s: %s", strings.Join(flags, " "), out)
	if err != nil {
		p.t.Error(err)
		for _, one := range p.all {
			p.t.Logf("%s said:\n%s", one.name, one.said())
		}
	}
}

// settled waits until no transaction is open in topics.
func (p *pipes) settled(topics ...string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 3*scriptLimit)
	defer cancel()
	err := until(ctx, func() (bool, error) {
		for _, topic := range topics {
			if settled, err := p.witness.Settled(ctx, topic); !settled || err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		for _, one := range p.all {
			p.t.Logf("%s said:\n%s", one.name, one.said())
		}
		open := p.stage.start("transaction", "list")
		open.wait(0)
		p.t.Logf("open:\n%s", open.printed())
		p.t.Fatal(err)
	}
}

// Processes of two members each that are killed at any moment keep windows of which each is
// written once, with the numbers that a model computes from the records, and a state that has
// the open ones.
func TestKilledStreams(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("missing: python3")
	}
	both := "n=count, sum=sum(.value.n)"
	for name, c := range map[string]struct {
		flags []string // of the pipe
		model []string
		group []string
	}{
		"tumbling": {[]string{"--aggregate", both, "--window", "1s", "--grace", "500ms"}, []string{"--window", "1000", "--grace", "500"}, nil},
		"hopping":  {[]string{"--aggregate", both, "--window", "1s", "--advance", "250ms"}, []string{"--window", "1000", "--advance", "250"}, []string{"--protocol", "consumer"}},
		"session":  {[]string{"--aggregate", both, "--session", "80ms", "--grace", "1s"}, []string{"--session", "80", "--grace", "1000"}, nil},
		"reduce": {
			[]string{"--reduce", "{n: (($state.n // 0) + 1), sum: (($state.sum // 0) + .value.n)}", "--window", "1s", "--grace", "300ms"},
			[]string{"--window", "1000", "--grace", "300"},
			[]string{"--protocol", "consumer"},
		},
		"eager": {[]string{"--aggregate", both, "--window", "500ms"}, []string{"--window", "500"}, []string{"--assignor", "range"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.create(6, "retention.ms=-1") // the times of the records are old
			if len(c.group) > 1 && c.group[1] == "consumer" {
				s.session = nil
			}
			state := s.topic + "-state"
			p := s.pipes(4)
			launch := func() *process {
				flags := append([]string{"--create", "--state", state, "--emit", "final", "--members", "2"}, c.flags...)
				return p.start(append(flags, c.group...)...)
			}
			stop := s.events()
			running := []*process{launch(), launch()}
			for range soak(t, 3) {
				slot := rand.IntN(2)
				running[slot].awaitCommits(1 + rand.IntN(20))
				running[slot].signal(syscall.SIGKILL)
				running[slot].wait(137)
				running[slot] = launch()
			}
			stop()
			p.awaitDone()
			for _, one := range running {
				one.signal(syscall.SIGINT)
				one.wait(0)
			}
			p.settled(p.to, state)
			p.wantModel(state, c.model...)
			s.wantEmpty()
		})
	}
}

// States by another key than the record's count each record once, too: what was written to the
// topic between is in the same transactions.
func TestKilledStreamsThroughVia(t *testing.T) {
	t.Parallel()
	for name, group := range map[string][]string{"cooperative": nil, "consumer": {"--protocol", "consumer"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.create(4, "retention.ms=-1")
			if group != nil {
				s.session = nil
			}
			via := s.topic + "-via"
			p := s.pipes(3)
			launch := func() *process {
				return p.start(append([]string{
					"--create", "--state", s.topic + "-state", "--members", "2",
					"--by", ".key[:2]", "--via", via, "--aggregate", "n=count, sum=sum(.value.n)",
				}, group...)...)
			}
			stop := s.events()
			running := []*process{launch(), launch()}
			for range soak(t, 3) {
				slot := rand.IntN(2)
				running[slot].awaitCommits(1 + rand.IntN(20))
				running[slot].signal(syscall.SIGKILL)
				running[slot].wait(137)
				running[slot] = launch()
			}
			stop()
			p.awaitDone()
			p.settled(via)
			p.awaitDoneWith(via)
			for _, one := range running {
				one.signal(syscall.SIGINT)
				one.wait(0)
			}
			p.settled(p.to)
			p.wantCounted(".key[:2]")
		})
	}
}

// wantCounted wants the newest results to be those of one look at all records.
func (p *pipes) wantCounted(by string) {
	p.t.Helper()
	count := p.stage.start("topic", "count", p.topic, "--by", by, "--aggregate", "n=count, sum=sum(.value.n)", "-o", "json")
	newest := p.stage.start("consume", p.to, "-e", "--latest-per-key", "-o", "json", "-q")
	count.wait(0)
	newest.wait(0)
	type numbers struct{ N, Sum int64 }
	var counted struct {
		Items []struct {
			By     string
			Values numbers
		}
	}
	if err := json.Unmarshal([]byte(count.printed()), &counted); err != nil {
		p.t.Fatal(err)
	}
	want := map[string]numbers{}
	for _, i := range counted.Items {
		want[i.By] = i.Values
	}
	got := map[string]numbers{}
	for line := range strings.Lines(newest.printed()) {
		var r struct {
			Key   string
			Value numbers
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			p.t.Fatal(err)
		}
		got[r.Key] = r.Value
	}
	if len(want) < 5 {
		p.t.Errorf("%d keys", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.t.Errorf("-counted +results: %s", diff)
		for _, one := range p.all {
			p.t.Logf("%s said:\n%s", one.name, one.said())
		}
	}
}

// A process that is frozen past its session, while others go on with its states, and awake
// again, changes nothing: neither results nor states.
func TestFrozenStream(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("missing: python3")
	}
	s := newStage(t)
	s.create(6, "retention.ms=-1")
	state := s.topic + "-state"
	p := s.pipes(4)
	launch := func() *process {
		return p.start("--create", "--state", state, "--emit", "final", "--members", "2", "--aggregate", "n=count, sum=sum(.value.n)", "--window", "1s")
	}
	stop := s.events()
	frozen := launch()
	frozen.awaitCommits(5)
	frozen.signal(syscall.SIGSTOP)
	other := launch()
	other.awaitCommits(10)
	frozen.signal(syscall.SIGCONT)
	frozen.awaitSaid(`(?s)lost .*: \+`)
	frozen.awaitCommits(frozen.commits() + 5)
	stop()
	p.awaitDone()
	for _, one := range p.all {
		one.signal(syscall.SIGINT)
		one.wait(0)
	}
	p.settled(p.to, state)
	p.wantModel(state, "--window", "1000")
}
