//go:build unix

package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// Forwarded are the signals that the sandbox hands to its command.
func Forwarded() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
}

// ChildGroup is whom a signal for the command goes to.
type ChildGroup struct {
	child  *exec.Cmd
	shared bool // the command is in our own process group
}

// OwnGroup puts child, not yet started, into a process group of its own, so that a
// signal reaches what it started as well. On a terminal it stays in ours: another
// group could not read from the terminal, and Ctrl-Z would stop us apart.
func OwnGroup(child *exec.Cmd, terminal bool) ChildGroup {
	if !terminal {
		child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	return ChildGroup{child, terminal}
}

// Send hands s on. Ctrl-C and Ctrl-\ on a terminal have reached the command before.
// That it has just ended is no error.
func (g ChildGroup) Send(s os.Signal) {
	switch {
	case !g.shared:
		_ = syscall.Kill(-g.child.Process.Pid, s.(syscall.Signal))
	case s != syscall.SIGINT && s != syscall.SIGQUIT:
		_ = g.child.Process.Signal(s)
	}
}

// StatusOf is the exit code, or 128 and the signal that killed the process.
func StatusOf(state *os.ProcessState) int {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}
