package input

import (
	"errors"
	"io"
	"strings"

	"kstream/output/format"
)

// formatLines is the framing of format strings that describe one line each, such
// as '%k\t%v\n'. A line that does not fit is bad on its own, and named by its
// number; in other format strings a broken record hides where the next one begins.
type formatLines struct {
	lines
	c    Config
	r    *format.Reader // nil until needed, and after an error
	line oneLine
	used int64 // of all that r was given
}

// oneLine passes its reader one line after the other, with an end between them.
type oneLine struct{ rest []byte }

func (l *oneLine) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// oneLineEach reports whether every record that spec reads is one line: it ends
// with the only line break, and nothing in it is binary or has a length.
func oneLineEach(spec string) bool {
	body, ok := strings.CutSuffix(spec, `\n`)
	if !ok {
		body, ok = strings.CutSuffix(spec, "\n")
	}
	if !ok || strings.Contains(body, "\n") {
		return false
	}
	for i := 0; i < len(body); i++ {
		if i+1 == len(body) {
			return body[i] != '%' && body[i] != '\\'
		}
		switch body[i] {
		case '\\':
			i++
			if body[i] == 'n' || body[i] == 'x' { // \x0a is a line break, too
				return false
			}
		case '%':
			i++
			if strings.IndexByte("tkvpod%", body[i]) < 0 {
				return false
			}
			if strings.HasPrefix(body[i+1:], "{") {
				modifier, _, ok := strings.Cut(body[i+2:], "}")
				if !ok || modifier != "hex" && modifier != "base64" && modifier != "ascii" {
					return false
				}
				i += len(modifier) + 2
			}
		}
	}
	return true
}

func newFormatLines(c *Config) framing {
	return &formatLines{lines: newSplitter(nil), c: *c}
}

func (f *formatLines) renew() (err error) {
	f.r, err = format.NewReader(f.c.Format, &f.line, format.ReaderOptions{MaxRecord: f.c.MaxRecord + 1})
	f.used = 0
	return err
}

var errShortLine = errors.New("the line ends before the format string does")

func (f *formatLines) parse(frame []byte, b *Batch, rec *Record) (bool, error) {
	if f.r == nil {
		if err := f.renew(); err != nil {
			return false, err
		}
	}
	f.line.rest = frame
	line, err := f.r.Read()
	switch {
	case err != nil && len(f.line.rest) == 0 && f.atEnd(err):
		err = errShortLine
	case err != nil:
		if cause := errors.Unwrap(err); cause != nil { // without the reader's own place
			err = cause
		}
	default:
		f.used += int64(len(frame))
		if f.r.Offset() == f.used {
			fromLine(b, rec, line, &f.c)
			return true, nil
		}
		err = errors.New("the format string ends before the line does")
	}
	f.r = nil
	return false, err
}

// atEnd reports whether the format's reader wanted more than there was.
func (f *formatLines) atEnd(err error) bool {
	return strings.HasSuffix(err.Error(), "the input ends inside the record")
}
