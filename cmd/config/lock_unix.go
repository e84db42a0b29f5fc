//go:build unix

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Lock keeps other processes from editing the configuration file until release: of two that
// read it, change it and write it, one would undo what the other has written. It locks the
// folder, for the file is replaced. A folder that is not there, or cannot be locked, as on
// some file systems of networks, is nobody's.
func Lock(path string) (release func(), err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	dir, err := os.Open(filepath.Dir(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return func() {}, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, causeOf(err))
	}
	for errors.Is(unix.Flock(int(dir.Fd()), unix.LOCK_EX), unix.EINTR) {
	}
	return func() { dir.Close() }, nil
}
