//go:build unix

package cmd

import (
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

	"github.com/rogpeppe/go-internal/testscript"
)

// job is a command in the background. Unlike testscript's own, its output can
// be read while it runs, its input can be fed, and any signal can be sent.
type job struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser // nil unless fed by the script
	ended chan struct{}  // closed by the goroutine that waits for the process
	err   error          // what Wait returned; read after ended
}

// kill ends the process and waits for it.
func (j *job) kill() {
	j.cmd.Process.Kill() // an error means that it has ended by itself
	<-j.ended
}

func (s *script) job(ts *testscript.TestScript, name string) *job {
	j := s.jobs[name]
	if j == nil {
		ts.Fatalf("no background command %q", name)
	}
	return j
}

// exits CODE COMMAND… runs a command to its end and wants this exit code; the commands
// stdout, stderr and cmp see its output, and the command stdin feeds it.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	wantExit(ts, args[0], strings.Join(args[1:], " "), ts.Exec(args[1], args[2:]...))
}

// wantExit fails the script unless err means the given exit code. A process
// that a signal ended has 128 and its number, as in a shell.
func wantExit(ts *testscript.TestScript, code, what string, err error) {
	want, parse := strconv.Atoi(code)
	ts.Check(parse)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			got = 128 + int(status.Signal())
		}
	case err != nil:
		ts.Fatalf("%s: %v", what, err)
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d", what, got, want)
	}
}

// start NAME [-stdin FILE|-stdin pipe] [VARIABLE=VALUE…] COMMAND… runs a
// command in the background. Its output goes to the files NAME.out and NAME.err.
func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	var name, input string
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	if len(args) > 1 && args[0] == "-stdin" {
		input, args = args[1], args[2:]
	}
	s := scriptOf(ts)
	env := s.environ(ts)
	for len(args) > 0 && strings.Contains(args[0], "=") {
		env, args = append(env, args[0]), args[1:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: start NAME [-stdin FILE|-stdin pipe] [VARIABLE=VALUE…] COMMAND…")
	}
	if s.jobs[name] != nil {
		ts.Fatalf("a background command %q is there already", name)
	}
	path, err := exec.LookPath(args[0]) // testscript puts kstream on the PATH of this process too
	ts.Check(err)
	j := &job{cmd: exec.Command(path, args[1:]...), ended: make(chan struct{})}
	j.cmd.Args[0] = args[0]
	j.cmd.Dir, j.cmd.Env = ts.MkAbs("."), env
	stdout, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	defer stdout.Close()
	stderr, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	defer stderr.Close()
	j.cmd.Stdout, j.cmd.Stderr = stdout, stderr
	switch input {
	case "":
	case "pipe":
		j.stdin, err = j.cmd.StdinPipe()
		ts.Check(err)
	default:
		file, err := os.Open(ts.MkAbs(input))
		ts.Check(err)
		defer file.Close()
		j.cmd.Stdin = file
	}
	ts.Check(j.cmd.Start())
	go func() { // ends with the process, which the end of the script kills
		j.err = j.cmd.Wait()
		close(j.ended)
	}()
	s.jobs[name] = j
}

// environ returns the script's environment as it is now. Of the variables that
// the script itself has added with env it knows none: start takes those as words.
func (s *script) environ(ts *testscript.TestScript) []string {
	env := make([]string, 0, len(s.variables)+1)
	for _, name := range s.variables {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return append(env, "PWD="+ts.MkAbs("."))
}

// feed NAME LINE… writes each LINE and a newline to the command's input.
func cmdFeed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: feed NAME LINE…")
	}
	j := scriptOf(ts).job(ts, args[0])
	if j.stdin == nil {
		ts.Fatalf("%s was not started with -stdin pipe", args[0])
	}
	_, err := io.WriteString(j.stdin, strings.Join(args[1:], "\n")+"\n")
	ts.Check(err)
}

// close-stdin NAME ends the command's input.
func cmdCloseStdin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: close-stdin NAME")
	}
	j := scriptOf(ts).job(ts, args[0])
	if j.stdin == nil {
		ts.Fatalf("%s was not started with -stdin pipe", args[0])
	}
	ts.Check(j.stdin.Close())
}

// signal INT|TERM|HUP|QUIT|KILL|STOP|CONT NAME sends a signal to the command.
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT,
		"KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
	}
	if neg || len(args) != 2 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal INT|TERM|HUP|QUIT|KILL|STOP|CONT NAME")
	}
	ts.Check(scriptOf(ts).job(ts, args[1]).cmd.Process.Signal(signals[args[0]]))
}

// await-file FILE REGEX waits until the file exists and matches.
func cmdAwaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await-file FILE REGEX")
	}
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	ctx, cancel := inTime()
	defer cancel()
	var text []byte
	err = until(ctx, func() (bool, error) {
		text, err = os.ReadFile(ts.MkAbs(args[0]))
		if errors.Is(err, os.ErrNotExist) {
			return false, nil
		}
		return want.Match(text), err
	})
	if err != nil {
		ts.Fatalf("%s does not match %s: %v; it holds:\n%s%s", args[0], args[1], err, text, besides(ts, args[0]))
	}
}

// besides returns what a background command wrote to its other stream.
func besides(ts *testscript.TestScript, file string) string {
	other := strings.TrimSuffix(file, ".out") + ".err"
	text, err := os.ReadFile(ts.MkAbs(other))
	if err != nil || other == file {
		return ""
	}
	return fmt.Sprintf("and %s:\n%s", filepath.Base(other), text)
}

// await-exit NAME CODE waits until the command has ended and wants this exit
// code (128 and the number for a signal). The name is free again afterwards.
func cmdAwaitExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await-exit NAME CODE")
	}
	s := scriptOf(ts)
	j := s.job(ts, args[0])
	ctx, cancel := inTime()
	defer cancel()
	select {
	case <-j.ended:
	case <-ctx.Done():
		ts.Fatalf("%s still runs%s", args[0], besides(ts, args[0]+".out"))
	}
	delete(s.jobs, args[0])
	wantExit(ts, args[1], args[0]+besides(ts, args[0]+".out"), j.err)
}
