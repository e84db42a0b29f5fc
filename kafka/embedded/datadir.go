package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrDirInUse is returned if another broker uses the data directory.
var ErrDirInUse = errors.New("another broker uses this directory")

// ErrDirForeign is returned if the data directory has files that no broker wrote.
var ErrDirForeign = errors.New("no file of a broker")

const (
	lockName = "kstream.lock" // held, by the kernel, as long as the broker runs
	metaName = "meta.json"    // what the library writes into every directory of its own
)

// dataDir is a directory that this process alone may write to.
type dataDir struct {
	lock *os.File
}

// openDataDir takes the directory at path, creating it when it is missing. It
// refuses one that holds other things: a broker would write its files among
// them.
func openDataDir(path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, pathError(path, err)
	}
	if err := checkDataDir(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, pathError(path, err)
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &dataDir{f}, nil
}

// checkDataDir allows an empty directory, and one that a broker wrote.
func checkDataDir(path string) error {
	if _, err := os.Stat(filepath.Join(path, metaName)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return pathCause(err)
	}
	for _, e := range entries {
		if e.Name() != lockName {
			return fmt.Errorf("%s: %w", e.Name(), ErrDirForeign)
		}
	}
	return nil
}

// close lets the next broker in. The lock file stays: removing it would let two
// brokers lock two files of one name.
func (d *dataDir) close() error {
	if d == nil {
		return nil
	}
	return d.lock.Close()
}

func pathError(path string, err error) error {
	return fmt.Errorf("%s: %w", path, pathCause(err))
}

// pathCause drops the operation and the path that os puts before the cause.
func pathCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
