package cli

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// reopen opens the pipe or terminal behind f once more, without blocking: the flag
// belongs to an open file, and others may have f open too. It returns nil where that
// cannot be done: f is something else, or belongs to somebody else.
func reopen(f *os.File) *os.File {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return nil
	}
	again, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil
	}
	if again.SetWriteDeadline(time.Time{}) != nil {
		_ = again.Close()
		return nil
	}
	return again
}
