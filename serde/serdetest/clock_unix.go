//go:build unix

package serdetest

import (
	"syscall"
	"time"
)

// processTime returns the processor time that this process has used so far, or 0: on a
// machine that is busy with other things a call takes long and is not slow.
func processTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
