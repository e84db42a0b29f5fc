package dump

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"kstream/output/whole"
)

// Open reads a dump from a file. When the file is torn or has a byte wrong in its
// manifest, its index or its end, the error is a *DamageError: NewReader still returns all
// records before the damage. What is no regular file, such as a named pipe, is read as a
// stream.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, whole.Cause(err))
	}
	r, err := open(path, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

func open(path string, f *os.File) (*Reader, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, whole.Cause(err))
	case info.IsDir():
		return nil, fmt.Errorf("%s: %w", path, syscall.EISDIR)
	}
	r, err := newReader(path, f)
	if err != nil {
		return nil, err
	}
	if r.file = f; !info.Mode().IsRegular() {
		return r, nil
	}
	r.size = info.Size()
	if err = r.readIndex(); err != nil {
		r.unzip.Close()
		return nil, err
	}
	return r, nil
}

// readIndex makes r.blocks from the end of the file.
func (r *Reader) readIndex() error {
	var tail [headerSize]byte
	at := r.size - headerSize
	var end header
	_, err := r.file.ReadAt(tail[:], max(at, 0))
	if err == nil {
		err = end.parse(tail[:])
	}
	if err != nil || end.kind != kindEnd || end.at != at || end.body != 0 || end.first < r.stream.at || end.first > at {
		return r.locate()
	}
	s := stream{in: io.NewSectionReader(r.file, end.first, at-end.first), at: end.first, number: end.number - 1}
	h, body, err := s.section()
	var d *DamageError
	switch {
	case errors.As(err, &d):
		d.Path, d.Part, d.Block = r.path, partName(kindIndex), 0
		return d
	case err != nil:
		return fmt.Errorf("%s: %w", r.path, err)
	case h.kind != kindIndex || s.at != at:
		return h.damage(r.path, errors.New("no index stands here"))
	}
	if err := r.expandIndex(h, body); err != nil {
		return err
	}
	return r.parseIndex(h, &end)
}

// locate finds the damage of a file that has no end: the first section that is wrong.
func (r *Reader) locate() error {
	for {
		h, _, err := r.section()
		if err != nil {
			return err
		}
		if h.kind != kindIndex {
			continue
		}
		if err := r.end(h.at); err != nil {
			return err
		}
		return fmt.Errorf("%s: the file grew while it was opened", r.path)
	}
}

// end checks the last section of a stream.
func (r *Reader) end(index int64) error {
	err := r.stream.end(index)
	var d *DamageError
	switch {
	case errors.As(err, &d):
		d.Path = r.path
		return d
	case err != nil:
		return fmt.Errorf("%s: %w", r.path, err)
	}
	return nil
}

// finish checks the index of a stream against what came, and what stands behind it.
func (r *Reader) finish(h *header, body []byte) error {
	if _, err := unskippable(body); err != nil {
		return h.damage(r.path, err)
	}
	return r.end(h.at)
}

// skippable returns data in a frame that programs for Zstandard skip.
func skippable(data []byte) []byte {
	frame := make([]byte, 0, prefixSize+len(data))
	frame = binary.LittleEndian.AppendUint32(frame, frameMagic)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(data)))
	return append(frame, data...)
}

// unskippable returns what stands in such a frame.
func unskippable(frame []byte) ([]byte, error) {
	if len(frame) < prefixSize || binary.LittleEndian.Uint32(frame) != frameMagic || int64(binary.LittleEndian.Uint32(frame[4:])) != int64(len(frame)-prefixSize) {
		return nil, errors.New("no index in a frame of its own")
	}
	return frame[prefixSize:], nil
}

// expandIndex puts the index into r.content. Each block that it tells of takes room in the
// file, so a small file cannot have a large one.
func (r *Reader) expandIndex(h *header, body []byte) error {
	data, err := unskippable(body)
	if err != nil {
		return h.damage(r.path, err)
	}
	most := (h.at - r.stream.at) / headerSize * maxHeader
	return r.expand(h, data, uint32(min(most, mostIndex)))
}

// parseIndex reads the headers in r.content: they must fill the file from the manifest
// to the index without a gap.
func (r *Reader) parseIndex(h, end *header) error {
	r.indexed = true
	at, records, last := r.stream.at, int64(0), header{}
	for rest := r.content; len(rest) > 0; {
		if len(rest) < prefixSize {
			return h.damage(r.path, errNoHeader)
		}
		n, err := headerLen(rest)
		if err != nil || n > len(rest) {
			return h.damage(r.path, errNoHeader)
		}
		if err := last.parse(rest[:n]); err != nil {
			return h.damage(r.path, err)
		}
		rest = rest[n:]
		if last.kind != kindBlock || last.at != at || int(last.number) != len(r.blocks)+1 || last.first > last.last || last.records == 0 {
			return h.damage(r.path, fmt.Errorf("block %d is not where it should be", len(r.blocks)+1))
		}
		at = last.end()
		records += int64(last.records)
		r.blocks = append(r.blocks, last)
	}
	if at != h.at || records != end.last || len(r.blocks) != int(end.records) || checksum(r.content) != end.bodySum {
		return h.damage(r.path, fmt.Errorf("%d records in %d blocks are not what was written: %d in %d", records, len(r.blocks), end.last, end.records))
	}
	r.content = nil
	return nil
}

// readAt puts the content of a block of the index into r.content.
func (r *Reader) readAt(h *header) error {
	n := h.headerSize + int(h.body)
	r.stream.body.Reset()
	if r.stream.body.Cap() > 8*blockSize && n <= 8*blockSize {
		r.stream.body = bytes.Buffer{}
	}
	r.stream.body.Grow(n)
	data := r.stream.body.AvailableBuffer()[:n]
	if _, err := r.file.ReadAt(data, h.at); err != nil {
		if errors.Is(err, io.EOF) {
			return h.damage(r.path, errTorn)
		}
		return fmt.Errorf("%s: %w", r.path, whole.Cause(err))
	}
	found := header{topic: h.topic}
	if err := found.parse(data[:h.headerSize]); err != nil {
		return h.damage(r.path, err)
	}
	body := data[h.headerSize:]
	if found != *h || checksum(body) != h.bodySum {
		return h.damage(r.path, errSum)
	}
	return r.expand(h, body, MaxBlock)
}
