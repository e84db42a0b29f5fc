package produce

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"kstream/cmd/cli"
)

// rejects is the file of input that was not delivered, ready to be sent again. It is
// opened before any input is read, so that nothing is read that could not be kept, and
// an empty one is removed at the end. It is guarded by run.mu.
//
// Rows of a CSV file with another header cannot stand in the same file: they go to
// a second one, with .2 behind its name.
type rejects struct {
	path          string // empty: nobody wants them
	transactional bool
	first         *os.File // the one that is open from the start, until it has rows
	made          bool     // it was not there before
	files         []rejectsFile
	written       int64 // records
	err           error // the first

	// held is the input of the open transaction, in a file without a name.
	held   *os.File
	frames []heldFrame
}

type rejectsFile struct {
	preamble []byte
	file     *os.File
}

type heldFrame struct {
	preamble []byte
	length   int
}

// open makes the file, and the one for what transactions hold.
func (r *rejects) open() error {
	if r.path == "" {
		return nil
	}
	_, err := os.Lstat(r.path)
	r.made = errors.Is(err, fs.ErrNotExist)
	if r.first, err = os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err != nil {
		return cli.Usagef("--rejects: %w", err)
	}
	if !r.transactional {
		return nil
	}
	if r.held, err = os.CreateTemp("", "kstream-transaction-"); err == nil {
		err = os.Remove(r.held.Name())
	}
	if err != nil {
		return fmt.Errorf("--rejects: %w", errors.Join(err, r.close()))
	}
	return nil
}

// write appends the input of one record; nil is that of a generated one.
func (r *rejects) write(preamble, frame []byte) {
	if r.path == "" || frame == nil || r.err != nil {
		return
	}
	file := r.file(preamble)
	if r.err != nil {
		return
	}
	if _, r.err = file.Write(frame); r.err == nil {
		r.written++
	}
}

// file is the one whose rows stand under the preamble.
func (r *rejects) file(preamble []byte) *os.File {
	for _, f := range r.files {
		if bytes.Equal(f.preamble, preamble) {
			return f.file
		}
	}
	file, err := r.first, error(nil)
	if r.first = nil; file == nil {
		file, err = os.OpenFile(fmt.Sprintf("%s.%d", r.path, len(r.files)+1), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	}
	if err == nil {
		r.files = append(r.files, rejectsFile{preamble, file})
		_, err = file.Write(preamble)
	}
	r.err = err
	return file
}

// hold keeps the input of a record of the open transaction.
func (r *rejects) hold(preamble, frame []byte) {
	if r.path == "" || frame == nil || r.err != nil {
		return
	}
	_, r.err = r.held.Write(frame)
	r.frames = append(r.frames, heldFrame{preamble, len(frame)})
}

// forget drops what is held: it was committed.
func (r *rejects) forget() {
	if r.held == nil || r.err != nil {
		return
	}
	r.frames = r.frames[:0]
	if r.err = r.held.Truncate(0); r.err == nil {
		_, r.err = r.held.Seek(0, io.SeekStart)
	}
}

// takeBack writes what is held: it was aborted.
func (r *rejects) takeBack() {
	if r.held == nil || r.err != nil {
		return
	}
	if _, r.err = r.held.Seek(0, io.SeekStart); r.err != nil {
		return
	}
	var frame []byte
	for _, f := range r.frames {
		frame = append(frame[:0], make([]byte, f.length)...)
		if _, r.err = io.ReadFull(r.held, frame); r.err != nil {
			return
		}
		r.write(f.preamble, frame)
	}
	r.forget()
}

func (r *rejects) close() error {
	for _, f := range r.files {
		r.err = errors.Join(r.err, f.file.Close())
	}
	if r.first != nil {
		r.err = errors.Join(r.err, r.first.Close())
		if r.made { // nothing was needed
			r.err = errors.Join(r.err, os.Remove(r.path))
		}
	}
	if r.held != nil {
		r.err = errors.Join(r.err, r.held.Close())
	}
	if r.err != nil {
		return fmt.Errorf("--rejects: %w", r.err)
	}
	return nil
}
