package columns

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"kstream/output/whole"
)

// avroBlock is how many bytes of rows a block of a container has at least, but for the last.
const avroBlock = 256 << 10

// AvroFile is an object container file (Avro 1.12, "Object Container Files") with the codec
// deflate. Rows of all topics stand in it in the order in which they come.
type AvroFile struct {
	mu      sync.Mutex
	path    string
	schemas Schemas
	row     row
	err     error

	frames  []byte // rows before the types are known
	count   int    // of them
	file    *whole.File
	encoder avroEncoder
	sync    [16]byte
	block   []byte
	rows    int64 // in block
	packed  bytes.Buffer
	deflate *flate.Writer
}

// NewAvroFile begins a file that gets the name path when it is closed. If the name is
// taken, even by a dangling link, NewAvroFile returns ErrExists, or Close does if it was
// taken in between.
func NewAvroFile(path string, schemas Schemas) (*AvroFile, error) {
	if err := whole.Free(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	deflate, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	f := &AvroFile{path: path, schemas: schemas, deflate: deflate}
	_, err = rand.Read(f.sync[:])
	return f, err
}

// Write writes the rows of frames, which must be whole frames of Rows.
func (f *AvroFile) Write(frames []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.row.each(frames, f.add)
	f.err = err
	return n, err
}

func (f *AvroFile) add(frame []byte) error {
	if f.file != nil {
		return f.encode(&f.row)
	}
	f.frames = append(f.frames, frame...)
	if f.count++; f.count >= firstRows || len(f.frames) >= firstBytes {
		return f.begin()
	}
	return nil
}

// begin finds the types, makes the file and writes the rows that were held back.
func (f *AvroFile) begin() error {
	found, err := shapesOf(f.frames, newShapes(), f.schemas)
	if err != nil {
		return err
	}
	f.encoder.shapes = found.settled()
	schema, err := avroSchema(f.encoder.shapes)
	if err != nil {
		return err
	}
	if f.file, err = whole.Create(filepath.Dir(f.path), filepath.Base(f.path)); err != nil {
		return f.failed(err)
	}
	head := append([]byte("Obj\x01"), binary.AppendVarint(nil, 2)...)
	head = appendAvroText(appendAvroText(head, []byte("avro.schema")), schema)
	head = appendAvroText(appendAvroText(head, []byte("avro.codec")), []byte("deflate"))
	head = append(append(head, 0), f.sync[:]...)
	if _, err := f.file.Write(head); err != nil {
		return f.failed(err)
	}
	var r row
	_, err = r.each(f.frames, func([]byte) error { return f.encode(&r) })
	f.frames = nil
	return err
}

func (f *AvroFile) encode(r *row) error {
	f.block = f.encoder.append(f.block, r)
	if f.rows++; len(f.block) >= avroBlock {
		return f.flush()
	}
	return nil
}

// flush writes the block, if there are rows in it.
func (f *AvroFile) flush() error {
	if f.rows == 0 {
		return nil
	}
	f.packed.Reset()
	f.deflate.Reset(&f.packed)
	_, err := f.deflate.Write(f.block)
	if err = errors.Join(err, f.deflate.Close()); err != nil {
		return f.failed(err)
	}
	head := binary.AppendVarint(binary.AppendVarint(nil, f.rows), int64(f.packed.Len()))
	for _, part := range [][]byte{head, f.packed.Bytes(), f.sync[:]} {
		if _, err := f.file.Write(part); err != nil {
			return f.failed(err)
		}
	}
	f.block, f.rows = f.block[:0], 0
	return nil
}

// Close finishes the file and renames it to its path, also if it has no rows.
func (f *AvroFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		f.remove()
		return nil // Write has told
	}
	f.err = os.ErrClosed
	defer f.remove()
	if f.file == nil {
		if err := f.begin(); err != nil {
			return err
		}
	}
	err := f.flush()
	if err == nil {
		err = f.file.Close(filepath.Base(f.path))
	}
	if err != nil {
		return f.failed(err)
	}
	return nil
}

// Abort removes what was written, unless it was closed.
func (f *AvroFile) Abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = os.ErrClosed
	f.remove()
}

func (f *AvroFile) failed(err error) error {
	if already := fmt.Sprintf("%s: ", f.path); strings.HasPrefix(err.Error(), already) {
		return err
	}
	return fmt.Errorf("%s: %w", f.path, whole.Cause(err))
}

func (f *AvroFile) remove() {
	if f.file != nil {
		f.file.Abort()
	}
}
