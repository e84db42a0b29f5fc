package embedded

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile locks f until it is closed, by this process's death at the latest,
// or returns ErrDirInUse.
func lockFile(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if err == windows.ERROR_LOCK_VIOLATION {
		return ErrDirInUse
	}
	return err
}
