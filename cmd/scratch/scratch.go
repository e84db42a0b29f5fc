// Package scratch keeps what does not fit in memory in a temporary file.
package scratch

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// File is a temporary file that only grows, made by the first Write. Where the system
// allows it, it has no name from then on: nothing remains, however the process ends.
type File struct {
	Dir  string // "" is os.TempDir
	Name string // such as "kstream-diff"; the file's name begins with it

	file   *os.File
	linked bool
	end    int64
}

// Extent is where something lies in a File.
type Extent struct {
	start int64
	size  int32
}

// Write appends data.
func (f *File) Write(data []byte) (Extent, error) {
	if f.file == nil {
		file, err := os.CreateTemp(f.Dir, f.Name+"-*")
		if err != nil {
			return Extent{}, placed(err)
		}
		f.file, f.linked = file, os.Remove(file.Name()) != nil
	}
	n, err := f.file.Write(data)
	at := Extent{f.end, int32(n)}
	f.end += int64(n)
	return at, placed(err)
}

// Read returns what lies at an extent, in buf or in a larger one.
func (f *File) Read(at Extent, buf []byte) ([]byte, error) {
	if cap(buf) < int(at.size) {
		buf = make([]byte, at.size)
	}
	buf = buf[:at.size]
	_, err := f.file.ReadAt(buf, at.start)
	if errors.Is(err, io.EOF) {
		err = errors.New("it was cut off")
	}
	return buf, placed(err)
}

// Size is how many bytes have been written; 0 means that there is no file.
func (f *File) Size() int64 { return f.end }

// Close removes the file.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	if f.linked {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	f.file, f.end = nil, 0
	return placed(err)
}

func placed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("temporary file: %w", err)
}
