package dump

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// file is a dump that has a temporary name until it is whole.
type file struct {
	*os.File
	buffer *bufio.Writer
	path   string
}

// Create begins the dump that will be the file path. What has the name already, even a link
// that leads nowhere, is refused with ErrExists, now and when the dump is closed. The file can
// be read by its owner and whom the umask allows.
func Create(path string, m Manifest) (*Writer, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s: %w", path, ErrExists)
	}
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d-%d.part", filepath.Base(path), os.Getpid(), time.Now().UnixNano()))
	f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	out := &file{f, bufio.NewWriterSize(f, 256<<10), path}
	w, err := NewWriter(out.buffer, m)
	if err != nil {
		out.remove()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w.file = out
	return w, nil
}

// close puts the file under its name, unless err says that it is not whole.
func (f *file) close(err error) error {
	if err == nil {
		err = f.buffer.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.publish()
	}
	f.remove()
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, cause(err))
	}
	return nil
}

// publish gives the file its name, if that is still free. A second name and the end of the
// first does that at once; where a file cannot have two names, somebody else may come
// between the look and the renaming.
func (f *file) publish() error {
	err := os.Link(f.Name(), f.path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return ErrExists
	case err != nil:
		if _, err := os.Lstat(f.path); err == nil {
			return ErrExists
		}
		if err := os.Rename(f.Name(), f.path); err != nil {
			return err
		}
	}
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return nil // some systems do not open folders
	}
	defer dir.Close()
	_ = dir.Sync() // nor write them out; the file itself is written
	return nil
}

// remove closes the file and takes away its temporary name.
func (f *file) remove() {
	f.File.Close()
	os.Remove(f.Name())
}

// cause is what the system said, without the operation and the temporary name before it.
func cause(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}
