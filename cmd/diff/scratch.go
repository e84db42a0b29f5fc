package diff

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// scratch is a temporary file that only grows, made by the first write. Where the system
// allows it, it has no name from then on: nothing remains, however the process ends.
type scratch struct {
	dir    string
	file   *os.File
	linked bool
	end    int64
}

// extent is where something lies in a scratch.
type extent struct {
	start int64
	size  int32
}

// write appends data.
func (s *scratch) write(data []byte) (extent, error) {
	if s.file == nil {
		file, err := os.CreateTemp(s.dir, "kstream-diff-*")
		if err != nil {
			return extent{}, placed(err)
		}
		s.file, s.linked = file, os.Remove(file.Name()) != nil
	}
	n, err := s.file.Write(data)
	at := extent{s.end, int32(n)}
	s.end += int64(n)
	return at, placed(err)
}

// read gives what lies at, in buf or in a larger one.
func (s *scratch) read(at extent, buf []byte) ([]byte, error) {
	if cap(buf) < int(at.size) {
		buf = make([]byte, at.size)
	}
	buf = buf[:at.size]
	_, err := s.file.ReadAt(buf, at.start)
	if errors.Is(err, io.EOF) {
		err = errors.New("it was cut off")
	}
	return buf, placed(err)
}

// close removes the file.
func (s *scratch) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.linked {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	s.file = nil
	return placed(err)
}

func placed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("temporary file: %w", err)
}
