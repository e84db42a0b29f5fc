package kafkatest

import "syscall"

// processAttr puts a broker into a session of its own, so that Ctrl-C in a
// terminal does not reach it. Unless detached, the kernel ends it together with this process.
func processAttr(detach bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !detach {
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}
