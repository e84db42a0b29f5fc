package columns

import (
	"encoding/json"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"kstream/output/whole"
)

// parquetFile is a file that is being written.
type parquetFile struct {
	dir     *Dir
	name    fileName
	from    int64  // it covers all from here on
	frames  []byte // rows before the types are known
	rows    int64
	flushed int64 // rows in row groups that are written
	bytes   int64 // of frames
	held    int64 // of frames that are in no row group that is written

	file     *whole.File
	writer   *parquet.GenericWriter[any]
	shredder *shredder
	one      [1]parquet.Row
}

// full reports whether the next row belongs into another file.
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
	covers, err := json.Marshal(fileRange{TopicID: f.dir.ids[f.name.topic], From: f.from})
	if err != nil {
		return err
	}
	stem := fmt.Sprintf("%s-%d-%d", f.name.topic, f.name.partition, f.name.first) // the last offset is still to come
	if f.file, err = whole.Create(f.dir.path, stem); err != nil {
		return fmt.Errorf("%s: %w", f.dir.path, whole.Cause(err))
	}
	settled := s.settled()
	f.shredder = newShredder(settled)
	f.writer = parquet.NewGenericWriter[any](f.file, schemaOf(settled),
		parquet.Compression(&parquet.Zstd), parquet.CreatedBy("kstream", "", ""), parquet.KeyValueMetadata(shapesKey, string(kept)),
		parquet.KeyValueMetadata(rangeKey, string(covers)),
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

// close writes the rest and renames the file to its final name, which must be free.
func (f *parquetFile) close() error {
	defer f.remove()
	f.dir.held -= f.held
	f.held = 0
	err := f.writer.Close()
	if err == nil {
		err = f.file.Close(f.name.String())
	}
	if err != nil {
		return f.failed(err)
	}
	return nil
}

func (f *parquetFile) failed(err error) error {
	return fmt.Errorf("%s/%s: %w", f.dir.path, f.name, whole.Cause(err))
}

// remove closes the file and takes away its temporary name.
func (f *parquetFile) remove() {
	if f.file != nil {
		f.file.Abort()
	}
}
