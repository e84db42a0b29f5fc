package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// rejects is the file of input that was not delivered, ready to be sent again. It is
// made when first needed. The production's lock guards it.
//
// Rows of a CSV file with another header cannot stand in the same file: they go to
// a second one, with .2 behind its name.
type rejects struct {
	path          string // empty: nobody wants them
	transactional bool
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
	path := r.path
	if n := len(r.files); n > 0 {
		path = fmt.Sprintf("%s.%d", r.path, n+1)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
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
	if r.held == nil {
		if r.held, r.err = os.CreateTemp("", "kstream-transaction-"); r.err != nil {
			return
		}
		r.err = os.Remove(r.held.Name())
	}
	if r.err == nil {
		_, r.err = r.held.Write(frame)
		r.frames = append(r.frames, heldFrame{preamble, len(frame)})
	}
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
	if r.held != nil {
		r.err = errors.Join(r.err, r.held.Close())
	}
	if r.err != nil {
		return fmt.Errorf("--rejects: %w", r.err)
	}
	return nil
}
