package cli

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// patientFile is stdout where it is a pipe or a terminal, opened once more so that a
// write can be ended from outside, and tells what it has written. A nil one is none.
type patientFile struct {
	file *os.File
	done chan struct{}

	mu        sync.Mutex
	late      bool // hurry has closed
	finishing bool
}

// WritePatience is how long a write may take once the output is to end.
const WritePatience = 100 * time.Millisecond

// pieceSize is how much is written at once: as much as a pipe holds. A reader that takes
// a piece is not blocked.
const pieceSize = 64 << 10

// openPatient opens stdout once more, or returns nil where that cannot be done. hurry is
// that of printer.
func openPatient(stdout io.Writer, hurry <-chan struct{}) *patientFile {
	f, ok := stdout.(stdoutFile)
	if !ok || hurry == nil {
		return nil
	}
	again := reopen(f.file)
	if again == nil {
		return nil
	}
	p := &patientFile{file: again, done: make(chan struct{})}
	go func() { // ends with close
		select {
		case <-hurry:
		case <-p.done:
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.late = true; !p.finishing {
			_ = p.file.SetWriteDeadline(time.Now()) // that it works has been tried
		}
	}()
	return p
}

// write writes text, or as much of it as is taken in time.
func (p *patientFile) write(text []byte, notice func(format string, args ...any)) (int, error) {
	p.mu.Lock()
	if p.late {
		_ = p.file.SetWriteDeadline(time.Now().Add(WritePatience))
	}
	p.mu.Unlock()
	written := 0
	for written < len(text) {
		moves := sayBlocked(notice)
		n, err := p.file.Write(text[written:min(len(text), written+pieceSize)])
		moves()
		if written += n; err != nil {
			return written, goneOf(err)
		}
	}
	return written, nil
}

// finish writes the rest of a record that was begun.
func (p *patientFile) finish(rest []byte) error {
	p.mu.Lock()
	p.finishing = true
	_ = p.file.SetWriteDeadline(time.Now().Add(OutputGrace))
	p.mu.Unlock()
	_, err := p.file.Write(rest)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errBlocked
	}
	return goneOf(err)
}

func (p *patientFile) close() {
	if p != nil {
		close(p.done)
		_ = p.file.Close() // stdout itself stays
	}
}
