// Package whole makes files that get their names once they are whole: nobody finds half of
// one, and nothing that had the name before is replaced.
package whole

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ErrExists is the error of an output that would replace a file.
var ErrExists = errors.New("the file exists")

// File is a file that is being written under a temporary name. It is not safe for
// concurrent use.
type File struct {
	*bufio.Writer
	file   *os.File
	folder string
}

// Free returns nil if nothing has the name path, and ErrExists otherwise, even for a
// dangling link.
func Free(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return ErrExists
	}
	return nil
}

// Create begins a file in folder; its temporary name starts with a dot and stem. The file can
// be read by its owner and whom the umask allows.
func Create(folder, stem string) (*File, error) {
	temporary := filepath.Join(folder, fmt.Sprintf(".%s.%d-%d.part", stem, os.Getpid(), time.Now().UnixNano()))
	f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &File{bufio.NewWriterSize(f, 256<<10), f, folder}, nil
}

// Close syncs the file and renames it to name in its folder. If the name is taken the error
// is ErrExists. After an error the file is removed.
func (f *File) Close(name string) error {
	err := f.Flush()
	if err == nil {
		err = f.file.Sync()
	}
	if err == nil {
		err = f.publish(filepath.Join(f.folder, name))
	}
	f.Abort()
	return err
}

// publish links the file to its name, if that is still free. A second name and the end of the
// first does that at once; where a file cannot have two names, somebody else may come
// between the look and the renaming.
func (f *File) publish(path string) error {
	err := os.Link(f.file.Name(), path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return ErrExists
	case err != nil:
		if err := Free(path); err != nil {
			return err
		}
		if err := os.Rename(f.file.Name(), path); err != nil {
			return err
		}
	}
	folder, err := os.Open(f.folder)
	if err != nil {
		return nil // some systems do not open folders
	}
	defer folder.Close()
	_ = folder.Sync() // nor write them out; the file itself is written
	return nil
}

// Abort closes and removes the file. After Close it does nothing.
func (f *File) Abort() {
	f.file.Close()
	os.Remove(f.file.Name())
}

// Cause returns the system's error within err, without the operation and the temporary name.
func Cause(err error) error {
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
