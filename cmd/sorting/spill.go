package sorting

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// header is what a run says of a record before its text.
type header struct {
	timestamp, offset, size int64
	topic, partition        int32 // topic is a number of names
}

const headerLen = 3*8 + 2*4

// compare is the order by time; ranks are those of the topics.
func (h *header) compare(o *header, ranks []int32) int {
	if h.timestamp != o.timestamp {
		return cmp.Compare(h.timestamp, o.timestamp)
	}
	if h.topic != o.topic {
		return cmp.Compare(ranks[h.topic], ranks[o.topic])
	}
	if h.partition != o.partition {
		return cmp.Compare(h.partition, o.partition)
	}
	return cmp.Compare(h.offset, o.offset)
}

// spill is the temporary file, made when the first run is written. One file holds all
// runs, so the number of open files does not depend on how much is sorted.
type spill struct {
	dir    string
	file   *os.File
	linked bool // the name could not be removed while the file is open
	end    int64
	writer *bufio.Writer
}

// extent is where a run lies in the file.
type extent struct{ start, size int64 }

// run writes one run: what f writes.
func (s *spill) run(f func(*runWriter) error) (extent, error) {
	if s.file == nil {
		file, err := os.CreateTemp(s.dir, "kstream-sort-*")
		if err != nil {
			return extent{}, placed(err)
		}
		s.file = file
		s.linked = os.Remove(file.Name()) != nil
		s.writer = bufio.NewWriterSize(file, 64<<10)
	}
	w := runWriter{out: s.writer}
	err := f(&w)
	run := extent{s.end, w.size}
	s.end += w.size // whatever f wrote before an error stays, unused
	if err != nil {
		return extent{}, err
	}
	return run, placed(s.writer.Flush())
}

// close removes the file; nothing of it remains.
func (s *spill) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.linked {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	s.file, s.writer, s.end = nil, nil, 0
	return placed(err)
}

// runWriter writes records one after the other.
type runWriter struct {
	out  *bufio.Writer
	size int64
	buf  [headerLen]byte
}

func (w *runWriter) write(h *header, text []byte) error {
	b := w.buf[:]
	binary.LittleEndian.PutUint64(b, uint64(h.timestamp))
	binary.LittleEndian.PutUint64(b[8:], uint64(h.offset))
	binary.LittleEndian.PutUint64(b[16:], uint64(h.size))
	binary.LittleEndian.PutUint32(b[24:], uint32(h.topic))
	binary.LittleEndian.PutUint32(b[28:], uint32(h.partition))
	if _, err := w.out.Write(b); err != nil {
		return placed(err)
	}
	_, err := w.out.Write(text)
	w.size += int64(headerLen + len(text))
	return placed(err)
}

// runReader reads a run. order is its place among the runs.
type runReader struct {
	in    *bufio.Reader
	left  int64 // bytes of the run after head and its text
	head  header
	order int
}

func (s *spill) reader(run extent, order, bufSize int) *runReader {
	section := io.NewSectionReader(s.file, run.start, run.size)
	size := int(min(int64(bufSize), max(run.size, headerLen)))
	return &runReader{in: bufio.NewReaderSize(section, size), left: run.size, order: order}
}

// next reads the next head; the text of the one before must have been read.
func (r *runReader) next() (bool, error) {
	if r.left == 0 {
		return false, nil
	}
	b, err := r.in.Peek(headerLen)
	if err != nil {
		return false, cut(err)
	}
	r.head = header{
		timestamp: int64(binary.LittleEndian.Uint64(b)),
		offset:    int64(binary.LittleEndian.Uint64(b[8:])),
		size:      int64(binary.LittleEndian.Uint64(b[16:])),
		topic:     int32(binary.LittleEndian.Uint32(b[24:])),
		partition: int32(binary.LittleEndian.Uint32(b[28:])),
	}
	r.left -= headerLen + r.head.size
	_, err = r.in.Discard(headerLen)
	return true, cut(err)
}

// text reads the text of head into buf, or into a larger one.
func (r *runReader) text(buf []byte) ([]byte, error) {
	if int64(cap(buf)) < r.head.size {
		buf = make([]byte, r.head.size)
	}
	buf = buf[:r.head.size]
	_, err := io.ReadFull(r.in, buf)
	return buf, cut(err)
}

// cut names the one way in which a file of ours ends too soon: somebody cut it.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the temporary file was cut off")
	}
	return placed(err)
}

func placed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sort by time: %w", err)
}
