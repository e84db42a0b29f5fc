package cmd

import (
	"os"
	"os/exec"
)

// forwarded are the signals that must not end the sandbox before its command.
func forwarded() []os.Signal { return []os.Signal{os.Interrupt} }

// childGroup is whom a signal for the command goes to: on Windows the console tells
// all of its processes by itself.
type childGroup struct{}

func ownGroup(*exec.Cmd, bool) childGroup { return childGroup{} }

func (childGroup) send(os.Signal) {}

// statusOf is the exit code.
func statusOf(state *os.ProcessState) int { return state.ExitCode() }
