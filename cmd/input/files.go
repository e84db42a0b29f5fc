package input

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// inputFile is one input: a path, or a reader that is already open.
type inputFile struct {
	name  string // for places
	path  string // empty when r is given
	r     io.Reader
	plain bool // a regular file: reading never waits, and it can be read again
}

// checkFiles makes the list of inputs, "-" and an empty list being stdin, which places call
// stdinName. A file
// that is missing, a directory or not readable is an error now, before the first
// record of any file is read.
func checkFiles(paths []string, stdin io.Reader, stdinName string) ([]inputFile, error) {
	if len(paths) == 0 {
		paths = []string{"-"}
	}
	files := make([]inputFile, 0, len(paths))
	dashes := 0
	for _, path := range paths {
		if path == "-" {
			if dashes++; dashes > 1 {
				return nil, errors.New("-: standard input can be read only once")
			}
			if stdin == nil {
				return nil, errors.New("-: there is no standard input")
			}
			files = append(files, inputFile{name: stdinName, r: stdin, plain: isRegular(stdin)})
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, pathError(path, err)
		}
		if info.IsDir() {
			return nil, fmt.Errorf("%s: %w", path, syscall.EISDIR)
		}
		if info.Mode().IsRegular() { // opening a pipe twice would disturb its writer
			f, err := os.Open(path)
			if err != nil {
				return nil, pathError(path, err)
			}
			f.Close()
		}
		files = append(files, inputFile{name: path, path: path, plain: info.Mode().IsRegular()})
	}
	return files, nil
}

func isRegular(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// pathError says name first and once, then the cause.
func pathError(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}
