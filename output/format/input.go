package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// errEnd says that the stream ended where more was needed. Whoever expected that acts
// on it; it is not io.ErrUnexpectedEOF, which a stream that was cut may return.
var errEnd = errors.New("the input ends inside the record")

// input is a stream of which the record at hand is kept in memory.
type input struct {
	r    io.Reader
	most int // bytes of one record

	buf        []byte
	start, pos int   // in buf: where the record starts, what is next in it
	skipped    int64 // bytes of the stream before buf
	err        error // what ended the stream
}

// offset returns the position of the next byte in the stream.
func (in *input) offset() int64 { return in.skipped + int64(in.pos) }

// begin starts a record; the error is io.EOF when there is none.
func (in *input) begin() error {
	in.start = in.pos
	if in.pos == len(in.buf) {
		if err := in.fill(); errors.Is(err, errEnd) {
			return io.EOF
		} else if err != nil {
			return fmt.Errorf("byte %d: %w", in.offset(), err)
		}
	}
	return nil
}

// fill reads more bytes into buf, at least one. The end of the stream is
// errEnd.
func (in *input) fill() error {
	if in.err != nil {
		return in.err
	}
	if len(in.buf)-in.start > in.most {
		return fmt.Errorf("the record takes more than %d bytes", in.most)
	}
	if len(in.buf) == cap(in.buf) {
		if in.start > 0 && in.start >= len(in.buf)/2 {
			in.skipped += int64(in.start)
			in.buf = in.buf[:copy(in.buf, in.buf[in.start:])]
			in.pos -= in.start
			in.start = 0
		} else {
			in.buf = append(make([]byte, 0, max(64<<10, 2*cap(in.buf))), in.buf...)
		}
	}
	for range 100 {
		n, err := in.r.Read(in.buf[len(in.buf):cap(in.buf)])
		in.buf = in.buf[:len(in.buf)+n]
		if err == io.EOF {
			err = errEnd
		}
		in.err = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// need makes sure that n bytes are there.
func (in *input) need(n int) error {
	if in.pos-in.start+n > in.most {
		return fmt.Errorf("the record takes more than %d bytes", in.most)
	}
	for len(in.buf)-in.pos < n {
		if err := in.fill(); err != nil {
			return err
		}
	}
	return nil
}

// take returns the next n bytes. They hold until more is read.
func (in *input) take(n int) ([]byte, error) {
	if err := in.need(n); err != nil {
		return nil, err
	}
	in.pos += n
	return in.buf[in.pos-n : in.pos], nil
}

// literal reads text that must come; at the end of a record the stream may end
// instead.
func (in *input) literal(text []byte, last bool) error {
	err := in.need(len(text))
	rest := in.buf[in.pos:]
	switch {
	case err == nil && bytes.HasPrefix(rest, text):
		in.pos += len(text)
		return nil
	case errors.Is(err, errEnd) && last && len(rest) == 0 && in.pos > in.start:
		return nil
	case err == nil || errors.Is(err, errEnd) && !bytes.HasPrefix(text, rest):
		return fmt.Errorf("want %q, have %q", text, rest[:min(len(rest), len(text))])
	}
	return err
}

// until returns the bytes before text, which stays unread, or before the end of the
// stream when text is nil, or has not come by then and nothing else can follow.
func (in *input) until(text []byte) ([]byte, error) {
	searched := 0
	for {
		rest := in.buf[in.pos:]
		if text != nil {
			if i := bytes.Index(rest[searched:], text); i >= 0 {
				return in.take(searched + i)
			}
			searched = max(0, len(rest)-len(text)+1)
		}
		switch err := in.fill(); {
		case errors.Is(err, errEnd):
			return in.take(len(in.buf) - in.pos)
		case err != nil:
			return nil, err
		}
	}
}

// number reads a number in the given form.
func (in *input) number(form numberForm) (int64, error) {
	if n := form.fixed(); n > 0 {
		b, err := in.take(n)
		if err != nil {
			return 0, err
		}
		u, err := form.number(b)
		if err != nil {
			return 0, fmt.Errorf("want %d hexadecimal digits, have %q", n, b)
		}
		return u, nil
	}
	if form.kind == kindBool {
		for _, word := range []string{"true", "false"} {
			if err := in.need(1); err != nil {
				return 0, err
			}
			if in.buf[in.pos] == word[0] {
				n := int64(5 - len(word)) // 1 for true, 0 for false
				return n, in.literal([]byte(word), false)
			}
		}
		return 0, fmt.Errorf("want true or false, have %q", in.buf[in.pos])
	}
	b, err := in.span("-0123456789")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		if len(b) == 0 {
			return 0, errors.New("want a number")
		}
		return 0, fmt.Errorf("want a number, have %q", b[:min(len(b), 40)])
	}
	return n, nil
}

// span returns the bytes up to the first that is not in set.
func (in *input) span(set string) ([]byte, error) {
	n := 0
	for {
		err := in.need(n + 1)
		if err != nil && !errors.Is(err, errEnd) {
			return nil, err
		}
		if err != nil || strings.IndexByte(set, in.buf[in.pos+n]) < 0 {
			return in.take(n)
		}
		n++
	}
}

// json returns the bytes of the JSON value that comes next, with the white space
// before it. It finds where the value ends without checking it.
func (in *input) json() ([]byte, error) {
	n, depth, quoted := 0, 0, false
	for started := false; ; n++ {
		err := in.need(n + 1)
		if err != nil {
			if started && depth == 0 && !quoted && errors.Is(err, errEnd) {
				return in.take(n)
			}
			return nil, err
		}
		switch c := in.buf[in.pos+n]; {
		case quoted && c == '\\':
			n++
		case quoted && c == '"':
			quoted = false
			if depth == 0 {
				return in.take(n + 1)
			}
		case quoted:
		case c <= ' ':
			if started && depth == 0 {
				return in.take(n)
			}
			continue
		case depth == 0 && started && !scalar(c):
			return in.take(n)
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return in.take(n + 1)
			}
		}
		started = true
	}
}

// scalar reports whether c may stand in a number, true, false or null.
func scalar(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == 'E' || c == '+' || c == '-' || c == '.'
}
