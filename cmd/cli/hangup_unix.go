//go:build unix

package cli

import (
	"context"
	"errors"
	"io"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// AwaitHangup waits until nobody can read what is written to w any more, so that
// `| head -1` ends although no further record comes. It returns false when ctx ends
// first, or when w is nothing that tells.
func AwaitHangup(ctx context.Context, w io.Writer) bool {
	f, ok := w.(syscall.Conn)
	if !ok {
		return false
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		gone := false
		err := conn.Control(func(fd uintptr) {
			fds := []unix.PollFd{{Fd: int32(fd)}} // no events asked for: errors are always told
			_, pollErr := unix.Poll(fds, 0)
			gone = !errors.Is(pollErr, unix.EINTR) && fds[0].Revents&unix.POLLERR != 0
		})
		if gone || err != nil {
			return gone
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}
