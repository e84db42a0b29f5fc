package cli

import (
	"os"
	"os/exec"
)

// Forwarded are the signals that must not end the sandbox before its command.
func Forwarded() []os.Signal { return []os.Signal{os.Interrupt} }

// ChildGroup is whom a signal for the command goes to: on Windows the console tells
// all of its processes by itself.
type ChildGroup struct{}

func OwnGroup(*exec.Cmd, bool) ChildGroup { return ChildGroup{} }

func (ChildGroup) Send(os.Signal) {}

// StatusOf is the exit code.
func StatusOf(state *os.ProcessState) int { return state.ExitCode() }
