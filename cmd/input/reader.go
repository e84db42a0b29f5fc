package input

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

const pieceBytes = 64 << 10 // moved from a chunk into a batch at a time

// reader is the Reader of everything that a framing can divide. Input is copied
// once, from a chunk into the window of the batch, and frames are slices of it.
type reader struct {
	pump   *pump
	files  []inputFile
	f      framing
	count  numbering
	max    int
	ending error // once set, all that ReadBatch says

	cur     chunk  // whose bytes are being taken
	rest    []byte // what is left of them
	tail    []byte // what was left of the window after the last call
	eof     bool   // the window holds all that is left of the file
	tooLong bool   // the window begins inside a frame that was given up

	file   int // the place where the window begins
	line   int64
	record int64
	offset int64
}

func newReader(ctx context.Context, files []inputFile, f framing, maxRecord int) *reader {
	f.reset()
	return &reader{
		pump: newPump(ctx, files), files: files, f: f, count: f.numbering(), max: maxRecord,
		line: 1, record: 1,
	}
}

// Preamble implements ReadCloser.
func (r *reader) Preamble() []byte { return r.f.preamble() }

// Close implements ReadCloser.
func (r *reader) Close() {
	r.pump.close()
	r.ending = os.ErrClosed
}

// ReadBatch implements Reader.
func (r *reader) ReadBatch(dst *Batch) error {
	dst.Reset()
	if r.ending != nil {
		return r.ending
	}
	if r.files[r.file].plain && r.pump.ctx.Err() != nil { // nothing is lost: the file is still there
		r.ending = r.stopped()
		return r.ending
	}
	if dst.window == nil { // also so that an empty frame is not nil
		dst.window = make([]byte, 0, batchBytes+pieceBytes)
	}
	dst.window = append(dst.window, r.tail...)
	start, err := r.fill(dst)
	r.tail = append(r.tail[:0], dst.window[start:]...)
	if cap(r.tail) > keepBytes && len(r.tail) < keepBytes {
		r.tail = bytes.Clone(r.tail)
	}
	var bad *BadRecord
	if err != nil && !errors.As(err, &bad) {
		r.ending = err
	}
	return err
}

// fill makes records of the window until the batch is full or the input has
// nothing more right now, and returns where the rest of the window begins.
func (r *reader) fill(dst *Batch) (int, error) {
	start := 0
	for {
		data := dst.window[start:]
		n, v, cause := r.f.split(data, r.eof)
		switch v {
		case needMore:
			if r.eof {
				if !r.nextFile() {
					return start, io.EOF
				}
				continue
			}
			if r.tooLong || len(data) > r.max+len(r.f.terminator()) {
				bad := r.giveUp(data, &start)
				if bad != nil {
					return start, bad
				}
			}
			next, ok, err := r.more(dst, start)
			start = next
			if !ok || err != nil {
				return start, err
			}
		case skipThis:
			r.advance(data[:n], false)
			start += n
		default:
			if r.tooLong { // its end, at last
				r.tooLong = false
				r.advance(data[:n], true)
				start += n
				continue
			}
			size := n
			if v == lastHere || v == badHere && r.eof && n == len(data) {
				if term := r.f.terminator(); !bytes.HasSuffix(data, term) || v == lastHere {
					dst.window = append(dst.window, term...)
					n += len(term)
				}
			}
			if v != badHere && n > r.max && r.f.size(dst.window[start:start+n]) > r.max {
				v, cause = badHere, tooLong(r.max)
				r.f.discard(nil)
			}
			err := r.take(dst, dst.window[start:start+n:start+n], size, v, cause)
			start += n
			if err != nil {
				return start, err
			}
			if dst.Full() || start >= batchBytes {
				return start, nil
			}
		}
	}
}

// take makes a record of a frame, of which size bytes are input.
func (r *reader) take(dst *Batch, frame []byte, size int, v verdict, cause error) error {
	if v != badHere {
		rec := dst.Add()
		rec.Frame = frame
		r.locate(&rec.Place)
		keep, err := r.f.parse(frame, dst, rec)
		if keep && err == nil {
			r.advance(frame[:size], true)
			return nil
		}
		frame = rec.Frame
		dst.drop()
		cause = err
	}
	var err error
	if cause != nil {
		err = r.fault(frame, cause)
	}
	r.advance(frame[:size], cause != nil)
	return err
}

// fault makes the error of a frame that is no record.
func (r *reader) fault(frame []byte, cause error) error {
	place := r.place()
	var pos *posError
	if errors.As(cause, &pos) && r.count <= bySpan {
		before := frame[:min(pos.at, len(frame))]
		place.Line += int64(bytes.Count(before, newline))
		place.Column = int64(len(before) - bytes.LastIndexByte(before, '\n'))
	}
	var fatal *fatalError
	if errors.As(cause, &fatal) {
		return fmt.Errorf("%s: %w", place, fatal.err)
	}
	return &BadRecord{Place: place, Err: cause, Raw: frame}
}

// giveUp drops what can be dropped of a frame that is longer than it may be, and
// names it the first time.
func (r *reader) giveUp(data []byte, start *int) error {
	var bad error
	if !r.tooLong {
		bad = &BadRecord{Place: r.place(), Err: tooLong(r.max)}
	}
	r.tooLong = true
	n := r.f.discard(data)
	r.offset += int64(n)
	if r.count == bySpan {
		r.line += int64(bytes.Count(data[:n], newline))
	}
	*start += n
	return bad
}

var newline = []byte{'\n'}

// advance moves the place behind input that has been dealt with.
func (r *reader) advance(input []byte, counted bool) {
	r.offset += int64(len(input))
	switch r.count {
	case byLine:
		r.line++
	case bySpan:
		r.line += int64(bytes.Count(input, newline))
	}
	if counted {
		r.record++
	}
}

// place is where the window begins.
func (r *reader) place() Place {
	var p Place
	r.locate(&p)
	return p
}

func (r *reader) locate(p *Place) {
	p.File, p.Offset = r.files[r.file].name, r.offset
	if r.count <= bySpan {
		p.Line = r.line
	}
	if r.count != byFile {
		p.Record = r.record
	}
}

// nextFile reports whether there is one.
func (r *reader) nextFile() bool {
	if r.file+1 == len(r.files) {
		return false
	}
	r.file++
	r.line, r.record, r.offset, r.eof, r.tooLong = 1, 1, 0, false, false
	r.f.reset()
	return true
}

// more puts the next piece of input behind the window and returns where the window
// begins now. It reports false when the batch should be handed on first.
func (r *reader) more(dst *Batch, start int) (int, bool, error) {
	for len(r.rest) == 0 {
		switch err := r.pump.giveBack(&r.cur); {
		case err == io.EOF:
			r.eof = true
			return start, true, nil
		case err != nil:
			return start, false, r.readError(err, len(dst.window)-start)
		}
		c, got := r.pump.next(len(dst.Records) == 0)
		switch got {
		case notReady:
			return start, false, nil
		case pumpEnded:
			return r.cutOff(dst, start)
		case gotChunk:
			r.cur, r.rest = c, c.buf[:c.n]
		}
	}
	if len(dst.window) == cap(dst.window) {
		switch {
		case len(dst.Records) > 0:
			return start, false, nil
		case start > 0:
			dst.window = dst.window[:copy(dst.window, dst.window[start:])]
			start = 0
		default:
			grown := make([]byte, len(dst.window), 2*cap(dst.window))
			copy(grown, dst.window)
			dst.window = grown
		}
	}
	n := min(pieceBytes, len(r.rest), cap(dst.window)-len(dst.window))
	dst.window = append(dst.window, r.rest[:n]...)
	r.rest = r.rest[n:]
	return start, true, nil
}

// cutOff ends the input where the context ended. Half a record is named first.
func (r *reader) cutOff(dst *Batch, start int) (int, bool, error) {
	half := dst.window[start:]
	if len(half) == 0 {
		return start, false, r.stopped()
	}
	bad := &BadRecord{Place: r.place(), Err: ErrCut, Raw: half}
	r.offset += int64(len(half))
	r.f.reset()
	return len(dst.window), false, bad
}

// stopped is the error after the end of the context: where, and why.
func (r *reader) stopped() error {
	cause := context.Cause(r.pump.ctx)
	if cause == nil {
		cause = os.ErrClosed
	}
	return fmt.Errorf("%s: %w", r.place(), cause)
}

// readError puts a failure at its place; a file that could not be opened has none.
func (r *reader) readError(err error, pending int) error {
	if r.offset == 0 && pending == 0 {
		return pathError(r.files[r.file].name, err)
	}
	return pathError(r.place().String(), err)
}
