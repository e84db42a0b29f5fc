//go:build unix

package embedded

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks f until it is closed, by this process's death at the latest,
// or returns ErrDirInUse.
func lockFile(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == unix.EWOULDBLOCK {
		return ErrDirInUse
	}
	return err
}
