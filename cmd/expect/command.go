package expect

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"syscall"
	"time"

	"kstream/cmd/cli"
)

// commandGrace is how long a command that is told to end has for it.
const commandGrace = 2 * time.Second

// expectCommand is the command behind --.
type expectCommand struct {
	path  string
	words []string
}

// planExpectCommand finds the program.
func planExpectCommand(words []string) (*expectCommand, error) {
	path, err := exec.LookPath(words[0])
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nil, cli.Errorf(cli.CodeNoSuchFile, "%s: no such command", words[0])
	case err != nil:
		return nil, err // it names the program
	}
	return &expectCommand{path, words}, nil
}

// expectChild is the command as it runs. Its fields may be read once ended is closed.
type expectChild struct {
	process *exec.Cmd
	group   cli.ChildGroup
	ended   chan struct{}
	stopped bool // by us
}

// start runs the command in a process group of its own. What it prints goes to stderr:
// stdout is for reports.
func (c *expectCommand) start(env *cli.Env) (*expectChild, error) {
	child := &expectChild{
		process: &exec.Cmd{Path: c.path, Args: c.words, Stdin: env.Stdin, Stdout: env.Stderr, Stderr: env.Stderr},
		ended:   make(chan struct{}),
	}
	child.group = cli.OwnGroup(child.process, env.StdinTerminal)
	if err := child.process.Start(); err != nil {
		return nil, cli.Errorf(cli.CodeFailed, "%s: %w", c.words[0], cli.PathCause(err))
	}
	spared := env.Deaths.Add(func() { child.group.Send(syscall.SIGKILL) })
	go func() { // ends with the command, which stop sees to
		_ = child.process.Wait() // status tells how it ended
		spared()
		close(child.ended)
	}()
	return child, nil
}

// watch calls failed when the command fails before ctx ends.
func (c *expectChild) watch(ctx context.Context, failed func()) {
	select {
	case <-c.ended:
		if cli.StatusOf(c.process.ProcessState) != 0 {
			failed()
		}
	case <-ctx.Done():
	}
}

// wait waits for the command once enough records have come. Only a signal makes that
// another end: when the time is up, the records are there all the same.
func (c *expectChild) wait(ctx context.Context) error {
	select {
	case <-c.ended:
	case <-ctx.Done():
		if cause := cli.Stopped(ctx); cause != nil {
			return cause
		}
	}
	return cli.ErrEnough
}

// stop ends the command and what it has started, unless it has ended.
func (c *expectChild) stop() {
	select {
	case <-c.ended:
		return
	default:
	}
	c.stopped = true
	c.group.Send(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(commandGrace):
		c.group.Send(syscall.SIGKILL)
		_ = c.process.Process.Kill() // where there are no groups; it may have ended just now
		<-c.ended
	}
}

// status is the exit code of the command, 128 and the signal that killed it, and 0 when
// it was stopped.
func (c *expectChild) status() int {
	if c.stopped || c.process.ProcessState == nil {
		return 0
	}
	return cli.StatusOf(c.process.ProcessState)
}
