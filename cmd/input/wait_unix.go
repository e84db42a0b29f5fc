//go:build unix

package input

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// waitReadable waits until a read of f would not block (data, end or error), and
// reports false when wake was closed or became readable first. An error means that
// f cannot be waited for.
func waitReadable(f, wake *os.File) (bool, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	wakeConn, err := wake.SyscallConn()
	if err != nil {
		return false, err
	}
	ready := false
	var pollErr, wakeErr error
	err = conn.Control(func(fd uintptr) {
		wakeErr = wakeConn.Control(func(wakeFd uintptr) {
			ready, pollErr = poll(int32(fd), int32(wakeFd))
		})
	})
	return ready, errors.Join(err, wakeErr, pollErr)
}

func poll(fd, wakeFd int32) (bool, error) {
	fds := []unix.PollFd{{Fd: fd, Events: unix.POLLIN}, {Fd: wakeFd, Events: unix.POLLIN}}
	for {
		fds[0].Revents, fds[1].Revents = 0, 0
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
			continue
		case err != nil:
			return false, err
		case fds[1].Revents != 0:
			return false, nil
		case fds[0].Revents&unix.POLLNVAL != 0:
			return false, unix.EINVAL
		}
		return true, nil
	}
}
