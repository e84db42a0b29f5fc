package input

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"kstream/output"
	"kstream/output/format"
)

// ErrLost ends an input whose records can only be found one after the other, once
// one of them is broken: a format string with lengths, for example.
var ErrLost = errors.New("what follows a broken record cannot be found")

// stream is the Reader of format strings whose records are no lines.
//
// The format's reader pulls its bytes and may need more in the middle of a record,
// while records before it should be handed on. So it runs as a coroutine (see
// iter.Pull), which hands the batch over before it waits.
type stream struct {
	pump   *pump
	files  []inputFile
	c      Config
	next   func() (error, bool)
	stop   func()
	yield  func(error) bool
	ending error

	dst    *Batch // of the call at hand
	file   int
	record int64
	cur    chunk
	rest   []byte // of cur
	held   []byte // input from the start of the record at hand
	base   int64  // offset of held in the file
	atEOF  bool   // the file has no more
	ended  bool   // the pump gave all it has before the end of the file
	failed error  // of reading
}

func newStream(ctx context.Context, files []inputFile, c *Config) *stream {
	s := &stream{files: files, c: *c}
	s.next, s.stop = iter.Pull(s.run)
	s.pump = newPump(ctx, files)
	return s
}

// ReadBatch implements Reader.
func (s *stream) ReadBatch(dst *Batch) error {
	dst.Reset()
	if s.ending != nil {
		return s.ending
	}
	s.dst = dst
	err, ok := s.next()
	if !ok {
		err = os.ErrClosed
	}
	var bad *BadRecord
	if err != nil && !errors.As(err, &bad) {
		s.ending = err
	}
	return err
}

// Preamble implements ReadCloser.
func (s *stream) Preamble() []byte { return nil }

// Close implements ReadCloser.
func (s *stream) Close() {
	s.pump.close()
	s.stop()
	s.ending = os.ErrClosed
}

// run reads all files and yields what ReadBatch shall return, nil for a batch that
// is to be handed on.
func (s *stream) run(yield func(error) bool) {
	s.yield = yield
	for s.file = range s.files {
		s.record, s.base, s.held, s.atEOF = 1, 0, s.held[:0], false
		r, err := format.NewReader(s.c.Format, s, format.ReaderOptions{MaxRecord: s.c.MaxRecord})
		if err != nil {
			yield(err)
			return
		}
		for {
			line, err := r.Read()
			if err != nil {
				if s.failed == nil && !s.ended && (err == io.EOF || s.onlyBlanks()) {
					break
				}
				s.fail(err)
				return
			}
			s.add(line, r.Offset())
			if s.dst.Full() && !yield(nil) {
				return
			}
		}
	}
	yield(io.EOF)
}

// add puts a record into the batch; its input ends at the offset end.
func (s *stream) add(line *output.Line, end int64) {
	rec := s.dst.Add()
	n := int(end - s.base)
	rec.Frame = s.dst.Copy(s.held[:n])
	rec.Place = s.place()
	fromLine(s.dst, rec, line, &s.c)
	s.held = s.held[:copy(s.held, s.held[n:])]
	s.base = end
	s.record++
}

// onlyBlanks reports whether nothing but white space follows the last record of a
// format string with JSON, which may stand between values and so behind the last.
func (s *stream) onlyBlanks() bool {
	return s.atEOF && len(s.rest) == 0 && strings.Contains(s.c.Format, "{json}") && len(bytes.TrimSpace(s.held)) == 0
}

// fail yields the last things there are to say.
func (s *stream) fail(err error) {
	place := s.place()
	switch {
	case s.failed != nil:
		if s.base > 0 || len(s.held) > 0 {
			s.yield(pathError(place.String(), s.failed))
		} else {
			s.yield(pathError(place.File, s.failed))
		}
	case s.ended:
		if len(s.held) > 0 && !s.yield(&BadRecord{Place: place, Err: ErrCut, Raw: s.held}) {
			return
		}
		cause := context.Cause(s.pump.ctx)
		if cause == nil {
			cause = os.ErrClosed
		}
		s.yield(fmt.Errorf("%s: %w", place, cause))
	default:
		if cause := errors.Unwrap(err); cause != nil { // without the reader's own place
			err = cause
		}
		if s.yield(&BadRecord{Place: place, Err: err, Raw: s.held}) {
			s.yield(fmt.Errorf("%s: %w", place, ErrLost))
		}
	}
}

func (s *stream) place() Place {
	return Place{File: s.files[s.file].name, Record: s.record, Offset: s.base}
}

// Read passes input to the format's reader. Before it waits it hands the batch on.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.ended || s.failed != nil {
			return 0, io.EOF
		}
		if err := s.pump.giveBack(&s.cur); err != nil {
			s.atEOF = err == io.EOF
			if !s.atEOF {
				s.failed = err
			}
			return 0, io.EOF
		}
		c, got := s.pump.next(len(s.dst.Records) == 0)
		switch got {
		case notReady:
			if !s.yield(nil) {
				s.ended = true
			}
		case pumpEnded:
			s.ended = true
		case gotChunk:
			s.cur, s.rest = c, c.buf[:c.n]
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	s.held = append(s.held, p[:n]...)
	return n, nil
}

// fromLine fills rec with what a format string found.
func fromLine(b *Batch, rec *Record, line *output.Line, c *Config) {
	rec.Topic, rec.Partition = line.Topic, line.Partition
	if line.HasTimestamp {
		rec.Timestamp = line.Timestamp
	}
	rec.Key, rec.Value = keep(b, &line.Key), keep(b, &line.Value)
	if c.NullKey != nil && string(rec.Key.Bytes) == *c.NullKey {
		rec.Key = Field{}
	}
	if c.NullValue != nil && string(rec.Value.Bytes) == *c.NullValue {
		rec.Value = Field{}
	}
	for i := range line.Headers {
		h := &line.Headers[i]
		b.AddHeader(Header{Key: h.Key, Value: keep(b, &h.Value)})
	}
}
