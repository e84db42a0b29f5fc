package input

import (
	"bytes"
	"fmt"
)

// lines is the framing of text that a delimiter divides.
type lines struct {
	delim   []byte
	scanned int // of the frame at the start of the data
	count   numbering

	sep                []byte
	nullKey, nullValue []byte
	hasNullKey         bool
	hasNullValue       bool
	tombstones         bool
	skipEmpty          bool
	errNoSep           error
}

func newLines(c *Config) framing {
	l := newSplitter(c.Delimiter)
	l.sep, l.tombstones, l.skipEmpty = c.KeySeparator, c.Tombstones, c.SkipEmpty
	l.nullKey, l.hasNullKey = marker(c.NullKey)
	l.nullValue, l.hasNullValue = marker(c.NullValue)
	if l.sep != nil {
		l.errNoSep = fmt.Errorf("no key separator %q in this line", l.sep)
	}
	return &l
}

func newSplitter(delim []byte) lines {
	if delim == nil {
		delim = newline
	}
	l := lines{delim: delim, count: byLine}
	if !bytes.Equal(delim, newline) {
		l.count = byRecord
	}
	return l
}

func marker(s *string) ([]byte, bool) {
	if s == nil {
		return nil, false
	}
	return []byte(*s), true
}

func (l *lines) reset()               { l.scanned = 0 }
func (l *lines) numbering() numbering { return l.count }
func (l *lines) terminator() []byte   { return l.delim }
func (l *lines) size(f []byte) int    { return len(f) - len(l.delim) }
func (l *lines) preamble() []byte     { return nil }

func (l *lines) split(data []byte, atEOF bool) (int, verdict, error) {
	if i := index(data[l.scanned:], l.delim); i >= 0 {
		n := l.scanned + i + len(l.delim)
		l.scanned = 0
		return n, frameHere, nil
	}
	if atEOF && len(data) > 0 {
		l.scanned = 0
		return len(data), lastHere, nil
	}
	l.scanned = max(0, len(data)-len(l.delim)+1) // the delimiter may have begun
	return 0, needMore, nil
}

func (l *lines) discard([]byte) int {
	n := l.scanned
	l.scanned = 0
	return n
}

func (l *lines) parse(frame []byte, _ *Batch, rec *Record) (bool, error) {
	n := len(frame) - len(l.delim)
	line := frame[:n:n]
	if n == 0 && l.skipEmpty {
		return false, nil
	}
	switch {
	case l.tombstones:
		rec.Key.Bytes = nullable(line, l.nullKey, l.hasNullKey)
	case l.sep == nil:
		rec.Value.Bytes = nullable(line, l.nullValue, l.hasNullValue)
	default:
		i := index(line, l.sep)
		if i < 0 {
			return false, l.errNoSep
		}
		rec.Key.Bytes = nullable(line[:i:i], l.nullKey, l.hasNullKey)
		rec.Value.Bytes = nullable(line[i+len(l.sep):], l.nullValue, l.hasNullValue)
	}
	return true, nil
}

// nullable is text, or nil when it is the marker for null.
func nullable(text, null []byte, has bool) []byte {
	if has && bytes.Equal(text, null) {
		return nil
	}
	return text
}

// index is bytes.Index, quick for the usual separator of one byte.
func index(data, sep []byte) int {
	if len(sep) == 1 {
		return bytes.IndexByte(data, sep[0])
	}
	return bytes.Index(data, sep)
}

// wholeFiles is the framing of a file that is one record.
type wholeFiles struct{ done bool }

func (w *wholeFiles) reset()               { w.done = false }
func (w *wholeFiles) numbering() numbering { return byFile }
func (w *wholeFiles) terminator() []byte   { return nil }
func (w *wholeFiles) size(f []byte) int    { return len(f) }
func (w *wholeFiles) preamble() []byte     { return nil }

func (w *wholeFiles) split(data []byte, atEOF bool) (int, verdict, error) {
	if !atEOF || w.done {
		return 0, needMore, nil
	}
	w.done = true
	return len(data), lastHere, nil
}

func (w *wholeFiles) discard(data []byte) int { return len(data) }

func (w *wholeFiles) parse(frame []byte, _ *Batch, rec *Record) (bool, error) {
	rec.Value.Bytes = frame
	return true, nil
}
