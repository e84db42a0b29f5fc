package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"kstream/kafka"
	"kstream/output"
)

const (
	blockSize = 1 << 20  // of record lines, at which a block is written
	mostHeld  = 64 << 20 // of record lines in all partitions, at which all blocks are
	mostIndex = 1 << 30  // of headers in an index
	// longField is the length at which text becomes base64, which grows less than what
	// escapes can make of it.
	longField = 16 << 20
)

// errClosed is the error of a Writer that was closed.
var errClosed = errors.New("the dump is closed")

// Writer makes a dump.
type Writer struct {
	out     io.Writer
	at      int64 // bytes written
	number  uint32
	zip     *zstd.Encoder
	zipped  []byte
	head    []byte
	index   []byte // the headers of the blocks
	records int64

	open    map[kafka.TopicPartition]*block
	inOrder []*block // the same, as they came
	current *block   // of the last record
	held    int      // bytes in all of them
	message output.Message
	err     error // the first; nothing is written after it
	file    *file // nil for a stream
}

// block gathers the record lines of one partition.
type block struct {
	header
	lines []byte
}

// NewWriter begins a dump on out with its manifest. Close does not close out.
func NewWriter(out io.Writer, m Manifest) (*Writer, error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	w := &Writer{out: out, zip: zip, open: map[kafka.TopicPartition]*block{}}
	line, err := m.line()
	if err != nil {
		return nil, err
	}
	return w, w.section(&header{kind: kindManifest}, line)
}

// Append adds records, which it does not keep. Within a partition their offsets must
// rise. After an error the dump cannot be finished.
func (w *Writer) Append(records ...kafka.Record) error {
	for i := range records {
		if err := w.add(&records[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) add(r *kafka.Record) error {
	b := w.current
	if b == nil || b.partition != r.Partition || b.topic != r.Topic {
		if b = w.blockOf(r); b == nil {
			return w.err
		}
		w.current = b
	}
	switch {
	case w.err != nil:
		return w.err
	case r.Offset <= b.last:
		return w.fail(fmt.Errorf("%s[%d]@%d: after offset %d: offsets must rise", r.Topic, r.Partition, r.Offset, b.last))
	}
	before := len(b.lines)
	b.lines = output.JSON{}.Append(b.lines, w.messageOf(r))
	grown := len(b.lines) - before
	if grown > MaxBlock {
		return w.fail(fmt.Errorf("%s[%d]@%d: a line of %d bytes, the longest are %d", r.Topic, r.Partition, r.Offset, grown, MaxBlock))
	}
	if before > 0 && len(b.lines) > MaxBlock { // a huge record has a block of its own
		line := bytes.Clone(b.lines[before:])
		b.lines = b.lines[:before]
		if err := w.flush(b); err != nil {
			return err
		}
		b.lines, before, grown = append(b.lines, line...), 0, len(line)
	}
	if before == 0 {
		b.first, b.oldest, b.newest = r.Offset, -1, -1
	}
	b.last = r.Offset
	b.records++
	if t := r.Timestamp; t >= 0 {
		if b.oldest < 0 || t < b.oldest {
			b.oldest = t
		}
		b.newest = max(b.newest, t)
	}
	w.held += grown
	switch {
	case len(b.lines) >= blockSize:
		return w.flush(b)
	case w.held >= mostHeld:
		return w.Flush()
	}
	return nil
}

// blockOf returns the block that gathers the record's partition; nil after an error.
func (w *Writer) blockOf(r *kafka.Record) *block {
	tp := kafka.TopicPartition{Topic: r.Topic, Partition: r.Partition}
	if b := w.open[tp]; b != nil {
		return b
	}
	if w.err == nil && (r.Topic == "" || len(r.Topic) > maxTopic || !utf8.ValidString(r.Topic) || r.Partition < 0 || r.Offset < 0) {
		w.err = fmt.Errorf("%q[%d]@%d: no place in a topic", r.Topic, r.Partition, r.Offset)
	}
	if w.err != nil {
		return nil
	}
	b := &block{header: header{kind: kindBlock, topic: r.Topic, partition: r.Partition, last: -1}}
	w.open[tp] = b
	w.inOrder = append(w.inOrder, b)
	return b
}

// messageOf returns the record with rules under which its line loses nothing.
func (w *Writer) messageOf(r *kafka.Record) *output.Message {
	m := &w.message
	m.Topic, m.Partition, m.Offset, m.Timestamp = r.Topic, r.Partition, r.Offset, r.Timestamp
	m.TimestampType = r.TimestampType.String()
	m.Key, m.Value = field(r.Key), field(r.Value)
	m.Headers = m.Headers[:0]
	for i := range r.Headers {
		m.Headers = append(m.Headers, output.Header{Key: r.Headers[i].Key, Value: field(r.Headers[i].Value)})
	}
	return m
}

// field returns bytes that a record line shows as they are: JSON only where it stands
// verbatim, which line breaks between its tokens would prevent.
func field(data []byte) output.Field {
	f := output.Field{Bytes: data}
	switch {
	case len(data) >= longField:
		f.Text = output.TextBase64
	case bytes.IndexByte(data, '\n') >= 0 || bytes.IndexByte(data, '\r') >= 0:
		f.Text = output.TextString
	}
	return f
}

// Flush writes all that was appended, so that whoever reads the stream has it. Blocks
// that are not full compress less.
func (w *Writer) Flush() error {
	for _, b := range w.inOrder {
		if err := w.flush(b); err != nil {
			return err
		}
	}
	return w.err
}

// flush writes one block, unless it is empty.
func (w *Writer) flush(b *block) error {
	if len(b.lines) == 0 || w.err != nil {
		return w.err
	}
	w.held -= len(b.lines)
	if err := w.section(&b.header, b.lines); err != nil {
		return err
	}
	if len(w.index)+maxHeader > mostIndex {
		return w.fail(errors.New("too many blocks for one dump"))
	}
	w.index = append(w.index, w.head...)
	w.records += int64(b.records)
	b.records = 0
	if b.lines = b.lines[:0]; cap(b.lines) > 4*blockSize { // made for a huge record
		b.lines = nil
	}
	return nil
}

// section compresses content and writes it behind its header.
func (w *Writer) section(h *header, content []byte) error {
	w.zipped = w.zip.EncodeAll(content, w.zipped[:0])
	return w.write(h, w.zipped, len(content))
}

// write writes a header and its body; w.head holds the header afterwards.
func (w *Writer) write(h *header, body []byte, raw int) error {
	if w.number == lastSection {
		return w.fail(errors.New("too many blocks for one dump"))
	}
	h.number, h.at, h.body, h.raw = w.number, w.at, uint32(len(body)), uint32(raw)
	if h.kind != kindEnd {
		h.bodySum = checksum(body)
	}
	w.head = h.append(w.head[:0])
	w.number++
	for _, part := range [][]byte{w.head, body} {
		n, err := w.out.Write(part)
		w.at += int64(n)
		if err != nil {
			return w.fail(err)
		}
	}
	return nil
}

func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = err
	}
	return w.err
}

// Records is how many records were appended.
func (w *Writer) Records() int64 {
	n := w.records
	for _, b := range w.inOrder {
		n += int64(b.records)
	}
	return n
}

// Close writes what was appended, the index and the end. A file is then on the disk, and
// has its name; if that fails there is no file.
func (w *Writer) Close() error {
	err := errors.Join(w.finish(), w.zip.Close())
	if w.file != nil {
		err = w.file.close(err)
	}
	if w.err == nil {
		w.err = errClosed
	}
	return err
}

// Abort discards a dump that is not closed: a file is removed, a stream is left without
// its end.
func (w *Writer) Abort() {
	if errors.Is(w.err, errClosed) {
		return
	}
	_ = w.zip.Close() // it holds nothing
	if w.file != nil {
		w.file.Abort()
	}
	w.err = errClosed
}

// finish writes what stands behind the blocks.
func (w *Writer) finish() error {
	if err := w.Flush(); err != nil {
		return err
	}
	blocks, at := w.number-1, w.at
	frame := skippable(w.zip.EncodeAll(w.index, nil))
	if err := w.write(&header{kind: kindIndex}, frame, len(w.index)); err != nil {
		return err
	}
	return w.write(&header{kind: kindEnd, first: at, last: w.records, records: blocks, bodySum: checksum(w.index)}, nil, 0)
}
