//go:build unix && !linux

package kafkatest

import "syscall"

// processAttr puts a broker into a session of its own, so that Ctrl-C in a
// terminal does not reach it.
func processAttr(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
