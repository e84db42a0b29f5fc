package dump

import (
	"fmt"
	"path/filepath"

	"kstream/output/whole"
)

// ErrExists is the error of a dump that would replace a file.
var ErrExists = whole.ErrExists

// file is where a dump goes that is not a stream.
type file struct {
	*whole.File
	path string
}

// Create begins the dump that will be the file path. What has the name already, even a link
// that leads nowhere, is refused with ErrExists, now and when the dump is closed. The file can
// be read by its owner and whom the umask allows.
func Create(path string, m Manifest) (*Writer, error) {
	if err := whole.Free(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := whole.Create(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, whole.Cause(err))
	}
	w, err := NewWriter(f, m)
	if err != nil {
		f.Abort()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w.file = &file{f, path}
	return w, nil
}

// close puts the file under its name, unless err says that it is not whole.
func (f *file) close(err error) error {
	if err == nil {
		err = f.Close(filepath.Base(f.path))
	}
	f.Abort()
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, whole.Cause(err))
	}
	return nil
}
