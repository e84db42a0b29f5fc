//go:build unix

package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"kstream/cmd/record"
)

// process is one kstream.
type process struct {
	*job
	s         *stage
	name      string
	out, errs string // files of stdout, unless it went elsewhere, and of stderr
	events    string // file of --events, when it is a member
}

// start runs kstream with its stdout in a file.
func (s *stage) start(args ...string) *process { return s.startTo(nil, args...) }

// startTo runs kstream. Its stdin is a pipe.
func (s *stage) startTo(stdout *os.File, args ...string) *process {
	s.t.Helper()
	return s.launch(stdout, "kstream", nil, args...)
}

// launch runs a program that TestMain has, with more variables than those of every process.
func (s *stage) launch(stdout *os.File, program string, environ []string, args ...string) *process {
	s.t.Helper()
	path, err := exec.LookPath(program) // testscript puts the test binary there under this name
	if err != nil {
		s.t.Fatal(err)
	}
	s.processes++
	p := &process{s: s, name: fmt.Sprintf("%d (%s)", s.processes, args[0])}
	p.out = filepath.Join(s.dir, fmt.Sprint(s.processes, ".out"))
	p.errs = filepath.Join(s.dir, fmt.Sprint(s.processes, ".err"))
	p.events = filepath.Join(s.dir, fmt.Sprint(s.processes, ".events"))
	p.job = &job{cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Args[0], p.cmd.Dir = program, s.dir
	p.cmd.Env = []string{
		"GORACE=" + raceOptions,
		"KSTREAM_BROKERS=" + s.brokers, "HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir, "XDG_CACHE_HOME=" + s.dir,
		"LC_ALL=C.UTF-8", "TZ=UTC", "PATH=" + os.Getenv("PATH"),
	}
	p.cmd.Env = append(p.cmd.Env, environ...)
	if stdout == nil {
		if stdout, err = os.Create(p.out); err != nil {
			s.t.Fatal(err)
		}
		defer stdout.Close()
	}
	stderr, err := os.Create(p.errs)
	if err != nil {
		s.t.Fatal(err)
	}
	defer stderr.Close()
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { // ends with the process, which the end of the test kills
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	s.t.Cleanup(p.kill)
	return p
}

// feed writes to stdin. Who has ended takes nothing; wait tells how it did.
func (p *process) feed(text string) {
	p.s.t.Helper()
	if _, err := io.WriteString(p.stdin, text); err != nil && !errors.Is(err, syscall.EPIPE) {
		p.s.t.Fatalf("feed %s: %v\n%s", p.name, err, p.said())
	}
}

func (p *process) closeInput() {
	p.s.t.Helper()
	if err := p.stdin.Close(); err != nil {
		p.s.t.Fatal(err)
	}
}

func (p *process) signal(sig syscall.Signal) {
	p.s.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.s.t.Fatalf("%s: %v\n%s", p.name, err, p.said())
	}
}

// said is what the process has written to stderr.
func (p *process) said() string {
	p.s.t.Helper()
	text, err := os.ReadFile(p.errs)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return string(text)
}

// size is how much has reached stdout.
func (p *process) size() int64 {
	p.s.t.Helper()
	info, err := os.Stat(p.out)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return info.Size()
}

// printed is what has reached stdout, without a line that a kill has cut.
func (p *process) printed() string {
	p.s.t.Helper()
	text, err := os.ReadFile(p.out)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return string(text[:bytes.LastIndexByte(text, '\n')+1])
}

// lines counts what has reached stdout.
func (p *process) lines() int { return strings.Count(p.printed(), "\n") }

// patience bounds the wait for a process; a loaded machine needs some.
const patience = 3 * scriptLimit

// await waits until done says true, and not for a process that has ended.
func (p *process) await(what string, done func() bool) {
	p.s.t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, fmt.Errorf("not within %v", patience))
	defer cancel()
	err := until(ctx, func() (bool, error) {
		if done() {
			return true, nil
		}
		select {
		case <-p.ended:
			if done() {
				return true, nil
			}
			return false, fmt.Errorf("it has ended: %w", cmpErr(p.err))
		default:
			return false, nil
		}
	})
	if err != nil {
		p.s.t.Fatalf("%s: no %s: %v; it said:\n%s", p.name, what, err, p.said())
	}
}

// cmpErr returns an error for an end without one.
func cmpErr(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func (p *process) awaitSaid(pattern string) {
	p.s.t.Helper()
	re := regexp.MustCompile(pattern)
	p.await(strconv.Quote(pattern), func() bool { return re.MatchString(p.said()) })
}

func (p *process) awaitLines(n int) {
	p.s.t.Helper()
	p.await(fmt.Sprint(n, " lines"), func() bool { return p.lines() >= n })
}

// wait waits for the end and wants an exit code, 128 and its number for a signal. It
// gives what was said.
func (p *process) wait(code int) string {
	p.s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience) // on a busy machine a kill takes long too
	defer cancel()
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.s.t.Fatalf("%s still runs; it said:\n%s", p.name, p.said())
	}
	got := p.cmd.ProcessState.ExitCode()
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		got = 128 + int(status.Signal())
	}
	if got != code {
		p.s.t.Fatalf("%s: exit code %d, want %d; it said:\n%s", p.name, got, code, p.said())
	}
	return p.said()
}

// wantSaid wants a pattern n times in what was said.
func (p *process) wantSaid(pattern string, n int) {
	p.s.t.Helper()
	if got := len(regexp.MustCompile(pattern).FindAllString(p.said(), -1)); got != n {
		p.s.t.Errorf("%s: %q %d times, want %d; it said:\n%s", p.name, pattern, got, n, p.said())
	}
}

// holds reads the file of --events: how many partitions each member has now.
func (p *process) holds() map[int]int {
	t := p.s.t
	t.Helper()
	text, err := os.ReadFile(p.events)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	held := map[int]int{}
	for line := range strings.Lines(string(text)) {
		var e record.MemberEvent
		if !strings.HasSuffix(line, "\n") {
			break // half written
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch e.Event {
		case "assigned":
			held[e.Member] += len(e.Partitions)
		case "revoked", "lost":
			held[e.Member] -= len(e.Partitions)
		}
	}
	return held
}

// awaitHolds waits until each member of the process has so many partitions.
func (p *process) awaitHolds(want ...int) {
	p.s.t.Helper()
	p.await(fmt.Sprint(want, " partitions"), func() bool {
		held := p.holds()
		for i, n := range want {
			if held[i+1] != n {
				return false
			}
		}
		return true
	})
}

// wantOrder wants that the process has printed each partition in the order of its
// offsets, none twice.
func (p *process) wantOrder() {
	p.s.t.Helper()
	next := map[int32]int64{}
	for line := range strings.Lines(p.printed()) {
		var partition int32
		var offset int64
		if _, err := fmt.Sscan(line, &partition, &offset); err != nil {
			p.s.t.Fatalf("printed %q: %v", line, err)
		}
		if offset < next[partition] {
			p.s.t.Fatalf("%s: printed %q after offset %d", p.name, line, next[partition]-1)
		}
		next[partition] = offset + 1
	}
}
