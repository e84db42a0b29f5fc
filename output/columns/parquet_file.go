package columns

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/parquet-go/parquet-go"
)

// parquetFile is a file that is being written.
type parquetFile struct {
	dir     *Dir
	name    fileName
	frames  []byte // rows before the types are known
	rows    int64
	flushed int64 // rows in row groups that are written
	bytes   int64 // of frames
	held    int64 // of frames that are in no row group that is written

	temporary string
	file      *os.File
	buffer    *bufio.Writer
	writer    *parquet.GenericWriter[any]
	shredder  *shredder
	one       [1]parquet.Row
}

// full says whether the next row belongs into another file.
func (f *parquetFile) full(o Options) bool { return f.rows >= o.Rows || f.bytes >= o.Bytes }

// start makes the file, under its temporary name.
func (f *parquetFile) start(s shapes) error {
	if err := f.dir.make(); err != nil {
		return err
	}
	kept, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f.temporary = fmt.Sprintf(".%s-%d-%d.%d-%d.part", f.name.topic, f.name.partition, f.name.first, os.Getpid(), time.Now().UnixNano())
	if f.file, err = f.dir.root.OpenFile(f.temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); err != nil {
		return fmt.Errorf("%s: %w", f.dir.path, cause(err))
	}
	f.buffer = bufio.NewWriterSize(f.file, 256<<10)
	settled := s.settled()
	f.shredder = newShredder(settled)
	f.writer = parquet.NewGenericWriter[any](f.buffer, schemaOf(settled),
		parquet.Compression(&parquet.Zstd), parquet.CreatedBy("kstream", "", ""), parquet.KeyValueMetadata(shapesKey, string(kept)),
		parquet.PageBufferSize(64<<10))
	return nil
}

// write adds a row.
func (f *parquetFile) write(r *row) error {
	f.one[0] = f.shredder.shred(r)
	if _, err := f.writer.WriteRows(f.one[:]); err != nil {
		return f.failed(err)
	}
	return nil
}

// flush ends a row group, so that its memory is free.
func (f *parquetFile) flush() error {
	f.dir.held -= f.held
	f.held, f.flushed = 0, f.rows
	if err := f.writer.Flush(); err != nil {
		return f.failed(err)
	}
	return nil
}

// close writes the rest and gives the file its name, which must be free.
func (f *parquetFile) close() error {
	defer f.remove()
	f.dir.held -= f.held
	f.held = 0
	err := f.writer.Close()
	if err == nil {
		err = f.buffer.Flush()
	}
	if err == nil {
		err = f.file.Sync()
	}
	if err == nil {
		err = f.publish()
	}
	if err != nil {
		return f.failed(err)
	}
	return nil
}

// publish gives the file its name: a second one, where a file can have two.
func (f *parquetFile) publish() error {
	root, name := f.dir.root, f.name.String()
	err := root.Link(f.temporary, name)
	switch {
	case errors.Is(err, fs.ErrExist):
		return ErrExists
	case err != nil:
		if _, err := root.Lstat(name); err == nil {
			return ErrExists
		}
		if err := root.Rename(f.temporary, name); err != nil {
			return err
		}
	}
	folder, err := root.Open(".")
	if err != nil {
		return nil // some systems do not open folders
	}
	defer folder.Close()
	_ = folder.Sync() // nor write them out; the file itself is written
	return nil
}

func (f *parquetFile) failed(err error) error {
	return fmt.Errorf("%s/%s: %w", f.dir.path, f.name, cause(err))
}

// remove closes the file and takes away its temporary name.
func (f *parquetFile) remove() {
	if f.file != nil {
		f.file.Close()
		_ = f.dir.root.Remove(f.temporary) // after publishing it may be gone
	}
}
