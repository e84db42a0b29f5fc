package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/klauspost/compress/zstd"

	"kstream/kafka"
	"kstream/output"
)

// trusted is the size of a content up to which memory is made for it before it is seen.
const trusted = 16 << 20

// Reader reads a dump.
type Reader struct {
	path     string
	manifest Manifest
	stream   stream
	blocks   []header // of a file, in its order; nil of a stream
	next     int      // in blocks
	ranges   []Range  // nil: everything
	indexed  bool
	size     int64
	file     *os.File

	unzip   *zstd.Decoder
	content []byte
	lines   output.Decoder
	arena   []byte
	heads   []kafka.Header
	records []kafka.Record
	last    *header // the block that was read last, for errors
	ended   error
}

// NewReader reads a dump as it comes. It has no index: everything is read in its order.
// Close does not close in.
func NewReader(in io.Reader) (*Reader, error) {
	return newReader("-", in)
}

func newReader(path string, in io.Reader) (*Reader, error) {
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(trusted))
	if err != nil {
		return nil, err
	}
	r := &Reader{path: path, unzip: unzip, stream: stream{in: in}}
	if err := r.readManifest(); err != nil {
		unzip.Close()
		return nil, err
	}
	return r, nil
}

// Manifest returns what the dump was made from. It belongs to the Reader.
func (r *Reader) Manifest() *Manifest { return &r.manifest }

// Close releases everything.
func (r *Reader) Close() error {
	r.unzip.Close()
	if r.file != nil {
		return r.file.Close()
	}
	return nil
}

// Next returns the records of the next block, io.EOF after the last, or a *DamageError. The records
// and their bytes are valid until the next call. After damage in a file it can be called
// again, and returns the block behind; after any other error it returns the same again.
func (r *Reader) Next() ([]kafka.Record, error) {
	if r.ended != nil {
		return nil, r.ended
	}
	for {
		h, err := r.nextBlock()
		if err == nil {
			err = r.parse(h)
		}
		if err != nil {
			if d := (*DamageError)(nil); !r.indexed || !errors.As(err, &d) {
				r.ended = err
			}
			return nil, err
		}
		if r.records = r.trim(h, r.records); len(r.records) > 0 {
			return r.records, nil
		}
	}
}

// nextBlock reads the content of the next block that has records in the ranges.
func (r *Reader) nextBlock() (*header, error) {
	if !r.indexed {
		return r.nextInStream()
	}
	for r.next < len(r.blocks) {
		h := &r.blocks[r.next]
		r.next++
		if r.wants(h) {
			return h, r.readAt(h)
		}
	}
	return nil, io.EOF
}

// nextInStream reads the next block, or checks what stands behind the last one.
func (r *Reader) nextInStream() (*header, error) {
	for {
		h, body, err := r.section()
		if err != nil {
			return nil, err
		}
		switch h.kind {
		case kindBlock:
			if r.last == nil {
				r.last = new(header)
			}
			*r.last = *h
			if r.wants(h) {
				return r.last, r.expand(r.last, body, MaxBlock)
			}
		case kindIndex:
			if err := r.finish(h, body); err != nil {
				return nil, err
			}
			return nil, io.EOF
		default:
			return nil, h.damage(r.path, fmt.Errorf("a section %q among the blocks", h.kind))
		}
	}
}

// section reads the next section of the stream and checks its place.
func (r *Reader) section() (*header, []byte, error) {
	h, body, err := r.stream.section()
	if err == nil {
		return h, body, nil
	}
	var d *DamageError
	if !errors.As(err, &d) {
		return nil, nil, fmt.Errorf("%s: %w", r.path, err)
	}
	d.Path = r.path
	if d.Topic == "" && r.last != nil {
		d.Topic, d.Partition, d.First, d.Last = r.last.topic, r.last.partition, r.last.last, -1
	}
	return nil, nil, d
}

// readManifest reads the first section.
func (r *Reader) readManifest() error {
	h, body, err := r.section()
	if err != nil {
		return err
	}
	if h.kind != kindManifest {
		return h.damage(r.path, errors.New("no manifest"))
	}
	if err := r.expand(h, body, maxManifest); err != nil {
		return err
	}
	if err := r.manifest.parse(r.content); err != nil {
		return fmt.Errorf("%s: manifest: %w", r.path, err)
	}
	return nil
}

// expand puts the content of a body into r.content.
func (r *Reader) expand(h *header, body []byte, most uint32) error {
	if h.raw > most {
		return h.damage(r.path, fmt.Errorf("it claims a content of %d bytes", h.raw))
	}
	var err error
	if h.raw > trusted {
		var content bytes.Buffer // grows with what is there, not with what is claimed
		if err = r.unzip.Reset(bytes.NewReader(body)); err == nil {
			_, err = io.Copy(&content, io.LimitReader(r.unzip, int64(h.raw)+1))
		}
		r.content = content.Bytes()
	} else {
		if cap(r.content) < int(h.raw) || cap(r.content) > trusted {
			room := blockSize + blockSize/4
			if h.raw <= blockSize/16 {
				room = blockSize / 16
			}
			r.content = make([]byte, 0, max(int(h.raw), room))
		}
		r.content, err = r.unzip.DecodeAll(body, r.content[:0])
	}
	if err != nil {
		return h.damage(r.path, err)
	}
	if len(r.content) != int(h.raw) {
		return h.damage(r.path, fmt.Errorf("a content of %d bytes, not %d", len(r.content), h.raw))
	}
	return nil
}

// parse makes records of the lines in r.content, and checks that they are what h tells.
func (r *Reader) parse(h *header) error {
	if cap(r.arena) < len(r.content) || cap(r.arena) > trusted && len(r.content) <= trusted {
		r.arena = make([]byte, 0, cap(r.content))
	}
	r.arena, r.records, r.heads = r.arena[:0], r.records[:0], r.heads[:0]
	last := int64(-1)
	for rest := r.content; len(rest) > 0; {
		n := bytes.IndexByte(rest, '\n')
		if n < 0 {
			return h.damage(r.path, errors.New("a line without an end"))
		}
		line, err := r.lines.Decode(rest[:n])
		rest = rest[n+1:]
		switch {
		case err != nil:
			return h.damage(r.path, fmt.Errorf("line %d: %w", len(r.records)+1, err))
		case line.Topic != h.topic || line.Partition != h.partition || line.Offset <= last:
			return h.damage(r.path, fmt.Errorf("line %d: %s[%d]@%d does not belong here", len(r.records)+1, output.Escaped(line.Topic), line.Partition, line.Offset))
		case line.Key.Encoding != "" || line.Value.Encoding != "" || slices.ContainsFunc(line.Headers, func(h output.LineHeader) bool { return h.Value.Encoding != "" }):
			return h.damage(r.path, fmt.Errorf("line %d: no bytes, but what a serde made of them", len(r.records)+1))
		}
		last = line.Offset
		r.keep(h, line)
	}
	if n := len(r.records); n == 0 || n != int(h.records) || r.records[0].Offset != h.first || last != h.last {
		return h.damage(r.path, fmt.Errorf("%d records up to offset %d", n, last))
	}
	return nil
}

// keep copies a line into the arena, which is large enough: text only shrinks.
func (r *Reader) keep(h *header, line *output.Line) {
	from := len(r.heads)
	for i := range line.Headers {
		r.heads = append(r.heads, kafka.Header{Key: line.Headers[i].Key, Value: r.copy(line.Headers[i].Value.Bytes)})
	}
	rec := kafka.Record{
		Topic: h.topic, Partition: h.partition, Offset: line.Offset,
		Timestamp: -1, TimestampType: timestampOf(line.TimestampType), LeaderEpoch: -1,
		Key: r.copy(line.Key.Bytes), Value: r.copy(line.Value.Bytes),
	}
	if line.HasTimestamp {
		rec.Timestamp = line.Timestamp
	}
	if len(r.heads) > from {
		rec.Headers = r.heads[from:len(r.heads):len(r.heads)]
	}
	r.records = append(r.records, rec)
}

// copy keeps a null apart from what is empty.
func (r *Reader) copy(data []byte) []byte {
	if data == nil {
		return nil
	}
	from := len(r.arena)
	r.arena = append(r.arena, data...)
	return r.arena[from:len(r.arena):len(r.arena)]
}

func timestampOf(name string) kafka.TimestampType {
	switch name {
	case "create":
		return kafka.TimestampCreate
	case "log_append":
		return kafka.TimestampLogAppend
	}
	return kafka.TimestampNone
}

// Select restricts what Next returns to these ranges, each of another partition; To is not
// included, and math.MaxInt64 is open. None at all give nothing. Of a file only the
// blocks that hold something of them are read from then on.
func (r *Reader) Select(ranges ...Range) {
	r.ranges = append([]Range{}, ranges...)
}

// rangeOf returns the offsets that are wanted of the block's partition.
func (r *Reader) rangeOf(h *header) (from, to int64) {
	if r.ranges == nil {
		return 0, math.MaxInt64
	}
	for i := range r.ranges {
		if w := &r.ranges[i]; w.Partition == h.partition && w.Topic == h.topic {
			return w.From, w.To
		}
	}
	return 0, 0
}

// wants reports whether the block may hold something that was selected.
func (r *Reader) wants(h *header) bool {
	from, to := r.rangeOf(h)
	return h.first < to && h.last >= from
}

// trim cuts records outside the ranges off.
func (r *Reader) trim(h *header, records []kafka.Record) []kafka.Record {
	from, to := r.rangeOf(h)
	for len(records) > 0 && records[0].Offset < from {
		records = records[1:]
	}
	for len(records) > 0 && records[len(records)-1].Offset >= to {
		records = records[:len(records)-1]
	}
	return records
}
